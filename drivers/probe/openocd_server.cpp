// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe/openocd_server.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "drivers/core/stream_socket.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::size_t most_said = 16 * 1024;
constexpr std::size_t lines_told = 6;
constexpr std::uint32_t most_words_read = 256;
constexpr auto time_to_start = std::chrono::seconds(10);
constexpr auto time_to_end = std::chrono::seconds(2);
constexpr auto time_for_last_words = std::chrono::milliseconds(20);  // they come another way than the answer
constexpr auto between_looks = std::chrono::milliseconds(10);
constexpr std::string_view this_host = "127.0.0.1";

/// The last lines of `log` that say something, in one line.
std::string last_lines(std::string_view log) {
  std::vector<std::string_view> lines;
  while (!log.empty() && lines.size() < lines_told) {
    while (log.ends_with('\n') || log.ends_with('\r')) log.remove_suffix(1);
    const auto begin = log.rfind('\n');
    const auto line = log.substr(begin == std::string_view::npos ? 0 : begin + 1);
    log.remove_suffix(line.size());
    // The answers to requests are echoed there: they are told anyway.
    if (line.size() > 2 && line != "shutdown command invoked") lines.push_back(line);
  }
  std::string out;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (!out.empty()) out += " | ";
    out += *line;
  }
  return out;
}

}  // namespace

OpenOcdServer::OpenOcdServer(Env env, Options options)
    : env_(std::move(env)), options_(std::move(options)), turn_(env_.executor), changed_(env_.executor) {}
OpenOcdServer::~OpenOcdServer() = default;

std::vector<std::string> OpenOcdServer::argv() const {
  auto out = options_.program;
  const auto add = [&out](std::string_view option, std::string value) {
    out.emplace_back(option);
    out.push_back(std::move(value));
  };
  // Ports that are free; it does not exit when the target cannot be reached, but says so to `init`.
  add("-c", "tcl_port 0; gdb_port 0; telnet_port disabled; noinit");
  for (const auto& file : options_.config) add("-f", file);
  for (const auto& command : options_.commands) add("-c", command);
  if (!options_.serial.empty()) add("-c", "adapter serial " + openocd::tcl_word(options_.serial));
  if (!options_.path.empty()) add("-c", "adapter usb location " + openocd::tcl_word(options_.path));
  if (options_.speed_khz) add("-c", "adapter speed " + std::to_string(*options_.speed_khz));
  return out;
}

void OpenOcdServer::on_output(std::string_view piece) {
  said_ += piece;
  if (said_.size() > 2 * most_said) said_.erase(0, said_.size() - most_said);
  changed_.notify();
}

void OpenOcdServer::on_bytes(std::string_view bytes) {
  auto replies = reader_.feed(bytes);
  if (!replies) lost_ = true;
  if (replies)
    for (auto& reply : *replies) replies_.push_back(std::move(reply));
  changed_.notify();
}

Error OpenOcdServer::failed(std::string what, std::size_t from) const {
  // What was said before the command that failed is of no interest, unless it said nothing.
  auto lines = last_lines(std::string_view(said_).substr(std::min(from, said_.size())));
  if (lines.empty()) lines = last_lines(said_);
  if (!lines.empty()) what += ": " + lines;
  return Error(Errc::unavailable, Blame::infrastructure, "OpenOCD: " + what);
}

void OpenOcdServer::end() {
  pipe_.reset();
  process_.reset();
  replies_.clear();
  reader_ = {};
  lost_ = false;
}

Task<> OpenOcdServer::start(std::shared_ptr<OpenOcdServer> self, Deadline deadline) {
  self->end();
  self->said_.clear();
  const auto until = deadline.at_most(time_to_start);
  std::weak_ptr<OpenOcdServer> weak = self;
  Process::OutputHandler on_output = [weak](std::string_view piece) {
    if (const auto server = weak.lock()) server->on_output(piece);
  };
  Command command(self->argv());
  HILLTOP_CO_TRY(self->process_, Process::start(self->env_.executor, std::move(command), std::move(on_output)));
  std::optional<std::uint16_t> port;
  while (!(port = openocd::listening_port(self->said_, "tcl"))) {
    if (!self->process_->running()) co_return self->failed("it ended at once", 0);
    if (until.passed()) co_return self->failed("it does not begin to listen", 0);
    auto slept = co_await sleep_for(between_looks, until);
    if (!slept && slept.error().code == Errc::canceled) co_return slept;
  }
  StreamAddress address{std::string(this_host), *port};
  HILLTOP_CO_TRY(const int fd, co_await connect_stream(std::move(address), until));
  self->pipe_ = std::make_unique<SocketPipe>(
      self->env_.executor, fd,
      [weak](std::string_view bytes) {
        if (const auto server = weak.lock()) server->on_bytes(bytes);
      },
      [weak] {
        const auto server = weak.lock();
        if (!server) return;
        server->lost_ = true;
        server->changed_.notify();
      });
  co_return ok();
}

