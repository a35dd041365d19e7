// SPDX-License-Identifier: Apache-2.0
// Driver `tool-flash`: a flashing tool that hilltop knows by a table (drivers/flash/tools/*.yaml).
//   driver: tool-flash
//   tool: avrdude
//   port: /dev/serial/by-id/usb-Arduino_Uno_5573-if00   # and the other settings of the tool's table
//   part: atmega328p
//   program: /opt/avrdude/bin/avrdude     # optional; a list: with what goes before it
//   time: 10m                             # optional: for one run
//   usb: {path: 1-1.4}                    # for tools that find their board on USB: serial, path or both
// A setting that says which board is meant is required wherever the tool could pick another one.
#include "drivers/api/device.hpp"
#include "drivers/core/clock.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/flash/tool_run.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

class ToolFlash final : public Device, Flasher {
 public:
  ToolFlash(Env env, ToolUse use) : env_(std::move(env)), use_(std::make_shared<const ToolUse>(std::move(use))) {}
  Flasher* flasher() override { return this; }
  Task<> shut_down(Deadline) override { return nothing_to_end(); }

 private:
  Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) override {
    return run_flash_tool(env_, use_, std::move(images), std::move(progress), deadline);
  }
  static Task<> nothing_to_end() { co_return ok(); }

  Env env_;
  std::shared_ptr<const ToolUse> use_;
};

/// The tables' names.
std::vector<std::string> tool_names() {
  std::vector<std::string> out;
  for (const auto& [name, spec] : tool_specs()) out.push_back(name);
  return out;
}

std::vector<std::string> read_program(Fields& fields) {
  const auto node = fields.node()["program"];
  if (!node) return {};
  auto out = node.is_sequence() ? fields.texts("program").value_or(std::vector<std::string>{})
                                : std::vector{fields.text("program").value_or("")};
  if (out.empty() || out.front().empty()) fields.error(node, "'program' names no program");
  return out;
}

void read_setting(Fields& fields, const std::string& name, const ToolSpec::Setting& setting, ToolValues& out) {
  if (setting.required) fields.require(name, setting.what);
  const auto value = fields.take(name);
  out[name] = value ? value.text() : setting.fallback;
  if (!value) return;
  if (!value.is_scalar() || value.text().empty()) {
    fields.error(value, "'" + name + "' must be " + setting.what);
  } else if (!setting.form.matches(value.text())) {
    fields.error(value, "'" + name + "' must be " + setting.what + ", not '" + value.text() + "'");
  }
}

/// The board must be told apart from every other that the tool could find.
void check_selector(Fields& fields, const ToolSpec& spec, const ToolValues& settings) {
  const auto is_set = [&](const std::string& name) { return !settings.at(name).empty(); };
  if (spec.selectors.empty() || std::ranges::any_of(spec.selectors, is_set)) return;
  fields.error(fields.node(),
               one_of_text(spec.selectors) + " is missing: " + spec.name + " could write to another board",
               "'hilltop discover' shows what is plugged in");
}

ToolUse read_address(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "tool-flash", diagnostics);
  (void)fields.text("driver");
  fields.require("tool", one_of_text(tool_names()));
  ToolUse out;
  const auto tool = fields.word("tool", tool_names());
  out.program = read_program(fields);
  const auto found = tool_specs().find(tool.value_or(""));
  if (found == tool_specs().end()) return out;
  const auto& spec = found->second;
  out.spec = &spec;
  out.time = spec.time;
  const auto time = fields.text("time");
  if (time && duration_from(*time)) out.time = *duration_from(*time);
  if (time && !duration_from(*time)) fields.error(address["time"], "'time' must be a duration such as 90s or 10m");
  for (const auto& [name, setting] : spec.settings) read_setting(fields, name, setting, out.settings);
  check_selector(fields, spec, out.settings);
  if (spec.usb) {
    fields.require("usb", "{serial: ...} or {path: 1-1.4}: which device it is");
    if (const auto map = fields.map("usb")) {
      Fields usb(map, "usb", diagnostics);
      out.usb = read_usb_match(usb);
      usb.refuse_others();
    }
    if (!out.usb.vendor) out.usb.vendor = spec.usb_vendor;
  }
  fields.refuse_others();
  return out;
}

void check_tool_flash(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_tool_flash(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto use = read_address(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<ToolFlash>(env, std::move(use)));
}

}  // namespace

constinit const DriverInfo tool_flash{
    .name = "tool-flash",
    .offers = "flash",
    .summary = "a flashing tool known by a table: avrdude, esptool, jlink, pyocd, st-flash and more (see its source)",
    .source =
        "each tool's own documents (drivers/flash/tools); independent tool: avrdude; specification: esptool fastboot "
        "jlink picotool pyocd rkdeveloptool st-flash stm32flash; unproven: bossac nrfutil openfpgaloader qdl "
        "sunxi-fel uuu;",
    .verified = Verified::specification,
    .check = check_tool_flash,
    .make = make_tool_flash,
};

}  // namespace hilltop::drivers
