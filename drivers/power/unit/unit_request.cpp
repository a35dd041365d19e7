// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/unit_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "drivers/power/unit/unit_pattern.hpp"

namespace hilltop::drivers::unit {
namespace {

using Json = nlohmann::json;

constexpr std::size_t most_shown = 80;

Error wrong(std::string text) { return {Errc::bad_input, Blame::configuration, std::move(text)}; }
Error garbled(std::string text) { return {Errc::protocol, Blame::infrastructure, std::move(text)}; }

Result<std::string> from_hex(std::string_view digits) {
  std::string clean;
  for (const char c : digits)
    if (c != ' ') clean += c;
  std::string out;
  for (std::size_t i = 0; i + 1 < clean.size() + clean.size() % 2; i += 2) {
    unsigned value = 0;
    const auto* begin = clean.data() + i;
    const auto* end = clean.data() + std::min(i + 2, clean.size());
    if (end - begin != 2 || std::from_chars(begin, end, value, 16).ptr != end)
      return wrong("'" + std::string(digits) + "' is not in hexadecimal digits");
    out += static_cast<char>(value);
  }
  return out;
}

/// Source: MODBUS over Serial Line V1.02, 6.2.2 (CRC-16, polynomial A001 reflected, low byte first).
std::string modbus_crc(std::string_view bytes) {
  unsigned crc = 0xffff;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xa001U : crc >> 1;
  }
  return {static_cast<char>(crc & 0xff), static_cast<char>(crc >> 8)};
}

std::string checksum_of(std::string_view bytes, Checksum kind) {
  unsigned char out = 0;
  if (kind == Checksum::none) return {};
  if (kind == Checksum::modbus) return modbus_crc(bytes);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out = static_cast<unsigned char>(kind == Checksum::sum ? out + byte : out ^ byte);
  }
  return std::string(1, static_cast<char>(out));
}

Escape escape_for(const std::string& content_type) {
  if (content_type.contains("json")) return Escape::json;
  return content_type.contains("form-urlencoded") ? Escape::url : Escape::none;
}

/// Text that goes on a line of its own must not bring lines of its own.
Result<> refuse_lines(const Variables& variables) {
  for (const auto& [name, text] : variables)
    if (std::ranges::any_of(text, [](char c) { return c == '\n' || c == '\r' || c == '\0'; }))
      return wrong("'" + name + "' has a line's end in it");
  return ok();
}

/// For titles: secrets are left out.
Variables without_secrets(const UnitModel& model, Variables variables) {
  for (const auto& parameter : model.parameters)
    if (parameter.secret) variables[parameter.name] = "***";
  return variables;
}

Result<> render_http(const Exchange& exchange, const Variables& variables, Request& out) {
  HILLTOP_TRY(out.path, exchange.path.render(variables, Escape::url));
  for (const auto& [name, value] : exchange.headers) {
    HILLTOP_TRY(auto text, value.render(variables));
    out.headers.emplace_back(name, std::move(text));
  }
  HILLTOP_TRY(out.send, exchange.send.render(variables, escape_for(exchange.content_type)));
  return ok();
}

Result<> render_snmp(const Exchange& exchange, const Variables& variables, Request& out) {
  HILLTOP_TRY(out.oid, exchange.oid.render(variables));
  if (out.oid.find_first_not_of("0123456789.") != out.oid.npos)
    return wrong("'" + out.oid + "' is no object identifier");
  out.title = (out.snmp == SnmpKind::set ? "set " : "get ") + out.oid;
  if (out.snmp == SnmpKind::get) return ok();
  HILLTOP_TRY(const auto text, exchange.value.render(variables));
  const auto end = text.data() + text.size();
  if (text.empty() || std::from_chars(text.data(), end, out.value).ptr != end)
    return wrong("'" + text + "' is no number");
  return ok();
}

Result<std::int64_t> number_of(const Template& source, const Variables& variables) {
  HILLTOP_TRY(const auto text, source.render(variables));
  std::int64_t out = 0;
  const auto end = text.data() + text.size();
  if (std::from_chars(text.data(), end, out).ptr != end || out < 0) return wrong("'" + text + "' is no number");
  return out;
}

