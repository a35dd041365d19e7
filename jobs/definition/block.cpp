// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/definition/lava_names.hpp"
#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

constexpr std::int64_t most_attempts = 1000;

void read_attempts(MapReader& block, BlockCommon& common) {
  const auto repeat = block.integer("repeat", 1, most_attempts);
  const auto retry = block.integer("failure_retry", 1, most_attempts);
  const auto interval = block.integer("failure_retry_interval", 1, 86400);
  if (repeat && retry)
    block.out().error(block.key_place("repeat"), block.name_of("repeat") + " and failure_retry exclude each other",
                      "repeat runs the block that often; failure_retry runs it again after a failure");
  common.repeat = static_cast<std::uint32_t>(repeat.value_or(1));
  if (retry) common.failure_retry = static_cast<std::uint32_t>(*retry);
  common.failure_retry_interval = std::chrono::seconds(interval.value_or(1));
}

std::string read_namespace(MapReader& block, std::string_view key) {
  const auto name = block.text(key, 1);
  if (!name) return "";
  if (*name == "common" || *name == "docker-test-shell")
    block.out().error(block.node()[key].place(), block.name_of(key) + ": '" + *name + "' is reserved",
                      "choose another name");
  return *name;
}

std::optional<ActionBlock> read_command(MapReader& block, Place place) {
  CommandBlock command{.common = read_common(block, std::move(place))};
  command.name = block.required_text("name");
  command.name_place = block.node()["name"].place();
  if (const Node after = command.name == "power_cut" ? block.take("after") : Node())
    command.after = read_cut_moment(after, block.out());
  block.finish();
  const auto& built = lava::supported_commands();
  if (command.name.empty() || std::ranges::find(built, command.name) != built.end()) return command;
  if (std::ranges::find(lava::builtin_commands(), command.name) != lava::builtin_commands().end()) {
    block.out().error(command.name_place, "command name: " + command.name + " is not supported yet",
                      "supported: " + listing(built));
    return {};
  }
  const auto near = suggest(command.name, built);
  block.out().error(command.name_place, "command name: '" + command.name + "' is not known",
                    near.empty() ? "supported: " + listing(built) : near);
  return {};
}

}  // namespace

BlockCommon read_common(MapReader& block, Place place) {
  BlockCommon common;
  common.place = std::move(place);
  common.name_space = read_namespace(block, "namespace");
  if (common.name_space.empty()) common.name_space = "common";
  common.connection_namespace = read_namespace(block, "connection-namespace");
  if (const Node timeout = block.take("timeout"))
    common.timeout = read_timeout(timeout, block.name_of("timeout"), block.key_place("timeout"), block.out());
  if (const Node timeouts = block.take("timeouts"))
    common.timeouts = read_named_timeouts(timeouts, block.name_of("timeouts"), block.out());
  read_attempts(block, common);
  block.not_supported({"protocols", "role"});
  return common;
}

std::optional<ActionBlock> read_action(const std::string& kind, const Node& node, Place place, Diagnostics& out) {
  MapReader block(node, kind, out);
  if (!block.is_map()) return {};
  if (kind == "deploy") return read_deploy(block, std::move(place));
  if (kind == "boot") return read_boot(block, std::move(place));
  if (kind == "test") return read_test(block, std::move(place));
  return read_command(block, std::move(place));
}

}  // namespace hilltop::jobs::reading
