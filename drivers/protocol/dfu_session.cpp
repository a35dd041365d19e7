// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/dfu_session.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hilltop::drivers::dfu {
namespace {

constexpr int most_settling = 4;  // an error, an abort, and once more: then it will not become idle

Error of_device(Errc code, std::string text) { return {code, Blame::dut, std::move(text)}; }

}  // namespace

std::vector<Operation> plan_download(std::string_view bytes, const Function& function, bool verify,
                                     std::uint16_t transfer_size) {
  std::vector<Operation> out;
  const auto blocks = [&](Operation::Kind kind) {
    std::uint16_t block = 0;  // wraps: DFU 1.1, section 6.1.1, wBlockNum
    for (std::size_t at = 0; at < bytes.size(); at += transfer_size, ++block) {
      Operation one{kind, block, std::string(bytes.substr(at, transfer_size))};
      if (kind == Operation::Kind::download) one.payload = one.bytes.size();
      one.what = fmt::format("block {} (byte {})", block, at);
      out.push_back(std::move(one));
    }
    return block;
  };
  const auto end = blocks(Operation::Kind::download);
  out.push_back({Operation::Kind::manifest, end, {}, 0, "the end of the file"});
  if (verify && function.can_upload && function.manifestation_tolerant) {
    blocks(Operation::Kind::upload);
    out.push_back({Operation::Kind::abort, 0, {}, 0, "the end of the upload"});
  }
  return out;
}

Session::Session(bool manifestation_tolerant, std::vector<Operation> operations)
    : tolerant_(manifestation_tolerant),
      operations_(std::make_move_iterator(operations.begin()), std::make_move_iterator(operations.end())) {}

Step Session::start() { return ask(Phase::settling); }

Step Session::ask(Phase phase) {
  phase_ = phase;
  return {.kind = Step::Kind::read, .request = Request::get_status, .size = status_bytes};
}

Step Session::fail(Error error) {
  phase_ = Phase::over;
  return {.kind = Step::Kind::failed, .error = std::move(error)};
}

Step Session::with_status(const Result<std::string>& reply, Step (Session::*then)(const Status&)) {
  if (!reply) return fail(reply.error());
  auto status = read_status(*reply);
  if (!status) return fail(std::move(status).error());
  return (this->*then)(*status);
}

Step Session::resume(Result<std::string> reply) {
  switch (phase_) {
    case Phase::settling:
      return with_status(reply, &Session::settle);
    case Phase::settled:
      return reply ? ask(Phase::settling) : fail(std::move(reply).error());
    case Phase::sent:
      return reply ? ask(Phase::asked) : on_error(std::move(reply).error());
    case Phase::asked:
      return with_status(reply, &Session::after_status);
    case Phase::waiting:
      return reply ? ask(Phase::asked) : fail(std::move(reply).error());
    case Phase::uploading:
      return reply ? judge_upload(*reply) : on_error(std::move(reply).error());
    case Phase::aborting:
      return reply ? done() : on_error(std::move(reply).error());
    case Phase::manifesting:
      return reply ? ask(Phase::manifest) : on_error(std::move(reply).error());
    case Phase::manifest:
      return after_manifest(std::move(reply));
    case Phase::manifest_wait:
      return reply ? ask(Phase::manifest) : fail(std::move(reply).error());
    case Phase::silent_wait:
      return reply ? reset() : fail(std::move(reply).error());
    case Phase::resetting:
      return done();  // it is back as something else, or not yet: whoever needs it will look
    case Phase::explaining:
      return reply ? with_status(reply, &Session::refused) : fail(*failure_);
    case Phase::clearing:
      return fail(*failure_);
    case Phase::over:
      break;
  }
  return fail(Error(Errc::internal, Blame::bug, "a DFU session that is over was resumed"));
}

/// Source: DFU 1.1, section 6.1.3 (CLRSTATUS) and 6.1.4 (ABORT).
Step Session::settle(const Status& status) {
  if (status.state == State::idle) return next();
  if (status.state == State::app_idle || status.state == State::app_detach)
    return fail(of_device(Errc::unavailable, "the board is not in DFU mode"));
  if (++settling_ > most_settling)
    return fail(of_device(Errc::protocol, fmt::format("it stays in {} instead of dfuIDLE", to_string(status.state))));
  phase_ = Phase::settled;
  const auto request = status.state == State::error ? Request::clear_status : Request::abort;
  return {.kind = Step::Kind::write, .request = request};
}

