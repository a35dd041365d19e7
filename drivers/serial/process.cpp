// SPDX-License-Identifier: Apache-2.0
// Driver `process`: a console that a program speaks, such as a terminal server's own client.
//   driver: process
//   command: [ssh, -tt, lab-2, picocom, /dev/ttyS3]   # program and arguments; no shell
//   terminal: yes            # optional: it gets a terminal (raw, without echo); no: a socket
//   environment: {LANG: C}   # optional: added to that of hilltopd
//   restart: yes             # optional: it is started again when it has ended
// It runs from the board's start to its end; what it writes to standard output and error is the console.
// Source: pty(7).
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "drivers/core/fields.hpp"
#include "drivers/core/process.hpp"
#include "drivers/serial/stream_device.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

struct Options {
  Command command;
  bool terminal = true;
  bool restart = true;
};

/// A descriptor each for us and for the child.
struct Ends {
  int ours = -1;
  int theirs = -1;
  void close() {
    for (int* fd : {&ours, &theirs})
      if (*fd >= 0) ::close(std::exchange(*fd, -1));
  }
};

Result<Ends> make_socket() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return system_error("socket pair", errno);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Ends{ends[0], ends[1]};
}

Result<Ends> make_terminal() {
  Ends out;
  out.ours = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  std::array<char, 128> name{};
  if (out.ours >= 0 && ::grantpt(out.ours) == 0 && ::unlockpt(out.ours) == 0 &&
      ::ptsname_r(out.ours, name.data(), name.size()) == 0)
    out.theirs = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  termios line{};
  if (out.theirs >= 0 && ::tcgetattr(out.theirs, &line) == 0) {
    ::cfmakeraw(&line);
    if (::tcsetattr(out.theirs, TCSANOW, &line) == 0) return out;
  }
  auto error = system_error("pseudo terminal", errno);
  out.close();
  return error;
}

class ProcessStream final : public ByteStream {
 public:
  ProcessStream(asio::any_io_executor executor, Options options)
      : executor_(std::move(executor)), options_(std::move(options)) {}
  ~ProcessStream() override { ProcessStream::close(); }

  Task<int> open(Deadline) override { co_return start(); }
  void close() override {
    process_.reset();
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  [[nodiscard]] bool reopens() const override { return options_.restart; }

 private:
  Result<int> start() {
    if (fd_ >= 0) return fd_;
    HILLTOP_TRY(auto ends, options_.terminal ? make_terminal() : make_socket());
    auto command = options_.command;
    command.pass_fds = {{ends.theirs, 0}, {ends.theirs, 1}, {ends.theirs, 2}};
    auto started = Process::start(executor_, std::move(command));
    ::close(std::exchange(ends.theirs, -1));  // else the line would not end with the program
    if (!started) {
      ends.close();
      return std::move(started).error();
    }
    process_ = *std::move(started);
    fd_ = ends.ours;
    return fd_;
  }

  asio::any_io_executor executor_;
  Options options_;
  std::unique_ptr<Process> process_;
  int fd_ = -1;
};

Options read_process(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "process", diagnostics);
  (void)fields.text("driver");
  fields.require("command", "a program and its arguments");
  if (const auto command = address["command"]; command.is_string())
    fields.error(command, "'command' must be a list: no shell reads it", "[ssh, -tt, lab-2, picocom, /dev/ttyS3]");
  Options out;
  if (!address["command"].is_string()) out.command.argv = fields.texts("command").value_or(std::vector<std::string>());
  if (address["command"].is_sequence() && (out.command.argv.empty() || out.command.argv.front().empty()))
    fields.error(address["command"], "'command' names no program");
  out.terminal = fields.flag("terminal").value_or(true);
  out.restart = fields.flag("restart").value_or(true);
  const auto environment = fields.map("environment");
  for (const auto& [name, value] : environment.entries()) {
    if (!value.is_string())
      fields.error(value, "'environment': '" + name.text() + "' must be text", "put it into quotes");
    out.command.environment.emplace_back(name.text(), value.text());
  }
  fields.refuse_others();
  return out;
}

void check_process(const Node& address, Diagnostics& diagnostics) { (void)read_process(address, diagnostics); }

Result<std::unique_ptr<Device>> make_process(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto options = read_process(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return make_stream_device<ProcessStream>(env.executor, std::move(options));
}

}  // namespace

constinit const DriverInfo process_console{
    .name = "process",
    .offers = "console",
    .summary = "a console that a program speaks",
    .source = "pty(7)",
    .verified = Verified::independent_tool,
    .check = check_process,
    .make = make_process,
};

}  // namespace hilltop::drivers
