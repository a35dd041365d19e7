// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "boards/console/console.hpp"
#include "boards/console/demux/decoder_spec.hpp"
#include "boards/console/match/rules.hpp"

namespace hilltop::boards {

/// A rule that was found in what a board said.
struct SeenFault {
  std::string board, console, channel;
  std::string rule, summary;
  std::string line;          ///< cleaned
  std::uint64_t offset = 0;  ///< of the match, in the console's bytes
  UtcTime time;              ///< when it was seen
  std::uint32_t count = 1;   ///< so many times since the last word of this rule: a flood is one word a minute
};

/// Watches consoles for faults all the time, on one thread of its own: it follows each by a cursor, reads from the
/// transcript what fell out of memory, and costs no shard and no byte. Every 40 ms, what came on all of them: small
/// pieces cost more.
/// Thread: any.
class FaultWatch {
 public:
  struct Options {
    std::chrono::milliseconds interval{40};
    std::chrono::milliseconds quiet{500};  ///< a line without end counts as it is when nothing came for so long
    std::chrono::milliseconds coalesce{60'000};
  };
  struct Stats {
    std::uint64_t bytes = 0;  ///< looked at
    std::uint64_t lag = 0;    ///< received, and not yet looked at
    std::uint64_t faults = 0;
    std::uint64_t missed = 0;  ///< bytes that were nowhere any more
  };
  /// Called on the watch's thread; must not block.
  using OnFault = std::function<void(const SeenFault&)>;

  FaultWatch(std::shared_ptr<const Transcript> transcript, OnFault on_fault);
  FaultWatch(std::shared_ptr<const Transcript> transcript, OnFault on_fault, Options options);
  ~FaultWatch();
  FaultWatch(const FaultWatch&) = delete;
  FaultWatch& operator=(const FaultWatch&) = delete;

  /// From the console's present end on; rules below `fault` are left out. A console that is there already begins anew.
  /// Errors: those of Demux::make.
  Result<> add(std::shared_ptr<Console> console, const RuleSet& rules, const std::vector<demux::DecoderSpec>& decoders);
  /// No call of `on_fault` for this console begins after it returns.
  void remove(const std::string& board, const std::string& console);
  [[nodiscard]] Stats stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hilltop::boards
