// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boards/console/demux/decoder.hpp"
#include "boards/console/demux/decoder_spec.hpp"
#include "drivers/core/result.hpp"

namespace hilltop::boards::demux {

/// Takes one console's raw bytes apart into channels: a stack of decoders, each of which reads what the ones before it
/// left in the channels that it reads (`from`). Without decoders everything is `text`.
/// Thread: one at a time. Lifetime: `out` and `bytes` are not kept after a call.
class Demux {
 public:
  /// Errors: bad_input (configuration) for an unknown decoder or option value; not_found, io (configuration) where a
  /// database cannot be read.
  static Result<Demux> make(const std::vector<DecoderSpec>& specs,
                            const DatabaseSource& databases = read_database_file);
  Demux();
  Demux(Demux&&) noexcept;
  Demux& operator=(Demux&&) noexcept;
  ~Demux();

  /// `offset`: raw offset of the first of `bytes`. Where it is beyond the end of what was fed before, the bytes between
  /// are a gap: open frames end, and a piece of kind gap (channel `text`) comes first. Before that end: what was fed
  /// before is not fed again.
  void feed(std::string_view bytes, std::uint64_t offset, PieceSink& out);
  /// Nothing came for a while (the engine: 100 ms): hands out what was kept back.
  void idle(PieceSink& out);
  /// The console ends: hands out what was kept back; the next feed() begins anew, at any offset.
  void end(PieceSink& out);

  [[nodiscard]] const std::string& channel_name(ChannelId id) const;
  [[nodiscard]] std::size_t channel_count() const;  ///< names known so far; grows

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hilltop::boards::demux
