// SPDX-License-Identifier: Apache-2.0
// What emulated boards with firmware, drives and a network start from, and what a job may lend them.
#include "drivers/emulator/qemu_boot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <type_traits>

#include "drivers/api/device.hpp"
#include "tests/drivers/emulator/qemu_board.hpp"

namespace hilltop::drivers {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;
namespace fs = std::filesystem;

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += word + " ";
  return out;
}

void write(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string read(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

std::string complaints(std::string_view address) {
  Diagnostics diagnostics;
  check_qemu_address(tests::yaml(address), diagnostics);
  return diagnostics.to_string();
}

using Lent = BootFiles::Lent;

/// Lends one thing only.
template <class Value>
Lent only(Value Lent::* member, std::type_identity_t<Value> value) {
  Lent out;
  out.*member = std::move(value);
  return out;
}

/// A board's boot set-up with a job's folder beside it.
class QemuBootTest : public testing::Test {
 protected:
  QemuBootTest() {
    write(job / "kernel", "a kernel");
    write(job / "tftp" / "kernel", "a kernel");
    write(job / "card.img", std::string(3000, 'c'));
    write(dir.path() / "template.img", "as delivered");
    write(dir.path() / "outside", "not the job's");
  }
  std::shared_ptr<QemuBoot> make(std::string_view drives, std::string_view more = "") {
    const auto text =
        "{driver: qemu, system: aarch64, machine: virt, network: {mode: user, card: virtio-net-pci}, drives: {" +
        std::string(drives) + "}" + std::string(more) + "}";
    EXPECT_EQ(complaints(text), "");
    return std::make_shared<QemuBoot>(read_qemu_address(tests::yaml(text)), dir.path() / "state");
  }
  std::string words(const std::shared_ptr<QemuBoot>& boot) {
    auto made = worker.run(QemuBoot::prepare(boot, Deadline::after(std::chrono::seconds(20))));
    return made ? joined(*made) : "error: " + made.error().text;
  }
  std::string lend_error(const std::shared_ptr<QemuBoot>& boot, BootFiles::Lent lent) {
    lent.job_dir = job.string();
    const auto lent_it = boot->lend(std::move(lent));
    return lent_it ? "" : lent_it.error().text;
  }
  std::string templated(std::string_view interface, std::string_view more) {
    return "{interface: " + std::string(interface) + ", template: " + (dir.path() / "template.img").string() +
           std::string(more) + "}";
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
  fs::path job = dir.path() / "job";
};

TEST_F(QemuBootTest, ADriveIsThereWithItsTemplateOrWithWhatAJobLends) {
  const auto boot = make("card: {interface: sd}");
  EXPECT_THAT(words(boot), Not(HasSubstr("-drive")));
  EXPECT_EQ(lend_error(boot, only(&Lent::drives, {{"card", job / "card.img"}})), "");
  EXPECT_THAT(words(boot), HasSubstr("-drive file=" + (job / "card.img").string() + ",format=raw,if=sd"));
  EXPECT_EQ(fs::file_size(job / "card.img"), 4096u) << "QEMU wants cards of a power of two";
  boot->take_back();
  EXPECT_THAT(words(boot), Not(HasSubstr("-drive")));
}

TEST_F(QemuBootTest, WhatABoardWritesLastsAsLongAsTheAddressSays) {
  const auto boot =
      make("lease: " + templated("virtio", "") + ", always: " + templated("virtio-mmio", ", keep: always") +
           ", off: " + templated("virtio", ", keep: power-on"));
  const auto lease = dir.path() / "state" / "drive-lease.img";
  const auto always = dir.path() / "state" / "drive-always.img";
  const auto first = words(boot);
  EXPECT_THAT(first, HasSubstr("file=" + lease.string() + ",format=raw,if=none,id=drive-lease"));
  EXPECT_THAT(first, HasSubstr("virtio-blk-device,drive=drive-always"));
  EXPECT_THAT(first, HasSubstr((dir.path() / "template.img").string() + ",format=raw,snapshot=on"));
  EXPECT_EQ(read(lease), "as delivered");
  for (const auto& file : {lease, always}) write(file, "by the board");
  EXPECT_EQ(words(boot), first) << "a power cycle";
  EXPECT_EQ(read(lease), "by the board");
  boot->take_back();
  EXPECT_EQ(words(boot), first) << "the next lease";
  EXPECT_EQ(read(lease), "as delivered");
  EXPECT_EQ(read(always), "by the board");
  EXPECT_EQ(read(dir.path() / "template.img"), "as delivered");
}

TEST_F(QemuBootTest, AFlashChipIsPaddedToWhatTheMachineInsistsOn) {
  const auto boot = make("env: " + templated("pflash", ", unit: 1, size: 1M"));
  EXPECT_THAT(words(boot), HasSubstr(",if=pflash,unit=1"));
  EXPECT_EQ(fs::file_size(dir.path() / "state" / "drive-env.img"), 1u << 20);
  write(job / "large.img", std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(lend_error(boot, only(&Lent::drives, {{"env", job / "large.img"}})),
              HasSubstr("1048577 bytes, and the drive 1048576"));
}

TEST_F(QemuBootTest, AMissingTemplateIsTheLabsFault) {
  const auto boot = make("card: {interface: sd, template: no-such.img}");
  const auto made = worker.run(QemuBoot::prepare(boot, Deadline::after(std::chrono::seconds(20))));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().blame, Blame::configuration);
  EXPECT_EQ(made.error().text, "drive card: no-such.img: no such file");
}

TEST_F(QemuBootTest, FilesAreSeenFromTheFolderOfTheTextThatNamesThem) {
  Diagnostics diagnostics;
  const auto node = read_yaml("{a: images/x.img, b: /y.img, c: ../z.img}", "/labs/demo/lab.yaml", diagnostics);
  EXPECT_EQ(file_at(node["a"]), "/labs/demo/images/x.img");
  EXPECT_EQ(file_at(node["b"]), "/y.img");
  EXPECT_EQ(file_at(node["c"]), "/labs/z.img");
  EXPECT_EQ(file_at(node["none"]), "");
}

TEST_F(QemuBootTest, NetworkIsCutOffButForWhatIsLent) {
  const auto boot = make("");
  EXPECT_THAT(words(boot), HasSubstr("-netdev user,id=net0,restrict=on -device virtio-net-pci,netdev=net0"));
  BootFiles::Lent lent;
  lent.tftp_dir = job / "tftp";
  lent.forwards = {{.guest_port = 80, .host_port = 34567}};
  lent.links = {{.local_path = "/run/a", .remote_path = "/run/b", .mac = "52:54:00:00:00:01"}};
  EXPECT_EQ(lend_error(boot, lent), "");
  EXPECT_THAT(words(boot), HasSubstr("restrict=on,tftp=" + (job / "tftp").string() +
                                     ",guestfwd=tcp:10.0.2.4:80-cmd:socat STDIO TCP4:127.0.0.1:34567 "));
  EXPECT_THAT(words(boot),
              HasSubstr("dgram,id=link0,local.type=unix,local.path=/run/a,remote.type=unix,remote.path=/run/b "
                        "-device virtio-net-pci,netdev=link0,mac=52:54:00:00:00:01"));
  EXPECT_EQ(boot->network().forward_ip, "10.0.2.4");
}

TEST_F(QemuBootTest, AKernelOfTheJobsTakesThePlaceOfFirmware) {
  const auto boot =
      make("flash: " + templated("pflash", ", unit: 0, readonly: yes"), ", bios: /nonexistent/u-boot.bin");
  EXPECT_EQ(words(boot), "error: bios: /nonexistent/u-boot.bin: no such file");
  auto lent = only(&Lent::kernel, job / "kernel");
  lent.command_line = "quiet";
  EXPECT_EQ(lend_error(boot, lent), "");
  EXPECT_THAT(words(boot), testing::StartsWith("-kernel " + (job / "kernel").string() + " -append quiet -netdev"));
}

TEST_F(QemuBootTest, NothingOfTheHostsIsReachable) {
  const auto boot = make("card: {interface: sd}, code: " + templated("pflash", ", unit: 0, readonly: yes"));
  const auto outside = (dir.path() / "outside").string();
  EXPECT_THAT(lend_error(boot, only(&Lent::kernel, outside)), HasSubstr("only files that the job deployed"));
  EXPECT_THAT(lend_error(boot, only(&Lent::drives, {{"card", "/etc/passwd"}})),
              HasSubstr("only files that the job deployed"));
  EXPECT_THAT(lend_error(boot, only(&Lent::drives, {{"code", job / "card.img"}})),
              HasSubstr("no drive 'code' that a job may fill"));
  EXPECT_THAT(lend_error(boot, only(&Lent::drives, {{"usb", job / "card.img"}})), HasSubstr("no drive 'usb'"));
  EXPECT_THAT(lend_error(boot, only(&Lent::tftp_dir, dir.path().string())), HasSubstr("is not within the job's"));
  EXPECT_THAT(lend_error(boot, only(&Lent::tftp_dir, "/")), HasSubstr("is not within the job's"));
  EXPECT_THAT(lend_error(boot, only(&Lent::links, {{"/a", "/b", "1,2"}})), HasSubstr("no network card's address"));
  EXPECT_THAT(lend_error(boot, only(&Lent::ramdisk, job / "kernel")), HasSubstr("needs a kernel"));
  fs::create_symlink("/etc", job / "tftp" / "etc");
  EXPECT_THAT(lend_error(boot, only(&Lent::tftp_dir, job / "tftp")), HasSubstr("has a link in it: etc"));
  EXPECT_EQ(words(boot).find("etc"), std::string::npos) << "what was refused is not kept";
}

TEST_F(QemuBootTest, ADiskImageThatRefersToAnotherFileIsRefused) {
  std::string header("QFI\xfb\0\0\0\3\0\0\0\0\0\0\2\0", 16);  // a backing file's name at 512
  header.resize(104);
  write(job / "chained.qcow2", header);
  EXPECT_THAT(lend_error(make("disk: {interface: virtio}"), only(&Lent::drives, {{"disk", job / "chained.qcow2"}})),
              HasSubstr("refers to another file"));
}

TEST(QemuAddress, ComplainsOfEachMistakeInDrivesAndNetworks) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"drives: {Disk: {interface: virtio}}", "a drive's name has small letters"},
      {"drives: {disk: {template: x}}", "'interface' is missing"},
      {"drives: {disk: {interface: virti}}", "did you mean 'virtio'?"},
      {"drives: {disk: {interface: pflash}}", "a pflash needs its 'unit'"},
      {"drives: {disk: {interface: sd, unit: 1}}", "only a pflash has a 'unit'"},
      {"drives: {disk: {interface: sd, size: 0}}", "'size' must be a number of bytes"},
      {"drives: {disk: {interface: sd, keep: lease, readonly: yes}}", "'keep' has no meaning"},
      {"drives: {disk: {interface: sd, file: x}}", "'file' is not a key here"},
      {"network: {mode: tap, card: e1000}", "'mode': 'tap' is not known"},
      {"network: {mode: user}", "'card' is missing"},
  };
  for (const auto& [text, complaint] : cases)
    EXPECT_THAT(complaints("{driver: qemu, system: arm, machine: virt, " + std::string(text) + "}"),
                HasSubstr(complaint));
  EXPECT_THAT(complaints("{driver: qemu, configurable: true, bios: x}"), HasSubstr("'bios' has no meaning"));
}

