// SPDX-License-Identifier: Apache-2.0
#include "drivers/flash/tool_spec.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "drivers/core/clock.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::drivers {

/// Made by CMake from drivers/flash/tools.
const std::vector<std::pair<std::string_view, std::string_view>>& flash_tool_files();

namespace {

const std::map<std::string, ImageFormat> format_names{{"elf", ImageFormat::elf},
                                                      {"hex", ImageFormat::intel_hex},
                                                      {"raw", ImageFormat::raw},
                                                      {"srec", ImageFormat::srec},
                                                      {"uf2", ImageFormat::uf2}};
const std::map<std::string, Errc> code_names{{"unavailable", Errc::unavailable}, {"busy", Errc::busy},
                                             {"denied", Errc::denied},           {"mismatch", Errc::mismatch},
                                             {"bad_input", Errc::bad_input},     {"not_found", Errc::not_found}};
const std::map<std::string, Blame> blame_names{{"infrastructure", Blame::infrastructure},
                                               {"dut", Blame::dut},
                                               {"job", Blame::job},
                                               {"configuration", Blame::configuration}};
const std::map<std::string, Verified> verified_names{{"hardware", Verified::hardware},
                                                     {"independent tool", Verified::independent_tool},
                                                     {"specification", Verified::specification},
                                                     {"unproven", Verified::unproven}};
/// What the engine gives to every tool; usb_*: to those that have `usb`.
const std::set<std::string> known_placeholders{"image",    "address", "format",      "script",       "usb_serial",
                                               "usb_path", "usb_bus", "usb_address", "usb_bus_ports"};
/// Keys of an address that are not a tool's own.
const std::set<std::string> reserved{"driver", "tool", "program", "usb", "time"};

template <class T>
std::vector<std::string> names_of(const std::map<std::string, T>& map) {
  std::vector<std::string> out;
  for (const auto& [name, value] : map) out.push_back(name);
  return out;
}

template <class T>
std::optional<T> word_of(Fields& fields, std::string_view key, const std::map<std::string, T>& names) {
  const auto word = fields.word(key, names_of(names));
  if (!word || !names.contains(*word)) return std::nullopt;
  return names.at(*word);
}

std::optional<ToolPattern> read_pattern(Fields& fields, std::string_view key, unsigned groups) {
  const auto text = fields.text(key);
  if (!text) return std::nullopt;
  try {
    ToolPattern out{*text, std::regex(*text, std::regex::ECMAScript | std::regex::optimize)};
    if (out.expression.mark_count() < groups)
      fields.error(fields.node()[key], "'" + std::string(key) + "' has no group for what is looked for");
    return out;
  } catch (const std::regex_error& e) {
    fields.error(fields.node()[key], "'" + *text + "' is no regular expression: " + e.what());
    return std::nullopt;
  }
}

/// Reads one table.
class Reader {
 public:
  Reader(const Node& table, Diagnostics& diagnostics)
      : diagnostics_(diagnostics), fields_(table, "flash tool '" + table["name"].text() + "'", diagnostics) {}

  ToolSpec read() {
    read_names();
    read_settings();
    read_usb();
    read_runs();
    read_output();
    fields_.refuse_others();
    if (out_.selectors.empty() && !out_.usb)
      fields_.error(fields_.node(), "neither 'selectors' nor 'usb' says which board is meant");
    return std::move(out_);
  }

 private:
  void read_names() {
    for (const auto* key : {"name", "summary", "source", "verified", "programs", "argv", "success", "formats"})
      fields_.require(key, "each table has it");
    out_.name = fields_.text("name").value_or("");
    out_.summary = fields_.text("summary").value_or("");
    out_.source = fields_.text("source").value_or("");
    out_.verified = word_of(fields_, "verified", verified_names).value_or(Verified::unproven);
    out_.programs = fields_.texts("programs").value_or(std::vector<std::string>{});
    if (out_.programs.empty()) out_.programs.push_back(out_.name);
    out_.install = fields_.text("install").value_or("");
    for (const auto& entry : fields_.map("formats").entries()) {
      const auto format = format_names.find(entry.key.text());
      if (format == format_names.end()) fields_.error(entry.key, "'" + entry.key.text() + "' is no format of images");
      if (format != format_names.end()) out_.formats[format->second] = entry.value.text();
    }
  }

