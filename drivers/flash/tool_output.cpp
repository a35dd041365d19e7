// SPDX-License-Identifier: Apache-2.0
#include "drivers/flash/tool_output.hpp"

#include <algorithm>
#include <charconv>

namespace hilltop::drivers {
namespace {

constexpr std::size_t longest_line = 4096;
constexpr std::size_t most_kept = 600;  // of the last lines, for messages

double number(const std::ssub_match& match) {
  double out = 0;
  const auto text = match.str();
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// How much of an image a line says is written; nothing when it says nothing of that.
std::optional<double> part_in(const ToolSpec& spec, const std::string& line) {
  std::smatch match;
  if (spec.progress && std::regex_search(line, match, spec.progress->expression)) {
    const bool two = match.size() > 2 && match[2].matched;
    const double all = two ? number(match[2]) : 100;
    return all > 0 ? std::clamp(number(match[1]) / all, 0.0, 1.0) : 0;
  }
  if (spec.bar && std::regex_search(line, match, spec.bar->expression))
    return std::min(1.0, static_cast<double>(match[1].length()) / spec.bar_width);
  return std::nullopt;
}

}  // namespace

void ToolOutputWatch::look_at_progress(std::optional<double>& out) {
  const auto part = part_in(spec_, line_);
  if (!part) return;
  // It begins anew: the next image.
  if (!spec_.success_each_image && *part < part_ && part_ > 0.99 && finished_ + 1 < images_) ++finished_;
  part_ = *part;
  const double all = (static_cast<double>(finished_) + part_) / static_cast<double>(std::max<std::size_t>(images_, 1));
  if (all <= told_) return;
  told_ = all;
  out = all;
}

void ToolOutputWatch::take_line() {
  if (line_.empty()) return;
  if (spec_.success && spec_.success->matches(line_)) {
    ++successes_;
    if (spec_.success_each_image) finished_ = std::min(successes_, images_ - 1);
  }
  for (const auto& fault : spec_.faults) {
    if (fault_ != nullptr || !fault.pattern.matches(line_)) continue;
    fault_ = &fault;
    fault_line_ = line_;
  }
  if (!last_lines_.empty()) last_lines_ += " | ";
  last_lines_ += line_;
  if (last_lines_.size() > most_kept) last_lines_.erase(0, last_lines_.size() - most_kept);
  line_.clear();
}

std::optional<double> ToolOutputWatch::feed(std::string_view piece) {
  std::optional<double> out;
  for (const char c : piece) {
    if (c == '\n' || c == '\r') {
      look_at_progress(out);
      take_line();
    } else if (line_.size() < longest_line) {
      line_ += c;
    }
  }
  look_at_progress(out);
  return out;
}

Result<> ToolOutputWatch::judge(int status) {
  take_line();
  const auto wanted = spec_.success_each_image ? images_ : 1;
  if (status == 0 && successes_ >= wanted) return ok();
  const auto& program = spec_.programs.front();
  if (fault_ != nullptr) {
    const auto text = fault_->text.empty() ? fault_line_ : fault_->text + ": " + fault_line_;
    return Error(fault_->code, fault_->blame, program + ": " + text);
  }
  std::string text = program;
  if (status == 0) text += " ended without saying that it succeeded ('" + spec_.success->text + "')";
  if (status > 128) text += " was ended by signal " + std::to_string(status - 128);
  if (status > 0 && status <= 128) text += " ended with status " + std::to_string(status);
  if (!last_lines_.empty()) text += ": " + last_lines_;
  return Error(Errc::unavailable, Blame::infrastructure, std::move(text));
}

}  // namespace hilltop::drivers
