// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/socket_pipe.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

namespace hilltop {

using Socket = asio::local::stream_protocol::socket;

struct SocketPipe::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor executor, int fd, OnBytes bytes, OnClosed closed)
      : changed(executor),
        socket(std::move(executor), asio::local::stream_protocol(), fd),
        on_bytes(std::move(bytes)),
        on_closed(std::move(closed)) {}

  void read() {
    socket.async_read_some(asio::buffer(buffer),
                           [self = shared_from_this()](boost::system::error_code error, std::size_t n) {
                             if (!self->open) return;
                             if (error) return self->lost();
                             const auto handler = self->on_bytes;  // survives a close() within
                             handler(std::string_view(self->buffer.data(), n));
                             if (self->open) self->read();
                           });
  }

  void write() {
    sending = std::move(queued);
    queued.clear();
    asio::async_write(socket, asio::buffer(sending),
                      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                        self->sending.clear();
                        self->changed.notify();
                        if (!self->open || error) return;  // the reading side reports the loss
                        if (!self->queued.empty()) self->write();
                      });
  }

  void shut() {
    open = false;
    changed.notify();
    boost::system::error_code ignored;
    socket.close(ignored);
    on_bytes = nullptr;
  }

  void lost() {
    const auto handler = std::move(on_closed);
    shut();
    if (handler) handler();
  }

  Event changed;
  Socket socket;
  OnBytes on_bytes;
  OnClosed on_closed;
  std::array<char, 16384> buffer{};
  std::string queued;
  std::string sending;
  bool open = true;
};

SocketPipe::SocketPipe(asio::any_io_executor executor, int fd, OnBytes on_bytes, OnClosed on_closed)
    : state_(std::make_shared<State>(std::move(executor), fd, std::move(on_bytes), std::move(on_closed))) {
  state_->read();
}

SocketPipe::~SocketPipe() { close(); }

void SocketPipe::send(std::string bytes) {
  if (!state_->open) return;
  state_->queued += bytes;
  if (state_->sending.empty()) state_->write();
}

Task<> SocketPipe::drained_state(std::shared_ptr<State> state, Deadline deadline) {
  while (state->open && !(state->queued.empty() && state->sending.empty()))
    HILLTOP_CO_CHECK(co_await state->changed.wait(deadline));
  if (!state->open) co_return Error(Errc::unavailable, Blame::infrastructure, "the connection is closed");
  co_return ok();
}

void SocketPipe::close() {
  state_->on_closed = nullptr;
  if (state_->open) state_->shut();
}

}  // namespace hilltop