  void read_settings() {
    for (const auto& entry : fields_.map("settings").entries()) {
      const auto& name = entry.key.text();
      if (reserved.contains(name) || known_placeholders.contains(name))
        fields_.error(entry.key, "'" + name + "' means something else already");
      Fields one(entry.value, "setting '" + name + "'", diagnostics_);
      ToolSpec::Setting setting;
      one.require("what", "what it is, for messages");
      setting.what = one.text("what").value_or("");
      setting.fallback = one.take("default").text();
      setting.required = one.flag("required").value_or(false);
      // What begins with a dash would be taken for an option.
      setting.form = read_pattern(one, "form", 0).value_or(ToolPattern{"^[^-]", std::regex("^[^-]")});
      one.refuse_others();
      out_.settings[name] = std::move(setting);
    }
    out_.selectors = fields_.texts("selectors").value_or(std::vector<std::string>{});
    for (const auto& name : out_.selectors)
      if (!out_.settings.contains(name)) fields_.error(fields_.node()["selectors"], "'" + name + "' is no setting");
  }

  void read_usb() {
    const auto map = fields_.map("usb");
    if (!map) return;
    out_.usb = true;
    Fields usb(map, "usb", diagnostics_);
    if (const auto vendor = usb.integer("vendor", 1, 0xffff)) out_.usb_vendor = static_cast<std::uint16_t>(*vendor);
    out_.usb_alone = usb.flag("alone").value_or(false);
    if (out_.usb_alone && !out_.usb_vendor) usb.error(map, "'alone' needs 'vendor'");
    usb.refuse_others();
  }

  void check_placeholders(const Node& at, std::string_view text) {
    for (const auto& name : placeholders(text))
      if (!known_placeholders.contains(name) && !out_.settings.contains(name))
        fields_.error(at, "{" + name + "} is neither a setting nor known");
  }

  ToolSpec::Argument read_argument(const Node& node) {
    ToolSpec::Argument out;
    if (node.is_map()) {
      Fields map(node, "argument", diagnostics_);
      const auto each = map.texts("each_image");
      out.each_image = each.has_value();
      out.only_with = map.text("with").value_or("");
      out.words = each ? *each : map.texts("words").value_or(std::vector<std::string>{});
      if (!out.only_with.empty() && out.only_with != "address" && !out_.settings.contains(out.only_with))
        map.error(node, "'" + out.only_with + "' is no setting");
      map.refuse_others();
    } else {
      out.words = {node.text()};
    }
    for (const auto& word : out.words) check_placeholders(node, word);
    return out;
  }

  std::vector<ToolSpec::Argument> read_arguments(const Node& list) {
    std::vector<ToolSpec::Argument> out;
    for (const auto& item : list.items()) out.push_back(read_argument(item));
    return out;
  }

  void read_runs() {
    out_.argv = read_arguments(fields_.list("argv"));
    for (const auto& run : fields_.list("before").items()) out_.before.push_back(read_arguments(run));
    for (const auto& run : fields_.list("after").items()) out_.after.push_back(read_arguments(run));
    out_.script = fields_.texts("script").value_or(std::vector<std::string>{});
    for (const auto& line : out_.script) check_placeholders(fields_.node()["script"], line);
    out_.all_images = std::ranges::any_of(out_.argv, &ToolSpec::Argument::each_image);
  }

