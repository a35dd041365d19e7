// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/console_log.hpp"

#include <algorithm>
#include <cctype>

namespace hilltop::jobs {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::size_t longest_line = 64 * 1024;  // DESIGN.md 3
constexpr std::uint64_t refill_bytes = 256 * 1024;
constexpr auto refill_patience = 10s;
constexpr std::size_t shown_kept = 20'000;    // log lines whose offsets are remembered
constexpr std::size_t notable_kept = 10'000;  // a board that faults in a loop must not eat the worker's memory
constexpr auto line_end_grace = 100ms;        // how long a result waits for the rest of its line
constexpr auto settle_patience = 5s;          // for the log to catch up with a flood
constexpr int lines_with_echo = 8;            // after something was typed: kernel messages may come before its echo
constexpr auto record_patience = 100ms;       // for the rest of what has begun as a record
constexpr auto down_pause = 20ms;             // between two looks at a console whose board has no power

/// The length of the escape sequence at the start of `text`. Source: ECMA-48 5.4 (CSI), 5.6 (OSC).
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  if (text[1] == '[') {
    std::size_t i = 2;
    while (i < text.size() && (text[i] < 0x40 || text[i] > 0x7e)) ++i;
    return std::min(i + 1, text.size());
  }
  if (text[1] == ']') {
    const auto end = text.find_first_of("\a\x1b", 2);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  return 2;
}

/// The length of the UTF-8 sequence at the start of `text`, 0 when it is none. Source: RFC 3629 section 4.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  const std::size_t n = lead < 0x80                     ? 1
                        : (lead >= 0xc2 && lead < 0xe0) ? 2
                        : (lead >= 0xe0 && lead < 0xf0) ? 3
                        : (lead >= 0xf0 && lead < 0xf5) ? 4
                                                        : 0;
  if (n == 0 || n > text.size()) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf0 && byte(1) < 0x90) ||
      (lead == 0xf4 && byte(1) > 0x8f))
    return 0;
  return n;
}

bool says_boot(const boards::Rule& rule) {
  return rule.severity != boards::Severity::fault && rule.id.ends_with("-boot");
}

/// Whether a line has words enough to be told from a ruler or a prompt.
bool says_something(std::string_view line) {
  constexpr std::ptrdiff_t enough = 8;
  return std::ranges::count_if(line, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }) >= enough;
}

template <class T>
std::vector<T> within(const std::vector<T>& all, std::uint64_t from, std::uint64_t to) {
  std::vector<T> out;
  for (const auto& item : all)
    if (item.offset >= from && item.offset < to) out.push_back(item);
  return out;
}

}  // namespace

std::string clean_for_display(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (std::size_t i = 0; i < line.size();) {
    const auto c = static_cast<unsigned char>(line[i]);
    if (c == 0x1b) {
      i += escape_length(line.substr(i));
    } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
      if (c != '\r' && c != '\a' && c != 0) out += "\xef\xbf\xbd";
      ++i;
    } else if (const auto n = utf8_length(line.substr(i)); n > 0) {
      out += line.substr(i, n);
      i += n;
    } else {
      out += "\xef\xbf\xbd";  // U+FFFD
      ++i;
    }
  }
  return out;
}

ConsoleLog::ConsoleLog(asio::any_io_executor executor, std::shared_ptr<boards::Console> console, boards::RuleSet rules,
                       ResultSink* sink, std::shared_ptr<const Masker> masker)
    : console_(std::move(console)),
      rules_(std::move(rules)),
      sink_(sink),
      masker_(std::move(masker)),
      progress_(std::move(executor)),
      position_(console_->end()),
      line_begin_(position_) {
  splitter_ = boards::LineSplitter(longest_line);
  splitter_.restart_at(position_);
}

/// Takes the pieces of one call: text into the splitter, what a decoder took as lines of their own.
class ConsoleLog::Pieces final : public boards::demux::PieceSink {
 public:
  Pieces(ConsoleLog& log, UtcTime time) : log_(log), time_(time) {}

