// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

using From = TestDefinition::From;

/// LAVA's schema lets "." pass, and its workers then refuse the job: refused here.
void check_name(const TestDefinition& definition, const Node& node, Diagnostics& out) {
  const auto& name = definition.name;
  if (name.empty()) return;
  const auto fits = [](unsigned char c) { return c == '-' || c == '_' || std::isalnum(c) != 0; };
  if (!std::ranges::all_of(name, fits))
    out.error(node.place(), "test definitions name: '" + name + "' has more in it than letters, digits, - and _");
  else if (name == "lava")
    out.error(node.place(), "test definitions name: 'lava' is reserved", "choose another name");
}

void read_inline(MapReader& map, TestDefinition& definition) {
  const Node repository = map.require("repository");
  if (!repository) return;
  definition.script = read_test_script(repository, map.out());
  if (definition.script) definition.script->text = repository.to_json().dump(2) + "\n";
}

void read_git(MapReader& map, TestDefinition& definition) {
  definition.repository = map.required_text("repository");
  definition.branch = map.text("branch", 1).value_or("");
  if (const Node revision = map.take("revision"))
    definition.revision = scalar(revision, map.name_of("revision"), map.out()).value_or("");
  definition.history = map.boolean("history").value_or(true);
  definition.shallow = map.boolean("shallow").value_or(false);
  definition.recursive = map.boolean("recursive").value_or(false);
  const Node repository = map.node()["repository"];
  check_git(definition.repository, definition.branch, repository, map.name_of("repository"), map.out());
  check_git("", definition.revision, map.node()["revision"], map.name_of("revision"), map.out());
  if (definition.shallow && !definition.revision.empty())
    map.out().warning(map.key_place("shallow"),
                      "test definitions shallow has no effect: a revision needs the history before it");
}

void read_url_source(MapReader& map, TestDefinition& definition) {
  definition.repository = map.required_text("repository");
  const Node repository = map.node()["repository"];
  if (!definition.repository.empty())
    check_url(definition.repository, repository, map.name_of("repository"), map.out());
  definition.compression = read_compression(map);
  definition.headers = read_headers(map);
  definition.strip_components = static_cast<std::uint32_t>(map.integer("strip-components", 0, 20).value_or(0));
}

void read_how(MapReader& map, TestDefinition& definition) {
  static const std::set<std::string> known = {"keys", "sources", "deps", "steps", "git-repos", "all"};
  if (const auto skip = map.texts("skip_install"))
    for (const auto& what : *skip) {
      if (!known.contains(what))
        map.out().error(map.node()["skip_install"].place(),
                        "test definitions skip_install: '" + what + "' is not known",
                        "one of " + listing({known.begin(), known.end()}, "or"));
      definition.skip_install.insert(what);
    }
  if (const Node signal = map.take("lava-signal"))
    definition.signal_by_kernel = choice(signal, map.name_of("lava-signal"), map.out(), {"kmsg", "stdout"}) == "kmsg";
  definition.expected = map.texts("expected");
  for (const char* key : {"params", "parameters"})
    for (auto& one : read_parameters(map.take(key), map.name_of(key), map.out()))
      definition.parameters.push_back(std::move(one));
}

TestDefinition read_definition(MapReader& map) {
  TestDefinition definition;
  definition.place = map.node().place();
  definition.name = map.required_text("name");
  check_name(definition, map.node()["name"], map.out());
  definition.path = map.required_text("path");
  if (definition.path.starts_with("/") || ("/" + definition.path + "/").contains("/../"))
    map.out().error(map.node()["path"].place(), "test definitions path: it lies within the repository");
  definition.repository_place = map.node()["repository"].place();
  if (const Node from = map.require("from")) {
    const auto chosen = choice(from, "test definitions from", map.out(), {"git", "inline", "url"});
    if (chosen == "git") definition.from = From::git, read_git(map, definition);
    if (chosen == "url") definition.from = From::url, read_url_source(map, definition);
    if (chosen == "inline") read_inline(map, definition);
    if (!chosen) static_cast<void>(map.take("repository"));
  }
  read_how(map, definition);
  map.finish();
  return definition;
}

}  // namespace

std::vector<TestDefinition> read_definitions(const Node& node, Diagnostics& out) {
  std::vector<TestDefinition> definitions;
  if (!node.is_sequence()) {
    wrong_type(node, "test definitions", "a list", out);
    return definitions;
  }
  if (node.items().empty()) out.error(node.place(), "test definitions is empty: nothing would be tested");
  for (const Node& item : node.items()) {
    MapReader map(item, "test definitions", out);
    if (map.is_map()) definitions.push_back(read_definition(map));
  }
  return definitions;
}

void check_definition_names(const JobDefinition& job, Diagnostics& out) {
  std::set<std::string> names;
  for (const ActionBlock& block : job.actions) {
    const auto* test = std::get_if<TestDefinitions>(&block);
    if (test == nullptr) continue;
    for (const TestDefinition& definition : test->definitions)
      if (!definition.name.empty() && !names.insert(definition.name).second)
        out.error(definition.place, "test definitions: the name '" + definition.name + "' is used twice",
                  "their results could not be told apart");
  }
}

}  // namespace hilltop::jobs::reading