Task<openocd::Answer> OpenOcdServer::exchange(std::shared_ptr<OpenOcdServer> self, std::string command,
                                              Deadline deadline) {
  self->replies_.clear();
  self->pipe_->send(openocd::request(command));
  while (self->replies_.empty()) {
    if (self->lost_) co_return self->failed("it ended", 0);
    HILLTOP_CO_CHECK(co_await self->changed_.wait(deadline));
  }
  const auto reply = std::move(self->replies_.front());
  self->replies_.pop_front();
  co_return openocd::parse_answer(reply);
}

/// Starts OpenOCD where it does not run, and has it find probe and target.
Task<> OpenOcdServer::begin(std::shared_ptr<OpenOcdServer> self, Deadline deadline) {
  if (self->pipe_ && !self->lost_) co_return ok();
  auto begun = co_await start(self, deadline);
  if (begun) {
    const auto answer = co_await exchange(self, "init", deadline);
    if (!answer) begun = answer.error();
    if (begun) begun = co_await sleep_for(time_for_last_words, deadline);
    if (begun && !answer->good) begun = self->failed("it cannot begin", 0);
    self->greeting_ = self->said_;
  }
  if (!begun) self->end();  // a second `init` would do nothing and say that all is well
  co_return begun;
}

Task<std::string> OpenOcdServer::ask(std::shared_ptr<OpenOcdServer> self, std::string command, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await begin(self, deadline));
  const auto from = self->said_.size();
  auto answer = co_await exchange(self, command, deadline);
  if (!answer) {
    self->end();
    co_return std::move(answer).error().within("OpenOCD: " + command.substr(0, command.find(' ')));
  }
  if (answer->good) co_return std::move(answer->text);
  HILLTOP_CO_CHECK(co_await sleep_for(time_for_last_words, deadline));
  co_return self->failed(command + ": " + answer->text.substr(0, answer->text.find('\n')), from);
}

Task<Turn::Held> OpenOcdServer::take(std::shared_ptr<OpenOcdServer> self, Deadline deadline) {
  co_return co_await self->turn_.take(deadline);
}

Task<std::string> OpenOcdServer::run(std::shared_ptr<OpenOcdServer> self, std::vector<std::string> commands,
                                     Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await self->turn_.take(deadline));
  std::string out;
  for (auto& command : commands) {
    HILLTOP_CO_TRY(out, co_await ask(self, std::move(command), deadline));
  }
  co_return out;
}

Task<std::string> OpenOcdServer::read_in_turn(std::shared_ptr<OpenOcdServer> self, std::uint32_t address,
                                              std::uint32_t size, Deadline deadline) {
  std::string out;
  auto at = std::uint64_t{address} & ~std::uint64_t{3};
  const auto end = (std::uint64_t{address} + size + 3) & ~std::uint64_t{3};
  while (at < end) {
    const auto words = std::min<std::uint64_t>(most_words_read, (end - at) / 4);
    std::vector<std::string> commands{fmt::format("read_memory {:#x} 32 {}", at, words)};
    HILLTOP_CO_TRY(const auto answer, co_await run(self, std::move(commands), deadline));
    const auto bytes = openocd::memory_bytes(answer, 4, words);
    if (!bytes) co_return Error(Errc::protocol, Blame::infrastructure, "OpenOCD: read_memory: " + answer.substr(0, 80));
    out += *bytes;
    at += 4 * words;
  }
  co_return out.substr(address & 3u, size);
}

Task<> OpenOcdServer::write_in_turn(std::shared_ptr<OpenOcdServer> self, std::uint32_t address, std::string bytes,
                                    Deadline deadline) {
  HILLTOP_CO_CHECK(co_await run(self, openocd::write_memory(address, bytes), deadline));
  co_return ok();
}

Task<std::string> OpenOcdServer::read(std::uint32_t address, std::uint32_t size, Deadline deadline) {
  return read_in_turn(shared_from_this(), address, size, deadline);
}

Task<> OpenOcdServer::write(std::uint32_t address, std::string bytes, Deadline deadline) {
  return write_in_turn(shared_from_this(), address, std::move(bytes), deadline);
}

std::string OpenOcdServer::gdb_server() const {
  const auto port = running() ? openocd::listening_port(greeting_, "gdb") : std::nullopt;
  return port ? fmt::format("{}:{}", this_host, *port) : std::string();
}

Task<> OpenOcdServer::stop(std::shared_ptr<OpenOcdServer> self, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await self->turn_.take(deadline));
  if (self->process_) {
    // It lets go of the target on SIGTERM: a core that it halted stays so, but the probe is free.
    self->process_->signal(SIGTERM);
    (void)co_await self->process_->wait(deadline.at_most(time_to_end));
  }
  self->end();
  co_return ok();
}

}  // namespace hilltop::drivers
