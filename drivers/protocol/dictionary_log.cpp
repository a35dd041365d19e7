// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/dictionary_log.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "drivers/protocol/base64.hpp"
#include "drivers/protocol/dictionary_format.hpp"

namespace hilltop::drivers::dictionary_log {
namespace {

using nlohmann::json;

Error bad(std::string_view what) {
  return {Errc::bad_input, Blame::configuration, "log dictionary: " + std::string(what)};
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  std::uint64_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + static_cast<unsigned>(c - '0');
  }
  return out;
}

/// Types whose va_list has no alignment. Source: data_types.py, get_stack_min_align().
bool packs(std::string_view arch, bool is_64bit) {
  if (arch == "sparc" || arch == "riscv32e" || arch == "nios2") return true;
  return !is_64bit && (arch == "arc" || arch == "x86");
}

std::string text_of(const json& map, const char* key) {
  const auto at = map.find(key);
  return at != map.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

struct DatabaseReader {
  const json& root;
  Database out;

  Result<> read_target() {
    const auto target = root.find("target");
    const auto version = root.find("version");
    if (version == root.end() || !version->is_number_integer() || target == root.end() || !target->is_object())
      return bad("'version' and 'target' were expected");
    out.version_ = version->get<int>();
    if (out.version_ < 1 || out.version_ > 3)
      return bad("version " + std::to_string(out.version_) + " is unknown (1 to 3 are)");
    out.is_64bit_ = target->value("bits", json(32)) == json(64);
    out.little_endian_ = target->value("little_endianness", json(true)) == json(true);
    const auto kconfigs = root.find("kconfigs");
    out.time_64bit_ =
        kconfigs != root.end() && kconfigs->is_object() && kconfigs->contains("CONFIG_LOG_TIMESTAMP_64BIT");
    out.packed_ = packs(text_of(root, "arch"), out.is_64bit_);
    return ok();
  }

  void read_texts() {
    const auto texts = root.find("string_mappings");
    if (texts == root.end() || !texts->is_object()) return;
    for (const auto& [address, text] : texts->items())
      if (const auto at = number_of(address); at && text.is_string()) out.texts_[*at] = text.get<std::string>();
  }

  Result<> read_sections() {
    const auto sections = root.find("sections");
    if (sections == root.end() || !sections->is_object()) return ok();
    for (const auto& [name, section] : sections->items()) {
      if (!section.is_object()) continue;
      const auto start = section.find("start");
      auto data = base64_decoded(text_of(section, "data_b64"));
      if (!data || start == section.end() || !start->is_number_integer())
        return bad("section '" + name + "' is malformed");
      out.sections_.push_back({start->get<std::uint64_t>(), *std::move(data)});
    }
    return ok();
  }

  void read_sources() {
    const auto subsystem = root.find("log_subsys");
    if (subsystem == root.end() || !subsystem->is_object()) return;
    const auto instances = subsystem->find("log_instances");
    if (instances == subsystem->end() || !instances->is_object()) return;
    for (const auto& [id, instance] : instances->items())
      if (const auto number = number_of(id); number && instance.is_object())
        out.sources_[*number] = text_of(instance, "name");
  }
};

Result<Database> Database::parse(std::string_view text) {
  const auto root = json::parse(text, nullptr, false);
  if (!root.is_object()) return bad("no JSON object");
  DatabaseReader reader{root, {}};
  HILLTOP_CHECK(reader.read_target());
  reader.read_texts();
  HILLTOP_CHECK(reader.read_sections());
  reader.read_sources();
  return std::move(reader.out);
}

std::optional<std::string> Database::text_at(std::uint64_t address) const {
  if (auto at = texts_.upper_bound(address); at != texts_.begin()) {
    const auto& [start, text] = *--at;  // it may point into a text that others share the end of
    if (address == start || address - start < text.size()) return text.substr(address - start);
  }
  for (const auto& section : sections_) {
    if (address < section.start || address - section.start >= section.data.size()) continue;
    const auto rest = std::string_view(section.data).substr(address - section.start);
    return std::string(rest.substr(0, rest.find('\0')));
  }
  return std::nullopt;
}

const std::string* Database::source(std::uint64_t id) const {
  const auto at = sources_.find(id);
  return at == sources_.end() ? nullptr : &at->second;
}

namespace {

constexpr std::uint8_t type_normal = 0;
constexpr std::uint8_t type_dropped = 1;
constexpr std::uint64_t highest_level = 4;
constexpr std::array<std::string_view, 5> level_names = {"none", "err", "wrn", "inf", "dbg"};

struct Header {
  std::uint64_t level = 0, package = 0, data = 0, source = 0, timestamp = 0;
  std::size_t size = 0;
};

/// Nothing while bytes are missing. Source: log_parser_v1.py and log_parser_v3.py, struct
/// log_dict_output_normal_msg_hdr_t.
std::optional<Header> read_header(const Database& database, std::string_view bytes) {
  Header out;
  Reader at(bytes.substr(1), database.is_little_endian());
  if (database.version() >= 3) {
    const auto domain_level = at.number(1);
    out.level = database.is_little_endian() ? domain_level >> 4 : domain_level & 0x0f;
    out.package = at.number(2);
    out.data = at.number(2);
  } else {
    const auto bits = at.number(4);
    out.level = bits >> 3 & 0x07;
    out.package = bits >> 6 & 0x3ff;
    out.data = bits >> 16 & 0xfff;
  }
  out.source = at.number(database.is_64bit() ? 8 : 4);
  out.timestamp = at.number(database.has_64bit_time() ? 8 : 4);
  out.size = 1 + at.position();
  if (at.ran_out()) return std::nullopt;
  return out;
}

/// What can be refused before all of it is there.
bool plausible(const Database& database, const Header& header) {
  const std::size_t pointer = database.is_64bit() ? 8 : 4;
  return header.level <= highest_level && header.package >= 2 * pointer &&
         header.size + header.package + header.data <= most_record_bytes;
}

void append_hexdump(std::string& out, std::string_view data, std::size_t indent) {
  constexpr std::size_t in_line = 16;
  constexpr std::string_view hex = "0123456789abcdef";
  for (std::size_t at = 0; at < data.size(); at += in_line) {
    const auto line = data.substr(at, in_line);
    std::string bytes, characters;
    for (std::size_t i = 0; i < in_line; ++i) {
      if (i == in_line / 2) bytes += ' ', characters += ' ';
      const auto byte = static_cast<std::uint8_t>(i < line.size() ? line[i] : 0);
      if (i < line.size()) (bytes += hex[byte >> 4]) += hex[byte & 0x0f];
      bytes += i < line.size() ? " " : "   ";
      if (i < line.size()) characters += line[i] >= ' ' && line[i] <= '~' ? line[i] : '.';
    }
    out.append(indent, ' ').append(bytes).append("|").append(characters).append("\n");
  }
}

std::string line_of(const Record& record, std::string_view data) {
  if (record.level == 0) return record.text;
  auto stamp = std::to_string(record.timestamp);
  constexpr std::size_t width = 10;
  if (stamp.size() < width) stamp.insert(0, width - stamp.size(), ' ');
  const auto prefix = "[" + stamp + "] <" + std::string(level_names[record.level]) + "> " + record.module + ": ";
  auto out = prefix + record.text + "\n";
  append_hexdump(out, data, prefix.size());
  return out;
}

Record parse_dropped(const Database& database, std::string_view bytes) {
  Record out;
  Reader at(bytes.substr(1), database.is_little_endian());
  const auto count = at.number(2);
  out.fit = at.ran_out() ? Record::Fit::more : Record::Fit::yes;
  out.size = 3;
  out.line = "--- " + std::to_string(count) + " messages dropped ---\n";
  return out;
}

}  // namespace

Record parse_record(const Database& database, std::string_view bytes) {
  Record out;
  if (bytes.empty()) return out.fit = Record::Fit::more, out;
  const auto type = static_cast<std::uint8_t>(bytes.front());
  if (type == type_dropped) return parse_dropped(database, bytes);
  if (type != type_normal) return out;
  const auto header = read_header(database, bytes);
  if (!header) return out.fit = Record::Fit::more, out;
  if (!plausible(database, *header)) return out;
  out.size = header->size + header->package + header->data;
  if (bytes.size() < out.size) return out.fit = Record::Fit::more, out;
  auto text = format_package(database, bytes.substr(header->size, header->package));
  if (!text) return out;
  out.fit = Record::Fit::yes;
  out.level = static_cast<unsigned>(header->level);
  out.timestamp = header->timestamp;
  const auto* module = database.source(header->source);
  out.module = module != nullptr ? *module : "unknown<" + std::to_string(header->source) + ">";
  out.text = *std::move(text);
  out.line = line_of(out, bytes.substr(header->size + header->package, header->data));
  return out;
}

}  // namespace hilltop::drivers::dictionary_log
