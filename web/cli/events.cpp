// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include "web/cli/commands.hpp"
#include "web/cli/event_feed.hpp"
#include "web/cli/signals.hpp"

namespace hilltop::cli {
namespace {

struct EventOptions {
  bool follow = false;
  std::string after;
  std::size_t limit = 50;
};

void print_event(Context& context, const Json& event) {
  if (context.globals.json) {
    context.out << event.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
    return;
  }
  const auto time = text_at(event, "time");
  auto data = event.value("data", Json());
  const auto shown =
      data.is_string() ? data.get<std::string>() : data.dump(-1, ' ', false, Json::error_handler_t::replace);
  context.out << styled(time.size() >= 23 ? time.substr(11, 12) : time, Style::dim, context.screen.out_color) << ' '
              << text_at(event, "seq") << ' ' << printable(text_at(event, "kind")) << ' '
              << printable(text_at(event, "subject")) << ' ' << printable(shown) << '\n';
}

int follow(Context& context, Api& api, const EventOptions& options) {
  const SignalInput signals{SIGINT, SIGTERM, SIGHUP};
  EventFeed feed(context, api, signals.fd(), std::chrono::minutes(2));
  feed.start_after(options.after);
  while (true) {
    const auto woken = feed.wait(Deadline::never());
    if (!woken) return context.fail(woken.error());
    if (*woken == EventFeed::Wake::signal) return exit_pass;
    for (const auto& event : feed.events()) print_event(context, event);
    context.out.flush();
  }
}

int events(Context& context, const EventOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  if (options.follow) return follow(context, **api, options);
  const auto limit = std::to_string(options.limit);
  const auto newest = options.after.empty() ? limit : std::string();  // after a number, the list goes on from there
  const auto answer =
      (*api)->get("/events" + query_of({{"after", options.after}, {"limit", limit}, {"newest", newest}}));
  if (!answer) return context.fail(answer.error());
  for (const auto& event : answer->value("items", Json::array())) print_event(context, event);
  return exit_pass;
}

}  // namespace

void add_events(CLI::App& app, Context& context) {
  auto options = std::make_shared<EventOptions>();
  auto* command = add_command(app, "events", "what happens in the lab",
                              "  hilltop events --follow\n  hilltop events --after 1200 --json");
  command->add_flag("-f,--follow", options->follow, "go on until Ctrl-C");
  command->add_option("--after", options->after, "only those after this number")->type_name("SEQ");
  command
      ->add_option("-n,--limit", options->limit,
                   "at most so many, without --follow: the newest, or with --after the next\n(default 50)")
      ->type_name("N");
  runs(command, context, options, events);
}

}  // namespace hilltop::cli
