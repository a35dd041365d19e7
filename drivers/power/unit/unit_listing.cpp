// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/unit_listing.hpp"

#include <fmt/format.h>

#include "drivers/power/unit/unit_model.hpp"

namespace hilltop::drivers::unit {
namespace {

std::string outlets_of(const UnitModel& model) {
  if (model.named_outlets) return "by name";
  if (model.first_outlet == model.last_outlet) return "one";
  return fmt::format("{} to {}", model.first_outlet, model.last_outlet);
}

std::string parameters_of(const UnitModel& model, bool required) {
  std::string out;
  for (const auto& one : model.parameters)
    if (one.required == required) out += (out.empty() ? "" : ", ") + one.name;
  return out;
}

std::string can_of(const UnitModel& model) {
  std::string out = "on, off";
  if (!model.cycle.empty()) out += ", cycle";
  if (!model.can_read()) return out + "; not read back";
  return out + (model.reads_all() ? "; read back, all outlets at once" : "; read back");
}

}  // namespace

std::string list_units() {
  std::string out;
  for (const auto& [name, model] : unit_models()) {
    out += fmt::format("{}: {}\n  {}, outlets {}; {}\n", name, model->title, to_string(model->shape),
                       outlets_of(*model), can_of(*model));
    if (const auto wants = parameters_of(*model, true); !wants.empty()) out += "  wants: " + wants + "\n";
    if (const auto may = parameters_of(*model, false); !may.empty()) out += "  may have: " + may + "\n";
    out += fmt::format("  {}: {}\n", drivers::to_string(model->verified), model->source);
    for (const auto& quirk : model->quirks) out += "  note: " + quirk + "\n";
  }
  return out;
}

}  // namespace hilltop::drivers::unit
