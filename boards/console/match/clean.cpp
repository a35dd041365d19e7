// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/clean.hpp"

#include <algorithm>

#include "boards/console/match/clean_state.hpp"

namespace hilltop::boards {
namespace {

using Writer = CleanBlock::Writer;

constexpr std::size_t step = Writer::reserved_bytes - 1;  // room is made for so many bytes at a time
constexpr std::size_t long_line = 512;                    // from here on an unfinished line is not copied to and fro
constexpr std::size_t large_rest = 4096;                  // memory of an unfinished line that is given back

/// Whether the vector loop may know what to do with what begins so: ASCII, or the first byte of a longer character.
bool may_be_ordinary(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 || (byte >= 0xC2 && byte <= 0xF4);
}

void clean(Writer& to, std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    auto part = bytes.substr(at, step);
    to.reserve(part.size() + 1);
    while (!part.empty()) {
      if (to.s.mode == CleanMode::text) part.remove_prefix(clean_ordinary(to, part));
      while (!part.empty()) {
        clean_byte(to, static_cast<unsigned char>(part.front()));
        part.remove_prefix(1);
        if (to.s.mode == CleanMode::text && (part.empty() || may_be_ordinary(part.front()))) break;
      }
    }
  }
}

void clean_scalar(Writer& to, std::string_view bytes) {
  for (const char c : bytes) {
    to.reserve(1);
    clean_byte(to, static_cast<unsigned char>(c));
  }
}

using Clean = void(Writer&, std::string_view);

// A long unfinished line grows where it is, up to its end: small chunks of it would cost its length each otherwise.
std::string_view finish_long_line(Cleaner::State& state, std::string_view bytes, CleanBlock& out, Clean* how) {
  const auto end = std::min(bytes.find_first_of("\r\n"), bytes.size() - 1) + 1;
  Writer to(state.rest, state);
  how(to, bytes.substr(0, end));
  for (std::size_t i = 0; i < state.rest.lines().size(); ++i) out.append(state.rest, i);
  to.close();
  return bytes.substr(end);
}

void feed_with(Cleaner::State& state, std::string_view bytes, CleanBlock& out, Clean* how) {
  while (!bytes.empty() && state.rest_size() > long_line) bytes = finish_long_line(state, bytes, out, how);
  if (bytes.empty()) return;
  if (Writer::capacity(state.rest) > large_rest && state.rest_size() == 0) state.rest = CleanBlock();
  Writer to(out, state);
  how(to, bytes);
  to.close();
}

void end_with(Cleaner::State& state, CleanBlock& out, std::uint64_t next) {
  Writer to(out, state);
  to.reserve(8);
  if (state.mode == CleanMode::utf8) to.replacement(state.utf8_raw, state.position);
  if (to.line_size() > 0) to.end_line(next);
  to.close();
  state.restart(next);
}

}  // namespace

Cleaner::Cleaner(std::uint64_t offset) : state_(std::make_unique<State>()) { state_->restart(offset); }
Cleaner::Cleaner(Cleaner&&) noexcept = default;
Cleaner& Cleaner::operator=(Cleaner&&) noexcept = default;
Cleaner::~Cleaner() = default;

void Cleaner::feed(std::string_view bytes, CleanBlock& out) { feed_with(*state_, bytes, out, clean); }
void Cleaner::end(CleanBlock& out, std::uint64_t next) { end_with(*state_, out, next); }
std::uint64_t Cleaner::position() const { return state_->position; }
std::uint64_t Cleaner::nuls() const { return state_->nuls; }
std::uint64_t Cleaner::line_begin() const { return state_->line_raw; }

void Cleaner::peek(CleanBlock& out) const {
  if (state_->rest_size() == 0) return;
  State after;  // of no use: the line goes on
  after.line_raw = state_->line_raw;
  Writer to(out, after, state_->rest);
  to.reserve(1);
  to.end_line(state_->position);
  to.close();
}

ScalarCleaner::ScalarCleaner(std::uint64_t offset) : state_(std::make_unique<Cleaner::State>()) {
  state_->restart(offset);
}
ScalarCleaner::ScalarCleaner(ScalarCleaner&&) noexcept = default;
ScalarCleaner& ScalarCleaner::operator=(ScalarCleaner&&) noexcept = default;
ScalarCleaner::~ScalarCleaner() = default;
void ScalarCleaner::feed(std::string_view bytes, CleanBlock& out) { feed_with(*state_, bytes, out, clean_scalar); }
std::uint64_t ScalarCleaner::nuls() const { return state_->nuls; }
void ScalarCleaner::end(CleanBlock& out, std::uint64_t next) { end_with(*state_, out, next); }

}  // namespace hilltop::boards
