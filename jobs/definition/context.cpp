// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "jobs/definition/lava_names.hpp"
#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

/// LAVA: int, text, bool, or a list of int and text; no float and no map.
std::optional<std::string> context_scalar(const Node& node, const std::string& what, Diagnostics& out) {
  if (node.kind() == Node::Kind::real) {
    out.error(node.place(),
              what + ": expected text, a whole number, true or false, not " + std::string(node.kind_name()),
              "put it in quotes, \"" + node.text() + "\"");
    return {};
  }
  return scalar(node, what, out);
}

void read_options(const Node& node, JobDefinition& job, Diagnostics& out) {
  if (!node.is_sequence()) {
    wrong_type(node, "context extra_options", "a list", out);
    return;
  }
  for (const Node& item : node.items())
    if (auto option = context_scalar(item, "context extra_options", out))
      job.context_extra_options.push_back(*std::move(option));
}

void read_environment(const Node& node, const std::string& prefix, JobDefinition& job, Diagnostics& out) {
  each_entry(
      node, prefix.empty() ? "environment" : "environment " + prefix, out,
      [&](const std::string& key, const Node& key_node, const Node& value) {
        const std::string name = prefix.empty() ? key : prefix + "_" + key;
        const bool usable = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
                            std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
        if (!usable)
          out.error(key_node.place(), "environment: '" + name + "' cannot be a variable", "letters, digits and '_'");
        if (value.is_map())
          read_environment(value, name, job, out);
        else if (auto content = scalar(value, "environment " + name, out))
          job.environment[name] = *std::move(content);
      });
}

/// What the test shell gets of the context stands in scripts, and in lines that are typed.
void check_for_shell(const std::string& key, const Node& value, const JobDefinition& job, Diagnostics& out) {
  const auto found = job.context.find(key);
  if (found == job.context.end()) return;
  const auto& text = found->second;
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || std::string_view("/._%+-").contains(c); };
  if (key == "lava_test_results_dir" &&
      (!text.starts_with("/") || text.contains("..") || !std::ranges::all_of(text, plain)))
    out.error(value.place(), "context lava_test_results_dir: '" + text + "' is no absolute path of plain characters",
              "for example /tmp/lava-%s: %s becomes the job's number");
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  if (key == "test_character_delay" && (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)))
    out.error(value.place(), "context test_character_delay: expected milliseconds");
}

std::vector<std::string> read_tags(const Node& node, Diagnostics& out) {
  std::vector<std::string> tags = texts(node, "tags", out);
  std::ranges::sort(tags);
  const auto twice = std::ranges::unique(tags);
  tags.erase(twice.begin(), twice.end());
  return tags;
}

}  // namespace

void read_context(const Node& node, JobDefinition& job, Diagnostics& out) {
  const auto& known = lava::context_keys();
  each_entry(node, "context", out, [&](const std::string& key, const Node& key_node, const Node& value) {
    if (std::ranges::find(known, key) == known.end()) {
      out.error(key_node.place(), "context: unknown key '" + key + "'", suggest(key, known));
      return;
    }
    job.context_places[key] = key_node.place();
    if (key == "extra_options") return read_options(value, job, out);
    if (value.is_sequence()) {
      out.error(value.place(), "context " + key + ": expected one value, not a list");
      return;
    }
    if (auto one = context_scalar(value, "context " + key, out)) job.context[key] = *std::move(one);
    check_for_shell(key, value, job, out);
  });
}

void read_annotations(MapReader& top, JobDefinition& job) {
  Diagnostics& out = top.out();
  if (const Node metadata = top.take("metadata")) {
    if (!metadata.is_map()) wrong_type(metadata, "metadata", "a map", out);
    for (const Node::Entry& entry : metadata.entries())  // LAVA's submission takes numbers as keys too
      job.metadata[entry.key.text()] = entry.value.is_scalar() && !entry.value.is_null()
                                           ? scalar(entry.value, "metadata", out).value_or("")
                                           : entry.value.to_json().dump();
  }
  if (const Node tags = top.take("tags")) job.tags = read_tags(tags, out);
  if (const Node secrets = top.take("secrets"))
    each_entry(secrets, "secrets", out, [&](const std::string& name, const Node&, const Node& value) {
      if (value.is_scalar() && !value.is_null())
        job.secrets[name] = scalar(value, "secrets", out).value_or("");
      else
        out.error(value.place(), "secrets " + name + ": expected text, not " + std::string(value.kind_name()));
    });
  if (const Node environment = top.take("environment")) read_environment(environment, "", job, out);
}

}  // namespace hilltop::jobs::reading
