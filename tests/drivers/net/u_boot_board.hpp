// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "drivers/core/process.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::tests {

/// Debian's u-boot-qemu and qemu-system-arm.
inline const std::filesystem::path u_boot_image = "/usr/lib/u-boot/qemu_arm/u-boot.bin";
inline bool has_u_boot() {
  return std::filesystem::exists(u_boot_image) && std::filesystem::exists("/usr/bin/qemu-system-arm");
}

/// A 32-bit Arm machine that QEMU emulates, at U-Boot's prompt, with one network interface.
class UBootBoard {
 public:
  /// `netdev`: the value of -netdev, with id=n0.
  UBootBoard(Worker& worker, const std::filesystem::path& folder, const std::string& name, const std::string& netdev,
             const std::string& mac)
      : worker_(worker) {
    const auto socket = (folder / (name + ".serial")).string();
    Command command({"qemu-system-arm", "-M", "virt", "-m", "256", "-nodefaults", "-display", "none", "-bios",
                     u_boot_image.string(), "-chardev", "socket,id=con0,server=on,wait=off,path=" + socket, "-serial",
                     "chardev:con0", "-netdev", netdev, "-device", "virtio-net-device,netdev=n0,mac=" + mac});
    auto started =
        Process::start(worker.io.get_executor(), std::move(command), [this](std::string_view text) { said_ += text; });
    EXPECT_TRUE(started) << started.error().text;
    if (started) process_ = std::move(*started);
    connect(socket);
  }
  ~UBootBoard() {
    if (fd_ >= 0) ::close(fd_);
  }
  UBootBoard(const UBootBoard&) = delete;
  UBootBoard& operator=(const UBootBoard&) = delete;

  /// Interrupts the autoboot.
  void reach_prompt() {
    heard += worker_.read_until(fd_, "Hit any key to stop autoboot", std::chrono::seconds(30));
    type(" ");
    heard += worker_.read_until(fd_, "=> ");
  }
  void type(const std::string& text) {
    EXPECT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// What the command prints, up to the next prompt.
  std::string run(const std::string& command) {
    type(command + "\r");
    auto out = worker_.read_until(fd_, "\n=> ", std::chrono::seconds(40));
    heard += out;
    return out;
  }
  void wait_for(const std::string& text) { heard += worker_.read_until(fd_, text); }

  std::string heard;

 private:
  void connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path, address.sun_path);
    const auto connected = [&] {
      if (fd_ >= 0) ::close(fd_);
      fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    };
    EXPECT_TRUE(worker_.run_until(connected)) << said_;
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }

  Worker& worker_;
  std::string said_;
  std::unique_ptr<Process> process_;
  int fd_ = -1;
};

}  // namespace hilltop::tests
