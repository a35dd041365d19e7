// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/definition/lava_names.hpp"
#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

/// Calls `read` for each map of a list.
void each_map(const Node& node, const std::string& what, Diagnostics& out,
              const std::function<void(MapReader&)>& read) {
  if (!node.is_sequence()) {
    wrong_type(node, what, "a list", out);
    return;
  }
  for (const Node& item : node.items()) {
    MapReader map(item, what, out);
    if (!map.is_map()) continue;
    read(map);
    map.finish();
  }
}

std::string read_message(MapReader& map) {
  std::string message = map.required_text("message");
  if (!message.empty()) check_pattern(map.node()["message"], map.name_of("message"), EmptyMatch::warned_of, map.out());
  return message;
}

void read_outcomes(MapReader& map, InteractiveStep& step) {
  if (const Node successes = map.take("successes"))
    each_map(successes, "test interactive successes", map.out(),
             [&](MapReader& one) { step.successes.push_back({.message = read_message(one)}); });
  if (const Node failures = map.take("failures"))
    each_map(failures, "test interactive failures", map.out(), [&](MapReader& one) {
      InteractiveStep::Failure failure{.message = read_message(one), .exception = "", .error = ""};
      if (const Node exception = one.take("exception"))
        failure.exception = choice(exception, "test interactive failures exception", one.out(),
                                   {"InfrastructureError", "JobError", "TestError"})
                                .value_or("");
      failure.error = one.text("error").value_or("");
      step.failures.push_back(std::move(failure));
    });
}

/// A success that is found in what is typed would be "found" in the board's echo of it.
void warn_of_echo(const InteractiveStep& step, const Node& node, Diagnostics& out) {
  if (!step.command) return;
  for (std::size_t i = 0; i < step.successes.size(); ++i) {
    const std::string& message = step.successes[i].message;
    if (message.empty() || pattern_finds(message, "").value_or(true)) continue;  // complained about already
    if (!pattern_finds(message, *step.command).value_or(false)) continue;
    out.warning(
        node["successes"].items()[i].place(),
        "test interactive successes: '" + message + "' is found in the command itself, and so in the echo of it",
        "set `echo: discard`, or match something that only the answer has");
  }
}

void check_what_it_does(MapReader& map, const InteractiveStep& step) {
  if (step.delay && map.node().entries().size() > 1) {
    map.out().error(map.key_place("delay"), "test interactive script: a step with delay does nothing else",
                    "make it a step of its own: - delay: " + std::to_string(step.delay->count()));
    return;
  }
  const bool other = map.has("delay") || map.has("lava-send") || map.has("lava-sync") || map.has("lava-wait") ||
                     map.has("lava-wait-all");
  if (!other && !map.has("command"))
    map.out().error(map.node().place(), "test interactive script command is missing",
                    "`command: null` sends nothing and only waits");
}

InteractiveStep read_step(MapReader& map, bool echo_discard) {
  InteractiveStep step{.place = map.node().place()};
  step.name = map.text("name", 1);
  if (const Node command = map.take("command"); command && !command.is_null())
    step.command = text(command, map.name_of("command"), map.out());
  if (const auto delay = map.integer("delay", 0, 86400)) step.delay = std::chrono::seconds(*delay);
  step.wait_for_prompt = map.boolean("wait_for_prompt").value_or(true);
  read_outcomes(map, step);
  map.not_supported({"lava-send", "lava-sync", "lava-wait", "lava-wait-all"});
  check_what_it_does(map, step);
  if (!echo_discard) warn_of_echo(step, map.node(), map.out());
  return step;
}

void read_steps(const Node& node, InteractiveScript& script, Diagnostics& out) {
  if (node && node.is_sequence() && node.items().empty())
    out.error(node.place(), "test interactive script is empty: nothing would be tested");
  std::set<std::string> names;
  each_map(node, "test interactive script", out, [&](MapReader& map) {
    script.script.push_back(read_step(map, script.echo_discard));
    const auto& name = script.script.back().name;
    if (name && !names.insert(*name).second)
      out.warning(map.node()["name"].place(),
                  "test interactive script: '" + *name + "' is used twice: it gets two results");
  });
}

InteractiveScript read_script(MapReader& map) {
  InteractiveScript script{.place = map.node().place()};
  script.name = map.required_text("name");
  if (const Node prompts = map.require("prompts")) {
    if (prompts.is_sequence() && prompts.items().empty())
      map.out().error(prompts.place(), "test interactive prompts is empty");
    else if (prompts.is_string())
      map.out().error(prompts.place(), "test interactive prompts: expected a list, not text",
                      "write ['" + prompts.text() + "']");
    else
      script.prompts = read_prompts(prompts, "test interactive prompts", map.out());
  }
  if (const Node echo = map.take("echo"))
    script.echo_discard = choice(echo, "test interactive echo", map.out(), {"discard"}).has_value();
  script.expected = map.texts("expected");
  if (const Node steps = map.require("script")) read_steps(steps, script, map.out());
  return script;
}

bool has_names(const InteractiveScript& script) {
  return std::ranges::any_of(script.script, [](const InteractiveStep& step) { return step.name.has_value(); });
}

}  // namespace

std::vector<InteractiveScript> read_scripts(const Node& node, Diagnostics& out) {
  std::vector<InteractiveScript> scripts;
  if (node.is_sequence() && node.items().empty())
    out.error(node.place(), "test interactive is empty: nothing would be tested");
  std::set<std::string> names;
  each_map(node, "test interactive", out, [&](MapReader& map) {
    scripts.push_back(read_script(map));
    const InteractiveScript& script = scripts.back();
    if (!script.name.empty() && !names.insert(script.name).second)
      out.error(map.node()["name"].place(), "test interactive: the name '" + script.name + "' is used twice",
                "their results could not be told apart");
    if (script.expected && !has_names(script))
      out.warning(map.key_place("expected"), "test interactive expected: no step of the script has a name");
  });
  return scripts;
}

std::optional<ActionBlock> read_test(MapReader& block, Place place) {
  std::vector<std::string> kinds;
  for (const std::string& kind : lava::test_kinds())
    if (block.take(kind)) kinds.push_back(kind);
  if (kinds.size() > 1)
    block.out().error(block.key_place(kinds[1]), "test has " + listing(kinds) + ": LAVA would run one of them only",
                      "write one test block for each");
  if (kinds.empty()) {
    (void)read_common(block, place);
    if (block.finish() == 0)
      block.out().error(block.node().place(), "test has nothing to run",
                        "supported: " + listing(lava::supported_test_kinds()));
    return {};
  }
  if (kinds[0] == "services") {
    block.out().error(block.key_place(kinds[0]), "test " + kinds[0] + " is not supported yet",
                      "supported: " + listing(lava::supported_test_kinds()));
    return {};
  }
  block.not_supported({"docker"});
  BlockCommon common = read_common(block, std::move(place));
  block.finish();
  if (kinds[0] == "monitors")
    return TestMonitors{std::move(common), read_monitors(block.node()["monitors"], block.out())};
  if (kinds[0] == "definitions")
    return TestDefinitions{std::move(common), read_definitions(block.node()["definitions"], block.out())};
  return TestInteractive{std::move(common), read_scripts(block.node()["interactive"], block.out())};
}

}  // namespace hilltop::jobs::reading
