// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "drivers/core/deadline.hpp"
#include "drivers/core/result.hpp"
#include "drivers/protocol/line_codec.hpp"

namespace hilltop::drivers {

/// Stands between a socket with escapes and the console engine, which reads plain bytes from a descriptor: a thread
/// that decodes one into the other. Never more than 64 KiB wait in it each way: then the peer's own flow control holds.
///
/// Why a thread and a socket pair, and not a step in the engine's read: measured on loopback, a GB costs its reader 0.7
/// s of CPU through it and 0.35 s without; for a line of 115200 baud the difference is a few millionths of a core, and
/// a wake-up more each time that bytes come. What is served over telnet is seldom faster; and the engine keeps one kind
/// of source, whose bytes it reads straight into what becomes the journal.
///
/// Thread: start(), with() and the destructor of any one thread; the codec is the pump's.
class CodecPump {
 public:
  /// Called on the pump's thread after the codec has heard something.
  using OnHeard = std::function<void(LineCodec&)>;

  /// Takes `wire` over. Errors: io (infrastructure).
  static Result<std::unique_ptr<CodecPump>> start(int wire, std::unique_ptr<LineCodec> codec, OnHeard on_heard);
  ~CodecPump();
  CodecPump(const CodecPump&) = delete;
  CodecPump& operator=(const CodecPump&) = delete;

  /// The console's end: ends when the wire does, after the last byte. Lives as long as the pump.
  [[nodiscard]] int console_end() const { return console_; }
  /// Runs `work` on the pump's thread, soon; what the codec then has to say is sent.
  void with(std::function<void(LineCodec&)> work);

 private:
  CodecPump(std::unique_ptr<LineCodec> codec, OnHeard on_heard);
  Result<> open(int wire);
  void run();
  bool wait();
  void read_wire();
  void read_line();
  bool write_some(int fd, std::string& bytes);
  void take_output();
  void run_work();
  [[nodiscard]] int patience() const;
  void wake() const;

  std::unique_ptr<LineCodec> codec_;
  OnHeard on_heard_;
  int wire_ = -1;
  int line_ = -1;  // our end of the pair
  int console_ = -1;
  int wake_ = -1;
  Deadline settled_by_ = Deadline::after(LineCodec::settling_patience);
  bool wire_ended_ = false;
  bool line_ended_ = false;
  std::string to_wire_;
  std::string to_line_;
  std::string buffer_;
  std::mutex mutex_;  // guards the next two
  std::vector<std::function<void(LineCodec&)>> work_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace hilltop::drivers
