// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/mock/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace hilltop::usb_lab {
namespace {

// "FTDI", "FT232R USB UART", "A50285BI": as udev's 60-serial.rules names the link in /dev/serial/by-id.
std::string link_name(const Description& description) {
  auto name = "usb-" + description.manufacturer + "_" + description.name;
  if (!description.serial.empty()) name += "_" + description.serial;
  for (auto& c : name)
    if (c == ' ') c = '_';
  return name + "-if00-port0";
}

std::string entries(const std::string& interface_path, const Description& description, const std::string& name) {
  const auto port = interface_path + "/" + name;
  return "P: " + interface_path +
         "\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\nE: DRIVER=ftdi_sio\nA: bInterfaceNumber=00\\n\n\n"
         "P: " +
         port +
         "\nE: SUBSYSTEM=usb-serial\nE: DRIVER=ftdi_sio\n\n"
         "P: " +
         port + "/tty/" + name + "\nN: " + name + "\nS: serial/by-id/" + link_name(description) +
         "\nE: SUBSYSTEM=tty\nE: DEVNAME=/dev/" + name +
         "\nE: MAJOR=188\nE: MINOR=0\nA: dev=188:0\\n\nL: device=../../../" + name + "\n";
}

}  // namespace

Terminal::Terminal(Testbed& testbed, const std::string& interface_path, const Description& description,
                   std::string name, SerialPeer& peer, StateLog log)
    : testbed_(testbed), peer_(peer), name_(std::move(name)), log_(std::move(log)) {
  testbed_.add(entries(interface_path, description, name_));
  testbed_.attach("/dev/" + name_, [this](UMockdevIoctlClient* client) { return on_ioctl(client); });
  pty_ = testbed_.terminal("/dev/" + name_);
  testbed_.uevent("/sys" + interface_path + "/" + name_ + "/tty/" + name_, "add");
  if (pty_ >= 0) carrier_ = std::jthread([this](const std::stop_token& stop) { carry(stop); });
}

Terminal::~Terminal() {
  if (carrier_.joinable()) {
    carrier_.request_stop();
    carrier_.join();
  }
  testbed_.detach("/dev/" + name_);
}

// A pty has no modem lines: those requests are answered here, all others by the pty itself.
bool Terminal::on_ioctl(UMockdevIoctlClient* client) {
  const auto request = umockdev_ioctl_client_get_request(client);
  auto* argument = umockdev_ioctl_client_get_arg(client);
  int error = 0;
  if (request == TIOCMGET) {
    const IoctlData data(umockdev_ioctl_data_resolve(argument, 0, sizeof(int), nullptr));
    int lines = modem_ | TIOCM_CTS | TIOCM_DSR | TIOCM_CAR;
    umockdev_ioctl_data_update(data.get(), 0, reinterpret_cast<guint8*>(&lines), sizeof(lines));
  } else if (request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC) {
    const IoctlData data(umockdev_ioctl_data_resolve(argument, 0, sizeof(int), nullptr));
    int lines = 0;
    std::memcpy(&lines, data->data, sizeof(lines));
    const int before = modem_;
    modem_ = request == TIOCMSET ? lines : request == TIOCMBIS ? modem_ | lines : modem_ & ~lines;
    if (((before ^ modem_) & (TIOCM_DTR | TIOCM_RTS)) != 0)
      log_.put("modem dtr=" + std::to_string((modem_ & TIOCM_DTR) != 0) +
               " rts=" + std::to_string((modem_ & TIOCM_RTS) != 0));
  } else if (request == TIOCSBRK || request == TIOCCBRK) {
    log_.put(request == TIOCSBRK ? "break on" : "break off");
  } else if (request != TIOCEXCL && request != TIOCNXCL) {
    const int result = umockdev_ioctl_client_execute(client, &error, nullptr);
    umockdev_ioctl_client_complete(client, result, error);
    return true;
  }
  umockdev_ioctl_client_complete(client, 0, 0);
  return true;
}

void Terminal::carry(const std::stop_token& stop) const {
  constexpr int look_again_ms = 2;  // for what the peer has to say
  std::array<std::uint8_t, 4096> buffer{};
  while (!stop.stop_requested()) {
    pollfd end{pty_, POLLIN, 0};
    ::poll(&end, 1, look_again_ms);
    if ((end.revents & POLLIN) != 0) {
      const auto count = ::read(pty_, buffer.data(), buffer.size());
      if (count > 0) peer_.from_host({buffer.data(), static_cast<std::size_t>(count)});
    } else if ((end.revents & POLLHUP) != 0) {
      ::poll(nullptr, 0, look_again_ms);  // nobody has the tty open
    }
    const auto bytes = peer_.to_host(buffer.size());
    if (!bytes.empty()) (void)!::write(pty_, bytes.data(), bytes.size());
  }
}

}  // namespace hilltop::usb_lab
