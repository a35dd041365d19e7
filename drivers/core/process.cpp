// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/process.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <optional>
#include <utility>

#include "drivers/core/log.hpp"
#include "drivers/core/process_spawn.hpp"

namespace hilltop {
namespace {

using Descriptor = asio::posix::stream_descriptor;

/// What outlives the Process while its end is awaited: handlers hold it.
struct State : std::enable_shared_from_this<State> {
  State(const asio::any_io_executor& executor, std::string n, process::Spawned child, Process::OutputHandler handler)
      : name(std::move(n)),
        pid(child.pid),
        pidfd(executor, child.pidfd),
        output(executor),
        ended(executor),
        on_output(std::make_shared<Process::OutputHandler>(std::move(handler))) {
    if (child.output >= 0) output.assign(child.output);
  }

  void watch();
  void read_more();
  bool read_once();
  void deliver(std::string_view piece);
  void on_exit();

  std::string name;
  int pid;
  std::optional<int> status;  // set when it was reaped
  Descriptor pidfd;
  Descriptor output;
  Event ended;
  std::shared_ptr<Process::OutputHandler> on_output;
  std::array<char, 16 * 1024> buffer{};
};

void State::watch() {
  pidfd.async_wait(Descriptor::wait_read, [self = shared_from_this()](const boost::system::error_code& failed) {
    if (!failed) self->on_exit();
  });
  if (output.is_open()) read_more();
}

void State::deliver(std::string_view piece) {
  const auto handler = on_output;  // the handler may destroy the Process
  if (handler && *handler) (*handler)(piece);
}

/// Hands on one piece of output. False at its end, or when there is none for now.
bool State::read_once() {
  const auto n = ::read(output.native_handle(), buffer.data(), buffer.size());
  if (n > 0) deliver({buffer.data(), static_cast<std::size_t>(n)});
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) output.close();
  return n > 0;
}

void State::read_more() {
  output.async_wait(Descriptor::wait_read, [self = shared_from_this()](const boost::system::error_code& failed) {
    if (failed || !self->output.is_open()) return;
    (void)self->read_once();
    if (self->output.is_open()) self->read_more();
  });
}

/// Reaps the child, after what it left in the pipe was handed on. Leftovers of its group end first: while the zombie is
/// there, its group's number cannot be anybody else's.
void State::on_exit() {
  if (status) return;
  ::kill(-pid, SIGKILL);
  int left = 0;
  if (output.is_open()) ::ioctl(output.native_handle(), FIONREAD, &left);
  for (std::size_t pieces = static_cast<std::size_t>(left) / buffer.size() + 1; pieces > 0 && output.is_open();
       --pieces)
    if (!read_once()) break;
  if (status) return;  // the handler destroyed the Process, which reaped it
  int raw = 0;
  while (::waitpid(pid, &raw, 0) < 0 && errno == EINTR) {
  }
  status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
  boost::system::error_code ignored;
  pidfd.close(ignored);
  if (output.is_open()) output.close(ignored);
  ended.notify();
}

Task<int> wait_for_end(std::shared_ptr<State> state, Deadline deadline) {
  while (!state->status) {
    if (auto woken = co_await state->ended.wait(deadline); !woken)
      co_return std::move(woken).error().within(state->name);
  }
  co_return *state->status;
}

/// The Process that Process::start makes.
class Child final : public Process {
 public:
  explicit Child(std::shared_ptr<State> state) : state_(std::move(state)) {}

  ~Child() override {
    state_->on_output.reset();
    if (state_->status) return;
    ::kill(-state_->pid, SIGKILL);
    constexpr int patience_ms = 1000;  // a killed process goes at once, unless it hangs in the kernel
    pollfd end{state_->pidfd.native_handle(), POLLIN, 0};
    while (::poll(&end, 1, patience_ms) < 0 && errno == EINTR) {
    }
    if (end.revents != 0) {
      state_->on_exit();
    } else {
      log::warn("{}: process {} was killed and hangs in the kernel", state_->name,
                state_->pid);  // its State reaps it later
    }
  }

  [[nodiscard]] int pid() const override { return state_->pid; }
  [[nodiscard]] bool running() const override { return !state_->status; }
  Task<int> wait(Deadline deadline) override { return wait_for_end(state_, deadline); }
  void signal(int signal) override {
    if (!state_->status) ::kill(-state_->pid, signal);
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace

Result<std::unique_ptr<Process>> Process::start(asio::any_io_executor executor, Command command,
                                                OutputHandler on_output) {
  HILLTOP_TRY(auto child, process::spawn(command, static_cast<bool>(on_output)));
  auto state = std::make_shared<State>(executor, command.argv.front(), child, std::move(on_output));
  state->watch();
  return std::unique_ptr<Process>(std::make_unique<Child>(std::move(state)));
}

std::string Command::to_string() const {
  std::string out;
  for (const auto& word : argv) {
    if (!out.empty()) out += ' ';
    const bool plain = !word.empty() && word.find_first_of(" \t\n\r\"'\\$`*?[]{}()<>|&;#~!") == word.npos;
    if (plain) {
      out += word;
      continue;
    }
    out += '\'';
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += '\'';
  }
  return out;
}

}  // namespace hilltop
