// SPDX-License-Identifier: Apache-2.0
// What is refused at submission of jobs for boards with a boot loader.
#include <gmock/gmock.h>

#include "jobs/plan_serving.hpp"
#include "tests/jobs/definition/complaints.hpp"
#include "tests/jobs/planning.hpp"

namespace hilltop::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

boards::BoardType uboot_type() {
  boards::BoardType type;
  type.name = "microbit";  // what job_head asks for
  type.deploy_methods = {"tftp", "tmpfs"};
  type.boot_methods = {"u-boot", "grub", "minimal", "kexec"};
  boards::LoaderFacts loader;
  loader.prompt = "=> ";
  loader.interrupt_prompt = "Hit any key";
  loader.addresses = {{"kernel", "0x1000"}, {"ramdisk", "0x2000"}};
  loader.boot_command = "booti";
  loader.commands["ramdisk"] = {"tftpboot {KERNEL_ADDR} {KERNEL}", "tftpboot {RAMDISK_ADDR} {RAMDISK}", "{BOOTX}"};
  type.loaders["u-boot"] = loader;
  type.prompts = {"/ # "};
  return type;
}

const std::string kernel = "kernel: {url: 'https://example.org/Image'}";
const std::string tftp = "- deploy: {to: tftp, " + kernel + ", ramdisk: {url: 'https://example.org/rd'}}\n";
const std::string boot = "- boot: {method: u-boot, commands: ramdisk}\n";

Plan plan_of(const std::string& blocks, Diagnostics& diagnostics, const boards::BoardType& type = uboot_type(),
             const std::string& extra = "") {
  return make_plan(must_read(job_head + extra + "actions:\n" + blocks), type, diagnostics);
}

std::string complaints(const std::string& blocks, const boards::BoardType& type = uboot_type(),
                       const std::string& extra = "") {
  Diagnostics diagnostics;
  (void)plan_of(blocks, diagnostics, type, extra);
  std::string lines;
  for (const Diagnostic& one : diagnostics.all()) lines += (lines.empty() ? "" : "\n") + one.to_string();
  return lines;
}

TEST(PlanLoader, AGoodJobIsPlannedAsLavaNumbersIt) {
  Diagnostics diagnostics;
  const auto plan = plan_of(tftp + boot, diagnostics);
  EXPECT_EQ(diagnostics.to_string(), "");
  ASSERT_EQ(plan.actions.size(), 3U);
  EXPECT_EQ(plan.actions[0].name, "tftp-deploy");
  EXPECT_EQ(plan.actions[0].children.back().name, "prepare-tftp-overlay");
  EXPECT_EQ(plan.actions[1].name, "uboot-action");
  std::vector<std::string> names;
  for (const auto& child : plan.actions[1].children) names.push_back(child.name);
  EXPECT_THAT(names, ElementsAre("connect-device", "reset-device", "bootloader-interrupt", "bootloader-commands",
                                 "auto-login-action"));
}

TEST(PlanLoader, ABoardWithoutTftpIsSaid) {
  auto type = uboot_type();
  type.deploy_methods = {"tmpfs"};
  EXPECT_THAT(complaints(tftp + boot, type), HasSubstr("job:6:16: deploy to: board type microbit fetches nothing by "
                                                       "tftp (it offers 'tmpfs')"));
}

TEST(PlanLoader, AnUnknownSetIsSaidWithThoseThatThereAre) {
  EXPECT_EQ(complaints(tftp + "- boot: {method: u-boot, commands: nfs}\n"),
            "job:7:36: boot commands: there are no commands 'nfs': the board type has 'ramdisk'");
}

TEST(PlanLoader, ALineThatNeedsWhatIsNotDeployedIsSaid) {
  EXPECT_EQ(complaints("- deploy: {to: tftp, " + kernel + "}\n" + boot),
            "job:7:36: boot commands: {RAMDISK} was not deployed, in 'tftpboot {RAMDISK_ADDR} {RAMDISK}'");
  EXPECT_EQ(complaints(tftp + "- boot: {method: u-boot, commands: ['load {DTB}']}\n"),
            "job:7:36: boot commands: {DTB} was not deployed, in 'load {DTB}'");
}

