// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "jobs/definition/parts.hpp"

namespace hilltop::jobs {
namespace reading {
namespace {

constexpr std::string_view known_format = "Lava-Test Test Definition 1.0";
constexpr std::string_view older_format = "Lava-Test-Shell Test Definition 1.0";  // most of the public ones have it

/// Repositories of tests are written by others, for several versions of LAVA: what is not known there has no effect.
void warn_of_unknown(const Node& map, const std::string& what, const std::vector<std::string>& known,
                     Diagnostics& out) {
  for (const Node::Entry& entry : map.entries()) {
    if (std::ranges::find(known, entry.key.text()) != known.end()) continue;
    if (what == "test definition install" && entry.key.text().starts_with("deps-")) continue;
    out.warning(entry.key.place(), what + ": '" + entry.key.text() + "' is not known, and has no effect",
                suggest(entry.key.text(), known));
  }
}

/// Lines of a shell script: numbers and truth values are words too.
std::vector<std::string> read_steps(const Node& node, const std::string& what, Diagnostics& out) {
  std::vector<std::string> steps;
  if (!node || node.is_null()) return steps;
  if (!node.is_sequence()) {
    wrong_type(node, what, "a list", out);
    return steps;
  }
  for (const Node& item : node.items())
    if (auto step = scalar(item, what, out)) steps.push_back(*std::move(step));
  return steps;
}

void read_metadata(const Node& node, TestScript& script, Diagnostics& out) {
  MapReader map(node, "test definition metadata", out);
  if (!map.is_map()) return;
  script.name = map.required_text("name");
  if (const Node description = map.take("description"); description && description.is_scalar())
    script.description = description.text();
  const Node format = map.require("format");
  if (format && format.text() != known_format && format.text() != older_format)
    out.warning(format.place(), "test definition metadata format: '" + format.text() + "' is not known",
                "expected '" + std::string(known_format) + "'");
}

void read_git_repositories(const Node& node, TestScript& script, Diagnostics& out) {
  const std::string what = "test definition install git-repos";
  if (!node || node.is_null()) return;
  if (!node.is_sequence()) return wrong_type(node, what, "a list", out);
  for (const Node& item : node.items()) {
    GitRepository repository;
    if (item.is_map()) {
      MapReader map(item, what, out);
      if (map.has("skip_by_default") && map.boolean("skip_by_default").value_or(false)) continue;
      repository.url = map.required_text("url");
      repository.branch = map.text("branch").value_or("");
      repository.destination = map.text("destination").value_or("");
      map.finish();
    } else {
      repository.url = text(item, what, out, 1).value_or("");
    }
    check_git(repository.url, repository.branch, item, what, out);
    if (repository.destination.starts_with("/") || repository.destination.contains(".."))
      out.error(item.place(), what + " destination: '" + repository.destination + "' leads out of the test's folder");
    if (!repository.url.empty()) script.git_repositories.push_back(std::move(repository));
  }
}

void read_install(const Node& node, TestScript& script, Diagnostics& out) {
  const std::string what = "test definition install";
  if (node.is_null()) return;
  if (!node.is_map()) return wrong_type(node, what, "a map", out);
  warn_of_unknown(node, what, {"deps", "keys", "sources", "steps", "git-repos"}, out);
  for (const Node::Entry& entry : node.entries())
    if (entry.key.text().starts_with("deps-"))
      script.distribution_dependencies[entry.key.text().substr(5)] =
          read_steps(entry.value, what + " " + entry.key.text(), out);
  script.dependencies = read_steps(node["deps"], what + " deps", out);
  script.keys = read_steps(node["keys"], what + " keys", out);
  script.sources = read_steps(node["sources"], what + " sources", out);
  script.install_steps = read_steps(node["steps"], what + " steps", out);
  read_git_repositories(node["git-repos"], script, out);
}

void read_parse(const Node& node, TestScript& script, Diagnostics& out) {
  MapReader map(node, "test definition parse", out);
  if (!map.is_map()) return;
  script.parse_pattern = map.text("pattern").value_or("");
  if (!script.parse_pattern.empty() &&
      check_pattern(node["pattern"], "test definition parse pattern", EmptyMatch::refused, out) &&
      !group_body(script.parse_pattern, "test_case_id"))
    out.error(node["pattern"].place(), "test definition parse pattern has no group 'test_case_id'",
              "write (?P<test_case_id>...)");
  if (const Node fixups = map.take("fixupdict"); fixups && !fixups.is_null())
    each_entry(fixups, "test definition parse fixupdict", out,
               [&](const std::string& word, const Node&, const Node& value) {
                 const auto result =
                     choice(value, "test definition parse fixupdict " + word, out, {"pass", "fail", "skip", "unknown"});
                 if (result) script.fixupdict[word] = case_result_from(*result).value_or(CaseResult::unknown);
               });
  warn_of_unknown(node, "test definition parse", {"pattern", "fixupdict"}, out);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> read_parameters(const Node& node, const std::string& what,
                                                                 Diagnostics& out) {
  std::vector<std::pair<std::string, std::string>> parameters;
  if (!node || node.is_null()) return parameters;
  each_entry(node, what, out, [&](const std::string& name, const Node& key, const Node& value) {
    const bool is_name = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
                         std::ranges::all_of(name, [](unsigned char c) { return c == '_' || std::isalnum(c) != 0; });
    if (!is_name)
      out.error(key.place(), what + ": '" + name + "' cannot be a variable of a shell",
                "letters, digits and _, and no digit first");
    else if (value.is_null())
      parameters.emplace_back(name, "");
    else if (value.kind() == Node::Kind::boolean)  // as LAVA writes them: public tests compare with these words
      parameters.emplace_back(name, value.as_bool().value_or(false) ? "True" : "False");
    else if (auto content = scalar(value, what + " " + name, out))
      parameters.emplace_back(name, *std::move(content));
  });
  return parameters;
}

void check_git(const std::string& url, const std::string& reference, const Node& node, const std::string& what,
               Diagnostics& out) {
  const bool known = url.starts_with("https://") || url.starts_with("http://") || url.starts_with("file:///");
  if (!url.empty() && (!known || std::ranges::any_of(url, [](unsigned char c) { return c <= ' ' || c == 127; })))
    out.error(node.place(), what + ": '" + url + "' is not a repository that can be fetched",
              "supported: https://, http:// and file:///");
  const auto odd = [](unsigned char c) { return c <= ' ' || c == 127 || std::string_view("~^:?*[\\").contains(c); };
  if (reference.starts_with("-") || reference.contains("..") || std::ranges::any_of(reference, odd))
    out.error(node.place(), what + ": '" + reference + "' is not a name that git knows");
}

}  // namespace reading

std::optional<TestScript> read_test_script(const Node& node, Diagnostics& out) {
  using namespace reading;
  Diagnostics found;
  TestScript script;
  if (!node.is_map()) {
    wrong_type(node, "test definition", "a map", found);
  } else {
    warn_of_unknown(node, "test definition",
                    {"metadata", "install", "parameters", "params", "parse", "run", "expected"}, found);
    MapReader map(node, "test definition", found);
    if (const Node metadata = map.require("metadata")) read_metadata(metadata, script, found);
    if (const Node install = map.take("install")) read_install(install, script, found);
    for (const char* key : {"params", "parameters"})
      for (auto& one : read_parameters(map.take(key), map.name_of(key), found))
        script.parameters.push_back(std::move(one));
    if (const Node parse = map.take("parse"); parse && !parse.is_null()) read_parse(parse, script, found);
    if (const Node run = map.require("run")) {
      script.steps = read_steps(run["steps"], "test definition run steps", found);
      if (script.steps.empty() && !found.has_errors())
        found.error(run.place(), "test definition run has no steps: nothing would be tested");
    }
    script.expected = map.texts("expected");
  }
  const bool good = !found.has_errors();
  append_sorted(found, out);
  return good ? std::optional(std::move(script)) : std::nullopt;
}

}  // namespace hilltop::jobs
