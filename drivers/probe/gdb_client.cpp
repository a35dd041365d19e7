// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe/gdb_client.hpp"

namespace hilltop::drivers {
namespace {

constexpr int most_resends = 5;

Error stub_error(std::string text) {
  return Error(Errc::unavailable, Blame::infrastructure, "debug stub: " + std::move(text));
}

}  // namespace

GdbClient::GdbClient(asio::any_io_executor executor, int fd)
    : changed_(executor),
      pipe_(
          executor, fd, [this](std::string_view bytes) { on_bytes(bytes); },
          [this] { fail(stub_error("it closed the connection")); }) {}

void GdbClient::on_bytes(std::string_view bytes) {
  auto received = reader_.feed(bytes);
  if (!received) return fail(std::move(received).error());
  for (auto& one : *received) take(std::move(one));
  changed_.notify();
}

void GdbClient::take(gdb::Received received) {
  switch (received.kind) {
    case gdb::Received::Kind::ack:
      resends_ = 0;
      break;
    case gdb::Received::Kind::nak:
      if (++resends_ > most_resends) return fail(stub_error("it does not understand what is sent"));
      pipe_.send(last_sent_);
      break;
    case gdb::Received::Kind::damaged:
      pipe_.send("-");
      break;
    case gdb::Received::Kind::packet:
      pipe_.send("+");
      // A stub that halts running cores says so at any time, before its answer too.
      if (!gdb::is_stop_reply(received.payload)) packets_.push_back(std::move(received.payload));
      break;
  }
}

void GdbClient::fail(Error error) {
  failed_ = std::move(error);
  pipe_.close();
  changed_.notify();
}

void GdbClient::send(const std::string& payload) {
  last_sent_ = gdb::packet(payload);
  pipe_.send(last_sent_);
}

Task<std::string> GdbClient::answer(std::shared_ptr<GdbClient> self, Deadline deadline) {
  while (self->packets_.empty()) {
    if (self->failed_) co_return *self->failed_;
    HILLTOP_CO_CHECK((co_await self->changed_.wait(deadline)).within("debug stub"));
  }
  auto packet = std::move(self->packets_.front());
  self->packets_.pop_front();
  co_return packet;
}

Task<std::string> GdbClient::ask(std::shared_ptr<GdbClient> self, std::string payload, Deadline deadline) {
  if (self->failed_) co_return *self->failed_;
  self->packets_.clear();  // answers to a request that timed out
  self->send(payload);
  co_return co_await answer(self, deadline);
}

Task<> GdbClient::attach(std::shared_ptr<GdbClient> self, Deadline deadline) {
  HILLTOP_CO_TRY(const auto supported, co_await ask(self, "qSupported", deadline));
  // Two digits a byte, and room for the command, address and length.
  self->chunk_bytes_ = ((gdb::packet_size(supported) - 64) / 2) & ~std::size_t{63};
  co_return ok();
}

Task<> GdbClient::write(std::shared_ptr<GdbClient> self, std::uint64_t address, std::string bytes, Deadline deadline) {
  if (self->binary_writes_) {
    HILLTOP_CO_TRY(const auto reply, co_await ask(self, gdb::write_memory_binary(address, bytes), deadline));
    if (reply == "OK") co_return ok();
    if (!reply.empty()) co_return stub_error("write refused: " + reply);
    self->binary_writes_ = false;
  }
  HILLTOP_CO_TRY(const auto reply, co_await ask(self, gdb::write_memory(address, bytes), deadline));
  if (reply != "OK") co_return stub_error("write refused: " + reply);
  co_return ok();
}

Task<std::string> GdbClient::read(std::shared_ptr<GdbClient> self, std::uint64_t address, std::size_t length,
                                  Deadline deadline) {
  HILLTOP_CO_TRY(const auto reply, co_await ask(self, gdb::read_memory(address, length), deadline));
  auto bytes = gdb::from_hex(reply);
  if (!bytes || bytes->size() != length) co_return stub_error("read refused: " + reply.substr(0, 20));
  co_return std::move(*bytes);
}

Task<std::string> GdbClient::monitor(std::shared_ptr<GdbClient> self, std::string command, Deadline deadline) {
  std::string printed;
  HILLTOP_CO_TRY(auto reply, co_await ask(self, gdb::monitor(command), deadline));
  while (reply != "OK") {
    if (reply.empty() || reply.starts_with('E')) co_return stub_error("monitor " + command + ": " + reply);
    if (reply.starts_with('O')) printed += gdb::from_hex(std::string_view(reply).substr(1)).value_or("");
    HILLTOP_CO_TRY(reply, co_await answer(self, deadline));
  }
  co_return printed;
}

Task<> GdbClient::detach(std::shared_ptr<GdbClient> self, Deadline deadline) {
  HILLTOP_CO_TRY(const auto reply, co_await ask(self, "D", deadline));
  if (reply != "OK") co_return stub_error("detach: " + reply);
  self->pipe_.close();
  co_return ok();
}

}  // namespace hilltop::drivers
