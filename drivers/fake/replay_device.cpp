// SPDX-License-Identifier: Apache-2.0
#include "drivers/fake/replay_device.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "drivers/core/fields.hpp"
#include "drivers/core/socket_pipe.hpp"
#include "drivers/fake/socket_line.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::size_t most_typed_bytes = 64 * 1024;
constexpr std::size_t flood_chunk_bytes = 16 * 1024;

void append_bounded(std::string& text, std::string_view more) {
  text += more;
  if (text.size() > most_typed_bytes) text.erase(0, text.size() - most_typed_bytes);
}

/// The board itself; kept by shared_ptr while its script plays.
struct Board {
  Board(const Env& env, ReplayScript s)
      : executor(env.executor),
        script(std::move(s)),
        line(env.executor),
        changed(env.executor),
        scope(env.executor, "replay") {}

  asio::any_io_executor executor;
  ReplayScript script;
  SocketLine line;
  ReplayCounters counters;
  std::function<void(std::string)> on_lost;
  std::unique_ptr<SocketPipe> pipe;  // there while powered
  Event changed;                     // something was typed, or the script ended
  std::string unread;                // typed, and not yet expected
  bool echo = false;
  bool powered = false;
  bool playing = false;
  std::uint64_t player = 0;
  std::uint64_t boots = 0;
  TaskScope scope;
};

using BoardPtr = std::shared_ptr<Board>;

Task<> play(BoardPtr board, const std::vector<ReplayStep>* steps);

Task<> say(BoardPtr board, std::string text) {
  if (!board->pipe) co_return canceled_error("replay");
  board->pipe->send(std::move(text));
  co_return co_await SocketPipe::drained(*board->pipe, Deadline::never());
}

Task<> say_repeatedly(BoardPtr board, std::string text, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) HILLTOP_CO_CHECK(co_await say(board, text));
  co_return ok();
}

Task<> flood(BoardPtr board, std::string text, std::uint64_t lines) {
  std::string chunk;
  for (std::uint64_t i = 0; i < lines; ++i) {
    chunk += fmt::format("{} {}\r\n", text, i);
    if (chunk.size() < flood_chunk_bytes && i + 1 < lines) continue;
    HILLTOP_CO_CHECK(co_await say(board, std::exchange(chunk, {})));
  }
  co_return ok();
}

Task<> expect(BoardPtr board, std::shared_ptr<const std::regex> pattern) {
  std::smatch match;
  while (!std::regex_search(board->unread, match, *pattern))
    HILLTOP_CO_CHECK(co_await board->changed.wait(Deadline::never()));
  board->unread = match.suffix().str();
  co_return ok();
}

void cut_power(Board& board) {
  board.powered = false;
  board.pipe.reset();
  board.line.power_off();
}

Task<> die(BoardPtr board, std::string reason) {
  cut_power(*board);
  if (board->on_lost) board->on_lost(std::move(reason));
  co_return canceled_error("replay");  // the rest of the script is not played
}

Task<> repeat(BoardPtr board, const ReplayStep* step) {
  for (std::uint64_t i = 0; step->count == 0 || i < step->count; ++i) {
    HILLTOP_CO_CHECK(co_await play(board, &step->steps));
    // A loop without a step that waits would never let anybody else run.
    HILLTOP_CO_CHECK(co_await sleep_for(std::chrono::nanoseconds(0)));
  }
  co_return ok();
}

Task<> play_step(BoardPtr board, const ReplayStep* step) {
  if (step->boot && *step->boot != board->boots) co_return ok();
  if (step->after.count() > 0) HILLTOP_CO_CHECK(co_await sleep_for(step->after));
  switch (step->kind) {
    case ReplayStep::Kind::say:
      co_return co_await say_repeatedly(board, step->text, step->count);
    case ReplayStep::Kind::expect:
      co_return co_await expect(board, step->typed);
    case ReplayStep::Kind::flood:
      co_return co_await flood(board, step->text, step->count);
    case ReplayStep::Kind::echo:
      board->echo = step->on;
      co_return ok();
    case ReplayStep::Kind::wait:
      co_return ok();
    case ReplayStep::Kind::silent:
      co_return canceled_error("replay");
    case ReplayStep::Kind::die:
      co_return co_await die(board, step->text);
    case ReplayStep::Kind::repeat:
      co_return co_await repeat(board, step);
  }
  co_return ok();
}

/// `steps` are the board's, which the caller keeps.
Task<> play(BoardPtr board, const std::vector<ReplayStep>* steps) {
  for (const auto& step : *steps) HILLTOP_CO_CHECK(co_await play_step(board, &step));
  co_return ok();
}

Task<> play_script(BoardPtr board) {
  (void)co_await play(board, &board->script.steps);  // its errors end the script, and are not worth a log line
  board->playing = false;
  board->changed.notify();
  co_return ok();
}

void on_typed(Board& board, std::string_view bytes) {
  append_bounded(board.unread, bytes);
  append_bounded(board.counters.typed, bytes);
  if (board.echo && board.pipe) board.pipe->send(std::string(bytes));
  board.changed.notify();
}

Task<> stop_script(BoardPtr board) {
  while (board->playing) {
    board->scope.cancel(board->player);
    HILLTOP_CO_CHECK(co_await board->changed.wait(Deadline::after(std::chrono::seconds(5))));
  }
  co_return ok();
}

