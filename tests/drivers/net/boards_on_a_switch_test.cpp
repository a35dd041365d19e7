// SPDX-License-Identifier: Apache-2.0
// Two boards of the demo lab's kinds on one virtual switch, lent to them as a job lends it: U-Boot on 64-bit Arm, and
// Linux (where tests/firmware/linux/build was run) or a second U-Boot. Frames are read back from the capture by Python.
#include <gmock/gmock.h>

#include <fstream>

#include "drivers/api/device.hpp"
#include "drivers/core/process.hpp"
#include "drivers/net/virtual_switch.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr auto patience = std::chrono::seconds(60);
const fs::path u_boot = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";

/// A board at the end of its console.
class Board {
 public:
  Board(tests::Worker& worker, const fs::path& state, const std::string& address) : worker_(worker) {
    device_ = qemu.make({worker.io.get_executor(), state}, tests::yaml(address)).value();
    line_ = worker.run(device_->console("main")->open(Deadline::after(patience))).value();
  }
  ~Board() { EXPECT_TRUE(worker_.run(device_->shut_down(Deadline::after(patience)))); }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  void start(BootFiles::Lent lent) {
    const auto lending = device_->boot_files()->lend(std::move(lent));
    ASSERT_TRUE(lending) << lending.error().text;
    const auto on = worker_.run(device_->power()->set(PowerState::on, Deadline::after(patience)));
    ASSERT_TRUE(on) << on.error().text;
  }
  void type(const std::string& text) {
    ASSERT_EQ(::write(line_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string wait_for(const std::string& words) { return worker_.read_until(line_, words, patience); }
  std::string run(const std::string& command, const std::string& prompt) {
    type(command + "\r");
    return wait_for("\n" + prompt);
  }

 private:
  tests::Worker& worker_;
  std::unique_ptr<Device> device_;
  int line_ = -1;
};

class BoardsOnASwitch : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(u_boot)) GTEST_SKIP() << "package u-boot-qemu is needed";
    fs::create_directories(job_);
    net_ = worker_.run(VirtualSwitch::start({dir_.path() / "n", 7})).value();
    ASSERT_TRUE(net_->add_port("a"));
    ASSERT_TRUE(net_->add_port("b"));
    ASSERT_TRUE(net_->start_capture(capture_));
  }
  void TearDown() override {
    if (net_) EXPECT_TRUE(worker_.run(net_->shut_down(Deadline::after(5s))));
  }
  BootFiles::Lent lent(const std::string& port, const std::string& mac) {
    BootFiles::Lent out;
    out.job_dir = job_.string();
    for (const auto& one : net_->ports())
      if (one.name == port) out.links.push_back({one.board_socket.string(), one.switch_socket.string(), mac});
    return out;
  }
  /// U-Boot at its prompt, with the link as the card that it uses.
  std::unique_ptr<Board> loader(const std::string& name, const std::string& mac, const std::string& ip) {
    auto board =
        std::make_unique<Board>(worker_, dir_.path() / name,
                                "{driver: qemu, system: aarch64, machine: virt, cpu: cortex-a57, memory: 256M, "
                                "network: {mode: user, card: virtio-net-pci}, bios: " +
                                    u_boot.string() + "}");
    board->start(lent(name, mac));
    board->wait_for("Hit any key to stop autoboot");
    board->type(" ");
    board->wait_for("=> ");
    board->run("setenv ethrotate no", "=> ");
    const auto cards = board->run("net list", "=> ");
    const auto at = cards.find("eth1 : ");  // eth0 is the board's own
    EXPECT_NE(at, std::string::npos) << cards;
    const auto card = at == std::string::npos ? "" : cards.substr(at + 7);
    board->run("setenv ethact " + card.substr(0, card.find(' ')), "=> ");
    board->run("setenv ipaddr " + ip, "=> ");
    return board;
  }
  void set(const std::string& port, LinkFaults faults) { ASSERT_TRUE(net_->set_faults(port, faults)); }