  void read_output() {
    out_.success = read_pattern(fields_, "success", 0);
    out_.success_each_image = fields_.flag("success_each_image").value_or(false);
    out_.progress = read_pattern(fields_, "progress", 1);
    out_.bar = read_pattern(fields_, "bar", 1);
    constexpr std::int64_t widest = 1000;
    out_.bar_width = static_cast<int>(fields_.integer("bar_width", 1, widest).value_or(out_.bar_width));
    if (const auto time = duration_from(fields_.text("time").value_or(""))) out_.time = *time;
    for (const auto& item : fields_.list("faults").items()) {
      Fields one(item, "fault", diagnostics_);
      ToolSpec::Fault fault;
      fault.pattern = read_pattern(one, "pattern", 0).value_or(ToolPattern{});
      fault.code = word_of(one, "code", code_names).value_or(fault.code);
      fault.blame = word_of(one, "blame", blame_names).value_or(fault.blame);
      fault.text = one.text("text").value_or("");
      one.refuse_others();
      out_.faults.push_back(std::move(fault));
    }
    const auto map = fields_.map("version");
    if (!map) return;
    Fields version(map, "version", diagnostics_);
    out_.version_argv = version.texts("argv").value_or(std::vector<std::string>{});
    out_.version = read_pattern(version, "pattern", 1);
    out_.version_least = version.text("least").value_or("");
    version.refuse_others();
  }

  Diagnostics& diagnostics_;
  Fields fields_;
  ToolSpec out_;
};

std::map<std::string, ToolSpec> read_all() {
  std::map<std::string, ToolSpec> out;
  for (const auto& [file, text] : flash_tool_files()) {
    if (!file.ends_with(".yaml")) continue;
    Diagnostics diagnostics;
    const auto node = read_yaml(text, std::string(file), diagnostics);
    auto spec = read_tool_spec(node, diagnostics);
    if (diagnostics.has_errors()) log::error("flash tools: {}", diagnostics.to_string());
    if (!diagnostics.has_errors()) out.emplace(spec.name, std::move(spec));
  }
  return out;
}

}  // namespace

ToolSpec read_tool_spec(const Node& table, Diagnostics& diagnostics) { return Reader(table, diagnostics).read(); }

const std::map<std::string, ToolSpec>& tool_specs() {
  static const std::map<std::string, ToolSpec> specs = read_all();
  return specs;
}

std::vector<std::string> placeholders(std::string_view text) {
  std::vector<std::string> out;
  for (auto begin = text.find('{'); begin != std::string_view::npos; begin = text.find('{', begin + 1)) {
    const auto end = text.find('}', begin);
    if (end == std::string_view::npos) break;
    out.emplace_back(text.substr(begin + 1, end - begin - 1));
  }
  return out;
}

std::string with_values(std::string_view text, const ToolValues& values) {
  std::string out;
  while (!text.empty()) {
    const auto begin = text.find('{');
    const auto end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) return out.append(text);
    out += text.substr(0, begin);
    // A value is never looked at again: a file's name may hold braces.
    if (const auto value = values.find(std::string(text.substr(begin + 1, end - begin - 1))); value != values.end())
      out += value->second;
    text.remove_prefix(end + 1);
  }
  return out;
}

std::vector<std::string> tool_words(const std::vector<ToolSpec::Argument>& arguments, const ToolValues& values,
                                    const std::vector<ToolValues>& images) {
  std::vector<std::string> out;
  for (const auto& argument : arguments) {
    if (!argument.only_with.empty()) {
      const auto value = values.find(argument.only_with);
      if (value == values.end() || value->second.empty()) continue;
    }
    for (const auto& image : argument.each_image ? images : std::vector<ToolValues>{{}}) {
      auto all = image;
      all.insert(values.begin(), values.end());
      for (const auto& word : argument.words) out.push_back(with_values(word, all));
    }
  }
  return out;
}

bool version_at_least(std::string_view is, std::string_view least) {
  while (!least.empty()) {
    int a = 0;
    int b = 0;
    const auto left = std::from_chars(is.data(), is.data() + is.size(), a);
    const auto right = std::from_chars(least.data(), least.data() + least.size(), b);
    if (a != b) return a > b;
    is.remove_prefix(static_cast<std::size_t>(left.ptr - is.data()));
    least.remove_prefix(static_cast<std::size_t>(right.ptr - least.data()));
    if (!is.empty()) is.remove_prefix(1);
    if (!least.empty()) least.remove_prefix(1);
  }
  return true;
}

}  // namespace hilltop::drivers