void start_script(BoardPtr board) {
  board->unread.clear();
  board->echo = false;
  ++board->boots;
  board->playing = true;
  board->player = board->scope.spawn("script", play_script(board));
}

Task<> power_on(BoardPtr board) {
  if (board->powered) co_return ok();
  if (board->script.fail_power_on > 0) {
    --board->script.fail_power_on;
    co_return Error(Errc::unavailable, Blame::infrastructure, "the outlet does not answer (fail_power_on)");
  }
  HILLTOP_CO_CHECK(co_await stop_script(board));  // of a board that died
  HILLTOP_CO_CHECK(board->line.make());
  board->line.power_on();
  const int fd = ::fcntl(board->line.board_end(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) co_return system_error("duplicate", errno);
  auto* raw = board.get();  // owns the pipe, whose handlers end with it
  board->pipe = std::make_unique<SocketPipe>(
      board->executor, fd, [raw](std::string_view bytes) { on_typed(*raw, bytes); }, [] {});
  board->powered = true;
  ++board->counters.power_ons;
  start_script(board);
  co_return ok();
}

Task<> power_off(BoardPtr board) {
  co_await ignore_cancellation();
  if (board->powered) ++board->counters.power_offs;
  cut_power(*board);
  co_return co_await stop_script(board);
}

Task<> set_power(BoardPtr board, PowerState wanted) {
  if (wanted == PowerState::on) co_return co_await power_on(board);
  co_return co_await power_off(board);
}

Task<PowerState> power_state(BoardPtr board) {
  bool on = board->powered;
  if (board->script.read_back_wrong > 0) {
    --board->script.read_back_wrong;
    on = !on;
  }
  co_return on ? PowerState::on : PowerState::off;
}

Task<> reset_board(BoardPtr board) {
  if (!board->powered) co_return Error(Errc::unavailable, Blame::infrastructure, "the board has no power");
  HILLTOP_CO_CHECK(co_await stop_script(board));
  ++board->counters.resets;
  start_script(board);
  co_return ok();
}

Task<> flash_board(BoardPtr board, std::vector<FlashImage> images, FlashProgress progress) {
  std::uint64_t total = 0;
  for (const auto& image : images) {
    std::error_code error;
    const auto size = std::filesystem::file_size(image.path, error);
    if (error) co_return Error(Errc::bad_input, Blame::job, image.path.string() + ": " + error.message());
    total += size;
  }
  if (progress) progress(total, total);
  ++board->counters.flashes;
  if (board->script.fail_flash > 0) {
    --board->script.fail_flash;
    co_return Error(Errc::mismatch, Blame::dut, "read back at 0x0: 0xff instead of 0x00 (fail_flash)");
  }
  if (board->powered) co_return co_await reset_board(board);
  co_return ok();
}

Task<> end_board(BoardPtr board) {
  HILLTOP_CO_CHECK(co_await power_off(board));
  co_await board->scope.join();
  co_return ok();
}

class Replay final : public ReplayDevice, PowerPort, Probe, Flasher {
 public:
  Replay(const Env& env, ReplayScript script) : board_(std::make_shared<Board>(env, std::move(script))) {}
  ~Replay() override {
    board_->on_lost = nullptr;
    cut_power(*board_);
    board_->scope.cancel_all();
  }

  PowerPort* power() override { return this; }
  ByteStream* console(std::string_view name) override { return name == "main" ? &board_->line : nullptr; }
  Probe* probe() override { return this; }
  Flasher* flasher() override { return this; }
  [[nodiscard]] bool needs_power() const override { return false; }
  [[nodiscard]] const ReplayCounters& counters() const override { return board_->counters; }
  Task<> shut_down(Deadline) override { return end_board(board_); }

 private:
  Task<> set(PowerState wanted, Deadline) override { return set_power(board_, wanted); }
  Task<PowerState> state(Deadline) override { return power_state(board_); }
  void on_lost(std::function<void(std::string)> handler) override { board_->on_lost = std::move(handler); }
  Task<> reset(ResetKind, Deadline) override { return reset_board(board_); }
  Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline) override {
    return flash_board(board_, std::move(images), std::move(progress));
  }

  BoardPtr board_;
};

void check_replay(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "replay", diagnostics);
  (void)fields.text("driver");
  fields.require("script", "a file, or a list of steps");
  if (const auto script = fields.take("script")) (void)read_replay_script(script, diagnostics);
  fields.refuse_others();
}

Result<std::unique_ptr<Device>> make_replay(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto script = read_replay_script(address["script"], diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(ReplayDevice::make(env, std::move(script)));
}

}  // namespace

std::unique_ptr<ReplayDevice> ReplayDevice::make(const Env& env, ReplayScript script) {
  return std::make_unique<Replay>(env, std::move(script));
}

constinit const DriverInfo replay{
    .name = "replay",
    .offers = "power, console, probe, flash",
    .summary = "a board that plays a script: for tests and demonstrations",
    .source = "hilltop's own: drivers/fake/replay_script.hpp",
    .verified = Verified::independent_tool,
    .check = check_replay,
    .make = make_replay,
};

}  // namespace hilltop::drivers
