// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/definition/lava_names.hpp"
#include "tests/jobs/definition/complaints.hpp"

namespace hilltop::jobs {
namespace {

const std::string deploy =
    "- deploy:\n    to: tmpfs\n    images:\n      fw:\n        url: https://example.org/fw.elf\n";  // lines 6 to 10

/// One image's keys besides `url`, on line 9.
Complaint image(const char* name, const std::string& keys, const std::string& expected) {
  return actions(name, "- deploy:\n    to: tmpfs\n    images:\n      fw: {" + keys + "}", expected);
}

/// The keys of a boot block besides `method: minimal`, on line 6.
Complaint boot(const char* name, const std::string& keys, const std::string& expected) {
  return actions(name, "- boot: {method: minimal, " + keys + "}", expected);
}

class Actions : public Complaints {};

TEST_P(Actions, AreComplainedOfWithTheirPlace) { EXPECT_EQ(complaints_of(GetParam().text), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    Lists, Actions,
    testing::Values(
        Complaint{"missing", job_head, "job:1:1: actions is missing"},
        Complaint{"empty", job_head + std::string("actions: []\n"),
                  "job:5:10: actions is empty: a job without actions proves nothing (begin with '- boot:')"},
        Complaint{"a_map", job_head + std::string("actions: {boot: {method: minimal}}\n"),
                  "job:5:10: actions: expected a list, not a map"},
        actions("text", "- boot", "job:6:3: actions: an item: expected a map, not text"),
        actions("unknown", "- bot: {method: minimal}",
                "job:6:3: actions: 'bot' is not an action (did you mean 'boot'?)"),
        actions("repeat_block", "- repeat: {count: 2}",
                "job:6:3: actions: 'repeat' is not an action (repeat is a key of a boot, test or deploy block)"),
        actions("two_in_one", "- boot: {method: minimal}\n  command: {name: power_off}",
                "job:6:3: actions: an item has 2 actions, and needs exactly one (their order would be unclear: begin "
                "each with '- ')"),
        actions("nothing_in_one", "- {}",
                "job:6:3: actions: an item has 0 actions, and needs exactly one (one of 'boot', 'command', 'deploy' or "
                "'test')"),
        actions("empty_block", "- boot:", "job:6:8: boot is empty (expected a map)"),
        actions("block_is_text", "- boot: minimal", "job:6:9: boot: expected a map, not text"),
        actions("number_as_action", "- 1: {method: minimal}",
                "job:6:3: actions: '1' is not an action (one of 'boot', 'command', 'deploy' or 'test')")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Common, Actions,
    testing::Values(
        boot("repeat_and_retry", "repeat: 2, failure_retry: 2",
             "job:6:27: boot repeat and failure_retry exclude each other (repeat runs the block that often; "
             "failure_retry runs it again after a failure)"),
        boot("repeat_zero", "repeat: 0", "job:6:35: boot repeat: 0 is out of range (expected 1 to 1000)"),
        boot("retry_text", "failure_retry: twice",
             "job:6:42: boot failure_retry: expected a number, not text (write it without quotes)"),
        boot("retry_real", "failure_retry: 1.5", "job:6:42: boot failure_retry: expected a whole number, not 1.5"),
        boot("interval_zero", "failure_retry: 2, failure_retry_interval: 0",
             "job:6:69: boot failure_retry_interval: 0 is out of range (expected 1 to 86400)"),
        boot("namespace_reserved", "namespace: common",
             "job:6:38: boot namespace: 'common' is reserved (choose another name)"),
        boot("namespace_number", "namespace: 1",
             "job:6:38: boot namespace: expected text, not a number (put it in quotes, \"1\")"),
        boot("role", "role: [a]", "job:6:27: boot role is not supported yet"),
        boot("protocols", "protocols: {lava-multinode: []}", "job:6:27: boot protocols is not supported yet"),
        boot("unknown_key", "promts: ['> ']", "job:6:27: boot: unknown key 'promts' (did you mean 'prompts'?)"),
        actions(
            "namespace_of_one_only", "- boot: {method: minimal, namespace: a}\n- command: {name: power_off}",
            "job:7:3: command has no namespace, and another action has one (give all actions a namespace, or none)")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Deploy, Actions,
    testing::Values(
        actions("good", deploy, ""), actions("no_to", "- deploy: {images: {}}", "job:6:11: deploy to is missing"),
        actions(
            "known_and_not_built", "- deploy: {to: fastboot, images: {}}",
            "job:6:16: deploy to: fastboot is not supported yet (supported: 'download', 'downloads', 'flasher', 'mps', "
            "'musca', 'overlay', 'recovery', 'sd', 'tftp', 'tmpfs', 'usb' and 'vemsd')"),
        actions("known_by_its_other_spelling", "- deploy: {to: iso_installer}",
                "job:6:16: deploy to: iso-installer is not supported yet (supported: 'download', 'downloads', "
                "'flasher', 'mps', "
                "'musca', 'overlay', 'recovery', 'sd', 'tftp', 'tmpfs', 'usb' and 'vemsd')"),
        actions("unknown_to", "- deploy: {to: tmpf}",
                "job:6:16: deploy to: 'tmpf' is not a deploy method (did you mean 'tmpfs'?)"),
        actions(
            "unknown_to_far", "- deploy: {to: moon}",
            "job:6:16: deploy to: 'moon' is not a deploy method (supported: 'download', 'downloads', 'flasher', 'mps', "
            "'musca', 'overlay', 'recovery', 'sd', 'tftp', 'tmpfs', 'usb' and 'vemsd')"),
        actions("no_images", "- deploy: {to: tmpfs}", "job:6:11: deploy images is missing"),
        actions("empty_images", "- deploy: {to: tmpfs, images: {}}", "job:6:31: deploy images is empty"),
        actions("image_is_text", "- deploy: {to: tmpfs, images: {fw: 'https://example.org/a'}}",
                "job:6:36: deploy images fw: expected a map, not text (write {url: https://example.org/a})"),
        actions("label", "- deploy: {to: tmpfs, images: {a/b: {url: 'https://example.org/a'}}}",
                "job:6:32: deploy images: 'a/b' cannot be a label (letters, digits, '_', '-' and '.')"),
        actions("type", "- deploy: {to: tmpfs, type: monitr, images: {fw: {url: 'https://example.org/a'}}}",
                "job:6:29: deploy type: 'monitr' is not known (did you mean 'monitor'?)"),
        actions("os", "- deploy: {to: tmpfs, os: debain, images: {fw: {url: 'https://example.org/a'}}}",
                "job:6:27: deploy os: 'debain' is not known (did you mean 'debian'?)"),
        actions(
            "uefi",
            "- deploy: {to: tmpfs, uefi: {url: 'https://example.org/a'}, images: {fw: {url: 'https://example.org/a'}}}",
            "job:6:23: deploy uefi is not supported (firmware is the board type's; for a machine of type qemu give it "
            "as "
            "an image with image_arg: -bios {NAME})"),
        actions(
            "nfs", "- deploy: {to: nfs}",
            "job:6:16: deploy to: nfs is not supported: hilltop serves no NFS, for it runs without root (supported: "
            "'download', 'downloads', 'flasher', "
            "'mps', 'musca', 'overlay', 'recovery', 'sd', 'tftp', 'tmpfs', 'usb' and 'vemsd')"),
        actions("authorize", "- deploy: {to: overlay, authorize: ssh}",
                "job:6:25: deploy authorize is not supported (put the key into the image, or write it in a step of the "
                "test)"),
        actions("overlay_backend", "- deploy: {to: overlay, overlay_backend: guestfs}",
                "job:6:42: warning: deploy overlay_backend: guestfs has no effect (e2fsprogs writes into images here, "
                "without mounting them)"),
        actions("postprocess",
                "- deploy: {to: downloads, postprocess: {docker: {}}, images: {fw: {url: 'https://example.org/a'}}}",
                "job:6:27: deploy postprocess is not supported: hilltop runs no containers (prepare the files before "
                "the job, or in a step of its test)"),
        actions("download_with_overlays",
                "- deploy: {to: download, images: {fw: {url: 'https://a/b', format: ext4, overlays: {lava: true}}}}",
                "job:6:35: deploy images fw overlays: no board gets this file (deploy to: tmpfs puts overlays into "
                "images)")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Image, Actions,
    testing::Values(
        image("no_url", "image_arg: x", "job:9:11: deploy images fw url is missing"),
        image("empty_url", "url: ''", "job:9:17: deploy images fw url is empty"),
        image("no_scheme", "url: fw.elf",
              "job:9:17: deploy images fw url: 'fw.elf' is not a URL that can be fetched (expected https://, http:// "
              "or file:///)"),
        image("unknown_scheme", "url: 'ftp://example.org/fw'",
              "job:9:17: deploy images fw url: 'ftp://example.org/fw' is not a URL that can be fetched (expected "
              "https://, http:// or file:///)"),
        image("known_scheme", "url: 'scp://example.org/fw'",
              "job:9:17: deploy images fw url: scp: is not supported yet (supported: 'https', 'http' and 'file')"),
        image("no_host", "url: 'https:///fw'", "job:9:17: deploy images fw url names no host"),
        image("space", "url: 'https://example.org/a b'",
              "job:9:17: deploy images fw url has a space or a control character in it (write a space as %20)"),
        image("relative_file", "url: 'file://firmware/fw.elf'",
              "job:9:17: deploy images fw url: a file needs an absolute path (write file:///folder/name)"),
        image("placeholder", "url: 'file://@FIRMWARE@/fw.elf'",
              "job:9:17: deploy images fw url: '@FIRMWARE@' is a placeholder (put the absolute path of a folder in its "
              "place, as deploy/quickstart does)"),
        image("template_in_url", "url: 'https://example.org/{{ build }}'",
              "job:9:17: deploy images fw url: '{{' stands in it (render the template first: a job is plain YAML)"),
        image("absolute_file", "url: 'file:///firmware/fw.elf'", ""),
        image("compression_unknown", "url: 'https://example.org/fw', compression: gzip",
              "job:9:56: deploy images fw compression: 'gzip' is not known (did you mean 'gz'?)"),
        image("compression_zip", "url: 'https://example.org/fw', compression: zip", ""),
        image("compression_zip_of_tar", "url: 'https://example.org/fw', compression: zip, archive: tar",
              "job:9:56: deploy images fw compression: zip holds no tar file here (a zip file has one member, which is "
              "the file itself)"),
        image("compression_null", "url: 'https://example.org/fw', compression: null", ""),
        image("archive", "url: 'https://example.org/fw', archive: cpio",
              "job:9:52: deploy images fw archive: 'cpio' is not known (expected 'tar')"),
        image("md5_short", "url: 'https://example.org/fw', md5sum: abc",
              "job:9:51: deploy images fw md5sum is not a digest (32 hexadecimal digits, these are 3)"),
        image("md5_number", "url: 'https://example.org/fw', md5sum: 12345678901234567890123456789012",
              "job:9:51: deploy images fw md5sum: expected text, not 12345678901234567890123456789012 (put it in "
              "quotes, \"12345678901234567890123456789012\")"),
        image("sha256_not_hex", "url: 'https://example.org/fw', sha256sum: " + std::string(64, 'g'),
              "job:9:54: deploy images fw sha256sum is not a digest (64 hexadecimal digits, these are 64 characters)"),
        image("headers", "url: 'https://example.org/fw', headers: {A: \"b\\nC: d\"}",
              "job:9:53: deploy images fw headers: a header is one line"),
        image("overlay", "url: 'https://example.org/fw', format: ext4, partition: 1, overlays: {lava: true}", ""),
        image("overlay_without_format", "url: 'https://example.org/fw', overlays: {lava: true}",
              "job:9:43: deploy images fw overlays without format (say what it is: ext4, cpio.newc or tar)"),
        image("overlays",
              "url: 'https://example.org/fw', format: tar, overlays: {lava: true, mine: {url: 'https://a/b', format: "
              "file, path: /etc/mine}, more: {url: 'https://a/c', format: tar, compression: xz, path: /}}",
              ""),
        image("overlays_half", "url: 'https://example.org/fw', format: ext4, overlays: {mine: {url: 'https://a/b'}}",
              "job:9:74: deploy images fw overlays mine format is missing\n"
              "job:9:74: deploy images fw overlays mine path is missing"),
        image("overlays_path",
              "url: 'https://a/b', format: ext4, overlays: {mine: {url: 'https://a/b', format: file, path: etc/x}}",
              "job:9:104: deploy images fw overlays mine path: 'etc/x' is no path in the image (it begins with '/' and "
              "has no '..')"),
        image("unknown_key", "url: 'https://example.org/fw', sha256: ab",
              "job:9:43: deploy images fw: unknown key 'sha256' (did you mean 'sha256sum'?)"),
        image("image_arg", "url: 'https://example.org/fw', image_arg: '-kernel {fv}'",
              "job:9:54: deploy images fw image_arg: '{fv}' names no image (did you mean 'fw'?)")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Boot, Actions,
    testing::Values(
        actions("no_method", "- boot: {prompts: ['> ']}", "job:6:9: boot method is missing"),
        actions("known_and_not_built", "- boot: {method: fastboot}",
                "job:6:18: boot method: fastboot is not supported yet (supported: 'cmsis-dap', 'dfu', 'gdb', 'grub', "
                "'grub-efi', 'jlink', 'kexec', 'minimal', 'monitor', 'musca', 'openocd', 'pyocd', 'qemu', 'recovery', "
                "'ssh', "
                "'u-boot' and 'uefi')"),
        actions("unknown_method", "- boot: {method: minmal}",
                "job:6:18: boot method: 'minmal' is not a boot method (did you mean 'minimal'?)"),
        boot("prompts_text", "prompts: '> '", ""),
        boot("prompts_empty_text", "prompts: ''", "job:6:36: boot prompts is empty"),
        boot("prompts_empty_list", "prompts: []", "job:6:36: warning: boot prompts is empty: nothing is waited for"),
        boot("prompts_number", "prompts: [1]",
             "job:6:37: boot prompts: item 1: expected text, not a number (put it in quotes, \"1\")"),
        boot("prompts_on", "prompts: [on]",
             "job:6:37: boot prompts: item 1: expected text, not yes or no (YAML reads words such as on, off, yes and "
             "no as true or false: put it in quotes)"),
        boot("prompts_always", "prompts: ['.*']",
             "job:6:37: warning: boot prompts: '.*' matches nothing at all, and so at once (let it match at least one "
             "character)"),
        boot("login_alone", "auto_login: {login_prompt: 'login:', username: root}",
             "job:6:27: boot auto_login without prompts (prompts tell when the login has succeeded)"),
        boot("login_without_user", "prompts: ['# '], auto_login: {login_prompt: 'login:'}",
             "job:6:56: boot auto_login username is missing"),
        boot("login_half_a_password",
             "prompts: ['# '], auto_login: {login_prompt: 'login:', username: root, password: x}",
             "job:6:97: boot auto_login password without password_prompt (give both or neither)"),
        boot("login_other_half",
             "prompts: ['# '], auto_login: {login_prompt: 'login:', username: root, password_prompt: 'Password:'}",
             "job:6:97: boot auto_login password_prompt without password (give both or neither)"),
        boot("transfer_method", "transfer_overlay: {download_command: a, unpack_command: b, transfer_method: nfs}",
             "job:6:103: boot transfer_overlay transfer_method: nfs is not supported: hilltop serves no NFS, for it "
             "runs "
             "without root (supported: http)"),
        boot("transfer_zmodem", "transfer_overlay: {unpack_command: b, transfer_method: zmodem}",
             "job:6:82: boot transfer_overlay transfer_method: zmodem is not supported: a console carries no file "
             "transfers (supported: http)"),
        boot("transfer_half", "transfer_overlay: {download_command: wget}",
             "job:6:45: boot transfer_overlay unpack_command is missing"),
        boot("soft_reboot_empty", "soft_reboot: ''", "job:6:40: boot soft_reboot is empty"),
        boot("kernel_start_empty", "parameters: {kernel-start-message: ''}", ""),
        boot("reset_text", "reset: 'no'", "job:6:34: boot reset: expected true or false, not text"),
        actions("monitor_with_prompts", "- boot: {method: monitor, prompts: ['> ']}",
                "job:6:27: boot method monitor takes no prompts (it waits for nothing: use minimal or qemu to reach a "
                "prompt)"),
        actions("qemu_docker", "- boot: {method: qemu, docker: {image: a}}",
                "job:6:24: boot docker is not supported yet"),
        actions("qemu_media", "- boot: {method: qemu, media: img}",
                "job:6:31: boot media: img is not supported yet (supported: tmpfs)"),
        actions("qemu_connection", "- boot: {method: qemu, connection: ssh}",
                "job:6:36: boot connection: 'ssh' is not known (expected 'serial')"),
        actions("qemu_reset", "- boot: {method: qemu, reset: true}",
                "job:6:24: boot: unknown key 'reset' (did you mean 'repeat'?)")),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Command, Actions,
    testing::Values(actions("power_off", "- command: {name: power_off}", ""),
                    actions("no_name", "- command: {}", "job:6:12: command name is missing"),
                    actions("known_and_not_built", "- command: {name: recovery_mode}",
                            "job:6:19: command name: recovery_mode is not supported yet (supported: 'power_on', "
                            "'power_off', 'hard_reset', 'pre_power_command', 'pre_os_command' and 'power_cut')"),
                    actions("unknown_name", "- command: {name: poweroff}",
                            "job:6:19: command name: 'poweroff' is not known (did you mean 'power_off'?)")),
    name_of);

TEST(Deploy, KeepsWhatWasWritten) {
  Diagnostics diagnostics;
  const auto job =
      read_job(image("",
                     "url: 'https://example.org/fw.gz', compression: gz, archive: tar, image_arg: '-kernel {fw}', "
                     "headers: {PRIVATE: x}, use_cache: false, md5sum: " +
                         std::string(32, 'A'),
                     "")
                   .text,
               "job", diagnostics);
  ASSERT_TRUE(job) << diagnostics.to_string();
  const auto& images = std::get<DeployTmpfs>(job->actions.at(0)).images;
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(images[0].label, "fw");
  EXPECT_EQ(images[0].image_arg, "-kernel {fw}");
  EXPECT_EQ(images[0].url.compression, Compression::gz);
  EXPECT_TRUE(images[0].url.archive_tar);
  EXPECT_FALSE(images[0].url.use_cache);
  EXPECT_EQ(images[0].url.headers, (std::map<std::string, std::string>{{"PRIVATE", "x"}}));
  EXPECT_EQ(images[0].url.md5sum, std::string(32, 'a'));
}

TEST(Boot, KeepsWhatWasWritten) {
  Diagnostics diagnostics;
  const auto job =
      read_job(boot("",
                    "prompts: ['# ', '> '], reset: false, failure_retry: 3, failure_retry_interval: 5, "
                    "timeout: {seconds: 50, skip: true}, timeouts: {auto-login-action: {seconds: 20}}, "
                    "auto_login: {login_prompt: 'login:', username: root, password_prompt: 'Password:', password: x, "
                    "login_commands: [su]}",
                    "")
                   .text,
               "job", diagnostics);
  ASSERT_TRUE(job) << diagnostics.to_string();
  const auto& block = std::get<Boot>(job->actions.at(0));
  EXPECT_EQ(block.prompts, (std::vector<std::string>{"# ", "> "}));
  EXPECT_FALSE(block.reset);
  EXPECT_EQ(block.common.name_space, "common");
  EXPECT_EQ(block.common.failure_retry, 3U);
  EXPECT_EQ(block.common.failure_retry_interval, std::chrono::seconds(5));
  EXPECT_EQ(block.common.timeout->value, std::chrono::seconds(50));
  EXPECT_TRUE(block.common.timeout->skip);
  EXPECT_EQ(block.common.timeouts.at("auto-login-action").value, std::chrono::seconds(20));
  EXPECT_EQ(block.auto_login->login_commands, (std::vector<std::string>{"su"}));
  EXPECT_EQ(block.auto_login->password, "x");
  EXPECT_EQ(block.common.place.line, 6U);
}

/// Every name of LAVA's is refused by name, and never taken for a typing error.
TEST(Actions, NamesThatAreNotBuiltAreSaidToBe) {
  const auto expect_named = [](const std::string& block, const std::string& message) {
    EXPECT_NE(complaints_of(actions("", block, "").text).find(message + " is not supported"), std::string::npos)
        << block;
  };
  const auto is_in = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  for (const std::string& name : lava::deploy_targets())
    if (!is_in(lava::supported_deploy_targets(), name))
      expect_named("- deploy: {to: " + name + "}", "deploy to: " + name);
  for (const std::string& name : lava::boot_methods())
    if (!is_in(lava::supported_boot_methods(), name))
      expect_named("- boot: {method: " + name + "}", "boot method: " + name);
  expect_named("- test: {services: []}", "test services");
  EXPECT_EQ(lava::deploy_targets().size(), 25U);
  EXPECT_EQ(lava::boot_methods().size(), 33U);
}

}  // namespace
}  // namespace hilltop::jobs