  void on_piece(const boards::demux::Piece& piece) override {
    using Kind = boards::demux::Piece::Kind;
    if (piece.kind == Kind::gap) return log_.splitter_.restart_at(piece.end);
    if (piece.kind != Kind::text) return;
    if (piece.channel != boards::demux::text_channel) return lines(piece);
    log_.splitter_.jump_to(piece.at);
    log_.splitter_.feed(piece.bytes, [&](std::string_view one, std::uint64_t at) { log_.line(one, at, time_); });
  }

 private:
  void lines(const boards::demux::Piece& piece) {
    for (auto rest = piece.bytes; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      log_.line(rest.substr(0, end), piece.at, time_);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  ConsoleLog& log_;
  UtcTime time_;
};

void ConsoleLog::take_apart(boards::demux::Demux demux) {
  let_go(utc_now());
  demux_ = std::make_unique<boards::demux::Demux>(std::move(demux));
}

/// Nothing came for a while: what may have been the beginning of a record is text.
void ConsoleLog::let_go(UtcTime time) {
  if (!demux_) return;
  Pieces pieces(*this, time);
  demux_->idle(pieces);
  progress_.notify();
}

Task<> ConsoleLog::follow(std::shared_ptr<ConsoleLog> self) {
  while (true) {
    const auto patience = self->demux_ ? Deadline::after(record_patience) : Deadline::never();
    auto chunk = co_await self->console_->read(self->position_, read_bytes, patience);
    if (!chunk && chunk.error().code == Errc::timeout) {
      self->let_go(utc_now());
      continue;
    }
    if (chunk) {
      if (chunk->lost > 0) HILLTOP_CO_CHECK(co_await refill(self, chunk->offset));
      self->take(chunk->bytes, chunk->offset, chunk->time);
      continue;
    }
    if (chunk.error().code == Errc::canceled) co_return ok();
    HILLTOP_CO_CHECK(co_await sleep_for(down_pause));  // without power: it may come back
  }
}

/// The log fell behind the console's window: what it missed is in the transcript.
Task<> ConsoleLog::refill(std::shared_ptr<ConsoleLog> self, std::uint64_t to) {
  while (self->position_ < to) {
    const auto next = std::min(to, self->position_ + refill_bytes);
    auto bytes = co_await self->console_->fetch(self->position_, next, Deadline::after(refill_patience));
    if (bytes && !bytes->empty()) {
      self->take(*bytes, self->position_, utc_now());
      continue;
    }
    if (!bytes && bytes.error().code == Errc::canceled) co_return std::move(bytes).error();
    const auto missing = std::to_string(to - self->position_) + " bytes of the console are missing here";
    self->sink_->log({utc_now(), LogLevel::warning, missing, self->name_space_});
    self->splitter_.restart_at(to);
    self->position_ = to;
  }
  co_return ok();
}

void ConsoleLog::take(std::string_view bytes, std::uint64_t offset, UtcTime time) {
  if (demux_) {
    Pieces pieces(*this, time);
    demux_->feed(bytes, offset, pieces);
  } else {
    splitter_.feed(bytes, [&](std::string_view one, std::uint64_t at) { line(one, at, time); });
  }
  position_ = offset + bytes.size();
  line_begin_ = splitter_.rest().empty() ? position_ : splitter_.rest_begin();
  if (on_bytes_) on_bytes_(bytes, offset, time);
  progress_.notify();
}

void ConsoleLog::line(std::string_view text, std::uint64_t offset, UtcTime time) {
  const auto number =
      sink_->log({time, LogLevel::target, (*masker_)(display(without_echo(text, offset), offset)), name_space_});
  shown_.push_back({offset, number});
  if (shown_.size() > shown_kept) shown_.pop_front();
  if (judged_partial_ != offset + 1) judge(text, offset, number);
}

/// The line as the log shows it. A line that is too long comes in pieces: where a secret may go on in the next one, its
/// beginning is shown there.
std::string ConsoleLog::display(std::string_view text, std::uint64_t offset) {
  auto out = clean_for_display(text);
  if (!held_.empty() && offset == held_to_)
    out.insert(0, held_);
  else if (!held_.empty())
    sink_->log({utc_now(), LogLevel::target, held_, name_space_});
  held_.clear();
  if (text.size() < longest_line) return out;
  const auto kept = out.size() - masker_->begun_at_end(out);
  held_ = out.substr(kept);
  held_to_ = offset + text.size();
  out.resize(kept);
  return out;
}

void ConsoleLog::secret_typed(std::string secret, std::uint64_t offset) {
  typed_ = std::move(secret);
  typed_at_ = offset;
  lines_since_typed_ = 0;
}

std::string ConsoleLog::without_echo(std::string_view text, std::uint64_t offset) {
  std::string out(text);
  if (typed_.empty() || offset + text.size() <= typed_at_) return out;
  const bool typed_here = offset <= typed_at_;
  const auto begin = out.find_first_not_of(" \t\r", typed_here ? typed_at_ - offset : 0);
  const auto rest = begin == out.npos ? std::string_view() : std::string_view(out).substr(begin);
  const auto end = rest.find_last_not_of(" \t\r");
  const bool is_echo = typed_here ? rest.starts_with(typed_) : rest.substr(0, end + 1) == typed_;
  if (is_echo) out.replace(begin, typed_.size(), Masker::mask);
  if (!typed_here && ++lines_since_typed_ == lines_with_echo) typed_.clear();
  return out;
}

void ConsoleLog::started_at(std::uint64_t offset) {
  started_at_ = offset;
  first_line_.clear();
}

void ConsoleLog::judge(std::string_view text, std::uint64_t offset, std::uint64_t log_line) {
  if (offset >= started_at_ && first_line_.empty() && says_something(text))
    first_line_ = text;
  else if (!first_line_.empty() && text == first_line_ && repeats_.size() < notable_kept)
    repeats_.push_back({offset, log_line, nullptr, clean_for_display(text)});
  for (const auto* rule : rules_.find(text)) {
    auto& list = rule->severity == boards::Severity::fault ? faults_ : boots_;
    if (rule->severity != boards::Severity::fault && !says_boot(*rule)) continue;
    if (list.size() < notable_kept) list.push_back({offset, log_line, rule, clean_for_display(text)});
  }
  if (auto summary = parse_ztest_line(text); summary && summaries_.size() < notable_kept)
    summaries_.push_back({offset, offset + text.size(), *std::move(summary)});
}

Task<> ConsoleLog::catch_up(std::shared_ptr<ConsoleLog> self, std::uint64_t offset, Deadline deadline) {
  while (self->position_ < offset) HILLTOP_CO_CHECK(co_await self->progress_.wait(deadline));
  const auto grace = deadline.at_most(line_end_grace);
  while (self->line_begin_ < offset) {
    if (auto more = co_await self->progress_.wait(grace); more)
      continue;
    else if (more.error().code == Errc::canceled)
      co_return std::move(more).error();
    break;
  }
  co_return ok();
}

Task<> ConsoleLog::settle(std::shared_ptr<ConsoleLog> self, std::uint64_t offset) {
  for (int idle = 0;;) {
    const auto before = self->position_;
    auto read = co_await catch_up(self, offset, Deadline::after(settle_patience));
    if (read || read.error().code == Errc::canceled) co_return read;
    idle = self->position_ == before ? idle + 1 : 0;
    if (idle == 2) co_return read;
  }
}

void ConsoleLog::judge_rest() {
  if (splitter_.rest().empty() || judged_partial_ == line_begin_ + 1) return;
  judge(splitter_.rest(), line_begin_, 0);
  judged_partial_ = line_begin_ + 1;
}

std::uint64_t ConsoleLog::log_line_at(std::uint64_t offset) const {
  if (offset >= line_begin_) return 0;
  const auto next = std::ranges::upper_bound(shown_, offset, {}, &Shown::offset);
  return next == shown_.begin() ? 0 : std::prev(next)->log_line;
}

std::vector<ConsoleLog::Notable> ConsoleLog::faults(std::uint64_t from, std::uint64_t to) const {
  return within(faults_, from, to);
}
std::vector<ConsoleLog::Notable> ConsoleLog::boots(std::uint64_t from, std::uint64_t to) const {
  return within(boots_, from, to);
}
std::vector<ConsoleLog::Summary> ConsoleLog::summaries(std::uint64_t from, std::uint64_t to) const {
  return within(summaries_, from, to);
}

std::vector<ConsoleLog::Notable> ConsoleLog::repeats(std::uint64_t from, std::uint64_t to) const {
  return within(repeats_, from, to);
}

}  // namespace hilltop::jobs
