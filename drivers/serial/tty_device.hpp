// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "drivers/api/device.hpp"
#include "drivers/serial/reset_sequence.hpp"
#include "drivers/serial/tty_stream.hpp"

namespace hilltop::drivers {

/// A serial port: the console "main", and, where a sequence of DTR and RTS resets the board, a probe that can only
/// reset it (`hard`).
class TtyDevice final : public Device, Probe {
 public:
  TtyDevice(TtyStream::Options options, ResetSequence reset);

  ByteStream* console(std::string_view name) override { return name == "main" ? stream_.get() : nullptr; }
  Probe* probe() override { return sequence_.empty() ? nullptr : this; }
  Task<> shut_down(Deadline deadline) override;

 private:
  /// Opens the port for as long as the sequence takes, when nobody has it open.
  Task<> reset(ResetKind kind, Deadline deadline) override;

  std::shared_ptr<TtyStream> stream_;
  ResetSequence sequence_;
};

}  // namespace hilltop::drivers