TEST(PlanLoader, AnInstallersAnswersAreServedByTheirName) {
  const auto boots = "- boot: {method: u-boot, commands: ['boot url=tftp://{SERVER_IP}/{PRESEED_CONFIG}']}\n";
  EXPECT_EQ(complaints("- deploy: {to: tftp, " + kernel + ", preseed: {url: 'https://example.org/p.cfg'}}\n" + boots),
            "");
  EXPECT_THAT(complaints("- deploy: {to: tftp, " + kernel + "}\n" + boots),
              HasSubstr("{PRESEED_CONFIG} was not deployed"));
}

TEST(PlanLoader, ALoaderWithoutFactsIsSaid) {
  EXPECT_EQ(complaints(tftp + "- boot: {method: grub, commands: [boot]}\n"),
            "job:7:18: boot method: board type microbit does not say how its grub is talked to");
}

TEST(PlanLoader, KexecNeedsARunningSystem) {
  const std::string kexec = "- boot: {method: kexec, boot_message: Bye, kernel: /k}\n";
  EXPECT_EQ(complaints(kexec),
            "job:6:18: boot method: kexec: nothing was booted there before it (put another boot "
            "before it)");
  EXPECT_EQ(complaints(tftp + boot + kexec), "");
}

TEST(PlanLoader, AfterARefusalNothingRuns) {
  EXPECT_THAT(complaints("- boot: {method: u-boot, commands: [boot], expect: {refused: bad}}\n"
                         "- test: {interactive: [{name: a, prompts: ['# '], script: [{command: a}]}]}\n"),
              HasSubstr("nothing was booted there before it"));
}

const std::string transfer = "transfer_overlay: {download_command: wget, unpack_command: tar -C / -xzf}";
const std::string shell_test =
    "- test: {definitions: [{name: a, path: a, from: inline, repository: {metadata: {name: a, format: Lava-Test Test "
    "Definition 1.0}, run: {steps: ['true']}}}]}\n";

TEST(PlanLoader, AnOverlayIsFetchedByABootThatSaysHow) {
  auto type = uboot_type();
  EXPECT_THAT(complaints("- deploy: {to: overlay}\n" + tftp + boot, type),
              HasSubstr("job:6:16: deploy to: board type microbit does not offer 'overlay'"));
  type.deploy_methods.emplace_back("overlay");
  const auto fetches = "- boot: {method: u-boot, commands: ramdisk, " + transfer + "}\n";
  EXPECT_THAT(complaints("- deploy: {to: overlay}\n" + tftp + boot + shell_test, type),
              HasSubstr("deploy to: overlay has no effect: no boot there fetches it"));
  EXPECT_THAT(complaints(tftp + fetches, type), HasSubstr("has no effect: no test shell runs there"));
  EXPECT_EQ(complaints("- deploy: {to: overlay}\n" + tftp + fetches + shell_test, type), "");
  type.prompts.clear();
  EXPECT_THAT(complaints(tftp + fetches + shell_test, type), HasSubstr("transfer_overlay needs a shell to type to"));
}

TEST(PlanLoader, ATestShellThatNothingBringsToTheBoardIsRefused) {
  const auto none = "test definitions: nothing brings the test shell's files to the board";
  EXPECT_THAT(complaints("- boot: {method: minimal}\n" + shell_test), HasSubstr(none));
  EXPECT_THAT(complaints("- deploy: {to: tftp, " + kernel +
                         ", ramdisk: {url: 'https://example.org/rd', install_overlay: false}}\n" + boot + shell_test),
              HasSubstr(none));
  EXPECT_EQ(complaints(tftp + boot + shell_test), "");
}

TEST(PlanLoader, AMachineOfTheJobsChoiceFetchesNothing) {
  const auto text =
      "- deploy: {to: tmpfs, images: {k: {url: 'https://example.org/k', image_arg: '-kernel {k}'}}}\n"
      "- boot: {method: qemu, prompts: ['# '], " +
      transfer + "}\n" + shell_test;
  EXPECT_THAT(complaints(text, machine_type("microbit"), "context: {arch: arm}\n"),
              HasSubstr("boot transfer_overlay: a machine of type microbit has no way to the lab's files"));
}

boards::BoardConfig real_board(const std::string& address) {
  boards::BoardConfig board;
  board.name = "desk-01";
  board.addresses = Node::map({}, {});
  board.network.address = address;
  return board;
}

std::string not_served(const std::string& blocks, const boards::BoardConfig& board,
                       const boards::BootServerSettings& server) {
  Diagnostics diagnostics;
  check_serving(must_read(std::string(job_head) + "actions:\n" + blocks), board, server, diagnostics);
  return diagnostics.to_string();
}

