// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "drivers/core/clock.hpp"
#include "web/cli/commands.hpp"
#include "web/cli/event_feed.hpp"
#include "web/cli/signals.hpp"

namespace hilltop::cli {
namespace {

struct LeaseOptions {
  std::string id, wanted, reason;
  std::string duration = "30m";
  std::vector<std::string> tags;
  unsigned priority = 50;
  bool wait = false, all = false;
};

Result<std::int64_t> seconds_of(const std::string& text) {
  const auto duration = duration_from(text);
  if (duration && duration->count() > 0) return static_cast<std::int64_t>(duration->count());
  return Error(Errc::bad_input, Blame::configuration, "--for: '" + text + "' is no duration (30m, 2h, 1h30m)");
}

void print_lease(Context& context, const Json& lease) {
  if (context.globals.json) return context.print(lease);
  const auto id = text_at(lease, "id");
  if (text_at(lease, "state") == "waiting") {
    const auto reason = text_at(lease, "waiting_for");
    context.out << "lease " << id << ": waiting" << (reason.empty() ? "" : ": " + printable(reason)) << "\n"
                << "  look again: hilltop lease list; give up: hilltop lease release " << id << '\n';
    return;
  }
  const auto board = printable(text_at(lease, "board"));
  context.out << "lease " << id << ": " << board << " is yours until " << text_at(lease, "ends") << " ("
              << ago(text_at(lease, "ends")) << ")\n";
  if (context.globals.quiet) return;
  context.out << "  hilltop power " << board << " on; hilltop console " << board << "; hilltop lease release " << id
              << '\n';
}

/// Waits until the reservation has become a lease. Ctrl-C gives up the place in the queue.
class LeaseWait {
 public:
  LeaseWait(Context& context, Api& api, std::string id)
      : context_(context), api_(api), id_(std::move(id)), feed_(context, api, signals_.fd(), std::chrono::minutes(2)) {}

  int run() {
    while (true) {
      const auto woken = feed_.wait(Deadline::after(15s));
      if (!woken) return context_.fail(woken.error());
      if (*woken == EventFeed::Wake::signal) return give_up();
      const auto lease = api_.get("/leases/" + escaped(id_), Deadline::after(10s));
      if (!lease && lease.error().blame == Blame::infrastructure) {
        feed_.lost(lease.error());
        continue;
      }
      if (!lease) return context_.fail(lease.error());
      const auto state = text_at(*lease, "state");
      if (state == "active") {
        print_lease(context_, *lease);
        return exit_pass;
      }
      if (state == "ended")
        return context_.fail(
            Error(Errc::canceled, Blame::canceled, "lease " + id_ + " has ended: " + text_at(*lease, "end_reason")));
      say_why(text_at(*lease, "waiting_for"));
    }
  }

 private:
  void say_why(const std::string& reason) {
    if (reason == said_) return;
    said_ = reason;
    context_.note("waiting: " + printable(reason) + " (Ctrl-C gives up)");
  }

  int give_up() {
    const auto gone = api_.send("DELETE", "/leases/" + escaped(id_), Json(), Deadline::after(5s));
    if (!gone) return context_.fail(gone.error());
    context_.note("\nreservation " + id_ + " given up");
    return 130;
  }

