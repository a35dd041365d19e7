// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string_view>

#include "drivers/api/byte_stream.hpp"

namespace hilltop::drivers {

/// The serial line of a board that is a process or a script: a socket pair. The farm's end stays open across power
/// cycles; the board's end is handed to whatever plays the board. A board without power hears nothing: what is typed at
/// it then is dropped. Thread: the worker's; the farm's descriptor belongs to the console engine.
class SocketLine final : public ByteStream {
 public:
  explicit SocketLine(boost::asio::any_io_executor executor);
  ~SocketLine() override;

  Task<int> open(Deadline deadline) override;
  void close() override;

  /// Makes the pair where it is not there yet. Errors: io (infrastructure).
  Result<> make();
  /// The board's end (non-blocking), or -1 before make().
  [[nodiscard]] int board_end() const;
  /// Whether something was typed that the board has not read yet.
  [[nodiscard]] bool typed() const;
  /// Power comes: drops what was typed until now, and leaves the rest to the board.
  void power_on();
  /// Power goes: from now on drops what is typed.
  void power_off();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hilltop::drivers