Result<> render_bytes(const Exchange& exchange, const Variables& variables, Request& out) {
  HILLTOP_TRY(auto text, exchange.send.render(variables));
  if (exchange.is_hex) {
    HILLTOP_TRY(out.send, from_hex(text));
  } else {
    out.send = std::move(text);
  }
  out.send += checksum_of(out.send, exchange.checksum);
  if (!exchange.report.empty()) {
    HILLTOP_TRY(const auto number, number_of(exchange.report, variables));
    if (number > 255) return wrong(std::to_string(number) + " is no number of a report");
    out.report = static_cast<std::uint8_t>(number);
  }
  if (exchange.until) {
    HILLTOP_TRY(out.until, exchange.until->render(variables, Escape::pattern));
  }
  return ok();
}

/// The member that a JSON pointer names. Source: RFC 6901; a pointer of ours needs no ~ escapes.
const Json* find_json(const Json& root, std::string_view pointer) {
  const auto* at = &root;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const auto key = std::string(pointer.substr(0, pointer.find('/')));
    pointer.remove_prefix(key.size());
    if (at->is_object()) {
      const auto found = at->find(key);
      if (found == at->end()) return nullptr;
      at = &*found;
      continue;
    }
    std::size_t index = 0;
    const auto end = key.data() + key.size();
    if (!at->is_array() || key.empty() || std::from_chars(key.data(), end, index).ptr != end || index >= at->size())
      return nullptr;
    at = &(*at)[index];
  }
  return at;
}

Result<std::string> take_json(const std::string& text, const std::string& pointer) {
  const auto root = Json::parse(text, nullptr, false);
  if (root.is_discarded()) return garbled("its reply is no JSON: '" + shown(text) + "'");
  const auto* found = find_json(root, pointer);
  if (found == nullptr) return garbled("its reply has no " + pointer + ": '" + shown(text) + "'");
  return found->is_string() ? found->get<std::string>() : found->dump();
}

Result<std::string> take_field(const std::string& text, const std::string& separator, std::int64_t index) {
  std::string_view rest = text;
  for (; index > 0; --index) {
    const auto end = rest.find(separator);
    if (separator.empty() || end == rest.npos) return garbled("its reply is too short: '" + shown(text) + "'");
    rest.remove_prefix(end + separator.size());
  }
  auto field = rest.substr(0, rest.find(separator));
  while (!field.empty() && (field.front() == ' ' || field.front() == '\n')) field.remove_prefix(1);
  return std::string(field);
}

/// A bit of a number, which may be longer than a machine's.
Result<std::string> take_bit(const std::string& text, int base, std::int64_t index) {
  std::uint64_t value = 0;
  const auto begin = text.find_first_not_of(" \t\r\n");
  const auto* first = text.data() + (begin == text.npos ? text.size() : begin);
  const auto [end, failed] = std::from_chars(first, text.data() + text.size(), value, base);
  if (failed != std::errc() || end == first || index > 63) return garbled("'" + shown(text) + "' is no number");
  return std::string((value >> index & 1U) != 0 ? "1" : "0");
}

bool is_word(std::string_view text, const std::vector<std::string>& words) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::ranges::any_of(words, [&](const std::string& word) { return std::ranges::equal(word, text, same); });
}

Result<std::string> taken(const Reading& reading, const std::string& reply, const Variables& variables) {
  auto text = reading.is_hex ? to_hex(reply) : reply;
  if (reading.json) {
    HILLTOP_TRY(const auto pointer, reading.json->render(variables));
    HILLTOP_TRY(text, take_json(text, pointer));
  }
  if (reading.pattern) {
    HILLTOP_TRY(const auto expression, reading.pattern->render(variables, Escape::pattern));
    HILLTOP_TRY(const auto pattern, Pattern::compile(expression));
    const auto found = pattern.find(text);
    if (!found) return garbled("its reply does not tell: '" + shown(text) + "'");
    text = found->text;
  }
  if (reading.field) {
    HILLTOP_TRY(const auto index, number_of(*reading.field, variables));
    HILLTOP_TRY(text, take_field(text, reading.separator, index));
  }
  if (reading.bit) {
    HILLTOP_TRY(const auto index, number_of(*reading.bit, variables));
    HILLTOP_TRY(text, take_bit(text, reading.base, index));
  }
  if (reading.character) {
    HILLTOP_TRY(const auto index, number_of(*reading.character, variables));
    if (static_cast<std::size_t>(index) >= text.size()) return garbled("its reply is too short: '" + shown(text) + "'");
    text = text[static_cast<std::size_t>(index)];
  }
  return text;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, most_shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\r' || c == '\t') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (byte < 0x20 || byte > 0x7e) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return text.size() > most_shown ? out + "..." : out;
}