  Context& context_;
  Api& api_;
  std::string id_;
  std::string said_ = "\n";  // no reason of the server
  SignalInput signals_{SIGINT, SIGTERM, SIGHUP};
  EventFeed feed_;
};

int take(Context& context, const LeaseOptions& options) {
  const auto seconds = seconds_of(options.duration);
  if (!seconds) return context.fail(seconds.error());
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const Json body{
      {"wanted", options.wanted}, {"for_s", *seconds}, {"tags", options.tags}, {"priority", options.priority}};
  const auto lease = (*api)->send("POST", "/leases", body);
  if (!lease) return context.fail(lease.error());
  if (options.wait && text_at(*lease, "state") == "waiting")
    return LeaseWait(context, **api, text_at(*lease, "id")).run();
  print_lease(context, *lease);
  return exit_pass;
}

int list(Context& context, const LeaseOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto leases = (*api)->list(options.all ? "/leases?all=1" : "/leases", 10000);
  if (!leases) return context.fail(leases.error());
  if (context.globals.json) {
    context.print(Json{{"items", *leases}});
    return exit_pass;
  }
  Table table({{"LEASE", true, 5, true},
               {"STATE", false, 6, true},
               {"BOARD", false, 6},
               {"WANTED", false, 6},
               {"OWNER", false, 5},
               {"JOB", true, 3},
               {"ENDS", false, 8},
               {"WHY", false, 8}});
  for (const auto& lease : *leases) {
    const auto ended = text_at(lease, "ended");
    const auto why = text_at(lease, ended.empty() ? "waiting_for" : "end_reason");
    table.add({text_at(lease, "id"), text_at(lease, "state"), text_at(lease, "board"), text_at(lease, "wanted"),
               text_at(lease, "owner"), text_at(lease, "job"), ago(ended.empty() ? text_at(lease, "ends") : ended),
               why});
  }
  if (leases->empty())
    context.note("no leases; take one with: hilltop lease take TYPE --for 30m");
  else
    context.print(table);
  return exit_pass;
}

int extend(Context& context, const LeaseOptions& options) {
  const auto seconds = seconds_of(options.duration);
  if (!seconds) return context.fail(seconds.error());
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto lease = (*api)->send("POST", "/leases/" + escaped(options.id) + "/extend", Json{{"for_s", *seconds}});
  if (!lease) return context.fail(lease.error());
  print_lease(context, *lease);
  return exit_pass;
}

int release(Context& context, const LeaseOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto path = "/leases/" + escaped(options.id) + query_of({{"reason", options.reason}});
  const auto gone = (*api)->send("DELETE", path, Json());
  if (!gone) return context.fail(gone.error());
  if (context.globals.json)
    context.print(Json{{"released", options.id}});
  else
    context.note("lease " + options.id + " released");
  return exit_pass;
}

}  // namespace

void add_leases(CLI::App& app, Context& context) {
  auto* lease = add_command(app, "lease", "have a board for yourself for a while",
                            "  hilltop lease take microbit --for 30m\n  hilltop lease list");
  lease->require_subcommand(1);

  auto taken = std::make_shared<LeaseOptions>();
  auto* taker = add_command(*lease, "take", "take a board, by its name or by its type",
                            "  hilltop lease take microbit --for 30m\n"
                            "  hilltop lease take microbit-01 --for 2h --wait\n"
                            "  hilltop lease take qemu --tag kvm --tag big");
  taker->add_option("WANTED", taken->wanted, "a board, or a board type")->required()->type_name("TYPE|BOARD");
  taker->add_option("--for", taken->duration, "how long (default 30m)")->type_name("TIME");
  taker->add_option("--tag", taken->tags, "only a board with this tag; may be given again")->type_name("TAG");
  taker->add_option("--priority", taken->priority, "0 to 100 (default 50)")->check(CLI::Range(0, 100));
  taker->add_flag("-w,--wait", taken->wait, "wait until it is yours; Ctrl-C gives up");
  runs(taker, context, taken, take);

  auto listed = std::make_shared<LeaseOptions>();
  auto* lister =
      add_command(*lease, "list", "list leases and who waits", "  hilltop lease list\n  hilltop lease list --all");
  lister->add_flag("-a,--all", listed->all, "those that have ended, too");
  runs(lister, context, listed, list);

  auto extended = std::make_shared<LeaseOptions>();
  auto* extender =
      add_command(*lease, "extend", "have it for longer, counted from now", "  hilltop lease extend 7 --for 1h");
  extender->add_option("LEASE", extended->id, "lease id")->required()->type_name("LEASE");
  extender->add_option("--for", extended->duration, "how long from now (default 30m)")->type_name("TIME");
  runs(extender, context, extended, extend);

  auto released = std::make_shared<LeaseOptions>();
  auto* releaser =
      add_command(*lease, "release", "give it back, or give up the place in the queue", "  hilltop lease release 7");
  releaser->add_option("LEASE", released->id, "lease id")->required()->type_name("LEASE");
  releaser->add_option("--reason", released->reason, "why, for the owner when it is another's")->type_name("TEXT");
  runs(releaser, context, released, release);
}

}  // namespace hilltop::cli
