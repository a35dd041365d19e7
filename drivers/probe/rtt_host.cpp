// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe/rtt_host.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "drivers/core/log.hpp"
#include "drivers/protocol/byte_order.hpp"
#include "drivers/protocol/byte_size.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::uint32_t search_piece = 4096;
constexpr std::uint32_t most_at_once = 2048;  // of one buffer's bytes: others want their turn
constexpr std::size_t most_waiting = 4096;    // typed, and not yet in the target
constexpr auto step_time = std::chrono::seconds(3);
constexpr std::chrono::milliseconds busy_pause{1};
constexpr std::chrono::milliseconds idle_pause{10};     // a typist does not notice
constexpr std::chrono::milliseconds search_pause{200};  // a board that boots, or has no power
constexpr unsigned most_channels = 16;
constexpr std::uint64_t highest_address = 0xffffffff;

std::uint64_t read_number(Fields& fields, const Node& node, std::string_view key, std::uint64_t most) {
  const auto value = node ? size_from(node) : std::optional<std::uint64_t>(0);
  if (value && *value <= most) return *value;
  fields.error(node, "'" + std::string(key) + "' must be an address or a size such as 0x20000000 or 64K");
  return 0;
}

}  // namespace

std::optional<unsigned> rtt_channel(std::string_view console) {
  if (console == "main") return 0;
  if (!console.starts_with("rtt")) return std::nullopt;
  console.remove_prefix(3);
  unsigned out = most_channels;
  const auto read = std::from_chars(console.begin(), console.end(), out);
  if (read.ec != std::errc() || read.ptr != console.end() || out >= most_channels) return std::nullopt;
  return out;
}

std::optional<RttPlace> read_rtt_place(Fields& fields, Diagnostics& diagnostics) {
  const auto map = fields.map("rtt");
  if (!map) return std::nullopt;
  Fields rtt(map, "rtt", diagnostics);
  RttPlace out;
  const auto block = rtt.take("address");
  const auto start = rtt.take("start");
  const auto size = rtt.take("size");
  if (block) out.block = static_cast<std::uint32_t>(read_number(rtt, block, "address", highest_address));
  out.search_start = static_cast<std::uint32_t>(read_number(rtt, start, "start", highest_address));
  out.search_size = static_cast<std::uint32_t>(read_number(rtt, size, "size", 16u << 20));
  if (block ? (start || size) : (!start || !size))
    rtt.error(map, "'rtt' needs the control block's 'address', or the 'start' and 'size' of the memory that holds it",
              "rtt: {start: 0x20000000, size: 64K}");
  rtt.refuse_others();
  return out;
}

/// One console: a socket pair whose other end is the engine's.
class RttHost::Channel final : public ByteStream {
 public:
  Channel(RttHost& host, unsigned index) : index(index), host_(host) {}
  ~Channel() override { Channel::close(); }

  Task<int> open(Deadline) override { co_return make(); }
  void close() override {
    if (ours >= 0) ::close(std::exchange(ours, -1));
    if (theirs_ >= 0) ::close(std::exchange(theirs_, -1));
    waiting.clear();
  }
  [[nodiscard]] bool reopens() const override { return true; }

