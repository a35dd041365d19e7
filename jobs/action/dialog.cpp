// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/dialog.hpp"

#include <algorithm>

namespace hilltop::jobs {
namespace {

constexpr std::size_t window_bytes = 64 * 1024;  // DESIGN.md 3
constexpr auto echo_grace = 300ms;  // how long a hit on what may be a beginning echo waits for the rest of it
using State = EchoSpan::State;

using Hit = std::optional<boards::PatternSet::Hit>;

/// The first hit in [from, to) of `text`; positions are those of `text`.
Result<Hit> search_in(const boards::PatternSet& set, std::string_view text, std::size_t from, std::size_t to) {
  if (set.size() == 0 || from > to) return Hit();
  HILLTOP_TRY(auto hit, set.search(text.substr(from, to - from)));
  if (hit) hit->begin += from, hit->end += from;
  return hit;
}

}  // namespace

Dialog::Dialog(std::shared_ptr<JobRun> run)
    : run_(std::move(run)), position_(run_->cursor), heard_from_(run_->cursor) {}

Task<> Dialog::type(std::string text, bool secret, Deadline deadline) {
  const auto& type = run_->input.board->type();
  run_->log(LogLevel::input, secret ? std::string(Masker::mask) : text);
  typed_ = text;
  typed_at_ = heard_from_ = run_->console->end();
  secret_ = secret;
  if (secret && run_->console_log) run_->console_log->secret_typed(text, typed_at_);
  co_return (co_await run_->console->write(text + type.newline, type.typing, deadline)).within("typing");
}

EchoSpan Dialog::echo_span() const {
  if (typed_.empty()) return {};
  const auto from = std::min<std::size_t>(typed_at_ > position_ ? typed_at_ - position_ : 0, buffer_.size());
  auto span = find_echo(typed_, std::string_view(buffer_).substr(from));
  span.begin += from, span.end += from;
  return span;
}

std::string Dialog::echo() const {
  const auto span = echo_span();
  return span.state == State::none ? std::string() : buffer_.substr(span.begin, span.end - span.begin);
}

std::string Dialog::tail(std::size_t max) const {
  auto text = buffer_;
  if (const auto span = echo_span(); secret_ && span.state == State::complete)
    text.replace(span.begin, span.end - span.begin, Masker::mask);
  return clean_for_display(std::string_view(text).substr(text.size() - std::min(max, text.size())));
}

Result<std::optional<DialogMatch>> Dialog::look(const Awaited& awaited, bool quiet) {
  auto echo = echo_span();
  if (quiet && echo.state == State::maybe) echo = {};
  const bool has_echo = echo.state != State::none;
  const auto typed_from =
      std::min<std::size_t>(!typed_.empty() && typed_at_ > position_ ? typed_at_ - position_ : 0, buffer_.size());

  HILLTOP_TRY(auto other, search_in(awaited.others, buffer_, 0, has_echo ? echo.begin : buffer_.size()));
  if (!other && has_echo) {
    HILLTOP_TRY(other, search_in(awaited.others, buffer_, echo.end, buffer_.size()));
  }
  HILLTOP_TRY(auto prompt, search_in(awaited.prompts, buffer_, has_echo ? echo.end : typed_from, buffer_.size()));
  const bool is_prompt = prompt && (!other || prompt->begin <= other->begin);
  auto& hit = is_prompt ? prompt : other;
  if (!hit) return std::optional<DialogMatch>();
  DialogMatch match{is_prompt,
                    hit->pattern,
                    position_ + hit->begin,
                    position_ + hit->end,
                    buffer_.substr(hit->begin, hit->end - hit->begin),
                    std::move(hit->groups),
                    this->echo()};
  return std::optional(std::move(match));
}

void Dialog::consume(std::uint64_t end) {
  if (end > typed_at_) typed_.clear();  // the answer has come: an echo that was not seen by now is none
  buffer_.erase(0, end - position_);
  position_ = run_->cursor = end;
}

/// Value: whether bytes came (false: the deadline did).
Task<bool> Dialog::read_more(Deadline deadline) {
  auto chunk = co_await run_->console->read(position_ + buffer_.size(), window_bytes, deadline);
  if (!chunk) {
    if (chunk.error().code == Errc::timeout) co_return false;
    co_return std::move(chunk).error();
  }
  if (chunk->lost > 0) {
    const auto from = chunk->offset - std::min<std::uint64_t>(chunk->lost, window_bytes);
    auto missed = co_await run_->console->fetch(from, chunk->offset, deadline);
    if (!missed) co_return std::move(missed).error();
    buffer_ = *std::move(missed);
    position_ = chunk->offset - buffer_.size();
  }
  buffer_ += chunk->bytes;
  if (buffer_.size() > 2 * window_bytes) {
    const auto drop = buffer_.size() - window_bytes;
    position_ += drop;
    buffer_.erase(0, drop);
  }
  co_return true;
}

Task<DialogMatch> Dialog::expect(Awaited awaited, Deadline deadline) {
  bool quiet = false;
  while (true) {
    HILLTOP_CO_TRY(auto match, look(awaited, quiet));
    if (match) {
      consume(match->end);
      co_return *std::move(match);
    }
    const bool in_doubt = !quiet && echo_span().state == State::maybe;
    HILLTOP_CO_TRY(const bool more, co_await read_more(in_doubt ? deadline.at_most(echo_grace) : deadline));
    if (!more && !in_doubt) co_return Error(Errc::timeout, Blame::dut, "the board did not say what was waited for");
    quiet = !more;
  }
}

}  // namespace hilltop::jobs
