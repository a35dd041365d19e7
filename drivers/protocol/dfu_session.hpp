// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/protocol/dfu.hpp"

namespace hilltop::drivers::dfu {

/// A part of a session.
struct Operation {
  enum class Kind : std::uint8_t {
    download,  ///< a block, and its execution awaited
    upload,    ///< a block, compared with `bytes`
    abort,     ///< back to dfuIDLE
    manifest,  ///< the end of a download: the firmware is taken into use
    leave      ///< the same, after which the device leaves the bus by itself (DfuSe)
  };
  Kind kind = Kind::download;
  std::uint16_t block = 0;
  std::string bytes = {};     ///< to write, or those that must come back
  std::uint64_t payload = 0;  ///< how many of them count as progress
  std::string what = {};      ///< "erase 0x8000000", "block 3": for messages
};

/// What a plain DFU 1.1 device is told to take `bytes`; where it can say what it holds and stays, that is compared.
/// Source: DFU 1.1, sections 6.1 (download), 6.2 (upload), 7 (manifestation).
[[nodiscard]] std::vector<Operation> plan_download(std::string_view bytes, const Function& function, bool verify,
                                                   std::uint16_t transfer_size);

/// What to do next with the device.
struct Step {
  enum class Kind : std::uint8_t {
    write,      ///< a class request with `bytes`
    read,       ///< a class request for `size` bytes
    wait,       ///< `pause`
    reset_bus,  ///< the device waits for it, and may be gone after it
    finished,
    failed  ///< `error`
  };
  Kind kind = Kind::finished;
  Request request = Request::get_status;
  std::uint16_t value = 0;
  std::string bytes = {};
  std::uint16_t size = 0;
  std::chrono::milliseconds pause{0};
  Error error = {};
};

/// Runs operations on a device in DFU mode: brings it to dfuIDLE, honours its poll time-outs, and asks what was wrong
/// when it refuses. A state machine: no clock, no device.
/// Source: DFU 1.1, appendix A (state diagrams).
class Session {
 public:
  Session(bool manifestation_tolerant, std::vector<Operation> operations);

  [[nodiscard]] Step start();
  /// The next step after the last one ended so (bytes for a read, else empty). Errors of steps: protocol, mismatch, io
  /// (dut) with the device's own reason; else those of the reply.
  [[nodiscard]] Step resume(Result<std::string> reply);

  /// Bytes written so far, as Operation::payload counts them.
  [[nodiscard]] std::uint64_t written() const { return written_; }
  /// Whether the device left the bus by itself at the end of a download, whatever it had promised: what was to be done
  /// after that was not.
  [[nodiscard]] bool left() const { return left_; }

 private:
  enum class Phase : std::uint8_t {
    settling,       ///< the status that tells whether it is idle was asked for
    settled,        ///< CLRSTATUS or ABORT was sent
    sent,           ///< a block was sent
    asked,          ///< its status was asked for
    waiting,        ///< as long as the device wants
    uploading,      ///< a block was asked for
    aborting,       ///< ABORT was sent
    manifesting,    ///< the empty block was sent
    manifest,       ///< its status was asked for
    manifest_wait,  ///< as long as the device wants
    silent_wait,    ///< the same, and then it waits for the bus's reset without answering
    resetting,      ///< the bus is reset
    explaining,     ///< why it refused was asked for
    clearing,       ///< the error is being cleared, for whoever comes next
    over
  };

  [[nodiscard]] Step settle(const Status& status);
  [[nodiscard]] Step next();
  [[nodiscard]] Step begin(const Operation& operation);
  [[nodiscard]] Step done();
  [[nodiscard]] Step after_status(const Status& status);
  [[nodiscard]] Step after_manifest(Result<std::string> reply);
  [[nodiscard]] Step reset();
  [[nodiscard]] Step judge_upload(std::string_view bytes);
  [[nodiscard]] Step on_error(Error error);
  [[nodiscard]] Step ask(Phase phase);
  [[nodiscard]] Step refused(const Status& status);
  [[nodiscard]] Step fail(Error error);
  [[nodiscard]] Step with_status(const Result<std::string>& reply, Step (Session::*then)(const Status&));

  bool tolerant_;
  std::deque<Operation> operations_;
  Phase phase_ = Phase::settling;
  int settling_ = 0;
  std::uint64_t written_ = 0;
  bool left_ = false;
  std::optional<Error> failure_;
};

}  // namespace hilltop::drivers::dfu