constexpr auto u_boot = R"(
driver: qemu
system: aarch64
machine: virt
cpu: cortex-a57
memory: 256M
bios: /usr/lib/u-boot/qemu_arm64/u-boot.bin
network: {mode: user, card: virtio-net-pci}
drives: {disk: {interface: virtio}}
)";

TEST(QemuUBoot, FetchesTheJobsFilesByTftpAndNothingElse) {
  tests::QemuBoard board(u_boot);
  auto* files = board.device->boot_files();
  ASSERT_NE(files, nullptr);
  EXPECT_THAT(files->drives(), ElementsAre("disk"));
  const tests::TemporaryDir job;
  write(job.path() / "tftp" / "hello.txt", "hilltop was here");
  write(job.path() / "secret.txt", "beside the folder");
  auto lent = only(&Lent::tftp_dir, job.path() / "tftp");
  lent.job_dir = job.path();
  ASSERT_TRUE(files->lend(std::move(lent)));
  ASSERT_TRUE(board.power(PowerState::on));
  board.read_until("Hit any key to stop autoboot");
  board.type(" ");
  board.read_until("=> ");
  board.type("setenv autoload no; dhcp; setenv serverip " + files->network().tftp_ip + "\r");
  EXPECT_THAT(board.read_until("=> "), HasSubstr(files->network().board_ip));
  board.type("tftpboot ${loadaddr} hello.txt; md.b ${loadaddr} 10\r");
  EXPECT_THAT(board.read_until("hilltop was here\r\n=> "), HasSubstr("Bytes transferred = 16"));
  board.type("tftpboot ${loadaddr} ../secret.txt\r");
  EXPECT_THAT(board.read_until("=> "), HasSubstr("TFTP error"));
}

}  // namespace
}  // namespace hilltop::drivers
