// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/decoder_spec.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "boards/console/demux/make_decoder.hpp"
#include "drivers/core/fields.hpp"

namespace hilltop::boards::demux {
namespace {

constexpr std::size_t largest_database = 64U << 20U;
constexpr std::int64_t most_frame = 65'533;
constexpr std::int64_t most_rtt_channel = 63;

/// A channel's name, or a list of them.
std::vector<std::string> read_from(Fields& fields) {
  const auto from = fields.take("from");
  if (from && from.is_string()) return {from.text()};
  return fields.texts("from").value_or(std::vector<std::string>{});
}

/// Where a relative path in a file points to.
std::string beside(const Place& place, const std::string& path) {
  if (path.empty() || path.starts_with('/') || !place.file) return path;
  return (std::filesystem::path(*place.file).parent_path() / path).string();
}

void read_options(DecoderSpec& spec, const Node& map, Diagnostics& diagnostics) {
  if (map.is_null()) return;
  Fields fields(map, "decoder '" + spec.name + "'", diagnostics);
  spec.from = read_from(fields);
  const auto& options = *options_of(spec.name);
  const auto takes = [&](std::string_view option) { return std::ranges::find(options, option) != options.end(); };
  if (takes("max_frame"))
    if (const auto most = fields.integer("max_frame", 1, most_frame)) spec.max_frame = static_cast<std::size_t>(*most);
  if (takes("mode")) spec.mode = fields.word("mode", modes_of(spec.name)).value_or("");
  if (takes("database")) spec.database = beside(map.place(), fields.text("database").value_or(""));
  if (takes("channel"))
    if (const auto number = fields.integer("channel", 0, most_rtt_channel))
      spec.channel = static_cast<unsigned>(*number);
  fields.refuse_others();
}

bool known(const std::string& name, const Node& at, Diagnostics& diagnostics) {
  if (options_of(name) != nullptr) return true;
  const auto help = suggest(name, decoder_names());
  diagnostics.error(at.place(), "decoders: '" + name + "' is no decoder",
                    help.empty() ? one_of_text(decoder_names()) : help);
  return false;
}

std::optional<DecoderSpec> read_decoder(const Node& item, Diagnostics& diagnostics) {
  DecoderSpec out;
  const bool one_key = item.is_map() && item.entries().size() == 1;
  if (!item.is_string() && !one_key) {
    diagnostics.error(item.place(), "decoders: a decoder's name, or a map of one name, was expected",
                      "for example kernel or {cmux: {mode: basic}}");
    return std::nullopt;
  }
  const auto& name = one_key ? item.entries().front().key : item;
  out.name = name.text();
  if (!known(out.name, name, diagnostics)) return std::nullopt;
  if (one_key) read_options(out, item.entries().front().value, diagnostics);
  if (out.name == "dictlog" && out.database.empty()) {
    diagnostics.error(item.place(), "decoder 'dictlog': 'database' is missing",
                      "the log_dictionary.json of the build: {dictlog: {database: FILE}}");
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::vector<DecoderSpec> read_decoders(const Node& list, Diagnostics& diagnostics) {
  std::vector<DecoderSpec> out;
  if (!list || list.is_null()) return out;
  if (!list.is_sequence()) {
    diagnostics.error(list.place(), "decoders: a list was expected, not " + std::string(list.kind_name()));
    return out;
  }
  for (const auto& item : list.items())
    if (auto spec = read_decoder(item, diagnostics)) out.push_back(*std::move(spec));
  return out;
}

Result<std::vector<DecoderSpec>> decoders_from(std::string_view names) {
  std::vector<DecoderSpec> out;
  while (!names.empty()) {
    const auto comma = std::min(names.find(','), names.size());
    DecoderSpec spec;
    const auto word = names.substr(0, comma);
    const auto equals = std::min(word.find('='), word.size());
    spec.name = word.substr(0, equals);
    if (options_of(spec.name) == nullptr) {
      const auto help = suggest(spec.name, decoder_names());
      return Error{Errc::bad_input, Blame::configuration,
                   "'" + spec.name + "' is no decoder: " + (help.empty() ? one_of_text(decoder_names()) : help)};
    }
    const auto value = equals < word.size() ? word.substr(equals + 1) : std::string_view();
    if (!value.empty() && spec.name != "dictlog")
      return Error{Errc::bad_input, Blame::configuration,
                   "'" + std::string(word) + "': only dictlog has a value (dictlog=DATABASE)"};
    spec.database = value;
    out.push_back(std::move(spec));
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return out;
}

std::vector<DecoderSpec> with_dictionary(std::vector<DecoderSpec> decoders, DecoderSpec dictionary) {
  if (const auto old = std::ranges::find(decoders, "dictlog", &DecoderSpec::name); old != decoders.end()) {
    if (dictionary.from.empty()) dictionary.from = old->from;
    if (dictionary.mode.empty()) dictionary.mode = old->mode;
    *old = std::move(dictionary);
    return decoders;
  }
  const auto knows_text = [](const DecoderSpec& one) {
    return one.name == "kernel" || one.name == "worlds" || one.name == "zephyr";
  };
  decoders.insert(std::ranges::find_if(decoders, knows_text), std::move(dictionary));
  return decoders;
}

Result<std::string> read_database_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    auto error = system_error(path, errno);
    return Error{errno == ENOENT ? Errc::not_found : Errc::io, Blame::configuration, error.text};
  }
  std::string text;
  std::string block(1U << 16U, '\0');
  while (in && text.size() <= largest_database) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block, 0, static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad() || text.size() > largest_database)
    return Error{Errc::io, Blame::configuration, path + (in.bad() ? ": cannot be read" : ": larger than 64 MiB")};
  return text;
}

}  // namespace hilltop::boards::demux