TEST(PlanServing, WhatTheLabFileLacksIsSaid) {
  boards::BootServerSettings server;
  EXPECT_THAT(not_served(tftp + boot, real_board(""), server),
              HasSubstr("job:6:16: deploy to: tftp: board desk-01 has no address on the lab's network"));
  EXPECT_THAT(not_served(tftp + boot, real_board("192.0.2.7"), server),
              HasSubstr("deploy to: tftp: the lab has no boot server for tftp"));
  server.tftp_port = 69;
  EXPECT_EQ(not_served(tftp + boot, real_board("192.0.2.7"), server), "");
  const auto fetches = "- boot: {method: u-boot, commands: ramdisk, " + transfer + "}\n";
  EXPECT_EQ(not_served(tftp + fetches, real_board("192.0.2.7"), server), "") << "without tests nothing is fetched";
  EXPECT_THAT(not_served(tftp + fetches + shell_test, real_board("192.0.2.7"), server),
              HasSubstr("boot transfer_overlay: the lab has no boot server for http"));
  server.http_port = 80;
  EXPECT_EQ(not_served(tftp + fetches + shell_test, real_board("192.0.2.7"), server), "");
}

TEST(PlanServing, AnEmulatedBoardNeedsItsCardAlone) {
  Diagnostics ignored;
  auto board = real_board("");
  board.addresses = read_yaml("{emulator: {driver: qemu, network: {card: virtio-net-pci}}}", "lab", ignored);
  EXPECT_EQ(not_served(tftp + boot, board, {}), "");
  board.addresses = read_yaml("{emulator: {driver: qemu}}", "lab", ignored);
  EXPECT_THAT(not_served(tftp + boot, board, {}), HasSubstr("board desk-01 has no network card"));
}

TEST(PlanLoader, AContextsAddressesAreChecked) {
  EXPECT_EQ(
      complaints(tftp + boot, uboot_type(), "context: {booti_kernel_addr: '0x80000', bootloader_prompt: 'U> '}\n"), "");
  EXPECT_THAT(complaints(tftp + boot, uboot_type(), "context: {booti_kernel_addr: here}\n"),
              HasSubstr("context booti_kernel_addr: 'here' is no address"));
}

TEST(PlanLoader, APowerCutNeedsARunningBoard) {
  EXPECT_THAT(complaints("- command: {name: power_cut, after: {seconds: 1}}\n"),
              HasSubstr("command power_cut: nothing was booted before it"));
  EXPECT_EQ(complaints(tftp + boot + "- command: {name: power_cut, after: {seconds: 1, up_to_seconds: 2.5}}\n"), "");
}

TEST(DeployTftp, KeepsWhatWasWritten) {
  const auto job = must_read(
      job_head + std::string("actions:\n- deploy:\n    to: tftp\n    kernel: {url: 'https://a/k', type: zimage}\n"
                             "    ramdisk: {url: 'https://a/r', header: u-boot, install_overlay: false}\n"
                             "    dtbo: [{url: 'https://a/o'}]\n    extra_files: {fit: {url: 'https://a/f'}}\n"));
  const auto& deploy = std::get<DeployTftp>(job.actions.at(0));
  ASSERT_NE(deploy.file("kernel"), nullptr);
  EXPECT_EQ(deploy.file("kernel")->kind, "zimage");
  EXPECT_TRUE(deploy.file("ramdisk")->uboot_header);
  EXPECT_FALSE(deploy.file("ramdisk")->install_overlay);
  EXPECT_NE(deploy.file("dtbo_0"), nullptr);
  EXPECT_NE(deploy.file("fit"), nullptr);
}

class LinuxComplaints : public Complaints {};

