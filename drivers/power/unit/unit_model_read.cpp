// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "drivers/core/fields.hpp"
#include "drivers/power/unit/unit_model.hpp"
#include "drivers/power/unit/unit_pattern.hpp"

namespace hilltop::drivers::unit {
namespace {

const std::vector<std::string> shapes{"http", "snmp", "telnet", "tcp", "serial", "hid", "command"};
const std::vector<std::string> methods{"get", "post", "put", "patch"};
const std::vector<std::string> secret_names{"password", "community", "token", "auth_password", "priv_password", "key"};

std::string scalar(const Node& node) { return node.is_scalar() && !node.is_null() ? node.text() : std::string(); }

/// A text with holes; a number is one, too.
std::optional<Template> read_template(Fields& fields, const Node& value, std::string_view key) {
  if (!value) return std::nullopt;
  if (!value.is_scalar() || value.is_null()) {
    fields.error(value, "'" + std::string(key) + "' must be text, not " + std::string(value.kind_name()));
    return std::nullopt;
  }
  auto parsed = Template::parse(value.text());
  if (parsed) return *std::move(parsed);
  fields.error(value, "'" + std::string(key) + "': " + parsed.error().text);
  return std::nullopt;
}

std::optional<Template> read_template(Fields& fields, std::string_view key) {
  return read_template(fields, fields.take(key), key);
}

/// A template whose text is a pattern. That it compiles is known once its holes are filled; any filling will do.
std::optional<Template> read_pattern(Fields& fields, const Node& value, std::string_view key) {
  auto out = read_template(fields, value, key);
  if (!out) return out;
  Variables variables{{"outlets", "8"}};
  for (const auto& name : out->names()) variables.emplace(name, "1");
  const auto text = out->render(variables, Escape::pattern);
  const auto compiled = text ? Pattern::compile(*text) : Result<Pattern>(text.error());
  if (!compiled) fields.error(value, "'" + std::string(key) + "': " + compiled.error().text);
  return out;
}

std::chrono::milliseconds read_time(Fields& fields, std::string_view key, std::chrono::milliseconds usual) {
  const auto value = fields.integer(key, 0, 600'000);
  return value ? std::chrono::milliseconds(*value) : usual;
}

class ExchangeReader {
 public:
  ExchangeReader(Shape shape, Diagnostics& diagnostics) : shape_(shape), diagnostics_(diagnostics) {}

  std::vector<Exchange> read_list(const Node& list, const std::string& what) const {
    std::vector<Exchange> out;
    if (!list) return out;
    if (!list.is_sequence()) {
      diagnostics_.error(list.place(),
                         what + ": a list of exchanges was expected, not " + std::string(list.kind_name()));
      return out;
    }
    for (const auto& item : list.items()) out.push_back(read(item, what));
    return out;
  }

 private:
  [[nodiscard]] Exchange read(const Node& node, const std::string& what) const {
    Fields fields(node, what, diagnostics_);
    Exchange out;
    switch (shape_) {
      case Shape::http:
        read_http(fields, out);
        break;
      case Shape::snmp:
        read_snmp(fields, out);
        break;
      case Shape::telnet:
      case Shape::tcp:
      case Shape::serial:
        read_stream(fields, out);
        break;
      case Shape::hid:
        read_hid(fields, out);
        break;
      case Shape::command:
        read_command(fields, out);
        break;
    }
    read_reply(fields, out);
    fields.refuse_others();
    return out;
  }

  void read_http(Fields& fields, Exchange& out) const {
    for (const auto& method : methods) {
      const auto path = fields.take(method);
      if (!path) continue;
      if (!out.method.empty()) fields.error(path, "one method was expected");
      out.method = method;
      std::ranges::transform(out.method, out.method.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      out.path = read_template(fields, path, method).value_or(Template());
    }
    if (out.method.empty()) fields.error(fields.node(), one_of_text(methods) + " was expected");
    const auto headers = fields.map("headers");
    for (const auto& [key, value] : headers.entries())
      if (auto text = read_template(fields, value, key.text())) out.headers.emplace_back(key.text(), *std::move(text));
    out.send = read_template(fields, "body").value_or(Template());
    out.content_type = fields.text("content_type").value_or("");
    if (!out.send.empty() && out.content_type.empty()) fields.error(fields.node(), "'body' needs 'content_type'");
  }

  void read_snmp(Fields& fields, Exchange& out) const {
    const auto set = fields.take("set");
    const auto get = fields.take("get");
    if (static_cast<bool>(set) == static_cast<bool>(get)) fields.error(fields.node(), "'get' or 'set' was expected");
    out.snmp = set ? SnmpKind::set : SnmpKind::get;
    out.oid = read_template(fields, set ? set : get, "oid").value_or(Template());
    if (auto value = read_template(fields, "integer")) out.value = *std::move(value);
    if (set && out.value.empty()) fields.error(fields.node(), "'set' needs 'integer'");
  }

  void read_stream(Fields& fields, Exchange& out) const {
    const auto hex = fields.take("send_hex");
    out.is_hex = static_cast<bool>(hex);
    out.sends = out.is_hex || fields.node().contains("send");
    out.send = (hex ? read_template(fields, hex, "send_hex") : read_template(fields, "send")).value_or(Template());
    read_checksum(fields, out);
    if (const auto until = fields.take("until")) out.until = read_pattern(fields, until, "until");
    out.reply_bytes = static_cast<std::size_t>(fields.integer("reply_bytes", 1, 65536).value_or(0));
    if (out.until && out.reply_bytes > 0) fields.error(fields.node(), "'until' or 'reply_bytes', not both");
  }

  static void read_checksum(Fields& fields, Exchange& out) {
    const auto word = fields.word("checksum", {"sum", "xor", "modbus"}).value_or("");
    if (word == "sum") out.checksum = Checksum::sum;
    if (word == "xor") out.checksum = Checksum::bitwise_xor;
    if (word == "modbus") out.checksum = Checksum::modbus;
  }

  void read_hid(Fields& fields, Exchange& out) const {
    out.is_hex = true;
    out.method = fields.word("do", {"feature", "get-feature", "output", "input"}).value_or("");
    fields.require("do", "what is done with the report");
    if (auto report = read_template(fields, "report")) out.report = *std::move(report);
    out.send = read_template(fields, "send_hex").value_or(Template());
    read_checksum(fields, out);
    out.reply_bytes = static_cast<std::size_t>(fields.integer("reply_bytes", 1, 1024).value_or(0));
    const bool asks = out.method == "get-feature" || out.method == "input";
    if (asks != (out.reply_bytes > 0)) fields.error(fields.node(), "'reply_bytes' belongs to get-feature and input");
  }

  void read_command(Fields& fields, Exchange& out) const {
    fields.require("run", "a program and its arguments");
    const auto words = fields.list("run");
    for (const auto& word : words.items())
      if (auto text = read_template(fields, word, "run")) out.argv.push_back(*std::move(text));
    if (out.argv.empty()) fields.error(fields.node(), "'run' names no program");
  }

  static Errc meaning(const std::string& word) {
    if (word == "busy") return Errc::busy;
    if (word == "denied") return Errc::denied;
    return Errc::unavailable;
  }

  void read_reply(Fields& fields, Exchange& out) const {
    out.only_with = fields.text("only_with").value_or("");
    out.in_hex = fields.flag("in_hex").value_or(false);
    if (const auto expect = fields.take("expect")) out.expect = read_pattern(fields, expect, "expect");
    const auto refusals = fields.list("refusals");
    for (const auto& item : refusals.items()) {
      Fields one(item, "refusals", diagnostics_);
      one.require("match", "a pattern");
      one.require("says", "what it means, for people");
      Refusal refusal;
      refusal.match = read_pattern(one, one.take("match"), "match").value_or(Template());
      refusal.says = one.text("says").value_or("");
      refusal.is = meaning(one.word("is", {"busy", "denied", "failed"}).value_or("failed"));
      one.refuse_others();
      out.refusals.push_back(std::move(refusal));
    }
    const auto save = fields.map("save");
    for (const auto& [key, value] : save.entries())
      if (auto pattern = read_pattern(fields, value, "save")) out.save.emplace_back(key.text(), *std::move(pattern));
    out.pause = read_time(fields, "pause_ms", out.pause);
  }

  Shape shape_;
  Diagnostics& diagnostics_;
};

std::vector<std::string> read_words(Fields& fields, std::string_view key) {
  std::vector<std::string> out;
  const auto value = fields.take(key);
  if (value && value.is_scalar()) out.push_back(scalar(value));
  for (const auto& item : value.items()) out.push_back(scalar(item));
  if (std::ranges::find(out, "") != out.end())
    fields.error(value, "'" + std::string(key) + "': text or a list of texts was expected");
  return out;
}

Reading read_reading(const Node& node, Diagnostics& diagnostics) {
  Fields fields(node, "read", diagnostics);
  Reading out;
  out.is_hex = fields.word("as", {"text", "hex"}).value_or("text") == "hex";
  out.json = read_template(fields, "json");
  if (const auto pattern = fields.take("pattern")) out.pattern = read_pattern(fields, pattern, "pattern");
  out.field = read_template(fields, "field");
  out.separator = fields.text("separator").value_or(",");
  out.bit = read_template(fields, "bit");
  out.character = read_template(fields, "character");
  out.base = static_cast<int>(fields.integer("base", 2, 16).value_or(16));
  out.on = read_words(fields, "is_on");
  out.off = read_words(fields, "is_off");
  out.pending = read_words(fields, "is_pending");
  if (out.bit && out.on.empty()) out.on = {"1"};
  if (out.bit && out.off.empty()) out.off = {"0"};
  if (out.on.empty() || out.off.empty())
    fields.error(node, "'is_on' and 'is_off' are missing: what the unit says then");
  fields.refuse_others();
  return out;
}

void read_outlets(Fields& fields, UnitModel& out) {
  fields.require("outlets", "such as 1..8, or names,");
  const auto value = fields.take("outlets");
  const auto text = scalar(value);
  out.named_outlets = text == "names";
  if (out.named_outlets || text.empty()) return;
  const auto dots = text.find("..");
  const auto number = [](std::string_view digits, std::int64_t& into) {
    const auto end = digits.data() + digits.size();
    return std::from_chars(digits.data(), end, into).ptr == end && !digits.empty();
  };
  const std::string_view all = text;
  const bool good = dots == text.npos ? number(all, out.first_outlet)
                                      : number(all.substr(0, dots), out.first_outlet) &&
                                            number(all.substr(dots + 2), out.last_outlet);
  if (dots == text.npos) out.last_outlet = out.first_outlet;
  if (!good || out.last_outlet < out.first_outlet)
    fields.error(value, "'outlets': such as 1..8, or names, was expected");
}

void read_parameters(Fields& fields, UnitModel& out) {
  const auto add = [&](const Node& map, bool required) {
    for (const auto& [key, value] : map.entries()) {
      Parameter one;
      one.name = key.text();
      one.required = required;
      one.secret = std::ranges::find(secret_names, one.name) != secret_names.end();
      if (required)
        one.help = scalar(value);
      else
        one.usual = value.is_null() ? "" : value.text();
      out.parameters.push_back(std::move(one));
    }
  };
  add(fields.map("wants"), true);
  add(fields.map("may"), false);
}

Verified verified_from(const std::string& word) {
  if (word == "hardware") return Verified::hardware;
  if (word == "independent tool") return Verified::independent_tool;
  return word == "specification" ? Verified::specification : Verified::unproven;
}

void read_transport(Fields& fields, UnitModel& out) {
  out.port = static_cast<std::uint16_t>(fields.integer("port", 0, 65535).value_or(0));
  if (out.shape == Shape::http) {
    out.tls = fields.word("scheme", {"http", "https"}).value_or("http") == "https";
    out.auth = fields.word("auth", {"basic", "digest", "bearer"}).value_or("");
    if (out.port == 0) out.port = out.tls ? 443 : 80;
  } else if (out.shape == Shape::snmp) {
    const auto version = fields.take("version");
    out.snmp_version = version ? scalar(version) : "1";
    if (out.snmp_version != "1" && out.snmp_version != "2c" && out.snmp_version != "3")
      fields.error(version, "'version' must be 1, 2c or 3");
    if (out.port == 0) out.port = 161;
  } else if (out.shape == Shape::telnet) {
    out.end_of_line = fields.text("end_of_line").value_or("\r\n");
    if (out.port == 0) out.port = 23;
  } else if (out.shape == Shape::tcp) {
    out.kasa = fields.flag("kasa").value_or(false);
    fields.require("port", "a port");
  } else if (out.shape == Shape::serial) {
    out.baud = static_cast<std::uint32_t>(fields.integer("baud", 300, 4'000'000).value_or(9600));
  } else if (out.shape == Shape::hid) {
    out.usb_id = fields.text("usb_id");
    fields.require("usb_id", "such as 16c0:05df");
  }
}

void read_times(Fields& fields, UnitModel& out) {
  out.timeout = read_time(fields, "timeout_ms", out.timeout);
  out.settle = read_time(fields, "settle_ms", out.settle);
  out.between = read_time(fields, "between_ms", out.between);
  out.gap = read_time(fields, "gap_ms", out.gap);
  out.delay = read_time(fields, "delay_ms", out.delay);
  out.refuse_after = static_cast<unsigned>(fields.integer("refuse_after", 1, 100).value_or(3));
  out.refuse_for = read_time(fields, "refuse_for_ms", out.refuse_for);
}

void read_actions(Fields& fields, UnitModel& out, Diagnostics& diagnostics) {
  const ExchangeReader reader(out.shape, diagnostics);
  if (const auto words = fields.map("words")) {
    Fields each(words, "words", diagnostics);
    for (const auto* word : {"on", "off", "cycle"})
      if (const auto value = each.take("to_" + std::string(word))) out.words[word] = scalar(value);
    each.refuse_others();
  }
  const auto both = reader.read_list(fields.list("switch"), "switch");
  out.on = both.empty() ? reader.read_list(fields.list("to_on"), "to_on") : both;
  out.off = both.empty() ? reader.read_list(fields.list("to_off"), "to_off") : both;
  out.cycle = reader.read_list(fields.list("to_cycle"), "to_cycle");
  if (out.cycle.empty() && !both.empty() && out.words.contains("cycle")) out.cycle = both;
  if (out.on.empty() || out.off.empty())
    fields.error(fields.node(), "'switch', or 'to_on' and 'to_off', were expected: how it is switched");
  if (!both.empty() && (!out.words.contains("on") || !out.words.contains("off")))
    fields.error(fields.node(), "'switch' needs 'words': to_on and to_off");
  out.begin = reader.read_list(fields.list("begin"), "begin");
  out.end = reader.read_list(fields.list("end"), "end");
  out.state = reader.read_list(fields.list("state"), "state");
  const auto reading = fields.map("read");
  if (reading) out.reading = read_reading(reading, diagnostics);
  if (static_cast<bool>(reading) != !out.state.empty()) fields.error(fields.node(), "'state' and 'read' go together");
}

}  // namespace

std::shared_ptr<const UnitModel> read_unit_model(const Node& file, Diagnostics& diagnostics) {
  if (!file) return nullptr;
  auto out = std::make_shared<UnitModel>();
  Fields fields(file, "power unit", diagnostics);
  for (const auto* key : {"model", "title", "shape", "source", "verified"}) fields.require(key, "text");
  out->name = fields.text("model").value_or("");
  out->meaning = file.to_json().dump();
  out->title = fields.text("title").value_or("");
  out->source = fields.text("source").value_or("");
  out->verified = verified_from(
      fields.word("verified", {"hardware", "independent tool", "specification", "unproven"}).value_or("unproven"));
  const auto shape = fields.word("shape", shapes).value_or("http");
  out->shape = static_cast<Shape>(std::max<std::ptrdiff_t>(0, std::ranges::find(shapes, shape) - shapes.begin()) % 7);
  out->quirks = fields.texts("quirks").value_or(std::vector<std::string>());
  read_outlets(fields, *out);
  read_parameters(fields, *out);
  read_transport(fields, *out);
  read_times(fields, *out);
  read_actions(fields, *out, diagnostics);
  fields.refuse_others();
  if (diagnostics.has_errors()) return nullptr;
  return out;
}

}  // namespace hilltop::drivers::unit
