// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/definition/job_definition.hpp"
#include "jobs/definition/parts.hpp"

namespace hilltop::jobs {
namespace {

using namespace reading;

const std::vector<std::string>& action_kinds() {
  static const std::vector<std::string> kinds = {"boot", "command", "deploy", "test"};
  return kinds;
}

void read_visibility(MapReader& top, JobDefinition& job) {
  const Node node = top.require("visibility");
  if (!node) return;
  if (node.is_map()) {
    MapReader map(node, "visibility", top.out());
    if (const Node group = map.require("group")) job.viewing_groups = texts(group, "visibility group", top.out());
    if (node["group"].is_sequence() && node["group"].items().empty())
      top.out().error(node["group"].place(), "visibility group is empty: nobody could see the job");
    map.finish();
    job.is_public = false;
    return;
  }
  const auto word = choice(node, "visibility", top.out(), {"public", "personal"});
  job.is_public = word == "public";
  job.is_personal = word == "personal";
}

void read_priority(MapReader& top, JobDefinition& job) {
  const Node node = top.take("priority");
  if (!node) return;
  if (node.is_string()) {
    const auto word = choice(node, "priority", top.out(), {"low", "medium", "high"});
    job.priority = word == "low" ? 0 : word == "high" ? 100 : 50;
    return;
  }
  job.priority = static_cast<std::uint32_t>(integer(node, "priority", top.out(), 0, 100).value_or(50));
}

std::string read_name(MapReader& top, std::string_view key, bool required) {
  const Node node = required ? top.require(key) : top.take(key);
  const auto name = node ? text(node, std::string(key), top.out(), 1, 200) : std::nullopt;
  if (!name) return "";
  if (name->find("{{") != std::string::npos)
    top.out().error(node.place(), std::string(key) + ": '{{' stands in it",
                    "render the template first: a job is plain YAML");
  return *name;
}

/// What LAVA knows at the top of a job and hilltop has not built, or what never belonged there.
void refuse_top_keys(MapReader& top) {
  top.not_supported({"notify"});
  if (const Node protocols = top.take_unlisted("protocols")) {
    static const std::vector<std::string> known = {"lava-multinode", "lava-xnbd"};
    each_entry(protocols, "protocols", top.out(), [&](const std::string& name, const Node& key, const Node&) {
      if (std::ranges::find(known, name) != known.end())
        top.out().error(key.place(), "protocols " + name + " is not supported yet");
      else
        top.out().error(key.place(), "protocols: unknown key '" + name + "'", suggest(name, known));
    });
  }
  if (top.boolean("reboot_to_fastboot"))
    top.out().warning(top.key_place("reboot_to_fastboot"), "reboot_to_fastboot has no effect, here as in LAVA",
                      "leave it out");
  for (const char* key : {"monitors", "interactive", "definitions"})
    if (top.take_unlisted(key))
      top.out().error(top.key_place(key), std::string(key) + " does not stand at the top of a job",
                      "it belongs under test:");
}

void read_item(const Node& item, JobDefinition& job, Diagnostics& out) {
  if (!item.is_map()) {
    wrong_type(item, "actions: an item", "a map", out);
    return;
  }
  if (item.entries().size() != 1) {
    out.error(item.place(),
              "actions: an item has " + std::to_string(item.entries().size()) + " actions, and needs exactly one",
              item.entries().empty() ? "one of " + listing(action_kinds(), "or")
                                     : "their order would be unclear: begin each with '- '");
  }
  for (const Node::Entry& entry : item.entries()) {
    const std::string& kind = entry.key.text();
    if (std::ranges::find(action_kinds(), kind) == action_kinds().end()) {
      const auto near = suggest(kind, action_kinds());
      out.error(entry.key.place(), "actions: '" + kind + "' is not an action",
                kind == "repeat" ? "repeat is a key of a boot, test or deploy block"
                : near.empty()   ? "one of " + listing(action_kinds(), "or")
                                 : near);
    } else if (auto block = read_action(kind, entry.value, entry.key.place(), out)) {
      job.actions.push_back(*std::move(block));
    }
  }
}

void read_actions(MapReader& top, JobDefinition& job) {
  const Node actions = top.require("actions");
  if (!actions) return;
  if (!actions.is_sequence()) return wrong_type(actions, "actions", "a list", top.out());
  if (actions.items().empty())
    top.out().error(actions.place(), "actions is empty: a job without actions proves nothing", "begin with '- boot:'");
  for (const Node& item : actions.items()) read_item(item, job, top.out());
}

/// LAVA: if one action has a namespace, all must have one.
void check_namespaces(const JobDefinition& job, Diagnostics& out) {
  const auto has_one = [](const ActionBlock& block) { return common_of(block).name_space != "common"; };
  if (std::ranges::none_of(job.actions, has_one)) return;
  for (const ActionBlock& block : job.actions)
    if (!has_one(block))
      out.error(common_of(block).place, std::string(kind_of(block)) + " has no namespace, and another action has one",
                "give all actions a namespace, or none");
}

JobDefinition read_top(const Node& root, Diagnostics& out) {
  JobDefinition job;
  MapReader top(root, "", out);
  job.name = read_name(top, "job_name", true);
  job.device_type = read_name(top, "device_type", true);
  job.device_type_place = root["device_type"].place();
  if (const auto device = read_name(top, "device", false); !device.empty()) job.device = device;
  if (const auto worker = read_name(top, "worker", false); !worker.empty()) job.worker = worker;
  if (const Node timeouts = top.require("timeouts")) job.timeouts = read_job_timeouts(timeouts, out);
  read_visibility(top, job);
  read_priority(top, job);
  if (const Node context = top.take("context")) read_context(context, job, out);
  read_annotations(top, job);
  refuse_top_keys(top);
  read_actions(top, job);
  top.finish();
  check_against_job(job, out);
  check_namespaces(job, out);
  check_definition_names(job, out);
  return job;
}

/// A job that was meant to be rendered first mostly is not even YAML: say what it is.
void hint_at_template(std::string_view text, const std::string& file, Diagnostics& out) {
  std::size_t at = std::string_view::npos;
  for (const std::string_view mark : {"{{", "{%"}) at = std::min(at, text.find(mark));
  if (at == std::string_view::npos) return;
  const std::string_view before = text.substr(0, at);
  const auto line = static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1);
  const auto column = static_cast<std::uint32_t>(at - (before.rfind('\n') + 1) + 1);  // npos + 1 is 0: the first line
  out.error({std::make_shared<const std::string>(file), line, column},
            "'" + std::string(text.substr(at, 2)) + "' stands in the job",
            "render the template first: a job is plain YAML");
}

}  // namespace

std::optional<JobDefinition> read_job(std::string_view text, std::string file, Diagnostics& diagnostics) {
  Diagnostics found;
  const Node root = read_yaml(text, file, found);
  std::optional<JobDefinition> job;
  if (!root) {
    if (!found.has_errors()) found.error({std::make_shared<const std::string>(file), 1, 1}, "the job is empty");
    hint_at_template(text, file, found);
  } else if (!root.is_map()) {
    wrong_type(root, "the job", "a map", found);
  } else {
    job = read_top(root, found);
    job->source_text = text;
  }
  const bool good = !found.has_errors();
  append_sorted(found, diagnostics);
  return good ? std::move(job) : std::nullopt;
}

}  // namespace hilltop::jobs