Result<Request> render(const UnitModel& model, const Exchange& exchange, const Variables& variables) {
  HILLTOP_CHECK(refuse_lines(variables));
  Request out;
  out.method = exchange.method;
  out.content_type = exchange.content_type;
  out.reply_bytes = exchange.reply_bytes;
  out.in_hex = exchange.in_hex;
  out.snmp = exchange.snmp;
  for (const auto& refusal : exchange.refusals) {
    HILLTOP_TRY(auto pattern, refusal.match.render(variables, Escape::pattern));
    out.stops.push_back(std::move(pattern));
  }
  if (model.shape == Shape::http) {
    HILLTOP_CHECK(render_http(exchange, variables, out));
    out.title = out.method + " " + shown(exchange.path.render(without_secrets(model, variables)).value_or(""));
  } else if (model.shape == Shape::snmp) {
    HILLTOP_CHECK(render_snmp(exchange, variables, out));
  } else if (model.shape == Shape::command) {
    for (const auto& word : exchange.argv) {
      HILLTOP_TRY(auto text, word.render(variables));
      out.argv.push_back(std::move(text));
    }
    out.title = out.argv.front();
  } else {
    HILLTOP_CHECK(render_bytes(exchange, variables, out));
    if (model.shape == Shape::telnet && exchange.sends) out.send += model.end_of_line;
    out.title = exchange.send.empty() ? "the connection"
                : exchange.is_hex
                    ? "a message of " + std::to_string(out.send.size()) + " bytes"
                    : "'" + shown(exchange.send.render(without_secrets(model, variables)).value_or("")) + "'";
  }
  return out;
}

Result<> take_reply(const Exchange& exchange, const std::string& bytes, Variables& variables) {
  const auto reply = exchange.in_hex ? to_hex(bytes) : bytes;
  for (const auto& refusal : exchange.refusals) {
    HILLTOP_TRY(const auto expression, refusal.match.render(variables, Escape::pattern));
    HILLTOP_TRY(const auto pattern, Pattern::compile(expression));
    if (const auto found = pattern.find(reply))
      return Error(refusal.is, Blame::infrastructure, refusal.says + " ('" + shown(found->text) + "')");
  }
  if (exchange.expect) {
    HILLTOP_TRY(const auto expression, exchange.expect->render(variables, Escape::pattern));
    HILLTOP_TRY(const auto pattern, Pattern::compile(expression));
    if (!pattern.find(reply)) return garbled("its reply is not as expected: '" + shown(reply) + "'");
  }
  for (const auto& [name, source] : exchange.save) {
    HILLTOP_TRY(const auto expression, source.render(variables, Escape::pattern));
    HILLTOP_TRY(const auto pattern, Pattern::compile(expression));
    const auto found = pattern.find(reply);
    if (!found) return garbled("its reply has no " + name + ": '" + shown(reply) + "'");
    variables[name] = found->text;
  }
  return ok();
}

Result<PowerState> read_reply(const Reading& reading, const std::string& reply, const Variables& variables) {
  HILLTOP_TRY(const auto text, taken(reading, reply, variables));
  if (is_word(text, reading.on)) return PowerState::on;
  if (is_word(text, reading.off)) return PowerState::off;
  if (is_word(text, reading.pending)) return PowerState::unknown;
  return garbled("it says '" + shown(text) + "', which is neither on nor off");
}

}  // namespace hilltop::drivers::unit
