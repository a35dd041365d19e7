// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/dictionary_book.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

namespace hilltop::controller {
namespace {

namespace fs = std::filesystem;
using boards::demux::DecoderSpec;
using nlohmann::json;

constexpr std::size_t most_entries = 16;
constexpr const char* book_name = "book.json";

std::string text_of(const json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Nothing where it is none: the file was damaged.
std::optional<DictionaryBook::Places> places_of(const json& entry, const char* key) {
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_object()) return std::nullopt;
  DictionaryBook::Places out;
  for (const auto& [console, offset] : found->items()) {
    if (!offset.is_number_unsigned()) return std::nullopt;
    out[console] = offset.get<std::uint64_t>();
  }
  return out;
}

Error io_error(const fs::path& path) {
  return {Errc::io, Blame::infrastructure, "log dictionaries: " + path.string() + " cannot be written"};
}

}  // namespace

DictionaryBook::Entries& DictionaryBook::entries_of(const std::string& board) {
  const auto [known, is_new] = books_.try_emplace(board);
  if (!is_new) return known->second;
  std::ifstream in(folder_ / board / book_name);
  const auto book = json::parse(in, nullptr, false);
  if (!book.is_array()) return known->second;
  for (const auto& one : book) {
    const auto from = one.is_object() ? places_of(one, "from") : std::nullopt;
    const auto to = from ? places_of(one, "to") : std::nullopt;
    const auto file = from ? text_of(one, "file") : "";
    if (from && to && !file.empty()) known->second.push_back({file, text_of(one, "mode"), *from, *to});
  }
  return known->second;
}

Result<> DictionaryBook::save(const std::string& board, const Entries& entries) {
  auto book = json::array();
  for (const auto& one : entries)
    book.push_back({{"file", one.file}, {"mode", one.mode}, {"from", one.from}, {"to", one.to}});
  const auto path = folder_ / board / book_name;
  auto fresh = path;
  fresh += ".new";
  std::ofstream out(fresh, std::ios::trunc);
  out << book.dump(1) << '\n';
  out.close();
  std::error_code failed;
  if (out) fs::rename(fresh, path, failed);
  if (!out || failed) return io_error(path);
  return ok();
}

DecoderSpec DictionaryBook::spec_of(const std::string& board, const Entry& entry) const {
  DecoderSpec out;
  out.name = "dictlog";
  out.mode = entry.mode;
  out.database = (folder_ / board / entry.file).string();
  return out;
}

Result<fs::path> DictionaryBook::place_for(const std::string& board) {
  std::error_code failed;
  fs::create_directories(folder_ / board, failed);
  if (failed) return io_error(folder_ / board);
  const auto& entries = entries_of(board);
  std::size_t number = 1;
  for (const auto& one : entries)
    number = std::max<std::size_t>(number, std::strtoul(one.file.c_str(), nullptr, 10) + 1);
  return folder_ / board / (std::to_string(number) + ".json");
}

Result<> DictionaryBook::begin(const std::string& board, const fs::path& database, const std::string& mode,
                               const Places& from) {
  HILLTOP_CHECK(end(board, from));
  auto& entries = entries_of(board);
  entries.push_back({database.filename().string(), mode, from, {}});
  std::error_code ignored;
  while (entries.size() > most_entries) {
    fs::remove(folder_ / board / entries.front().file, ignored);
    entries.erase(entries.begin());
  }
  return save(board, entries);
}

Result<> DictionaryBook::end(const std::string& board, const Places& to) {
  auto& entries = entries_of(board);
  if (entries.empty() || !entries.back().to.empty()) return ok();
  entries.back().to = to;
  return save(board, entries);
}

std::optional<DecoderSpec> DictionaryBook::current(const std::string& board) {
  const auto& entries = entries_of(board);
  if (entries.empty() || !entries.back().to.empty()) return std::nullopt;
  return spec_of(board, entries.back());
}

std::vector<DictionaryBook::Stretch> DictionaryBook::stretches(const std::string& board, const std::string& console,
                                                               const std::vector<DecoderSpec>& usual) {
  std::vector<Stretch> out;
  std::uint64_t at = 0;
  for (const auto& one : entries_of(board)) {
    const auto from = one.from.find(console);
    if (from == one.from.end()) continue;
    const auto end = one.to.find(console);
    const auto to = one.to.empty() ? UINT64_MAX : end == one.to.end() ? from->second : end->second;
    if (from->second < at || to <= from->second) continue;  // a transcript that was thrown away and begun anew
    if (from->second > at) out.push_back({at, from->second, usual});
    out.push_back({from->second, to, boards::demux::with_dictionary(usual, spec_of(board, one))});
    at = to;
  }
  if (at < UINT64_MAX) out.push_back({at, UINT64_MAX, usual});
  return out;
}

}  // namespace hilltop::controller
