// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "drivers/api/byte_stream.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/probe/target_memory.hpp"
#include "drivers/protocol/rtt.hpp"

namespace hilltop::drivers {

/// Where a target's RTT control block is, or may be.
struct RttPlace {
  std::optional<std::uint32_t> block;  ///< exactly there
  std::uint32_t search_start = 0;      ///< else somewhere in these bytes
  std::uint32_t search_size = 0;
};

/// The channel that a console's name means: "rtt0" to "rtt15", "main" the first.
[[nodiscard]] std::optional<unsigned> rtt_channel(std::string_view console);

/// Reads `rtt:` of an address: {address: 0x20000000} or {start: 0x20000000, size: 64K}. Nothing where it is absent.
std::optional<RttPlace> read_rtt_place(Fields& fields, Diagnostics& diagnostics);

/// The host's side of SEGGER RTT: one coroutine polls the control block in a target's memory while a channel is open,
/// moves the up-buffers' bytes into the consoles' descriptors, and what is typed into the down-buffers.
/// It looks for the block again whenever it is not where it was: after a reset, without power, with another image.
/// A console that is not read leaves its bytes in the target. Thread: the worker's.
class RttHost : public std::enable_shared_from_this<RttHost> {
 public:
  /// `longest_pause`: between two looks at a target that does not answer.
  RttHost(asio::any_io_executor executor, std::shared_ptr<TargetMemory> memory, RttPlace place,
          std::chrono::milliseconds longest_pause = std::chrono::seconds(2));
  ~RttHost();

  /// Channel `index` both ways. Lifetime: with this.
  [[nodiscard]] ByteStream& channel(unsigned index);
  /// Ends polling and waits for it.
  static Task<> stop(std::shared_ptr<RttHost> self);
  /// The same, without waiting.
  void cancel() { scope_.cancel_all(); }

 private:
  class Channel;
  /// What one round found.
  enum class Round : std::uint8_t { moved, idle };

  static Task<> poll(std::shared_ptr<RttHost> self);
  static Task<Round> round(std::shared_ptr<RttHost> self);
  static Task<> find(std::shared_ptr<RttHost> self);
  static Task<rtt::ControlBlock> read_block(std::shared_ptr<RttHost> self);
  static Task<bool> move_up(std::shared_ptr<RttHost> self, Channel& channel, rtt::Buffer up);
  static Task<bool> move_down(std::shared_ptr<RttHost> self, Channel& channel, rtt::Buffer down, unsigned up_count);
  [[nodiscard]] bool any_open() const;
  void begin();

  asio::any_io_executor executor_;
  std::shared_ptr<TargetMemory> memory_;
  RttPlace place_;
  std::chrono::milliseconds longest_pause_;
  std::optional<std::uint32_t> block_;
  std::uint32_t block_bytes_ = 0;  // as it was the last time
  std::map<unsigned, std::unique_ptr<Channel>> channels_;
  Event opened_;
  TaskScope scope_;
  bool polling_ = false;
  std::string last_error_;
};

}  // namespace hilltop::drivers
