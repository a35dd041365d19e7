// SPDX-License-Identifier: Apache-2.0
// usbmock MODEL[,key=value...]... -- PROGRAM [ARGUMENT...]: runs PROGRAM, unmodified, on a host that has the simulated
// USB devices, without a kernel's USB and without privileges: umockdev shows it another /sys, udev and /dev/bus/usb,
// and the models answer its usbfs ioctls. Ends with PROGRAM's status.
//   port=1-1.2 (or 1.2), unplugged      where a device is; behind a hub that stands before it
//   hub,ports=4,switching=per-port|ganged|none|fake,stuck,pair=2-1   a hub; `pair` is the USB 3 half of the same box
//   tty=ttyUSB0                         a USB serial adapter's tty; relay=lcus|numato or sock=PATH: what is at its
//   lines ctl,fifo=PATH,log=PATH              lines `plug PORT`, `unplug PORT`, `tell PORT COMMAND` on the fifo; what
//   happened is
//                                       a line of the log
#include <fcntl.h>
#include <glib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>

#include "tests/usb_lab/mock/bus.hpp"
#include "tests/usb_lab/models/catalogue.hpp"

// umockdev sends a uevent to every udev monitor that it knows and aborts when one's owner has just ended, which here is
// no error. This definition is exported (ENABLE_EXPORTS), so that the library calls it.
extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  using Sendmsg = ssize_t (*)(int, const msghdr*, int);
  static const auto real = reinterpret_cast<Sendmsg>(dlsym(RTLD_NEXT, "sendmsg"));
  const auto sent = real(fd, message, flags | MSG_NOSIGNAL);
  if (sent >= 0 || (errno != ECONNREFUSED && errno != EPIPE && errno != ECONNRESET && errno != ENOENT)) return sent;
  ssize_t all = 0;
  for (std::size_t i = 0; i < message->msg_iovlen; ++i) all += static_cast<ssize_t>(message->msg_iov[i].iov_len);
  return all;
}

// GLib and umockdev keep things until the end, which are no leaks of ours.
extern "C" int __lsan_is_turned_off() { return 1; }

namespace hilltop::usb_lab {
namespace {

constexpr auto preload = "libumockdev-preload.so.0";

/// The sender of uevents uses libudev, so that this program must see the simulated host too.
void begin_again_under_preload(char** arguments) {
  if (const char* now = std::getenv("LD_PRELOAD"); now != nullptr && std::strstr(now, preload) != nullptr) return;
  ::setenv("LD_PRELOAD", preload, 1);
  // AddressSanitizer wants to be the first library.
  const char* asan = std::getenv("ASAN_OPTIONS");
  ::setenv("ASAN_OPTIONS", ((asan != nullptr ? std::string(asan) + ":" : "") + "verify_asan_link_order=0").c_str(), 1);
  ::execv("/proc/self/exe", arguments);
  std::perror("usbmock: exec");
  std::exit(2);
}

/// Lines that come through a fifo.
class ControlPipe {
 public:
  explicit ControlPipe(const std::string& path) {
    if (path.empty()) return;
    if (::mkfifo(path.c_str(), 0600) != 0 && errno != EEXIST) throw UsageError("no fifo at " + path);
    file_ = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (file_ < 0) throw UsageError("no fifo at " + path);
  }
  void obey(Bus& bus) {
    char buffer[256];
    const auto count = file_ < 0 ? 0 : ::read(file_, buffer, sizeof(buffer));
    if (count > 0) text_.append(buffer, static_cast<std::size_t>(count));
    for (auto end = text_.find('\n'); end != text_.npos; end = text_.find('\n')) {
      bus.control(text_.substr(0, end));
      text_.erase(0, end + 1);
    }
  }

 private:
  int file_ = -1;
  std::string text_;
};

pid_t start(char** arguments, const std::string& root) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::setenv("UMOCKDEV_DIR", root.c_str(), 1);
  ::execvp(arguments[0], arguments);
  std::perror(arguments[0]);
  ::_exit(127);
}

int run(int count, char** arguments) {
  std::vector<Options> devices;
  Options control;
  int at = 1;
  for (; at < count && std::string_view(arguments[at]) != "--"; ++at) {
    Options options((std::string_view(arguments[at])));
    (options.model() == "ctl" ? control : devices.emplace_back()) = options;
  }
  if (at + 1 >= count)
    throw UsageError("usbmock MODEL[,key=value...]... -- PROGRAM [ARGUMENT...]; " + std::string(catalogue_help()));
  Bus bus(control.text("log"));
  ControlPipe pipe(control.text("fifo"));
  control.refuse_others();
  for (const auto& options : devices) bus.add(options);
  bus.settle();
  const auto child = start(arguments + at + 1, bus.root());
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    g_main_context_iteration(nullptr, FALSE);
    pipe.obey(bus);
    bus.settle();
    g_usleep(1000);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace
}  // namespace hilltop::usb_lab

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  hilltop::usb_lab::begin_again_under_preload(arguments);
  try {
    return hilltop::usb_lab::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "usbmock: %s\n", error.what());
    return 2;
  }
}
