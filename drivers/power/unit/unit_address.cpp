// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/unit_address.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace hilltop::drivers::unit {
namespace {

bool is_network(Shape shape) {
  return shape == Shape::http || shape == Shape::snmp || shape == Shape::telnet || shape == Shape::tcp;
}

void read_outlet_key(Fields& fields, const UnitModel& model, OutletAddress& out) {
  const auto value = fields.take("outlet");
  if (!value && !model.named_outlets && model.first_outlet == model.last_outlet) {
    out.outlet = std::to_string(model.first_outlet);
    return;
  }
  if (model.named_outlets) {
    fields.require("outlet", "the outlet's name");
    out.outlet = fields.text("outlet").value_or("");
    return;
  }
  fields.require("outlet", fmt::format("a number from {} to {}", model.first_outlet, model.last_outlet));
  if (const auto number = fields.integer("outlet", model.first_outlet, model.last_outlet))
    out.outlet = std::to_string(*number);
}

/// `NAME: value`, or `NAME_file: /path` for a secret that the lab file is not to hold.
void read_parameter(Fields& fields, const Parameter& parameter, UnitAddress& out) {
  const auto value = fields.take(parameter.name);
  const auto file_key = parameter.name + "_file";
  const auto file = parameter.secret ? fields.text(file_key) : std::nullopt;
  if (value && file) fields.error(value, fmt::format("'{}' or '{}', not both", parameter.name, file_key));
  if (file) {
    if (!file->starts_with('/'))
      fields.error(fields.node()[file_key], fmt::format("'{}': an absolute path was expected", file_key));
    out.files[parameter.name] = *file;
    return;
  }
  if (value && (!value.is_scalar() || value.is_null())) {
    fields.error(value, fmt::format("'{}' must be text, not {}", parameter.name, value.kind_name()));
  } else if (value) {
    out.parameters[parameter.name] = value.text();
  } else if (parameter.usual) {
    out.parameters[parameter.name] = *parameter.usual;
  } else {
    fields.error(fields.node(), fmt::format("'{}' is missing: {}{}", parameter.name, parameter.help,
                                            parameter.secret ? " (or " + file_key + ": /path/of/a/file)" : ""));
  }
}

void read_place(Fields& fields, UnitAddress& out) {
  const auto& model = *out.model;
  if (is_network(model.shape)) {
    fields.require("host", "the unit's name or address");
    out.host = fields.text("host").value_or("");
    out.port = static_cast<std::uint16_t>(fields.integer("port", 1, 65535).value_or(model.port));
    out.parameters["host"] = out.host;
  } else if (model.shape == Shape::serial) {
    fields.require("path", "a serial port, such as /dev/serial/by-id/...");
    const auto path = fields.text("path").value_or("");
    std::error_code ignored;
    const auto real = std::filesystem::weakly_canonical(path, ignored);
    out.tty = ignored || real.empty() ? path : real.string();  // two names of a port are one unit
  } else if (model.shape == Shape::hid) {
    UsbMatch id;
    unsigned vendor = 0;
    unsigned product = 0;
    if (std::sscanf(model.usb_id->c_str(), "%4x:%4x", &vendor, &product) == 2) {
      id.vendor = static_cast<std::uint16_t>(vendor);
      id.product = static_cast<std::uint16_t>(product);
    }
    out.usb = read_usb_match(fields, id);
  }
  if (model.tls) {
    out.certificate = fields.text("certificate").value_or("");
    out.any_certificate = fields.flag("any_certificate").value_or(false);
  }
}

}  // namespace

std::shared_ptr<const UnitModel> read_model_name(Fields& fields) {
  fields.require("model", "the name of a power unit's model");
  const auto name = fields.text("model");
  if (!name) return nullptr;
  const auto& models = unit_models();
  if (const auto found = models.find(*name); found != models.end()) return found->second;
  const auto at = fields.node()["model"];
  if (name->starts_with('/')) {
    Diagnostics diagnostics;
    auto model = read_unit_model(read_yaml_file(*name, diagnostics), diagnostics);
    if (!model) fields.error(at, "this model cannot be used: " + diagnostics.to_string());
    return model;
  }
  std::vector<std::string> names;
  for (const auto& [known, model] : models) names.push_back(known);
  auto help = suggest(*name, names);
  fields.error(at, fmt::format("'{}' is no model of a power unit", *name),
               help.empty() ? one_of_text(names) + ", or the path of a file of your own" : help);
  return nullptr;
}

OutletAddress read_outlet_address(Fields& fields, std::shared_ptr<const UnitModel> model) {
  OutletAddress out;
  auto unit = std::make_shared<UnitAddress>();
  unit->model = std::move(model);
  read_place(fields, *unit);
  for (const auto& parameter : unit->model->parameters) read_parameter(fields, parameter, *unit);
  read_outlet_key(fields, *unit->model, out);
  out.shared = fields.flag("shared").value_or(false);
  out.unit = std::move(unit);
  return out;
}

}  // namespace hilltop::drivers::unit
