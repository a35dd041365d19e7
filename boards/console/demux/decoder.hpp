// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/console/demux/piece.hpp"

namespace hilltop::boards::demux {

/// Takes what it knows out of one stream and hands on the rest. A pure state machine: the pieces that come out are the
/// same at any chunk size (text pieces may be cut elsewhere), and memory is bounded whatever it is fed.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// `in`: a piece of kind text of a channel that this decoder reads. What cannot be decided yet is kept back, at most
  /// one frame's worth.
  virtual void feed(const Piece& in, PieceSink& out) = 0;
  /// Nothing came for a while: hands out what was kept back as what it is so far. A frame that goes on after this is
  /// text.
  virtual void idle(PieceSink& out) = 0;
  /// The stream ends or has a gap here: as idle(), and what comes next is a new stream.
  virtual void end(PieceSink& out) = 0;
};

}  // namespace hilltop::boards::demux
