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
/// A server that takes connections and then refuses each question is given up after so many.
constexpr unsigned most_failures = 50;

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

  Watched run() {
    auto interrupted = until_finished();
    progress_.clear();
    Watched out{std::move(ids_), std::move(jobs_)};
    if (interrupted)
      out.interrupted = *interrupted;
    else
      out.failure = std::move(interrupted).error();
    return out;
  }

 private:
  /// Value: whether a signal ended it.
  Result<bool> until_finished() {
    while (true) {
      HILLTOP_TRY(const auto woken, feed_.wait(next_wake()));
      if (woken == EventFeed::Wake::signal) {
        (void)signals_.take();
        return true;
      }
      if (woken == EventFeed::Wake::look_again || looks_.passed()) mark_all();
      for (const auto& event : feed_.events()) mark(event);
      HILLTOP_CHECK(look());
      progress_.show(jobs_);
      if (std::all_of(jobs_.begin(), jobs_.end(), is_finished)) return false;
    }
  }

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

  /// Fetches what may have changed. What the infrastructure refuses now (the server stops, or is gone) is asked again.
  Result<> look() {
    auto looked = fetch_dirty();
    if (looked || looked.error().blame != Blame::infrastructure || ++failures_ > most_failures) {
      if (looked) failures_ = 0;
      return looked;
    }
    feed_.lost(looked.error());
    return ok();
  }

  Result<> fetch_dirty() {
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      while (dirty_[i] && !is_finished(jobs_[i])) {
        auto job = api_.get("/jobs/" + escaped(ids_[i]), Deadline::after(10s));
        if (!job) return std::move(job).error().within("job " + ids_[i]);
        jobs_[i] = *std::move(job);
        HILLTOP_TRY(const bool repeated, follow_repetition(i));
        dirty_[i] = repeated;
      }
    }
    return ok();
  }

  /// Follows job i's next attempt where the farm repeats it. Value: whether it does.
  Result<bool> follow_repetition(std::size_t i) {
    const auto verdict = text_at(jobs_[i], "verdict");
    if (!is_finished(jobs_[i]) || (verdict != "incomplete" && verdict != "fail")) return false;
    // The next attempt is stored together with the verdict, so that it is among the newest jobs now.
    HILLTOP_TRY(const auto newest,
                api_.list("/jobs" + query_of({{"board_type", text_at(jobs_[i], "board_type")}}), 200));
    const auto next = std::find_if(newest.begin(), newest.end(),
                                   [&](const Json& job) { return text_at(job, "rerun_of") == ids_[i]; });
    if (next == newest.end()) return false;
    const auto id = text_at(*next, "id");
    context_.note("job " + ids_[i] + " is repeated as job " + id + ": " + printable(text_at(jobs_[i], "reason")));
    ids_[i] = id;
    jobs_[i] = *next;
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
  unsigned failures_ = 0;
  Deadline looks_ = Deadline::after(look_anyway);
};

}  // namespace

Watched watch_jobs(Context& context, Api& api, std::vector<std::string> ids, std::chrono::seconds patience) {
  if (ids.empty()) return Watched{};
  return Watch(context, api, std::move(ids), patience).run();
}

}  // namespace hilltop::cli
