// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "drivers/emulator/qemu_devices.hpp"
#include "drivers/emulator/qemu_values.hpp"
#include "drivers/protocol/byte_size.hpp"

namespace hilltop::drivers {
namespace {

using Words = std::vector<std::string>;

/// What one option does with its value: gives the words for QEMU.
struct Context {
  std::string option;  ///< with one dash
  std::string value;
  const std::filesystem::path& job_dir;
};
using Handler = Result<Words> (*)(const Context&);

Result<Words> drop(const Context&) { return Words{}; }
Result<Words> keep_flag(const Context& c) { return Words{c.option}; }
Result<Words> keep_text(const Context& c) { return Words{c.option, c.value}; }

/// Values without a way to name a file or a connection.
Result<Words> keep_plain(const Context& c) {
  const bool plain = std::ranges::all_of(c.value, [](char ch) {
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           std::string_view("._-,=:+").contains(ch);
  });
  if (!plain || c.value.contains("file") || c.value.contains("path"))
    return denied(c.option + " " + c.value + ": this value is not allowed");
  return Words{c.option, c.value};
}

Result<Words> only_none(const Context& c) {
  if (c.value == "none") return Words{};  // what QEMU is told anyway
  return denied(c.option + " " + c.value + ": only 'none' is allowed");
}

Result<Words> take_file(const Context& c) {
  HILLTOP_TRY(auto file, file_of_job(c.option, c.value, c.job_dir));
  return Words{c.option, std::move(file)};
}

Result<Words> take_bios(const Context& c) {
  if (c.value == "none" || c.value == "default") return keep_text(c);
  return take_file(c);
}

/// -hda FILE and its like: as a -drive with the format said, so that QEMU does not guess it.
Result<Words> take_disk(const Context& c) {
  static constexpr std::pair<std::string_view, std::string_view> kinds[] = {
      {"-hda", "index=0,media=disk"},    {"-hdb", "index=1,media=disk"},
      {"-hdc", "index=2,media=disk"},    {"-hdd", "index=3,media=disk"},
      {"-cdrom", "index=2,media=cdrom"}, {"-sd", "if=sd"},
      {"-pflash", "if=pflash"},          {"-mtdblock", "if=mtd"}};
  HILLTOP_TRY(const auto file, file_of_job(c.option, c.value, c.job_dir));
  HILLTOP_TRY(const auto format, disk_format(c.option, file));
  const auto* kind = std::ranges::find(kinds, c.option, [](const auto& k) { return k.first; });
  return Words{"-drive", fmt::format("file={},format={},{}", file, format, kind->second)};
}

Result<Words> take_drive(const Context& c) {
  HILLTOP_TRY(auto value, read_option_value(c.value));
  if (!value.first.empty()) return denied(c.option + " " + c.value + ": file=... was expected");
  HILLTOP_CHECK(only_keys(c.option, value,
                          {"file", "format", "if", "id", "index", "media", "unit", "bus", "snapshot", "readonly",
                           "cache", "werror", "rerror", "discard", "detect-zeroes", "aio"}));
  std::erase_if(value.keys, [](const auto& key) { return key.first == "format"; });
  auto* file = const_cast<std::string*>(value.find("file"));
  if (file == nullptr) return denied(c.option + " " + c.value + ": file=... is missing");
  HILLTOP_TRY(*file, file_of_job(c.option, *file, c.job_dir));
  HILLTOP_TRY(auto format, disk_format(c.option, *file));
  value.keys.emplace_back("format", std::move(format));
  return Words{c.option, value.to_string()};
}

Result<Words> take_serial(const Context& c) {
  if (c.value == "stdio" || c.value == "mon:stdio") return Words{c.option, "chardev:con0"};
  if (c.value == "null" || c.value == "none") return keep_text(c);
  return denied("-serial " + c.value + ": only stdio, mon:stdio, null and none are allowed");
}

Result<Words> take_machine(const Context& c) {
  HILLTOP_TRY(auto machine, allowed_machine(c.value));
  return Words{"-M", std::move(machine)};
}
Result<Words> take_cpu(const Context& c) {
  HILLTOP_TRY(auto cpu, allowed_cpu(c.value));
  return Words{"-cpu", std::move(cpu)};
}
Result<Words> take_memory(const Context& c) {
  HILLTOP_TRY(auto memory, allowed_memory(c.value));
  return Words{"-m", std::move(memory)};
}
Result<Words> take_processors(const Context& c) {
  HILLTOP_TRY(const auto value, read_option_value(c.value));
  HILLTOP_CHECK(only_keys("-smp", value, {"cpus", "cores", "sockets", "threads", "clusters", "dies", "maxcpus"}));
  const auto small = [](const std::string& text) { return size_from(text).value_or(1000) <= 8; };
  if ((!value.first.empty() && !small(value.first)) ||
      !std::ranges::all_of(value.keys, [&](const auto& key) { return small(key.second); }))
    return denied("-smp " + c.value + ": at most 8 processors");
  return keep_text(c);
}
Result<Words> take_accelerator(const Context& c) {
  if (c.value == "tcg" || c.value.starts_with("tcg,thread=")) return keep_plain(c);
  return denied("-accel " + c.value + ": only tcg is allowed");
}

Result<Words> take_device(const Context& c) { return device_option(c.value, c.job_dir); }
Result<Words> take_object(const Context& c) { return object_option(c.value); }
Result<Words> take_network(const Context& c) { return network_option(c.option, c.value); }

struct Option {
  std::string_view name;
  bool has_value;
  Handler handler;
};

/// Source of names and meanings: QEMU 7.2, "Invocation".
constexpr Option options[] = {
    {"-kernel", true, take_file},       {"-initrd", true, take_file},
    {"-dtb", true, take_file},          {"-bios", true, take_bios},
    {"-append", true, keep_text},       {"-hda", true, take_disk},
    {"-hdb", true, take_disk},          {"-hdc", true, take_disk},
    {"-hdd", true, take_disk},          {"-cdrom", true, take_disk},
    {"-sd", true, take_disk},           {"-pflash", true, take_disk},
    {"-mtdblock", true, take_disk},     {"-drive", true, take_drive},
    {"-serial", true, take_serial},     {"-monitor", true, only_none},
    {"-display", true, only_none},      {"-parallel", true, only_none},
    {"-vga", true, keep_plain},         {"-nographic", false, drop},
    {"-machine", true, take_machine},   {"-M", true, take_machine},
    {"-cpu", true, take_cpu},           {"-m", true, take_memory},
    {"-smp", true, take_processors},    {"-accel", true, take_accelerator},
    {"-device", true, take_device},     {"-object", true, take_object},
    {"-net", true, take_network},       {"-nic", true, take_network},
    {"-netdev", true, take_network},    {"-no-reboot", false, keep_flag},
    {"-no-shutdown", false, keep_flag}, {"-no-acpi", false, keep_flag},
    {"-no-hpet", false, keep_flag},     {"-nodefaults", false, drop},
    {"-no-user-config", false, drop},   {"-usb", false, keep_flag},
    {"-snapshot", false, keep_flag},    {"-boot", true, keep_plain},
    {"-rtc", true, keep_plain},         {"-icount", true, keep_plain},
    {"-name", true, keep_plain},        {"-uuid", true, keep_plain},
    {"-numa", true, keep_plain},        {"-watchdog-action", true, keep_plain},
    {"-action", true, keep_plain},
};

/// Why a few well-known options are refused; "" for the others.
std::string_view why_refused(std::string_view name) {
  if (name == "-enable-kvm") return ": boards are emulated without KVM";
  if (name == "-chardev" || name == "-qmp" || name == "-gdb" || name == "-s" || name == "-mon")
    return ": hilltop makes the board's connections";
  if (name == "-virtfs" || name == "-fsdev" || name == "-blockdev") return ": use -drive with an image of the job's";
  if (name.starts_with("-semihosting")) return ": it gives the board the host's files";
  return "";
}

}  // namespace

Result<std::vector<std::string>> allowed_options(const std::vector<std::string>& words,
                                                 const std::filesystem::path& job_dir) {
  Words out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto name = words[i];
    if (name.starts_with("--")) name.erase(0, 1);  // QEMU takes both
    if (name.empty() || name[0] != '-') return denied("'" + words[i] + "': an option was expected");
    const auto* option = std::ranges::find(options, name, &Option::name);
    if (option == std::end(options))
      return denied("the QEMU option " + name + " is not allowed" + std::string(why_refused(name)));
    if (option->has_value && i + 1 == words.size())
      return Error(Errc::bad_input, Blame::job, "the QEMU option " + name + " has no value");
    const Context context{name, option->has_value ? words[++i] : "", job_dir};
    HILLTOP_TRY(auto added, option->handler(context));
    std::ranges::move(added, std::back_inserter(out));
  }
  return out;
}

Result<std::vector<std::string>> split_words(std::string_view text) {
  Words out;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
      if (in_word) out.push_back(std::exchange(word, {}));
      in_word = false;
      continue;
    }
    in_word = true;
    const bool escapes = c == '\\' && quote != '\'' && i + 1 < text.size();
    if (escapes && (quote == 0 || text[i + 1] == '"' || text[i + 1] == '\\')) {
      word += text[++i];
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else {
      word += c;
    }
  }
  if (quote != 0) return Error(Errc::bad_input, Blame::job, "a quote does not end: " + std::string(text));
  if (in_word) out.push_back(std::move(word));
  return out;
}

}  // namespace hilltop::drivers
