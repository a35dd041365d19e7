// SPDX-License-Identifier: Apache-2.0
#include "web/cli/job_watch.hpp"

#include <algorithm>
#include <csignal>

#include "web/cli/event_feed.hpp"
#include "web/cli/job_text.hpp"
#include "web/cli/progress.hpp"
#include "web/cli/signals.hpp"

namespace hilltop::cli {
namespace {

/// Events tell of every change; a look at all jobs this often finds what a defect may have hidden.
constexpr auto look_anyway = std::chrono::seconds(15);

class Watch {
 public:
  Watch(Context& context, Api& api, std::vector<std::string> ids, std::chrono::seconds patience)
      : context_(context),
        api_(api),
        ids_(std::move(ids)),
        dirty_(ids_.size(), true),
        jobs_(ids_.size()),
        feed_(context, api, signals_.fd(), patience),
        progress_(context) {}

  Result<Watched> run() {
    while (true) {
      HILLTOP_TRY(const auto woken, feed_.wait(next_wake()));
      if (woken == EventFeed::Wake::signal) {
        progress_.clear();
        (void)signals_.take();
        return Watched{std::move(jobs_), true};
      }
      if (woken == EventFeed::Wake::look_again || looks_.passed()) mark_all();
      for (const auto& event : feed_.events()) mark(event);
      HILLTOP_CHECK(look());
      progress_.show(jobs_);
      if (std::all_of(jobs_.begin(), jobs_.end(), is_finished)) break;
    }
    progress_.clear();
    return Watched{std::move(jobs_), false};
  }

 private:
  [[nodiscard]] Deadline next_wake() const {
    // A terminal shows seconds passing.
    return context_.screen.err_is_terminal && !context_.globals.quiet ? looks_.at_most(std::chrono::milliseconds(500))
                                                                      : looks_;
  }

  void mark_all() {
    std::fill(dirty_.begin(), dirty_.end(), true);
    looks_ = Deadline::after(look_anyway);
  }

  void mark(const Json& event) {
    if (!text_at(event, "kind").starts_with("job")) return;
    const auto found = std::find(ids_.begin(), ids_.end(), text_at(event, "subject"));
    if (found != ids_.end()) dirty_[static_cast<std::size_t>(found - ids_.begin())] = true;
  }

  /// Fetches what may have changed.
  Result<> look() {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (!dirty_[i] || is_finished(jobs_[i])) continue;
      auto job = api_.get("/jobs/" + escaped(ids_[i]), Deadline::after(10s));
      if (!job && is_unreachable(job.error())) {
        feed_.lost(job.error());
        return ok();  // the feed gets back to it, or gives up
      }
      if (!job) return std::move(job).error().within("job " + ids_[i]);
      jobs_[i] = *std::move(job);
      dirty_[i] = false;
      if (follow_repetition(i)) --i;
    }
    return ok();
  }

  /// True when job i was repeated under another number: that one is followed now.
  bool follow_repetition(std::size_t i) {
    const auto next = text_at(jobs_[i], "rerun_as");
    if (!is_finished(jobs_[i]) || next.empty() || next == ids_[i]) return false;
    context_.note("job " + ids_[i] + " is repeated as job " + next + ": " + printable(text_at(jobs_[i], "reason")));
    ids_[i] = next;
    jobs_[i] = Json();
    dirty_[i] = true;
    return true;
  }

  Context& context_;
  Api& api_;
  std::vector<std::string> ids_;
  std::vector<bool> dirty_;
  std::vector<Json> jobs_;
  SignalInput signals_{SIGINT, SIGTERM, SIGHUP};
  EventFeed feed_;
  Progress progress_;
  Deadline looks_ = Deadline::after(look_anyway);
};

}  // namespace

Result<Watched> watch_jobs(Context& context, Api& api, std::vector<std::string> ids, std::chrono::seconds patience) {
  if (ids.empty()) return Watched{};
  return Watch(context, api, std::move(ids), patience).run();
}

}  // namespace hilltop::cli