  /// Takes what was typed.
  void take_typed() {
    std::array<char, 1024> bytes;
    while (ours >= 0 && waiting.size() < most_waiting) {
      const auto n = ::recv(ours, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (n <= 0) return;
      waiting.append(bytes.data(), static_cast<std::size_t>(n));
    }
  }
  /// How many of `bytes` the console has room for.
  [[nodiscard]] std::uint32_t hand_on(std::string_view bytes) const {
    const auto n = ::send(ours, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return n < 0 ? 0 : static_cast<std::uint32_t>(n);
  }

  const unsigned index;
  int ours = -1;
  std::string waiting;  // typed, and not yet in the target

 private:
  Result<int> make() {
    if (theirs_ >= 0) return theirs_;
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
      return system_error("socket pair", errno);
    ours = ends[0];
    theirs_ = ends[1];
    host_.begin();
    return theirs_;
  }

  RttHost& host_;
  int theirs_ = -1;
};

RttHost::RttHost(asio::any_io_executor executor, std::shared_ptr<TargetMemory> memory, RttPlace place,
                 std::chrono::milliseconds longest_pause)
    : executor_(executor),
      memory_(std::move(memory)),
      place_(place),
      longest_pause_(longest_pause),
      opened_(executor),
      scope_(executor, "rtt") {}
RttHost::~RttHost() = default;

ByteStream& RttHost::channel(unsigned index) {
  auto& out = channels_[index];
  if (!out) out = std::make_unique<Channel>(*this, index);
  return *out;
}

bool RttHost::any_open() const {
  return std::ranges::any_of(channels_, [](const auto& one) { return one.second->ours >= 0; });
}

void RttHost::begin() {
  opened_.notify();
  if (std::exchange(polling_, true)) return;
  scope_.spawn("poll", poll(shared_from_this()));
}

Task<> RttHost::stop(std::shared_ptr<RttHost> self) {
  self->scope_.cancel_all();
  co_await self->scope_.join();
  self->polling_ = false;
  co_return ok();
}

Task<> RttHost::poll(std::shared_ptr<RttHost> self) {
  std::chrono::milliseconds pause = search_pause;
  for (;;) {
    if (!self->any_open()) {
      HILLTOP_CO_CHECK(co_await self->opened_.wait(Deadline::never()));
      continue;
    }
    const auto round = co_await RttHost::round(self);
    if (!round && round.error().code == Errc::canceled) co_return round.error();
    const auto said = round ? std::string() : round.error().text;
    if (said != std::exchange(self->last_error_, said) && !said.empty()) log::info("rtt: {}", said);
    if (round) {
      pause = *round == Round::moved ? busy_pause : idle_pause;
    } else if (round.error().code != Errc::unavailable || pause < search_pause) {
      pause = search_pause;  // a board that boots, or a probe that has other things to do
    } else {
      pause = std::min(2 * pause, self->longest_pause_);
    }
    HILLTOP_CO_CHECK(co_await sleep_for(pause));
  }
}

/// Reads the whole block where it is said to be. Errors: not_found (dut) when it is not there.
Task<rtt::ControlBlock> RttHost::read_block(std::shared_ptr<RttHost> self) {
  const auto at = *self->block_;
  const auto deadline = Deadline::after(step_time);
  // It is as long as it was the last time, nearly always: then one read does.
  const auto guess = std::max<std::uint32_t>(self->block_bytes_, rtt::head_bytes);
  HILLTOP_CO_TRY(auto bytes, co_await self->memory_->read(at, guess, deadline));
  const auto size = rtt::control_block_size(bytes);
  if (size && *size > bytes.size()) {
    self->block_bytes_ = static_cast<std::uint32_t>(*size);
    HILLTOP_CO_TRY(bytes, co_await self->memory_->read(at, self->block_bytes_, deadline));
  }
  if (auto block = rtt::parse_control_block(bytes)) co_return std::move(*block);
  self->block_bytes_ = 0;
  co_return Error(Errc::not_found, Blame::dut, fmt::format("there is no RTT control block at {:#x}", at));
}

/// Looks for the block in the range that the lab says.
Task<> RttHost::find(std::shared_ptr<RttHost> self) {
  const auto start = self->place_.search_start;
  const auto size = self->place_.search_size;
  std::string window;  // the last bytes of the piece before, for a signature that is cut
  for (std::uint32_t at = 0; at < size; at += search_piece) {
    const auto count = std::min(search_piece, size - at);
    HILLTOP_CO_TRY(const auto piece, co_await self->memory_->read(start + at, count, Deadline::after(step_time)));
    const auto kept = static_cast<std::uint32_t>(window.size());
    window += piece;
    std::size_t from = 0;
    while (const auto found = rtt::find_control_block(std::string_view(window).substr(from))) {
      self->block_ = start + at - kept + static_cast<std::uint32_t>(from + *found);
      if (const auto block = co_await read_block(self)) co_return ok();
      self->block_.reset();  // the firmware's own copy of the text
      from += *found + 1;
    }
    window.erase(0, window.size() - std::min(window.size(), rtt::signature.size() - 1));
  }
  co_return Error(Errc::not_found, Blame::dut,
                  fmt::format("no RTT control block in {:#x} to {:#x}", start, std::uint64_t{start} + size));
}

/// Moves what the target said into the console. Value: whether there was anything.
Task<bool> RttHost::move_up(std::shared_ptr<RttHost> self, Channel& channel, rtt::Buffer up) {
  bool moved = false;
  for (const auto& range : rtt::unread(up)) {
    const auto count = std::min(range.size, most_at_once);
    const auto deadline = Deadline::after(step_time);
    HILLTOP_CO_TRY(const auto bytes, co_await self->memory_->read(range.address, count, deadline));
    if (channel.ours < 0) co_return moved;  // closed meanwhile
    const auto taken = channel.hand_on(bytes);
    if (taken == 0) co_return moved;
    moved = true;
    std::string offset;
    append_le32(offset, (range.address - up.address + taken) % up.size);
    const auto where = rtt::read_offset_address(*self->block_, channel.index);
    HILLTOP_CO_CHECK(co_await self->memory_->write(where, std::move(offset), deadline));
    if (taken < range.size) break;
  }
  co_return moved;
}

/// Moves what was typed into the target. Value: whether there was room for anything.
Task<bool> RttHost::move_down(std::shared_ptr<RttHost> self, Channel& channel, rtt::Buffer down, unsigned up_count) {
  channel.take_typed();
  const auto deadline = Deadline::after(step_time);
  std::uint32_t moved = 0;
  const auto waiting = channel.waiting;
  for (const auto& range : rtt::free_space(down, static_cast<std::uint32_t>(waiting.size()))) {
    HILLTOP_CO_CHECK(co_await self->memory_->write(range.address, waiting.substr(moved, range.size), deadline));
    moved += range.size;
  }
  if (moved == 0) co_return false;
  std::string offset;
  append_le32(offset, (down.write + moved) % down.size);
  const auto where = rtt::write_offset_address(*self->block_, up_count + channel.index);
  HILLTOP_CO_CHECK(co_await self->memory_->write(where, std::move(offset), deadline));
  channel.waiting.erase(0, std::min<std::size_t>(moved, channel.waiting.size()));
  co_return true;
}

Task<RttHost::Round> RttHost::round(std::shared_ptr<RttHost> self) {
  if (self->place_.block) self->block_ = self->place_.block;
  if (!self->block_) HILLTOP_CO_CHECK(co_await find(self));
  auto block = co_await read_block(self);
  if (!block) {
    // Of a target that does not answer nothing is known; of one that has no block there, that it moved.
    if (block.error().code == Errc::not_found) self->block_.reset();
    co_return std::move(block).error();
  }
  bool moved = false;
  for (auto& [index, channel] : self->channels_) {
    if (channel->ours < 0) continue;
    if (index < block->up.size()) {
      HILLTOP_CO_TRY(const bool said, co_await move_up(self, *channel, block->up[index]));
      moved = moved || said;
    }
    if (index < block->down.size() && channel->ours >= 0) {
      const auto up_count = static_cast<unsigned>(block->up.size());
      HILLTOP_CO_TRY(const bool typed, co_await move_down(self, *channel, block->down[index], up_count));
      moved = moved || typed;
    }
  }
  co_return moved ? Round::moved : Round::idle;
}

}  // namespace hilltop::drivers
