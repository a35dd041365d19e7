// SPDX-License-Identifier: Apache-2.0
#include "web/cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "web/cli/job_text.hpp"

namespace hilltop::cli {
namespace {

/// Which jobs are shown first where not all fit.
int rank(const Json& job) {
  const auto state = text_at(job, "state");
  if (state == "running" || state == "canceling") return 0;
  return state == "finished" ? 2 : 1;
}

std::vector<Json> chosen(const std::vector<Json>& jobs, std::size_t count) {
  if (jobs.size() <= count) return jobs;
  std::vector<std::size_t> order(jobs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&jobs](auto a, auto b) { return std::pair(rank(jobs[a]), a) < std::pair(rank(jobs[b]), b); });
  order.resize(count);
  std::sort(order.begin(), order.end());  // shown in the order of submission
  std::vector<Json> some;
  for (const auto i : order) some.push_back(jobs[i]);
  return some;
}

std::vector<Cell> row_of(const Json& job) {
  const bool finished = is_finished(job);
  const auto state = finished ? text_at(job, "verdict") : text_at(job, "state");
  return {text_at(job, "id"),
          text_at(job, "name"),
          text_at(job, "board"),
          Cell(state, finished ? style_of_verdict(state) : Style::plain),
          finished ? text_at(job, "reason") : doing(job),
          short_seconds(elapsed_seconds(job))};
}

}  // namespace

std::string progress_table(const std::vector<Json>& jobs, std::size_t rows, std::size_t width, bool color) {
  Table table({{"JOB", true, 3, true},
               {"NAME", false, 8},
               {"BOARD", false, 6},
               {"STATE", false, 6, true},
               {"DOING", false, 8},
               {"TIME", true, 6, true}});
  const bool all_fit = jobs.size() + 1 <= rows;
  const auto shown = chosen(jobs, all_fit ? jobs.size() : std::max<std::size_t>(rows, 3) - 2);
  for (const auto& job : shown) table.add(row_of(job));
  auto text = table.to_text(width, color);
  if (!all_fit) {
    const auto done = static_cast<std::size_t>(std::count_if(jobs.begin(), jobs.end(), is_finished));
    const auto line = fmt::format("... {} jobs in all, {} finished", jobs.size(), done);
    text += cut_to(line, width) + "\n";
  }
  return text;
}

Progress::Progress(Context& context) : context_(context), live_(context.screen.err_is_terminal) {
  context_.before_note = [this] { clear(); };
}

Progress::~Progress() {
  context_.before_note = nullptr;
  context_.err.flush();
}

void Progress::show(const std::vector<Json>& jobs) {
  if (context_.globals.quiet) return;
  if (live_)
    draw(jobs);
  else
    say(jobs);
}

void Progress::clear() {
  if (drawn_ == 0) return;
  // Source: ECMA-48: CPL (cursor to the beginning of a line above), ED (erase to the end of the screen).
  context_.err << "\033[" << drawn_ << "F\033[J" << std::flush;
  drawn_ = 0;
}

void Progress::draw(const std::vector<Json>& jobs) {
  const auto rows = std::max<std::size_t>(terminal_height(STDERR_FILENO, 24), 4) - 1;
  const auto width = terminal_width(STDERR_FILENO, 80);
  const auto text = progress_table(jobs, rows, width, context_.screen.err_color);
  // One write: no flicker. Each line is drawn over the one before it.
  std::string frame = drawn_ > 0 ? fmt::format("\033[{}F", drawn_) : "";
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin);
    frame += text.substr(begin, end - begin) + "\033[K\n";
    begin = end + 1;
  }
  frame += "\033[J";
  context_.err << frame << std::flush;
  drawn_ = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

void Progress::say(const std::vector<Json>& jobs) {
  for (const auto& job : jobs) {
    const auto id = text_at(job, "id");
    std::string line;
    if (is_finished(job)) {
      line = verdict_line(job, context_.screen.err_color);
    } else {
      line = fmt::format("job {} ({})", id, printable(text_at(job, "name")));
      if (const auto board = text_at(job, "board"); !board.empty()) line += " on " + printable(board);
      line += ": " + text_at(job, "state");
      if (const auto now = doing(job); !now.empty()) line += ": " + printable(now);
    }
    auto& before = said_[id];
    if (before == line) continue;
    before = line;
    context_.err << line << '\n';
  }
  context_.err.flush();
}

}  // namespace hilltop::cli
