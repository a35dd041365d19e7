// SPDX-License-Identifier: Apache-2.0
#include "web/cli/complete.hpp"

#include <algorithm>
#include <sstream>

namespace hilltop::cli {
namespace {

using Words = std::vector<std::string>;

/// Where the cursor is, after the words before it were walked.
struct Spot {
  const CLI::App* command;
  const CLI::Option* value_of = nullptr;  ///< the option whose value is being typed
  std::size_t positional = 0;             ///< how many positional words stand before it
};

const CLI::Option* option_called(const CLI::App* command, const std::string& name) {
  for (; command != nullptr; command = command->get_parent()) {
    if (const auto* option = command->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

const CLI::App* sub_called(const CLI::App* command, const std::string& name) {
  const auto found = command->get_subcommands([&name](const CLI::App* sub) { return sub->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

bool takes_value(const CLI::Option* option) { return option != nullptr && option->get_items_expected_max() > 0; }

Spot walk(const CLI::App& app, const Words& before) {
  Spot spot{&app};
  for (const auto& word : before) {
    if (spot.value_of != nullptr) {
      spot.value_of = nullptr;
    } else if (word.starts_with('-')) {
      const auto* option = word.find('=') == std::string::npos ? option_called(spot.command, word) : nullptr;
      if (takes_value(option)) spot.value_of = option;
    } else if (const auto* sub = sub_called(spot.command, word)) {
      spot.command = sub;
      spot.positional = 0;
    } else {
      ++spot.positional;
    }
  }
  return spot;
}

/// The positional option that the next word belongs to; the last one takes many.
const CLI::Option* positional_at(const CLI::App* command, std::size_t index) {
  const CLI::Option* found = nullptr;
  for (const auto* option : command->get_options([](const CLI::Option* o) { return o->get_positional(); })) {
    found = option;
    if (index == 0) return found;
    const auto takes = static_cast<std::size_t>(option->get_items_expected_max());
    if (index < takes) return found;
    index -= takes;
  }
  return index == 0 ? found : nullptr;
}

Words from_server(Context& context, const std::string& path, const char* key) {
  auto api = context.api();
  if (!api) return {};
  const auto answer = (*api)->get(path, Deadline::after(1s));
  Words names;
  if (!answer || !answer->is_object()) return names;
  for (const auto& item : answer->value("items", Json::array())) names.push_back(text_at(item, key));
  return names;
}

/// The words between braces in a type's name ("WHEN:{auto,always}") or between bars ("on|off").
Words choices(const std::string& type) {
  const auto open = type.find('{');
  auto list = open == std::string::npos ? type : type.substr(open + 1, type.find('}', open) - open - 1);
  std::replace(list.begin(), list.end(), '|', ',');
  Words words;
  std::istringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) words.push_back(word);
  return open == std::string::npos && words.size() < 2 ? Words{} : words;
}

Words values(Context& context, const CLI::Option* option) {
  if (option == nullptr) return {};
  const auto type = option->get_type_name();
  if (type.find('{') != std::string::npos) return choices(type);
  if (type.starts_with("FILE") || type.starts_with("OUT") || type == "DIR") return {":files"};
  if (type == "JOB") return from_server(context, "/jobs?limit=50", "id");
  if (type == "LEASE") return from_server(context, "/leases", "id");
  if (type == "BOARD") return from_server(context, "/boards", "name");
  if (type == "TYPE") return from_server(context, "/board-types", "name");
  if (type == "TYPE|BOARD") {
    auto both = from_server(context, "/board-types", "name");
    for (auto& name : from_server(context, "/boards", "name")) both.push_back(std::move(name));
    return both;
  }
  return choices(type);
}

Words option_names(const CLI::App* command) {
  Words names;
  for (; command != nullptr; command = command->get_parent()) {
    for (const auto* option : command->get_options([](const CLI::Option* o) { return !o->get_lnames().empty(); })) {
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Words command_names(const CLI::App* command) {
  Words names;
  for (const auto* sub : command->get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

/// The command line that is being completed may name its server.
void take_globals(Globals& globals, const Words& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--server") globals.server = words[i + 1];
    if (words[i] == "--token") globals.token = words[i + 1];
  }
}

}  // namespace

std::vector<std::string> candidates(Context& context, const CLI::App& app, const std::vector<std::string>& words) {
  const auto last = words.empty() ? std::string() : words.back();
  const auto spot = walk(app, words.empty() ? Words{} : Words(words.begin(), words.end() - 1));
  take_globals(context.globals, words);
  Words found;
  if (spot.value_of != nullptr) {
    found = values(context, spot.value_of);
  } else if (last.starts_with('-')) {
    found = option_names(spot.command);
  } else if (auto names = command_names(spot.command); !names.empty()) {
    found = std::move(names);
  } else {
    found = values(context, positional_at(spot.command, spot.positional));
  }
  std::erase_if(found, [&last](const std::string& word) { return word != ":files" && !word.starts_with(last); });
  return found;
}

int complete(Context& context, const CLI::App& app, const std::vector<std::string>& words) {
  for (const auto& word : candidates(context, app, words)) context.out << printable(word) << '\n';
  context.out.flush();
  return exit_pass;
}

}  // namespace hilltop::cli
