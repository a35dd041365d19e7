// SPDX-License-Identifier: Apache-2.0
// usbsim redir SOCKET MODEL[,key=value...]: plugs a simulated device into QEMU's usb-redir, whose chardev listens at
// SOCKET. usbsim vhci MODEL[,key=value...]: plugs it into this kernel's vhci_hcd; run it as root in the guest. The
// device is unplugged when this program ends. ctl=FIFO: lines `unplug`, `plug` and the model's commands.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>

#include "tests/usb_lab/models/catalogue.hpp"
#include "tests/usb_lab/sim/server.hpp"

namespace hilltop::usb_lab {
namespace {

class ControlPipe {
 public:
  explicit ControlPipe(const std::string& path) {
    if (path.empty()) return;
    if (::mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST) throw UsageError("no fifo at " + path);
    file_ = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (file_ < 0) throw UsageError("no fifo at " + path);
  }
  /// The next line, "" when there is none.
  std::string next() {
    char buffer[256];
    const auto count = file_ < 0 ? 0 : ::read(file_, buffer, sizeof(buffer));
    if (count > 0) text_.append(buffer, static_cast<std::size_t>(count));
    const auto end = text_.find('\n');
    if (end == text_.npos) return "";
    auto line = text_.substr(0, end);
    text_.erase(0, end + 1);
    return line;
  }

 private:
  int file_ = -1;
  std::string text_;
};

int serve(Device& device, const std::function<std::unique_ptr<Server>()>& connect, ControlPipe& pipe) {
  bool plugged = true;
  auto back_at = Clock::time_point::max();
  std::unique_ptr<Server> server;
  for (;;) {
    const auto now = Clock::now();
    if (now >= back_at) {
      back_at = Clock::time_point::max();
      plugged = true;
    }
    for (auto line = pipe.next(); !line.empty(); line = pipe.next()) {
      if (line == "plug" || line == "unplug")
        plugged = line == "plug";
      else
        device.command(line);
    }
    if (plugged && server == nullptr) {
      device.returned();
      device.set_powered(true);
      server = connect();
    }
    if (!plugged && server != nullptr) {
      server.reset();
      device.set_powered(false);
    }
    pollfd end{server != nullptr ? server->socket() : -1, POLLIN, 0};
    ::poll(&end, 1, 1);
    if (server == nullptr) continue;
    device.tick(Clock::now());
    const bool alive = (end.revents == 0 || server->receive()) && server->progress(Clock::now());
    if (device.dropped()) {
      plugged = false;
      if (device.back_after().count() > 0) back_at = Clock::now() + device.back_after();
    } else if (!alive) {
      return 0;  // the host is gone
    }
  }
}

int run(int count, char** arguments) {
  const std::string_view how = count > 1 ? arguments[1] : "";
  const bool redir = how == "redir" && count == 4;
  if (!redir && !(how == "vhci" && count == 3))
    throw UsageError("usbsim redir SOCKET MODEL[,key=value...], or usbsim vhci MODEL[,key=value...]; " +
                     std::string(catalogue_help()));
  const Options options((std::string_view(arguments[redir ? 3 : 2])));
  ControlPipe pipe(options.text("ctl"));
  const auto device = make_device(options);
  const std::string socket = redir ? arguments[2] : "";
  return serve(*device, [&] { return redir ? serve_redir(*device, socket) : serve_vhci(*device); }, pipe);
}

}  // namespace
}  // namespace hilltop::usb_lab

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return hilltop::usb_lab::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "usbsim: %s\n", error.what());
    return 2;
  }
}
