// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_configuration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "drivers/emulator/qemu_options.hpp"
#include "tests/drivers/emulator/qemu_board.hpp"

namespace hilltop::drivers {
namespace {

using MachineSetup = ConfigurableMachine::Setup;

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

class QemuConfiguration : public ::testing::Test {
 protected:
  void SetUp() override {
    setup.job_dir = dir.path() / "job";
    std::filesystem::create_directory(setup.job_dir);
    std::ofstream(dir.path() / "secret") << "of the host";
    std::ofstream(setup.job_dir + "/Image") << "kernel";
    std::filesystem::create_symlink(dir.path() / "secret", setup.job_dir + "/link");
  }
  Result<std::string> argv() { return qemu_argv(setup).transform(joined); }
  /// The text of the refusal of one image_arg.
  std::string refusal(const std::string& image_arg) {
    setup.context = {{"arch", "arm64"}};
    setup.image_args = {image_arg};
    auto got = argv();
    if (got) return "ALLOWED: " + *got;
    EXPECT_EQ(got.error().code, Errc::denied) << got.error().text;
    EXPECT_EQ(got.error().blame, Blame::job);
    return got.error().text;
  }

  tests::TemporaryDir dir;
  MachineSetup setup;
};

TEST_F(QemuConfiguration, ALavaJobForLinuxOnArm64) {
  setup.context = {{"arch", "arm64"}, {"netdevice", "user"}, {"monitor", "none"}, {"guestfs_interface", "virtio"}};
  setup.image_args = {"-kernel " + setup.job_dir + "/Image --append \"console=ttyAMA0 root=/dev/ram0\""};
  const auto got = qemu_argv(setup);
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(joined(*got),
            "qemu-system-aarch64 -M virt -cpu cortex-a57 -net nic,model=virtio -net user,restrict=on -m 512 -kernel " +
                std::filesystem::canonical(setup.job_dir).string() + "/Image -append console=ttyAMA0 root=/dev/ram0");
  EXPECT_EQ(got->back(), "console=ttyAMA0 root=/dev/ram0") << "the quoted text is one word";
}

TEST_F(QemuConfiguration, ALavaJobForZephyrOnAMicrocontroller) {
  setup.context = {{"arch", "arm"},
                   {"cpu", "cortex-m3"},
                   {"machine", "mps2-an385"},
                   {"vga", "-vga none"},
                   {"serial", "-serial mon:stdio"}};
  setup.image_args = {"-kernel " + setup.job_dir + "/Image"};
  setup.extra_options = {"-nographic", "-no-reboot"};
  auto got = argv();
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_TRUE(got->starts_with(
      "qemu-system-arm -M mps2-an385 -cpu cortex-m3 -nic none -vga none -serial chardev:con0 -no-reboot"))
      << *got;
}

TEST_F(QemuConfiguration, UnknownArchIsBadInputOfTheJob) {
  for (const auto* arch : {"", "z80", "../../bin/sh"}) {
    setup.context = {{"arch", arch}};
    auto got = argv();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Errc::bad_input);
    EXPECT_EQ(got.error().blame, Blame::job);
  }
}

TEST_F(QemuConfiguration, DisksGetTheirFormatSaidAndMayNotReferToOtherFiles) {
  setup.context = {{"arch", "amd64"}};
  setup.image_args = {"-hda " + setup.job_dir + "/Image"};
  auto got = argv();
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_TRUE(got->contains("/Image,format=raw,index=0,media=disk"));
  std::string qcow2("QFI\xfb\0\0\0\3", 8);
  qcow2.resize(104, '\0');
  std::ofstream(setup.job_dir + "/plain.qcow2") << qcow2;
  EXPECT_TRUE(refusal("-drive file=" + setup.job_dir + "/plain.qcow2,if=virtio").contains("format=qcow2"));
  qcow2[15] = 104;  // a backing file's name follows
  std::ofstream(setup.job_dir + "/backed.qcow2") << qcow2;
  EXPECT_TRUE(refusal("-drive file=" + setup.job_dir + "/backed.qcow2,if=virtio,format=qcow2")
                  .contains("refers to another file"));
  EXPECT_TRUE(refusal("-drive file=" + setup.job_dir + "/backed.qcow2,if=virtio,format=raw")
                  .contains("refers to another file"));
}

TEST_F(QemuConfiguration, NothingReachesTheHostsFiles) {
  const auto secret = (dir.path() / "secret").string();
  for (const std::string& arguments :
       std::vector<std::string>{"-kernel " + secret,
                                "-kernel " + setup.job_dir + "/../secret",
                                "-kernel " + setup.job_dir + "/link",
                                std::string("-initrd /etc/passwd"),
                                "-drive file=" + secret,
                                "-drive file=json:{\"driver\":\"file\"}",
                                std::string("-drive file=nbd://localhost"),
                                std::string("-drive file.filename=/etc/passwd"),
                                "-device loader,file=" + secret,
                                std::string("-device loader,addr=0,file=/etc/passwd"),
                                std::string("-bios /etc/passwd"),
                                std::string("-hda /dev/sda"),
                                std::string("-sd fat:/etc"),
                                std::string("-cdrom /etc/passwd"),
                                std::string("-virtfs local,path=/,mount_tag=x,security_model=none"),
                                std::string("-fsdev local,id=x,path=/"),
                                std::string("-blockdev driver=file,filename=/etc/passwd,node-name=x"),
                                std::string("-fw_cfg name=opt/x,file=/etc/passwd"),
                                std::string("-smbios file=/etc/passwd"),
                                std::string("-acpitable file=/etc/passwd"),
                                std::string("-semihosting"),
                                std::string("-semihosting-config enable=on,target=native"),
                                std::string("-object memory-backend-file,id=m,mem-path=/tmp/x,size=1M"),
                                std::string("-object secret,id=s,file=/etc/passwd"),
                                std::string("-pidfile /tmp/x"),
                                std::string("-D /tmp/x"),
                                std::string("-d exec"),
                                std::string("-trace file=/tmp/x"),
                                std::string("-readconfig /etc/passwd"),
                                std::string("-L /etc"),
                                std::string("-loadvm x"),
                                std::string("-incoming exec:id"),
                                std::string("-runas root"),
                                std::string("-chroot /"),
                                std::string("-dump-vmstate /tmp/x"),
                                std::string("-machine virt,dumpdtb=/tmp/x"),
                                std::string("-machine virt,firmware=/etc/passwd"),
                                std::string("-global e1000.romfile=/etc/passwd"),
                                std::string("-device e1000,romfile=/etc/passwd"),
                                std::string("-boot splash=/etc/passwd"),
                                std::string("-mem-path /tmp"),
                                std::string("-set device.x.romfile=/etc/passwd"),
                                std::string("-option-rom /etc/passwd"),
                                std::string("-plugin /tmp/x.so")})
    EXPECT_FALSE(refusal(arguments).starts_with("ALLOWED")) << arguments << ": " << refusal(arguments);
}

TEST_F(QemuConfiguration, NothingReachesTheHostsNetworkDevicesOrThisProgram) {
  for (const auto* arguments : {"-netdev user,id=n,hostfwd=tcp::12055-:22",
                                "-netdev user,id=n,guestfwd=tcp:10.0.2.1:80-cmd:id",
                                "-netdev user,id=n,smb=/",
                                "-net tap",
                                "-netdev tap,id=n",
                                "-netdev bridge,id=n",
                                "-netdev socket,id=n,listen=:1",
                                "-nic bridge",
                                "-nic user,hostfwd=tcp::1-:1",
                                "-net user,tftp=/etc",
                                "-net nic,netdev=x -net socket,mcast=230.0.0.1:1",
                                "-chardev socket,id=x,host=localhost,port=1",
                                "-chardev pipe,id=x,path=/tmp/x",
                                "-serial tcp:localhost:22",
                                "-serial /dev/ttyS0",
                                "-serial file:/tmp/x",
                                "-serial pty",
                                "-monitor stdio",
                                "-monitor tcp::1,server",
                                "-qmp stdio",
                                "-gdb tcp::1234",
                                "-s",
                                "-mon chardev=con0",
                                "-vnc :1",
                                "-spice port=1",
                                "-display vnc=:1",
                                "-parallel /dev/lp0",
                                "-device vfio-pci,host=0:1",
                                "-device usb-host,hostbus=1",
                                "-device ivshmem-plain,memdev=x",
                                "-device vhost-vsock-pci,guest-cid=3",
                                "-device virtconsole,chardev=qmp0",
                                "-device isa-serial,chardev=qmp0",
                                "-usbdevice host:1",
                                "-enable-kvm",
                                "-accel kvm",
                                "-machine virt,accel=kvm",
                                "-cpu host",
                                "-daemonize",
                                "-add-fd fd=3,set=1",
                                "-tpmdev passthrough,id=x",
                                "-audiodev wav,id=x,path=/tmp/x",
                                "-sandbox off",
                                "-S",
                                "something",
                                "-machine nowhere",
                                "-m 64G",
                                "-smp 64",
                                "-smp cpus=64",
                                "-object rng-random,filename=/etc/passwd,id=a,props=b"})
    EXPECT_FALSE(refusal(arguments).starts_with("ALLOWED")) << arguments << ": " << refusal(arguments);
  setup.image_args.clear();
  for (const auto& context :
       {std::map<std::string, std::string>{{"arch", "arm"}, {"netdevice", "tap"}},
        std::map<std::string, std::string>{{"arch", "arm"}, {"machine", "virt,dumpdtb=/tmp/x"}},
        std::map<std::string, std::string>{{"arch", "arm"}, {"cpu", "host"}},
        std::map<std::string, std::string>{{"arch", "arm"}, {"model", "virtio -chardev x"}},
        std::map<std::string, std::string>{{"arch", "arm"}, {"memory", "512,maxmem=1T"}},
        std::map<std::string, std::string>{{"arch", "arm"}, {"serial", "-serial stdio -chardev x"}}}) {
    setup.context = context;
    EXPECT_FALSE(argv());
  }
}

TEST_F(QemuConfiguration, RandomSourcesOfTheHostBecomeQemusOwnAndUserNetworksAreCutOff) {
  EXPECT_TRUE(refusal("-object rng-random,id=rng0,filename=/dev/urandom -device virtio-rng-pci,rng=rng0")
                  .contains("-object rng-builtin,id=rng0"));
  EXPECT_TRUE(refusal("-netdev user,id=n,restrict=off -device virtio-net-pci,netdev=n")
                  .contains("-netdev user,id=n,restrict=on"));
}

TEST(SplitWords, AsAShellDoes) {
  EXPECT_EQ(*split_words(R"(-append "console=ttyS0 a=\"b\"" -x 'a\b' c\ d '')"),
            (std::vector<std::string>{"-append", "console=ttyS0 a=\"b\"", "-x", "a\\b", "c d", ""}));
  EXPECT_TRUE(split_words("  ")->empty());
  EXPECT_FALSE(split_words("a 'b"));
}

TEST(QemuGeneric, RunsTheMachineThatTheJobChose) {
  tests::QemuBoard board("{driver: qemu, configurable: true}");
  auto* machine = board.device->machine();
  ASSERT_NE(machine, nullptr);
  EXPECT_EQ(board.device->flasher(), nullptr);
  const auto unconfigured = board.power(PowerState::on);
  ASSERT_FALSE(unconfigured);
  EXPECT_EQ(unconfigured.error().code, Errc::unavailable);
  MachineSetup setup;
  setup.context = {{"arch", "arm"}, {"cpu", "cortex-m3"}, {"machine", "mps2-an385"}, {"serial", "stdio"}};
  setup.job_dir = HILLTOP_BINARY_DIR "/firmware";
  setup.image_args = {"-kernel " + setup.job_dir + "/mps2-an385-pass.elf"};
  const auto configured = machine->configure(setup);
  ASSERT_TRUE(configured) << configured.error().text;
  const auto on = board.power(PowerState::on);
  ASSERT_TRUE(on) << on.error().text;
  board.read_until("PROJECT EXECUTION SUCCESSFUL");
  ASSERT_TRUE(board.power(PowerState::off));
  machine->reset_configuration();
  EXPECT_FALSE(board.power(PowerState::on));
}

}  // namespace
}  // namespace hilltop::drivers