TEST_P(LinuxComplaints, HaveTheirPlace) { EXPECT_EQ(complaints_of(GetParam().text), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    Tftp, LinuxComplaints,
    testing::Values(
        actions("nothing", "- deploy: {to: tftp}",
                "job:6:3: deploy to: tftp names no file (give kernel, ramdisk, dtb or extra_files)"),
        actions("kernel_type", "- deploy: {to: tftp, kernel: {url: 'https://a/k', type: elf}}",
                "job:6:57: deploy kernel type: 'elf' is not known (one of 'image', 'uimage' or 'zimage')"),
        actions("modules", "- deploy: {to: tftp, kernel: {url: 'https://a/k'}, modules: {url: 'https://a/m'}}",
                "job:6:52: deploy modules without ramdisk (they are put into the ramdisk)"),
        actions("install_modules",
                "- deploy: {to: tftp, ramdisk: {url: 'https://a/r', install_modules: true}, modules: {url: "
                "'https://a/m', compression: xz}}",
                ""),
        actions("modules_stay_out",
                "- deploy: {to: tftp, ramdisk: {url: 'https://a/r', install_modules: false}, modules: {url: "
                "'https://a/m'}}",
                "job:6:77: warning: deploy modules has no effect: the ramdisk has install_modules: false"),
        actions("nfs", "- deploy: {to: tftp, nfsrootfs: {url: 'https://a/k'}}",
                "job:6:22: deploy nfsrootfs is not supported: hilltop serves no NFS, for it runs without root (boot a "
                "ramdisk, or a disk image (deploy to: tmpfs))"),
        actions("preseed", "- deploy: {to: tftp, kernel: {url: 'https://a/k'}, preseed: {url: 'https://a/p'}}", ""),
        actions("header", "- deploy: {to: tftp, kernel: {url: 'https://a/k', header: u-boot}}",
                "job:6:51: deploy kernel: unknown key 'header' (did you mean 'headers'?)")),
    [](const testing::TestParamInfo<Complaint>& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Loader, LinuxComplaints,
    testing::Values(
        actions("no_commands", "- boot: {method: u-boot}",
                "job:6:3: boot commands is missing (name a set of the board type's, or write lines for the boot "
                "loader)"),
        actions("empty_commands", "- boot: {method: u-boot, commands: []}",
                "job:6:36: boot commands is empty (name a set of the board type's, or write lines)"),
        actions("bootscript", "- boot: {method: u-boot, commands: a, use_bootscript: true}", ""),
        actions("uefi_bootscript", "- boot: {method: uefi, commands: a, use_bootscript: true}",
                "job:6:37: boot use_bootscript: the UEFI shell fetches no file by TFTP (leave it out: the lines are "
                "typed one by one)"),
        actions("shell_menu", "- boot: {method: uefi, commands: a, shell_menu: b}",
                "job:6:37: boot shell_menu is not supported yet: board types do not say what their firmware's menus "
                "have (type what leads to the shell: commands of the job, or interrupt_character of the board type)"),
        actions("finished_and_prompts", "- boot: {method: grub, commands: a, boot_finished: b, prompts: c}",
                "job:6:37: boot boot_finished beside prompts (it stands for them: the board is switched off when it "
                "was seen)"),
        actions("kexec_message", "- boot: {method: kexec}",
                "job:6:9: boot boot_message is missing\njob:6:9: boot kernel is missing (kexec loads nothing without "
                "it)"),
        actions("kexec_command", "- boot: {method: kexec, boot_message: a, command: /sbin/mine}", ""),
        actions("kexec_deploy", "- boot: {method: kexec, boot_message: a, kernel: b, deploy: c}",
                "job:6:53: boot deploy is not supported yet: what it would deploy is not told by LAVA's reference (put "
                "the new kernel on the board before: deploy to: tmpfs, or a step of a test)"),
        actions("ssh", "- boot: {method: ssh, connection: ssh, prompts: ['# ']}", ""),
        actions("ssh_secondary", "- boot: {method: ssh, parameters: {hostID: a}}",
                "job:6:36: boot parameters hostID is not supported yet"),
        actions("ssh_refused", "- boot: {method: ssh, expect: {refused: a}}",
                "job:6:32: boot expect refused: boot method ssh waits for nothing that could be refused"),
        actions("expect_nothing", "- boot: {method: minimal, expect: {}}", "job:6:35: boot expect refused is missing"),
        actions("cut_backwards", "- command: {name: power_cut, after: {seconds: 3, up_to_seconds: 1}}",
                "job:6:50: command after up_to_seconds is less than seconds"),
        actions("cut_text", "- command: {name: power_cut, after: {seconds: soon}}",
                "job:6:47: command after seconds: expected a number of seconds from 0 to 86400"),
        actions("after_elsewhere", "- command: {name: power_off, after: {seconds: 3}}",
                "job:6:30: command: unknown key 'after' (known keys are 'connection-namespace', 'failure_retry', "
                "'failure_retry_interval', 'name', 'namespace', 'repeat', 'timeout' and 'timeouts')")),
    [](const testing::TestParamInfo<Complaint>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace hilltop::jobs
