// SPDX-License-Identifier: Apache-2.0
// Dialogues over a stream: telnet, raw TCP and serial ports. Something is sent, and the reply is read until a pattern
// is found in it or as many bytes have come as are expected.
#include <fmt/format.h>

#include "drivers/power/unit/unit_pattern.hpp"
#include "drivers/power/unit/unit_session.hpp"
#include "drivers/power/unit/wire.hpp"
#include "drivers/protocol/telnet.hpp"

namespace hilltop::drivers::unit {
namespace {

constexpr std::size_t most_reply = 16 * 1024;  // what Pattern does with more takes too long
/// Source: tplink-smarthome protocol as documented by softScheck (2016): XOR with the byte before, begun with 171,
/// behind the length in four bytes, high byte first.
constexpr unsigned char kasa_key = 171;
constexpr std::size_t kasa_head = 4;

struct Stream {
  AddressPtr address;
  WirePtr wire;
  std::unique_ptr<telnet::Telnet> telnet;  // nullptr: no telnet
  std::string pending;                     // arrived and not yet part of a reply
};
using StreamPtr = std::shared_ptr<Stream>;

std::string veiled(std::string_view text) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(text.size() >> shift & 0xff);
  auto key = kasa_key;
  for (const char c : text) {
    key = static_cast<unsigned char>(key ^ static_cast<unsigned char>(c));
    out += static_cast<char>(key);
  }
  return out;
}

std::string unveiled(std::string_view bytes) {
  std::string out;
  auto key = kasa_key;
  for (const char c : bytes) {
    out += static_cast<char>(key ^ static_cast<unsigned char>(c));
    key = static_cast<unsigned char>(c);
  }
  return out;
}

std::size_t kasa_length(std::string_view head) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < kasa_head; ++i) out = out << 8 | static_cast<unsigned char>(head[i]);
  return out;
}

/// Lines as a network terminal types them: a line ends with CR LF as it is written, a bare CR has a NUL behind it.
/// Source: RFC 854, "The NVT printer and keyboard".
std::string typed(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (static_cast<unsigned char>(text[i]) == telnet::iac) out += text[i];
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) out += '\0';
  }
  return out;
}

Task<> send(StreamPtr stream, std::string bytes, Deadline deadline) {
  if (!stream->telnet) co_return co_await stream->wire->write(std::move(bytes), deadline);
  auto wire = stream->telnet->take_output() + typed(bytes);
  if (wire.empty()) co_return ok();
  co_return co_await stream->wire->write(std::move(wire), deadline);
}

/// More of the reply into `pending`.
Task<> receive(StreamPtr stream, Deadline deadline) {
  HILLTOP_CO_TRY(auto bytes, co_await stream->wire->read(deadline));
  if (bytes.empty())
    co_return Error(Errc::unavailable, Blame::infrastructure,
                    stream->pending.empty()
                        ? "it hung up without a word"
                        : "it hung up in the middle of its reply: '" + shown(stream->pending) + "'");
  if (stream->telnet) {
    bytes.resize(stream->telnet->receive(bytes));
    HILLTOP_CO_CHECK(co_await send(stream, "", deadline));  // what telnet itself has to answer
  }
  stream->pending += bytes;
  if (stream->pending.size() > most_reply)
    co_return Error(Errc::protocol, Blame::infrastructure, "its reply does not end: '" + shown(stream->pending) + "'");
  co_return ok();
}

/// How long the reply in `pending` is, when it is whole.
Result<std::optional<std::size_t>> reply_end(const std::string& pending, const Request& request, bool kasa) {
  using End = std::optional<std::size_t>;
  if (kasa) {
    if (pending.size() < kasa_head) return End();
    const auto length = kasa_length(pending) + kasa_head;
    if (length > most_reply)
      return Error(Errc::protocol, Blame::infrastructure, "its reply has a length of " + std::to_string(length));
    return pending.size() >= length ? End(length) : End();
  }
  if (request.reply_bytes > 0) return pending.size() >= request.reply_bytes ? End(request.reply_bytes) : End();
  if (request.until.empty()) return End(0);
  HILLTOP_TRY(const auto pattern, Pattern::compile(request.until));
  const auto text = request.in_hex ? to_hex(pending) : pending;
  auto found = pattern.find(text);
  for (const auto& stop : request.stops) {
    HILLTOP_TRY(const auto refusal, Pattern::compile(stop));
    if (auto refused = refusal.find(text); refused && (!found || refused->end < found->end)) found = refused;
  }
  if (!found) return End();
  return End(request.in_hex ? (found->end + 1) / 2 : found->end);
}

Task<std::string> take_reply(StreamPtr stream, Request request, Deadline deadline) {
  const bool kasa = stream->address->model->kasa;
  for (;;) {
    HILLTOP_CO_TRY(const auto end, reply_end(stream->pending, request, kasa));
    if (end) {
      auto reply = stream->pending.substr(0, *end);
      stream->pending.erase(0, *end);
      co_return kasa ? unveiled(std::string_view(reply).substr(kasa_head)) : reply;
    }
    auto more = co_await receive(stream, deadline);
    if (more) continue;
    if (more.error().code == Errc::timeout)
      more.error().text = stream->pending.empty()
                              ? "it does not answer " + request.title
                              : "after " + request.title + " it says '" + shown(stream->pending) + "' and no more";
    co_return std::move(more).error();
  }
}

Task<std::string> exchange_stream(StreamPtr stream, Request request, Deadline deadline) {
  const bool kasa = stream->address->model->kasa;
  // What came unasked is no answer to what is asked now; a telnet's text belongs to the dialogue.
  if (!stream->telnet) stream->pending.clear();
  auto bytes = kasa ? veiled(request.send) : request.send;
  if (!bytes.empty()) HILLTOP_CO_CHECK(co_await send(stream, std::move(bytes), deadline));
  co_return co_await take_reply(stream, std::move(request), deadline);
}

class StreamSession final : public UnitSession {
 public:
  explicit StreamSession(StreamPtr stream) : stream_(std::move(stream)) {}
  Task<std::string> exchange(Request request, Deadline deadline) override {
    return exchange_stream(stream_, std::move(request), deadline);
  }

 private:
  StreamPtr stream_;
};

/// A unit's menus need neither echo nor binary; that it performs them hurts nobody.
telnet::Policy policy() {
  telnet::Policy out;
  out.theirs.set(telnet::echo);
  out.theirs.set(telnet::suppress_go_ahead);
  out.ours.set(telnet::suppress_go_ahead);
  return out;
}

}  // namespace

Task<SessionPtr> open_stream(Env, AddressPtr address, Variables, Deadline deadline) {
  const auto model = address->model;
  auto stream = std::make_shared<Stream>();
  stream->address = address;
  if (model->shape == Shape::serial) {
    HILLTOP_CO_TRY(stream->wire, co_await open_tty(address->tty, model->baud));
  } else {
    StreamAddress to{address->host, address->port};
    HILLTOP_CO_TRY(stream->wire, co_await open_tcp(std::move(to), deadline));
  }
  if (model->shape == Shape::telnet) stream->telnet = std::make_unique<telnet::Telnet>(policy());
  co_return SessionPtr(std::make_shared<StreamSession>(std::move(stream)));
}

}  // namespace hilltop::drivers::unit
