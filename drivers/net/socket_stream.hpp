// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/api/byte_stream.hpp"
#include "drivers/core/stream_socket.hpp"

namespace hilltop::drivers {

/// A console that somebody serves at a socket, byte for byte. Connects again after the peer has gone.
class SocketStream final : public ByteStream {
 public:
  struct Options {
    StreamAddress address;
    std::string greeting;      ///< said to the server at once after connecting; "": nothing
    bool skip_banner = false;  ///< J-Link's: three lines before the board's first byte
  };

  explicit SocketStream(Options options) : state_(std::make_shared<State>(std::move(options))) {}
  ~SocketStream() override { SocketStream::close(); }
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;

  Task<int> open(Deadline deadline) override { return connect(state_, deadline); }
  void close() override { state_->close(); }
  [[nodiscard]] bool reopens() const override { return true; }

 private:
  struct State {
    explicit State(Options o) : options(std::move(o)) {}
    ~State() { close(); }  // also what was connected after the stream had gone
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    void close();
    Options options;
    int fd = -1;
  };
  static Task<int> connect(std::shared_ptr<State> state, Deadline deadline);

  std::shared_ptr<State> state_;
};

/// How many of the first bytes that a J-Link's RTT server sends are its banner: all of it, "SEGGER J-Link" to the end
/// of the line "Process: ". Nothing while that cannot be said yet. 0: there is none.
/// Source: SEGGER wiki, "J-Link RTT TELNET channel".
[[nodiscard]] std::optional<std::size_t> j_link_banner(std::string_view bytes);

}  // namespace hilltop::drivers
