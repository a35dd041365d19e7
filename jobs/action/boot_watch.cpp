// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/boot_watch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace hilltop::jobs {
namespace {

constexpr std::size_t window_kept = 4096;  // bytes in which a stage's first words may still be unfinished
constexpr auto look_every = 250ms;         // for trouble, while waiting for the board
constexpr auto report_grace = 1500ms;      // for the rest of a crash report

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

std::string in_seconds(std::chrono::nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", seconds(time));
  return text;
}

std::string told(const ConsoleLog::Notable& seen) {
  const auto line = seen.log_line == 0 ? std::string() : " (log line " + std::to_string(seen.log_line) + ")";
  return seen.rule->summary + ": " + seen.text + line;
}

}  // namespace

BootWatch::BootWatch(std::shared_ptr<JobRun> run, bool ignore_faults)
    : run_(std::move(run)),
      ignore_faults_(ignore_faults),
      started_(utc_now()),
      last_byte_(started_),
      seen_to_(run_->booted_at),
      moved_on_(std::chrono::steady_clock::now()) {}

BootWatch::~BootWatch() {
  if (run_->console_log) run_->console_log->on_bytes({});
}

Result<std::shared_ptr<BootWatch>> BootWatch::begin(std::shared_ptr<JobRun> run, bool ignore_faults, bool in_kernel) {
  const auto& stages = run->input.board->type().boot_stages;
  const std::shared_ptr<BootWatch> self(new BootWatch(run, ignore_faults));
  for (std::size_t first = 0; first < stages.size(); ++first) {
    std::vector<std::string> patterns;
    for (auto i = first; i < stages.size(); ++i) patterns.push_back(stages[i].begins);
    HILLTOP_TRY(auto compiled, boards::PatternSet::compile(std::move(patterns)));
    self->from_.push_back(std::move(compiled));
  }
  const auto kernel = std::ranges::find(stages, "kernel", &boards::BootStage::name);
  self->kernel_ =
      static_cast<std::size_t>(kernel - stages.begin()) - (kernel == stages.end() && !stages.empty() ? 1 : 0);
  if (in_kernel) self->next_ = static_cast<std::size_t>(kernel - stages.begin()) + (kernel == stages.end() ? 0 : 1);
  run->console_log->on_bytes([watch = self.get()](std::string_view bytes, std::uint64_t offset, UtcTime time) {
    watch->take(bytes, offset, time);
  });
  return self;
}

void BootWatch::take(std::string_view bytes, std::uint64_t offset, UtcTime time) {
  const auto end = offset + bytes.size();
  if (end <= run_->booted_at) return;
  if (offset < run_->booted_at) bytes.remove_prefix(run_->booted_at - offset);
  seen_to_ = end;
  last_byte_ = time;
  window_ += bytes;
  while (next_ < from_.size()) {
    const auto hit = from_[next_].search(window_);
    if (!hit || !*hit) break;
    const auto stage = next_ + (*hit)->pattern;
    if (stage >= kernel_ && kernel_at_ == UINT64_MAX) kernel_at_ = end - window_.size() + (*hit)->begin;
    window_.erase(0, (*hit)->end);
    note_stage(stage, time);
  }
  if (window_.size() > window_kept) window_.erase(0, window_.size() - window_kept);
}

void BootWatch::note_stage(std::size_t stage, UtcTime time) {
  const auto& stages = run_->input.board->type().boot_stages;
  run_->log(LogLevel::info,
            "boot stage " + stages[stage].name + " begins, " + in_seconds(time - started_) + " after the start");
  begun_.push_back({stage, time});
  next_ = stage + 1;
  moved_on_ = std::chrono::steady_clock::now();
}

