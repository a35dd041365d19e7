// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/unit_model.hpp"

#include <algorithm>

#include "drivers/core/log.hpp"
#include "drivers/power/unit/unit_files.hpp"

namespace hilltop::drivers::unit {
namespace {

using Models = std::map<std::string, std::shared_ptr<const UnitModel>, std::less<>>;

Models read_all() {
  Models out;
  for (const auto& [file, text] : unit_files()) {
    if (!file.ends_with(".yaml")) continue;
    Diagnostics diagnostics;
    auto model = read_unit_model(read_yaml(text, std::string(file), diagnostics), diagnostics);
    // A test reads each file, so that none of these can be wrong in what is shipped.
    if (!model) {
      log::error("power unit {}", diagnostics.to_string());
      continue;
    }
    out.emplace(model->name, std::move(model));
  }
  return out;
}

}  // namespace

std::string_view to_string(Shape shape) noexcept {
  switch (shape) {
    case Shape::http:
      return "http";
    case Shape::snmp:
      return "snmp";
    case Shape::telnet:
      return "telnet";
    case Shape::tcp:
      return "tcp";
    case Shape::serial:
      return "serial";
    case Shape::hid:
      return "hid";
    case Shape::command:
      return "command";
  }
  return "?";
}

bool Exchange::names(std::string_view variable) const {
  return path.names(variable) || send.names(variable) || oid.names(variable) || value.names(variable) ||
         report.names(variable) ||
         std::ranges::any_of(headers, [&](const auto& h) { return h.second.names(variable); }) ||
         std::ranges::any_of(argv, [&](const auto& word) { return word.names(variable); });
}

bool UnitModel::reads_all() const {
  return can_read() && std::ranges::none_of(state, [](const auto& one) { return one.names("outlet"); });
}

const Parameter* UnitModel::find_parameter(std::string_view wanted) const {
  const auto found = std::ranges::find(parameters, wanted, &Parameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

const Models& unit_models() {
  static const Models models = read_all();
  return models;
}

}  // namespace hilltop::drivers::unit
