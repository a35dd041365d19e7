// SPDX-License-Identifier: Apache-2.0
#include "drivers/fake/replay_script.hpp"

#include <fstream>
#include <sstream>

#include "drivers/core/fields.hpp"

namespace hilltop::drivers {
namespace {

constexpr int most_levels = 8;

/// Names in a script are relative to the file that they stand in.
std::filesystem::path beside(const Node& name) {
  const std::filesystem::path path(name.text());
  if (path.is_absolute() || !name.place().file) return path;
  return std::filesystem::path(*name.place().file).parent_path() / path;
}

/// Source: RFC 4648, section 4.
std::optional<std::string> from_base64(std::string_view text) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

std::vector<ReplayStep> read_steps(const Node& list, int level, Diagnostics& diagnostics);

class StepReader {
 public:
  StepReader(const Node& node, int level, Diagnostics& diagnostics)
      : fields_(node, "replay step", diagnostics), level_(level), diagnostics_(diagnostics) {}

  ReplayStep read() {
    if (!fields_.node().is_map()) return step_;
    step_.after = std::chrono::milliseconds(fields_.integer("after_ms", 0, 3'600'000).value_or(0));
    if (const auto boot = fields_.integer("boot", 1)) step_.boot = static_cast<std::uint64_t>(*boot);
    read_steps_to_repeat();
    read_says();
    read_expect();
    read_flood();
    read_rest();
    if (kinds_ != 1)
      fields_.error(fields_.node(),
                    "one of say, say_base64, say_file, expect, flood, echo, wait, silent, die or repeat was expected");
    fields_.refuse_others();
    return std::move(step_);
  }

 private:
  void is(ReplayStep::Kind kind) {
    step_.kind = kind;
    ++kinds_;
  }

  void read_steps_to_repeat() {
    if (const auto count = fields_.integer("repeat")) step_.count = static_cast<std::uint64_t>(*count);
    const auto steps = fields_.list("steps");
    if (!steps) return;
    is(ReplayStep::Kind::repeat);
    step_.steps = read_steps(steps, level_ + 1, diagnostics_);
  }

  void read_says() {
    if (auto text = fields_.text("say")) {
      is(ReplayStep::Kind::say);
      step_.text = std::move(*text);
    }
    if (const auto text = fields_.text("say_base64")) {
      is(ReplayStep::Kind::say);
      auto bytes = from_base64(*text);
      if (!bytes) fields_.error(fields_.node()["say_base64"], "'say_base64' is not base64");
      step_.text = bytes.value_or("");
    }
    if (fields_.text("say_file")) {
      is(ReplayStep::Kind::say);
      const auto name = fields_.node()["say_file"];
      std::ifstream in(beside(name), std::ios::binary);
      std::ostringstream bytes;
      bytes << in.rdbuf();
      if (!in) fields_.error(name, "cannot read " + beside(name).string());
      step_.text = std::move(bytes).str();
    }
  }

  void read_expect() {
    const auto pattern = fields_.text("expect");
    if (!pattern) return;
    is(ReplayStep::Kind::expect);
    try {
      step_.typed = std::make_shared<const std::regex>(*pattern, std::regex::ECMAScript);
    } catch (const std::regex_error& e) {
      fields_.error(fields_.node()["expect"], "'" + *pattern + "' is no regular expression: " + e.what());
    }
  }

  void read_flood() {
    const auto flood = fields_.map("flood");
    if (!flood) return;
    is(ReplayStep::Kind::flood);
    Fields fields(flood, "flood", diagnostics_);
    fields.require("lines", "a number");
    step_.count = static_cast<std::uint64_t>(fields.integer("lines", 1, 100'000'000).value_or(1));
    step_.text = fields.text("text").value_or("flood");
    fields.refuse_others();
  }

  void read_rest() {
    if (const auto on = fields_.flag("echo")) {
      is(ReplayStep::Kind::echo);
      step_.on = *on;
    }
    if (fields_.flag("wait")) is(ReplayStep::Kind::wait);
    if (fields_.flag("silent")) is(ReplayStep::Kind::silent);
    if (auto reason = fields_.text("die")) {
      is(ReplayStep::Kind::die);
      step_.text = std::move(*reason);
    }
  }

  Fields fields_;
  int level_;
  Diagnostics& diagnostics_;
  ReplayStep step_;
  int kinds_ = 0;
};

std::vector<ReplayStep> read_steps(const Node& list, int level, Diagnostics& diagnostics) {
  std::vector<ReplayStep> out;
  if (level > most_levels) {
    diagnostics.error(list.place(), "replay: steps are nested too deeply");
    return out;
  }
  for (const auto& item : list.items()) out.push_back(StepReader(item, level, diagnostics).read());
  return out;
}

std::uint64_t read_count(Fields& fields, std::string_view key) {
  return static_cast<std::uint64_t>(fields.integer(key).value_or(0));
}

}  // namespace

ReplayScript read_replay_script(const Node& node, Diagnostics& diagnostics) {
  ReplayScript script;
  if (node.is_string()) {
    const auto file = read_yaml_file(beside(node).string(), diagnostics);
    if (file.is_string()) diagnostics.error(file.place(), "replay: a script was expected");
    return file && !file.is_string() ? read_replay_script(file, diagnostics) : script;
  }
  if (node.is_sequence()) {
    script.steps = read_steps(node, 0, diagnostics);
    return script;
  }
  Fields fields(node, "replay script", diagnostics);
  script.fail_power_on = read_count(fields, "fail_power_on");
  script.read_back_wrong = read_count(fields, "read_back_wrong");
  script.fail_flash = read_count(fields, "fail_flash");
  if (const auto steps = fields.list("steps")) script.steps = read_steps(steps, 0, diagnostics);
  fields.refuse_others();
  return script;
}

}  // namespace hilltop::drivers
