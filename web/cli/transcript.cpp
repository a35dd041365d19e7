// SPDX-License-Identifier: Apache-2.0
#include "web/cli/transcript.hpp"

#include "web/cli/commands.hpp"

namespace hilltop::cli {
namespace {

constexpr auto longest_export = std::chrono::hours(24);

struct GrepOptions {
  std::string pattern, console, channel, since, until;
  std::vector<std::string> boards;
  bool rules = false;
};

/// A colour, or a cursor movement, of a board is for its own terminal.
void print_hit(Context& context, const Json& hit) {
  const bool color = context.screen.out_color;
  const auto time = text_at(hit, "time");
  const auto rule = text_at(hit, "rule");
  context.out << styled(time.substr(0, 23), Style::dim, color) << ' ' << printable(text_at(hit, "board")) << '/'
              << printable(text_at(hit, "console")) << ' ' << printable(text_at(hit, "channel")) << " @"
              << number_at(hit, "offset") << (rule.empty() ? "" : " [" + printable(rule) + "]") << ": "
              << printable(text_at(hit, "line")) << '\n';
}

int grep(Context& context, const GrepOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  if (options.pattern.empty() && !options.rules)
    return context.fail(Error(Errc::bad_input, Blame::job, "a PATTERN or --rules is needed"));
  auto query = query_of({{"pattern", options.pattern},
                         {"console", options.console},
                         {"channel", options.channel},
                         {"since", options.since},
                         {"until", options.until},
                         {"rules", options.rules ? "all" : ""}});
  for (const auto& board : options.boards) query += (query.empty() ? "?" : "&") + ("board=" + escaped(board));
  std::string rest;
  bool any = false;
  const auto sink = [&](std::string_view piece) {
    rest += piece;
    for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      const auto line = rest.substr(0, end);
      rest.erase(0, end + 1);
      any = true;
      if (context.globals.json) {
        context.out << line << '\n';
      } else {
        print_hit(context, Json::parse(line, nullptr, false));
      }
    }
    context.out.flush();
    return context.out.good();
  };
  const auto done = (*api)->download("/grep" + query, sink, Deadline::after(longest_export));
  if (!done) return context.fail(done.error());
  return any ? exit_pass : exit_fail;  // as grep(1)
}

}  // namespace

int show_transcript(Context& context, Api& api, const std::string& board, const std::string& console,
                    const std::string& from, const TranscriptOptions& options) {
  const auto path = "/boards/" + escaped(board) + "/console/export" +
                    query_of({{"console", console},
                              {"format", options.format},
                              {"from", from},
                              {"since", options.since},
                              {"until", options.until},
                              {"around", options.around},
                              {"follow", options.follow ? "1" : ""}});
  const auto sink = [&](std::string_view piece) {
    context.out << piece << std::flush;
    return context.out.good();
  };
  const auto done = api.download(path, sink, Deadline::after(longest_export));
  return done ? static_cast<int>(exit_pass) : context.fail(done.error());
}

void add_grep(CLI::App& app, Context& context) {
  auto options = std::make_shared<GrepOptions>();
  auto* command = add_command(app, "grep", "search what all boards have ever said",
                              "  hilltop grep 'Kernel panic' --since 2d\n  hilltop grep --rules --board sbc-02\n"
                              "  hilltop grep 'usb \\d-1' --board sbc-01 --channel kernel --json\n\n"
                              "PATTERN is a Python regular expression, searched in each line without its colours.\n"
                              "Exits 0 when something was found, 1 when nothing was.");
  command->add_option("PATTERN", options->pattern, "what to look for")->type_name("PATTERN");
  command->add_option("-b,--board", options->boards, "only this board; may be repeated")->type_name("BOARD");
  command->add_option("--console", options->console, "only consoles of this name")->type_name("NAME");
  command->add_option("--channel", options->channel, "only this channel: kernel, shell, secure, ...")
      ->type_name("CHANNEL");
  command->add_option("--since", options->since, "from this time on, or so long ago: 10m")->type_name("TIME");
  command->add_option("--until", options->until, "up to this time, or so long ago")->type_name("TIME");
  command->add_flag("--rules", options->rules, "look for the faults of the rule packs, too");
  runs(command, context, options, grep);
}

}  // namespace hilltop::cli