  /// What Python finds in the capture: "requests N answers M slowest MS".
  std::string exchanged() {
    EXPECT_TRUE(worker_.run(net_->stop_capture(Deadline::after(10s))));
    const std::string reader =
        "import struct, sys\n"
        "data = open(sys.argv[1], 'rb').read()[24:]\n"
        "asked, answers, slowest = {}, 0, 0\n"
        "while data:\n"
        "    s, us, kept, _ = struct.unpack('<IIII', data[:16]); frame = data[16:16+kept]; data = data[16+kept:]\n"
        "    if frame[12:14] != b'\\x08\\x00' or frame[23] != 1: continue\n"
        "    kind, key, now = frame[34], frame[38:42], s + us / 1e6\n"
        "    if kind == 8: asked[key] = now\n"
        "    if kind == 0 and key in asked: answers += 1; slowest = max(slowest, now - asked[key])\n"
        "print('requests', len(asked), 'answers', answers, 'slowest', int(slowest * 1000))\n";
    const auto read =
        worker_.run(run_tool(Command({"/usr/bin/python3", "-c", reader, capture_.string()}), Deadline::after(20s)));
    EXPECT_TRUE(read);
    return read ? read->text : "";
  }

  tests::TemporaryDir dir_;
  tests::Worker worker_;
  fs::path job_ = dir_.path() / "job", capture_ = dir_.path() / "capture.pcap";
  std::shared_ptr<VirtualSwitch> net_;
};

constexpr auto mac_a = "52:54:00:aa:00:0a", mac_b = "52:54:00:aa:00:0b";

TEST_F(BoardsOnASwitch, ABootLoaderAndLinuxFindEachOther) {
  fs::path images;
  for (const auto& folder :
       {fs::path(HILLTOP_BINARY_DIR) / "firmware/linux", fs::path(HILLTOP_SOURCE_DIR) / "build/firmware/linux"})
    if (fs::exists(folder / "arm64-kernel") && fs::exists(folder / "arm64-ramdisk.cpio.gz")) images = folder;
  if (images.empty()) GTEST_SKIP() << "tests/firmware/linux/build was not run";
  auto one = loader("a", mac_a, "192.0.2.1");
  Board linux(
      worker_, dir_.path() / "b",
      "{driver: qemu, system: aarch64, machine: virt, cpu: cortex-a57, memory: 512M, network: {mode: user, card: "
      "virtio-net-pci}}");
  auto files = lent("b", mac_b);
  fs::copy_file(images / "arm64-kernel", job_ / "kernel");
  fs::copy_file(images / "arm64-ramdisk.cpio.gz", job_ / "ramdisk");
  files.kernel = (job_ / "kernel").string();
  files.ramdisk = (job_ / "ramdisk").string();
  files.command_line = "console=ttyAMA0 quiet";
  linux.start(std::move(files));
  linux.wait_for("/ # ");
  // Its card is found by its address: the numbers of cards are nobody's promise.
  linux.run("card=$(grep -l " + std::string(mac_b) + " /sys/class/net/*/address); card=${card%/address}", "/ # ");
  linux.run("ifconfig ${card##*/} 192.0.2.2 netmask 255.255.255.0 up", "/ # ");

  EXPECT_THAT(one->run("ping 192.0.2.2", "=> "), HasSubstr("host 192.0.2.2 is alive"));
  LinkFaults slow, lost, cut;
  slow.delay = std::chrono::milliseconds(300);
  lost.loss = 1;
  cut.cut = true;
  set("b", slow);
  EXPECT_THAT(one->run("ping 192.0.2.2", "=> "), HasSubstr("is alive"));
  set("b", lost);
  EXPECT_THAT(one->run("ping 192.0.2.2", "=> "), HasSubstr("is not alive"));
  set("b", {});
  EXPECT_THAT(one->run("ping 192.0.2.2", "=> "), HasSubstr("is alive"));
  set("a", cut);
  EXPECT_THAT(one->run("ping 192.0.2.2", "=> "), HasSubstr("is not alive"));
  const auto found = exchanged();
  int requests = 0, answers = 0, slowest = 0;
  ASSERT_EQ(std::sscanf(found.c_str(), "requests %d answers %d slowest %d", &requests, &answers, &slowest), 3) << found;
  EXPECT_EQ(answers, 3) << found;
  EXPECT_GE(slowest, 300) << found;
}

}  // namespace
}  // namespace hilltop::drivers