Step Session::next() {
  if (operations_.empty()) {
    phase_ = Phase::over;
    return {.kind = Step::Kind::finished};
  }
  return begin(operations_.front());
}

Step Session::begin(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::download:
      phase_ = Phase::sent;
      return {
          .kind = Step::Kind::write, .request = Request::download, .value = operation.block, .bytes = operation.bytes};
    case Operation::Kind::upload:
      phase_ = Phase::uploading;
      return {.kind = Step::Kind::read,
              .request = Request::upload,
              .value = operation.block,
              .size = static_cast<std::uint16_t>(operation.bytes.size())};
    case Operation::Kind::abort:
      phase_ = Phase::aborting;
      return {.kind = Step::Kind::write, .request = Request::abort};
    case Operation::Kind::manifest:
    case Operation::Kind::leave:
      phase_ = Phase::manifesting;
      return {.kind = Step::Kind::write, .request = Request::download, .value = operation.block};
  }
  return fail(Error(Errc::internal, Blame::bug, "a DFU operation of no kind"));
}

Step Session::done() {
  written_ += operations_.front().payload;
  operations_.pop_front();
  return next();
}

Step Session::after_status(const Status& status) {
  if (status.status != 0 || status.state == State::error) return refused(status);
  if (status.state == State::download_idle) return done();
  if (status.state != State::download_busy && status.state != State::download_sync)
    return fail(
        of_device(Errc::protocol, fmt::format("{}: it went to {}", operations_.front().what, to_string(status.state))));
  phase_ = Phase::waiting;
  return {.kind = Step::Kind::wait, .pause = status.poll_timeout};
}

/// Source: DFU 1.1, section 7: a device that is not manifestation tolerant answers nothing until the bus was reset, and
/// many are gone by then.
Step Session::after_manifest(Result<std::string> reply) {
  const bool leaves = operations_.front().kind == Operation::Kind::leave;
  const bool may_go = leaves || !tolerant_;
  if (!reply && !may_go && reply.error().code != Errc::unavailable)
    return fail(std::move(reply).error().within("after the end of the file"));
  if (!reply) {
    left_ = !may_go;
    if (left_) operations_.resize(1);
    return done();
  }
  auto read = read_status(*reply);
  if (!read) return fail(std::move(read).error());
  const auto& status = *read;
  if (status.status != 0 || status.state == State::error) return refused(status);
  if (leaves) return done();
  switch (status.state) {
    case State::idle:
      return done();
    case State::manifest_sync:
    case State::manifest:
      phase_ = status.state == State::manifest && !tolerant_ ? Phase::silent_wait : Phase::manifest_wait;
      return {.kind = Step::Kind::wait, .pause = status.poll_timeout};
    case State::manifest_wait_reset:
      return reset();
    default:
      return fail(
          of_device(Errc::protocol, fmt::format("after the end of the file it went to {}", to_string(status.state))));
  }
}

Step Session::reset() {
  phase_ = Phase::resetting;
  return {.kind = Step::Kind::reset_bus};
}

Step Session::judge_upload(std::string_view bytes) {
  const auto& operation = operations_.front();
  if (bytes == operation.bytes) return done();
  const auto& wanted = operation.bytes;
  const auto [at, unused] = std::ranges::mismatch(wanted, bytes);
  return fail(of_device(
      Errc::mismatch,
      bytes.size() < wanted.size() && at == wanted.begin() + static_cast<std::ptrdiff_t>(bytes.size())
          ? fmt::format("{}: it gives back {} bytes of {}", operation.what, bytes.size(), wanted.size())
          : fmt::format("{}: what is read back differs at byte {} of it", operation.what, at - wanted.begin())));
}

/// A device refuses by a stall, and tells why when it is asked.
Step Session::on_error(Error error) {
  error = std::move(error).within(operations_.front().what);
  if (error.code != Errc::io) return fail(std::move(error));
  failure_ = std::move(error);
  return ask(Phase::explaining);
}

Step Session::refused(const Status& status) {
  if (status.status != 0 || !failure_)
    failure_ =
        of_device(Errc::io, fmt::format("{}: the board refuses it: {}", operations_.front().what, status.title()));
  if (status.state != State::error) return fail(*failure_);
  phase_ = Phase::clearing;
  return {.kind = Step::Kind::write, .request = Request::clear_status};
}

}  // namespace hilltop::drivers::dfu
