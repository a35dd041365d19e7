// SPDX-License-Identifier: Apache-2.0
#include "jobs/loader_script.hpp"

#include <gmock/gmock.h>

namespace hilltop::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Words = std::map<std::string, std::string>;

boards::LoaderFacts facts() {
  boards::LoaderFacts out;
  out.addresses = {{"kernel", "0x1000"}, {"ramdisk", "0x2000"}, {"dtb", "0x3000"}};
  out.boot_command = "bootz";
  out.commands["nfs"] = {"a {KERNEL}", "b {DTB}", "c {DTB_ADDR}"};
  return out;
}

LoaderFiles files(const std::vector<std::string>& labels) {
  LoaderFiles out;
  for (const auto& label : labels) out.names[label] = label + "/x";
  out.server_ip = "10.0.2.2";
  out.job_id = 7;
  return out;
}

std::string boot_line(const LoaderFiles& deployed, const Words& context = {}) {
  return loader_words(facts(), context, deployed).at("BOOTX");
}

TEST(LoaderScript, BootxHasTheAddresses) {
  EXPECT_EQ(boot_line(files({"kernel"})), "bootz 0x1000 - ${fdtcontroladdr}");
  EXPECT_EQ(boot_line(files({"kernel", "ramdisk", "dtb"})), "bootz 0x1000 0x2000:${initrd_size} 0x3000");
}

TEST(LoaderScript, AHeaderSaysTheRamdisksSize) {
  auto deployed = files({"kernel", "ramdisk", "dtb"});
  deployed.ramdisk_has_header = true;
  EXPECT_EQ(boot_line(deployed), "bootz 0x1000 0x2000 0x3000");
}

TEST(LoaderScript, TheKernelsTypeChoosesTheCommand) {
  auto deployed = files({"kernel"});
  deployed.kernel_kind = "image";
  EXPECT_EQ(boot_line(deployed, {{"booti_kernel_addr", "0x9"}, {"bootz_kernel_addr", "0x8"}}),
            "booti 0x9 - ${fdtcontroladdr}");
  deployed.kernel_kind = "uimage";
  EXPECT_THAT(boot_line(deployed), HasSubstr("bootm "));
}

TEST(LoaderScript, WordsAreReplacedAndUbootsOwnAreNot) {
  const auto words = loader_words(facts(), {}, files({"kernel"}));
  EXPECT_EQ(substituted("tftp {KERNEL_ADDR} {KERNEL} {SERVER_IP} {JOB_ID}", words).value(),
            "tftp 0x1000 kernel/x 10.0.2.2 7");
  EXPECT_EQ(substituted("${KERNEL} {kernel} {} {A b}", words).value(), "${KERNEL} {kernel} {} {A b}");
}

TEST(LoaderScript, AWordForNothingIsSaid) {
  const auto words = loader_words(facts(), {}, files({"kernel"}));
  EXPECT_THAT(substituted("x {RAMDISK}", words).error().text, HasSubstr("{RAMDISK} was not deployed"));
  EXPECT_THAT(substituted("x {TEE_ADDR}", words).error().text, HasSubstr("no address"));
  EXPECT_THAT(substituted("x {NFSROOTFS}", words).error().text, HasSubstr("not supported yet"));
  EXPECT_THAT(substituted("x {ODD}", words).error().text, HasSubstr("stands for nothing"));
}

TEST(LoaderScript, ATypesLinesForADeviceTreeAreLeftOutWithoutOne) {
  LoaderScript script;
  script.set = "nfs";
  EXPECT_THAT(loader_lines(facts(), script, loader_words(facts(), {}, files({"kernel"}))).value(),
              ElementsAre("a kernel/x", "c 0x3000"));
  EXPECT_THAT(loader_lines(facts(), script, loader_words(facts(), {}, files({"kernel", "dtb"}))).value(),
              ElementsAre("a kernel/x", "b dtb/x", "c 0x3000"));
  EXPECT_FALSE(loader_lines(facts(), script, loader_words(facts(), {}, files({}))));
  script.set = "odd";
  EXPECT_THAT(loader_lines(facts(), script, {}).error().text, HasSubstr("'nfs'"));
}

TEST(LoaderScript, TheJobsOwnLinesMustHold) {
  LoaderScript script;
  script.lines = {"b {DTB}"};
  EXPECT_FALSE(loader_lines(facts(), script, loader_words(facts(), {}, files({"kernel"}))));
}

TEST(LoaderScript, TheContextChangesTheLoader) {
  boards::BoardType type;
  type.loaders["u-boot"] = facts();
  const auto changed = loader_facts(
      type, BootMethod::u_boot,
      {{"bootloader_prompt", "U-Boot>"}, {"uboot_needs_interrupt", "false"}, {"uboot_extra_error_message", "oh no"}});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->prompt, "U-Boot>");
  EXPECT_FALSE(changed->needs_interrupt);
  EXPECT_THAT(changed->error_messages, ElementsAre("oh no"));
  EXPECT_FALSE(loader_facts(type, BootMethod::grub, {}));
}

}  // namespace
}  // namespace hilltop::jobs
