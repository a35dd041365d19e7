// SPDX-License-Identifier: Apache-2.0
#include "jobs/loader_script.hpp"

#include <algorithm>
#include <cctype>

#include "jobs/definition/reader.hpp"

namespace hilltop::jobs {
namespace {

using Words = std::map<std::string, std::string>;

std::string upper(std::string text) {
  for (char& c : text) c = c == '-' || c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string boot_command(const boards::LoaderFacts& facts, const std::string& kernel_kind) {
  if (kernel_kind == "image") return "booti";
  if (kernel_kind == "zimage") return "bootz";
  if (kernel_kind == "uimage") return "bootm";
  return facts.boot_command;
}

std::string boot_line(const Words& words, const LoaderFiles& files, const std::string& command) {
  const auto word = [&](const char* name) {
    const auto found = words.find(name);
    return found == words.end() ? std::string() : found->second;
  };
  std::string ramdisk = "-";
  if (files.names.contains("ramdisk"))
    ramdisk = word("RAMDISK_ADDR") + (files.ramdisk_has_header ? "" : ":${initrd_size}");
  const auto dtb = files.names.contains("dtb") ? word("DTB_ADDR") : std::string("${fdtcontroladdr}");
  return command + " " + word("KERNEL_ADDR") + " " + ramdisk + " " + dtb;
}

/// Calls `on_word(begin, end, name)` for each {NAME} in `line`.
template <class OnWord>
void each_word(const std::string& line, const OnWord& on_word) {
  for (auto open = line.find('{'); open != std::string::npos; open = line.find('{', open + 1)) {
    if (open > 0 && line[open - 1] == '$') continue;
    auto close = open + 1;
    while (close < line.size() && (std::isupper(static_cast<unsigned char>(line[close])) != 0 || line[close] == '_' ||
                                   (close > open + 1 && std::isdigit(static_cast<unsigned char>(line[close])) != 0)))
      ++close;
    if (close == open + 1 || close >= line.size() || line[close] != '}') continue;
    on_word(open, close + 1, line.substr(open + 1, close - open - 1));
  }
}

bool may_be_left_out(const std::string& word) { return word == "DTB" || word == "TEE" || word.starts_with("DTBO_"); }

}  // namespace

Words loader_words(const boards::LoaderFacts& facts, const Words& context, const LoaderFiles& files) {
  Words words;
  for (const auto& [label, name] : files.names) words[label == "preseed" ? "PRESEED_CONFIG" : upper(label)] = name;
  const auto command = boot_command(facts, files.kernel_kind);
  for (const auto& [name, address] : facts.addresses) words[upper(name) + "_ADDR"] = address;
  for (const char* name : {"kernel", "ramdisk", "dtb"})
    if (const auto own = context.find(command + "_" + name + "_addr"); own != context.end())
      words[upper(name) + "_ADDR"] = own->second;
  words["SERVER_IP"] = files.server_ip;
  words["JOB_ID"] = std::to_string(files.job_id);
  if (!command.empty() && files.names.contains("kernel") && words.contains("KERNEL_ADDR"))
    words["BOOTX"] = boot_line(words, files, command);
  return words;
}

std::vector<std::string> placeholders(const std::string& line) {
  std::vector<std::string> names;
  each_word(line, [&](std::size_t, std::size_t, std::string name) { names.push_back(std::move(name)); });
  return names;
}

bool names_a_file(const std::string& word) {
  return word == "KERNEL" || word == "RAMDISK" || word == "PRESEED_CONFIG" || may_be_left_out(word);
}

Result<std::string> substituted(const std::string& line, const Words& words) {
  std::string out, missing;
  std::size_t from = 0;
  each_word(line, [&](std::size_t begin, std::size_t end, const std::string& name) {
    const auto found = words.find(name);
    if (found == words.end()) missing = name;
    out += line.substr(from, begin - from) + (found == words.end() ? "" : found->second);
    from = end;
  });
  if (missing.empty()) return out + line.substr(from);
  auto why = names_a_file(missing)                                  ? "was not deployed"
             : missing == "BOOTX"                                   ? "needs a kernel, its address and a boot command"
             : missing.ends_with("_ADDR")                           ? "is no address of this board type"
             : missing == "NFSROOTFS" || missing == "NFS_SERVER_IP" ? "is not supported yet"
                                                                    : "stands for nothing";
  return Error(Errc::bad_input, Blame::job, "{" + missing + "} " + why + ", in '" + line + "'");
}

Result<std::vector<std::string>> loader_lines(const boards::LoaderFacts& facts, const LoaderScript& script,
                                              const Words& words) {
  auto lines = script.lines;
  if (!script.set.empty()) {
    const auto set = facts.commands.find(script.set);
    if (set == facts.commands.end()) {
      std::vector<std::string> names;
      for (const auto& [name, unused] : facts.commands) names.push_back(name);
      const auto offer = names.empty() ? "the board type has none" : "the board type has " + reading::listing(names);
      return Error(Errc::bad_input, Blame::job, "there are no commands '" + script.set + "': " + offer);
    }
    lines = set->second;
    std::erase_if(lines, [&](const std::string& line) {
      return std::ranges::any_of(
          placeholders(line), [&](const std::string& word) { return may_be_left_out(word) && !words.contains(word); });
    });
  }
  for (auto& line : lines) {
    HILLTOP_TRY(line, substituted(line, words));
  }
  return lines;
}

std::optional<boards::LoaderFacts> loader_facts(const boards::BoardType& type, BootMethod method,
                                                const Words& context) {
  const auto found = type.loaders.find(to_string(method));
  if (found == type.loaders.end()) return {};
  auto facts = found->second;
  if (const auto prompt = context.find("bootloader_prompt"); prompt != context.end()) facts.prompt = prompt->second;
  if (method != BootMethod::u_boot) return facts;
  if (const auto needed = context.find("uboot_needs_interrupt"); needed != context.end())
    facts.needs_interrupt = needed->second == "true" || needed->second == "1" || needed->second == "yes";
  if (const auto message = context.find("uboot_extra_error_message");
      message != context.end() && !message->second.empty())
    facts.error_messages.push_back(message->second);
  return facts;
}

const std::vector<std::string>& effective_prompts(const Boot& boot, const boards::BoardType& type) {
  if (boot.method == BootMethod::monitor || !boot.boot_finished.empty()) return boot.prompts;
  return boot.prompts.empty() ? type.prompts : boot.prompts;
}

}  // namespace hilltop::jobs
