// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/suite_reader.hpp"

#include <algorithm>
#include <cctype>

#include "jobs/action/monitor_result.hpp"

namespace hilltop::jobs::testshell {
namespace {

constexpr std::size_t window_bytes = 64 * 1024;  // DESIGN.md 3
using Kind = ShellEvent::Kind;

/// Where a kernel message begins in a line: at its time stamp, "[   12.345678]". npos: there is none.
std::size_t kernel_message_in(std::string_view line) {
  const auto digit = [&](std::size_t i) {
    return i < line.size() && std::isdigit(static_cast<unsigned char>(line[i]));
  };
  for (auto at = line.find('['); at != std::string_view::npos; at = line.find('[', at + 1)) {
    auto i = at + 1;
    while (i < line.size() && line[i] == ' ') ++i;
    const auto seconds = i;
    while (digit(i)) ++i;
    if (i == seconds || i >= line.size() || line[i] != '.') continue;
    const auto fraction = ++i;
    while (digit(i)) ++i;
    if (i - fraction == 6 && i < line.size() && line[i] == ']') return at;
  }
  return std::string_view::npos;
}

/// The id as the output has it; a space in it would end it everywhere else.
std::string id_of(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return std::isspace(c) != 0; }, '_');
  return text;
}

}  // namespace

Result<OutputPattern> output_pattern(const TestScript& script) {
  HILLTOP_TRY(auto set, boards::PatternSet::compile({"(?m)" + script.parse_pattern}));
  OutputPattern out{std::move(set), script.fixupdict};
  // Source: LAVA 3.1, the default fixups.
  for (const auto& [word, result] : {std::pair{"PASS", CaseResult::pass}, std::pair{"FAIL", CaseResult::fail},
                                     std::pair{"SKIP", CaseResult::skip}, std::pair{"UNKNOWN", CaseResult::unknown}})
    out.fixupdict.emplace(word, result);
  return out;
}

SuiteReader::SuiteReader(std::map<std::string, OutputPattern> patterns, std::uint64_t offset)
    : patterns_(std::move(patterns)), scanner_([this](const Signal& signal) { take_signal(signal); }) {
  scanner_.start_at(offset);
  lines_.restart_at(offset);
}

Result<std::vector<ShellEvent>> SuiteReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find_first_of("\r\n");
    const auto piece = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
    scanner_.feed(piece);
    lines_.feed(piece, [this](std::string_view line, std::uint64_t offset) { take_line(line, offset); });
    bytes.remove_prefix(piece.size());
  }
  if (!failed_) return failed_.error();
  return std::exchange(events_, {});
}

Result<std::vector<ShellEvent>> SuiteReader::finish() {
  scanner_.finish();
  search();
  if (!failed_) return failed_.error();
  return std::exchange(events_, {});
}

void SuiteReader::take_signal(const Signal& signal) {
  auto event = interpret(signal);
  if (event.kind == Kind::run_ended || event.kind == Kind::test_ran) {
    search();
    current_ = nullptr;
  }
  if (event.kind == Kind::run_started) {
    const auto found = patterns_.find(event.id);
    current_ = found == patterns_.end() ? nullptr : &found->second;
    text_.clear();
    searched_.clear();
    places_.clear();
    torn_.clear();
  }
  events_.push_back(std::move(event));
}

void SuiteReader::take_line(std::string_view line, std::uint64_t offset) {
  if (current_ == nullptr || line.starts_with("+") || line.contains("<LAVA_")) return;
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (mend(line, offset)) return;
  places_.emplace_back(text_.size(), offset);
  text_ += line;
  text_ += '\n';
  search();
  if (text_.size() <= 2 * window_bytes) return;
  const auto drop = text_.size() - window_bytes;
  text_.erase(0, drop);
  searched_.clear();
  std::erase_if(places_, [&](const auto& place) { return place.first < drop; });
  for (auto& place : places_) place.first -= drop;
}

/// A line into which the kernel wrote a message goes on in the line after it. Whether a result was found across the
/// place, which is in neither line alone.
bool SuiteReader::mend(std::string_view line, std::uint64_t offset) {
  const auto message = kernel_message_in(line);
  if (!torn_.empty() && message == 0) return false;  // the kernel says more
  const auto head = std::exchange(torn_, {});
  const auto head_at = torn_at_;
  if (message != std::string_view::npos && message > 0) {
    torn_ = head + std::string(line.substr(0, message));  // torn once more
    torn_at_ = head.empty() ? offset : head_at;
  }
  if (head.empty()) return false;
  const auto whole = head + std::string(line.substr(0, message)) + "\n";
  auto hit = current_->pattern.search(whole);
  if (!hit) failed_ = std::move(hit).error();
  if (!hit || !*hit || (*hit)->begin >= head.size() || (*hit)->end <= head.size()) return false;
  add_match((*hit)->groups, std::string_view(whole).substr((*hit)->begin, (*hit)->end - (*hit)->begin), head_at);
  return true;
}

void SuiteReader::search() {
  while (current_ != nullptr && !text_.empty() && failed_) {
    auto hit = current_->pattern.search(text_, searched_);
    if (!hit) {
      failed_ = std::move(hit).error();
      return;
    }
    if (!*hit || (*hit)->end == 0) return;
    const auto begin = (*hit)->begin, end = (*hit)->end;
    std::uint64_t at = 0;
    for (const auto& [from, offset] : places_)
      if (from <= begin) at = offset;
    add_match((*hit)->groups, std::string_view(text_).substr(begin, end - begin), at);
    text_.erase(0, end);
    searched_.clear();
    std::erase_if(places_, [&](const auto& place) { return place.first < end; });
    for (auto& place : places_) place.first -= end;
    if (!text_.empty() && (places_.empty() || places_.front().first > 0)) places_.insert(places_.begin(), {0, at});
  }
}

void SuiteReader::add_match(const std::map<std::string, std::string>& groups, std::string_view text, std::uint64_t at) {
  Monitor monitor;
  monitor.fixupdict = current_->fixupdict;
  ShellEvent event{.kind = Kind::case_reported};
  auto read = read_monitor_result(monitor, groups);
  if (read) {
    event.id = id_of(groups.at("test_case_id"));
    event.result = read->result;
    event.measurement = read->measurement;
    event.units = read->units;
  } else {
    event.kind = Kind::malformed;
    event.text = std::string(text) + ": " + read.error().text;
  }
  event.begin = at;
  event.end = at + 1;
  events_.push_back(std::move(event));
}

}  // namespace hilltop::jobs::testshell
