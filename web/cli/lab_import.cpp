// SPDX-License-Identifier: Apache-2.0
#include "web/cli/lab_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

namespace hilltop::cli {
namespace {

constexpr std::string_view plain_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+@%=";

bool is_twister(const Node& text) {
  return text.is_sequence() && !text.items().empty() &&
         std::ranges::all_of(text.items(), [](const auto& one) { return one.contains("platform"); });
}

bool is_pdudaemon(const Node& text) { return text["pdus"].is_map(); }

bool is_lava(const Node& text) { return text["commands"].is_map() || text["actions"].is_map(); }

/// Groups of resources: a resource is named by its class, or has `cls`.
bool is_labgrid(const Node& text) {
  const auto is_resource = [](const Node::Entry& entry) {
    const auto& name = entry.key.text();
    return entry.value.contains("cls") || (!name.empty() && std::isupper(static_cast<unsigned char>(name.front())));
  };
  return text.is_map() && std::ranges::any_of(text.entries(), [&](const auto& group) {
           return group.value.is_map() && std::ranges::any_of(group.value.entries(), is_resource);
         });
}

/// Letters, digits, '-', '_' and '.', as a board's name must be.
std::string board_name(std::string name) {
  for (auto& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') c = '-';
  while (!name.empty() && (name.front() == '-' || name.front() == '.')) name.erase(0, 1);
  return name.empty() ? "board" : name;
}

/// A comment ends with its line: what came in as text must not go on as YAML.
std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

void add_board(std::string& out, const ImportedBoard& board, std::set<std::string>& taken) {
  auto name = board_name(board.name);
  for (unsigned n = 2; !taken.insert(name).second; ++n) name = fmt::format("{}-{}", board_name(board.name), n);
  out += fmt::format("  {}:\n", name);
  if (!board.type.empty())
    out += fmt::format("    type: {}\n", board.type);
  else
    out += "    type: BOARD-TYPE  # " +
           (board.type_was.empty() ? std::string("the file does not say") : "there it is " + one_line(board.type_was)) +
           "; `hilltop board-types` lists what is known here\n";
  for (const auto& line : board.lines) out += "    " + line + "\n";
  for (const auto& line : board.unknown) out += "    # not translated: " + one_line(line) + "\n";
}

}  // namespace

std::string yaml_scalar(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_not_of(plain_characters) == text.npos &&
                     text.find_first_not_of("0123456789.+-_xXeE") != text.npos && text.front() != '-' &&
                     text.front() != '%' && text.front() != '@';
  if (plain && text != "on" && text != "off" && text != "yes" && text != "no" && text != "true" && text != "false" &&
      text != "null")
    return text;
  return yaml_text(text);
}

std::string yaml_text(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c == '\n' ? ' ' : c);
  return out + "'";
}

std::string yaml_number(const Node& value) {
  return value.as_integer() ? std::to_string(*value.as_integer()) : yaml_scalar(value.text());
}

std::string argument_vector(const std::string& command) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;
  char quote = 0;
  for (const char c : command) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else if (quote == '"' && (c == '$' || c == '`' || c == '\\'))
        return "";
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      open = true;
    } else if (c == ' ' || c == '\t') {
      if (open) words.push_back(std::exchange(word, {}));
      open = false;
    } else if (std::string_view("|&;<>()$`\\*?[]{}~#\n").find(c) != std::string_view::npos) {
      return "";
    } else {
      word += c;
      open = true;
    }
  }
  if (quote != 0) return "";
  if (open) words.push_back(word);
  std::string out;
  for (const auto& one : words) out += (out.empty() ? "" : ", ") + yaml_scalar(one);
  return words.empty() ? "" : "[" + out + "]";
}

std::string as_comment(const std::string& key, const Node& value) {
  if (value.is_scalar()) {
    auto text = value.text();
    std::ranges::replace(text, '\n', ' ');
    return key + ": " + text;
  }
  return key + ": " + value.to_json().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Imported import_lab(const Node& text, const std::string& file_name, const boards::BoardTypes* types,
                    Diagnostics& diagnostics) {
  if (is_twister(text)) return import_twister(text, types);
  if (is_pdudaemon(text)) return import_pdudaemon(text);
  if (is_lava(text)) return import_lava(text, std::filesystem::path(file_name).stem().string(), types);
  if (is_labgrid(text)) return import_labgrid(text);
  diagnostics.error(text.place(), "this is none of the files that can be imported",
                    "a Twister hardware map, a labgrid exporter's YAML, a pdudaemon configuration or a LAVA device "
                    "dictionary (rendered YAML) was expected");
  return {};
}

std::string to_lab_text(const Imported& imported, const std::string& lab_name, const std::string& file_name) {
  auto out = fmt::format("# Imported from {}: {}. Look at it, then: hilltop lab check FILE && hilltop lab apply FILE\n",
                         std::filesystem::path(file_name).filename().string(), imported.format);
  for (const auto& line : imported.unknown) out += "# not translated: " + one_line(line) + "\n";
  out += "lab: " + yaml_scalar(lab_name) + "\n";
  out += imported.boards.empty() ? "boards: {}\n" : "boards:\n";
  std::set<std::string> taken;
  for (const auto& board : imported.boards) add_board(out, board, taken);
  return out;
}

}  // namespace hilltop::cli
