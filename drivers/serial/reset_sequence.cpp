// SPDX-License-Identifier: Apache-2.0
#include "drivers/serial/reset_sequence.hpp"

#include <map>

namespace hilltop::drivers {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t longest_wait_ms = 10'000;
constexpr std::size_t most_steps = 32;

const std::map<std::string, ResetSequence>& usual_sequences() {
  static const std::map<std::string, ResetSequence> all{
      {"esp32",
       {{.dtr = false, .rts = true, .wait = milliseconds(100)},
        {.dtr = false, .rts = false, .wait = milliseconds(50)}}},
      {"esp32-boot",
       {{.dtr = false, .rts = true, .wait = milliseconds(100)},
        {.dtr = true, .rts = false, .wait = milliseconds(50)},
        {.dtr = false, .rts = false}}},
      {"stm32",
       {{.dtr = true, .rts = true, .wait = milliseconds(100)}, {.dtr = false, .rts = true, .wait = milliseconds(50)}}},
      {"stm32-boot",
       {{.dtr = true, .rts = false, .wait = milliseconds(100)},
        {.dtr = false, .rts = false, .wait = milliseconds(50)}}},
      {"arduino", {{.dtr = false, .wait = milliseconds(100)}, {.dtr = true, .wait = milliseconds(50)}}},
  };
  return all;
}

ResetStep read_step(const Node& node, Diagnostics& diagnostics) {
  Fields fields(node, "a step of 'reset_sequence'", diagnostics);
  ResetStep step{.dtr = fields.flag("dtr"), .rts = fields.flag("rts")};
  step.wait = milliseconds(fields.integer("wait_ms", 0, longest_wait_ms).value_or(0));
  fields.refuse_others();
  return step;
}

}  // namespace

ResetSequence read_reset_sequence(Fields& fields, Diagnostics& diagnostics) {
  const auto node = fields.take("reset_sequence");
  if (!node) return {};
  if (node.is_sequence()) {
    if (node.items().empty() || node.items().size() > most_steps)
      fields.error(node, "'reset_sequence' must have 1 to 32 steps");
    ResetSequence out;
    for (const auto& item : node.items()) out.push_back(read_step(item, diagnostics));
    return out;
  }
  std::vector<std::string> names;
  for (const auto& [name, steps] : usual_sequences()) names.push_back(name);
  const auto name = fields.word("reset_sequence", names);
  const auto found = name ? usual_sequences().find(*name) : usual_sequences().end();
  return found == usual_sequences().end() ? ResetSequence{} : found->second;
}

}  // namespace hilltop::drivers
