// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qmp_client.hpp"

namespace hilltop::drivers {

QmpClient::QmpClient(asio::any_io_executor executor, int fd, EventHandler on_event)
    : changed_(executor),
      on_event_(std::move(on_event)),
      pipe_(
          executor, fd, [this](std::string_view bytes) { on_bytes(bytes); },
          [this] { fail(Error(Errc::unavailable, Blame::infrastructure, "QEMU has ended")); }) {}

void QmpClient::on_bytes(std::string_view bytes) {
  auto messages = reader_.feed(bytes);
  if (!messages) return fail(std::move(messages).error());
  for (auto& message : *messages) take(std::move(message));
  changed_.notify();
}

void QmpClient::take(QmpMessage message) {
  switch (message.kind) {
    case QmpMessage::Kind::greeting:
      greeted_ = true;
      break;
    case QmpMessage::Kind::event:
      if (on_event_) on_event_(message);
      break;
    case QmpMessage::Kind::reply:
    case QmpMessage::Kind::error:
      if (message.id) replies_[*message.id] = std::move(message);
      break;
  }
}

void QmpClient::fail(Error error) {
  failed_ = std::move(error);
  pipe_.close();
  changed_.notify();
}

void QmpClient::close() {
  if (!failed_) fail(Error(Errc::unavailable, Blame::infrastructure, "the connection to QEMU was closed"));
}

Task<> QmpClient::wait_closed(std::shared_ptr<QmpClient> self, Deadline deadline) {
  while (!self->failed_) HILLTOP_CO_CHECK(co_await self->changed_.wait(deadline));
  co_return ok();
}

Task<> QmpClient::greet(std::shared_ptr<QmpClient> self, Deadline deadline) {
  while (!self->greeted_) {
    if (self->failed_) co_return *self->failed_;
    HILLTOP_CO_CHECK((co_await self->changed_.wait(deadline)).within("QEMU's greeting"));
  }
  HILLTOP_CO_CHECK(co_await execute(self, "qmp_capabilities", nullptr, deadline));
  co_return ok();
}

Task<nlohmann::json> QmpClient::execute(std::shared_ptr<QmpClient> self, std::string command, nlohmann::json arguments,
                                        Deadline deadline) {
  if (self->failed_) co_return *self->failed_;
  const auto id = ++self->last_id_;
  self->pipe_.send(qmp_command(command, arguments, id));
  while (!self->replies_.contains(id)) {
    if (self->failed_) co_return *self->failed_;
    HILLTOP_CO_CHECK((co_await self->changed_.wait(deadline)).within(command));
  }
  auto reply = std::move(self->replies_.extract(id).mapped());
  if (reply.kind == QmpMessage::Kind::error)
    co_return Error(Errc::unavailable, Blame::infrastructure, "QEMU refused " + command + ": " + reply.text);
  co_return std::move(reply.data);
}

}  // namespace hilltop::drivers
