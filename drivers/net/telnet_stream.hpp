// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "drivers/api/byte_stream.hpp"
#include "drivers/core/stream_socket.hpp"
#include "drivers/net/codec_pump.hpp"

namespace hilltop::drivers {

/// A console behind a telnet server, with or without RFC 2217 control of its serial line. Connects again after the
/// server has gone, and sets the line again.
class TelnetStream final : public ByteStream {
 public:
  struct Options {
    StreamAddress address;
    bool com_port = false;  ///< RFC 2217
    LineSettings line;
  };

  explicit TelnetStream(Options options) : state_(std::make_shared<State>(std::move(options))) {}
  ~TelnetStream() override { TelnetStream::close(); }
  TelnetStream(const TelnetStream&) = delete;
  TelnetStream& operator=(const TelnetStream&) = delete;

  Task<int> open(Deadline deadline) override { return connect(state_, deadline); }
  void close() override { state_->pump.reset(); }
  [[nodiscard]] bool reopens() const override { return true; }
  [[nodiscard]] std::optional<LineSettings> line_settings() const override {
    return state_->options.com_port ? std::optional(state_->options.line) : std::nullopt;
  }
  /// Sent to the server; what it makes of that is said in the log.
  Result<LineSettings> set_line(const LineSettings& settings) override;
  Result<> hold_break(bool on) override;
  [[nodiscard]] bool counts_errors() const override { return state_->options.com_port; }
  LineErrors take_errors() override;

 private:
  struct State {
    explicit State(Options o) : options(std::move(o)) {}
    Options options;
    std::mutex mutex;   // guards the next
    LineErrors errors;  // counted by the pump's thread
    std::unique_ptr<CodecPump> pump;
  };
  static Task<int> connect(std::shared_ptr<State> state, Deadline deadline);
  static void heard(State& state, const std::string& title, LineCodec& codec);

  std::shared_ptr<State> state_;
};

}  // namespace hilltop::drivers