std::optional<Fact> BootWatch::late_stage() const {
  const auto& stages = run_->input.board->type().boot_stages;
  if (next_ >= stages.size() || stages[next_].timeout.count() == 0) return {};
  if (std::chrono::steady_clock::now() - moved_on_ < stages[next_].timeout) return {};
  const auto since =
      begun_.empty() ? std::string("the start") : "the beginning of stage " + stages[begun_.back().stage].name;
  const auto text = "boot stage " + stages[next_].name + " did not begin within " + in_seconds(stages[next_].timeout) +
                    " of " + since;
  if (seen_to_ <= run_->booted_at) return Fact{Finding::board_silent, text + ": the board was silent"};
  return Fact{Finding::not_reached, text};
}

std::optional<Fact> BootWatch::fault() const {
  if (ignore_faults_) return {};
  const auto& stages = run_->input.board->type().boot_stages;
  const auto where = begun_.empty() ? std::string("while booting: ")
                                    : "while booting, in stage " + stages[begun_.back().stage].name + ": ";
  const auto& log = *run_->console_log;
  const auto faults = log.faults(run_->booted_at, UINT64_MAX);
  if (!faults.empty()) return Fact{Finding::fault_seen, where + told(faults.front())};
  if (kernel_at_ == UINT64_MAX) return {};
  for (const auto& banner : log.boots(kernel_at_, UINT64_MAX)) {
    const auto before = log.boots(run_->booted_at, banner.offset);
    if (std::ranges::any_of(before, [&](const auto& other) { return other.rule == banner.rule; }))
      return Fact{Finding::unexpected_reset, "the board was reset " + where + told(banner)};
  }
  return {};
}

std::optional<Fact> BootWatch::trouble() const {
  if (auto found = fault()) return found;
  return late_stage();
}

std::vector<std::string> BootWatch::patterns_from(std::string_view name) const {
  const auto& stages = run_->input.board->type().boot_stages;
  std::vector<std::string> out;
  for (auto at = std::ranges::find(stages, name, &boards::BootStage::name); at != stages.end(); ++at)
    out.push_back(at->begins);
  return out;
}

void BootWatch::report() const {
  const auto& stages = run_->input.board->type().boot_stages;
  const auto measured = [&](std::string name, std::chrono::nanoseconds time) {
    TestCase one;
    one.suite = "lava", one.name = std::move(name), one.result = CaseResult::pass;
    one.measurement = std::round(seconds(time) * 1000) / 1000;
    one.units = "seconds";
    run_->report(std::move(one));
  };
  for (std::size_t i = 0; i < begun_.size(); ++i) {
    const auto until = i + 1 < begun_.size() ? begun_[i + 1].at : last_byte_;
    measured("boot-stage-" + stages[begun_[i].stage].name, until - begun_[i].at);
  }
  measured("boot-time", last_byte_ - started_);
}

Task<> BootWatch::finish(std::shared_ptr<BootWatch> self) {
  auto run = self->run_;
  auto read = co_await ConsoleLog::settle(run->console_log, run->cursor);
  if (!read) {
    if (read.error().code == Errc::canceled) co_return read;
    co_return run->fail(Finding::defect, "the console's log did not catch up with the boot");
  }
  if (auto fact = self->fault()) co_return run->fail(fact->finding, fact->text);
  self->report();
  co_return ok();
}

Task<DialogMatch> expect_booting(std::shared_ptr<JobRun> run, std::shared_ptr<BootWatch> watch,
                                 std::shared_ptr<Dialog> dialog, Awaited awaited, Deadline deadline) {
  if (!watch) co_return co_await dialog->expect(std::move(awaited), deadline);
  while (true) {
    auto match = co_await dialog->expect(awaited, deadline.at_most(look_every));
    if (match || match.error().code != Errc::timeout) co_return match;
    if (auto fact = watch->trouble()) {
      // The rest of a crash report belongs to the log.
      HILLTOP_CO_CHECK(co_await sleep_for(report_grace));
      co_return run->fail(fact->finding, fact->text);
    }
    if (deadline.passed()) co_return match;
  }
}

}  // namespace hilltop::jobs
