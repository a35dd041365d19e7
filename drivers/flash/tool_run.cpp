// SPDX-License-Identifier: Apache-2.0
#include "drivers/flash/tool_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "drivers/core/process.hpp"
#include "drivers/flash/image_files.hpp"
#include "drivers/flash/tool_output.hpp"
#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers {
namespace {

using Use = std::shared_ptr<const ToolUse>;

constexpr auto time_to_appear = std::chrono::seconds(10);  // a board that was just put into its loader
constexpr auto between_looks = std::chrono::milliseconds(100);
constexpr auto time_for_version = std::chrono::seconds(15);

Error not_installed(const ToolSpec& spec, const std::string& why) {
  return Error(Errc::not_found, Blame::configuration,
               why + (spec.install.empty() ? std::string() : "; install it: " + spec.install));
}

/// The program's words: the lab's, or the first of the table's names that is there.
Result<std::vector<std::string>> program_of(const ToolUse& use) {
  if (!use.program.empty()) return use.program;
  const auto* const path = std::getenv("PATH");
  for (const auto& name : use.spec->programs) {
    std::string_view rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
      const auto dir = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(dir.size() + 1, rest.size()));
      std::error_code error;
      if (!dir.empty() && std::filesystem::exists(std::filesystem::path(dir) / name, error)) return std::vector{name};
    }
  }
  return not_installed(*use.spec, use.spec->programs.front() + " is not installed");
}

Task<> check_version(Use use, std::vector<std::string> program, Deadline deadline) {
  const auto& spec = *use->spec;
  if (!spec.version) co_return ok();
  Command command(std::move(program));
  command.argv.insert(command.argv.end(), spec.version_argv.begin(), spec.version_argv.end());
  // Some tools end with an error after they told their version.
  auto said = co_await run_tool(std::move(command), deadline.at_most(time_for_version));
  if (!said && said.error().code == Errc::not_found) co_return not_installed(spec, said.error().text);
  if (!said) co_return std::move(said).error().within("version");
  std::smatch match;
  if (!std::regex_search(said->text, match, spec.version->expression))
    co_return Error(Errc::unsupported, Blame::configuration, spec.name + " does not say which version it is");
  if (!version_at_least(match[1].str(), spec.version_least))
    co_return Error(Errc::unsupported, Blame::configuration,
                    spec.name + " " + match[1].str() + " is too old: " + spec.version_least + " is needed");
  co_return ok();
}

/// A tool that takes the first device that it finds gets no choice.
Result<> check_alone(const ToolSpec& spec, const std::vector<UsbDeviceInfo>& devices, const UsbDeviceInfo& meant) {
  if (!spec.usb_alone) return ok();
  for (const auto& device : devices) {
    if (device.vendor != *spec.usb_vendor || device.path == meant.path) continue;
    return Error(Errc::busy, Blame::infrastructure,
                 spec.name + " cannot be told which board is meant, and " + device.title() + " is there beside " +
                     meant.title());
  }
  return ok();
}

/// "1-1.4.2" as uuu has it: "1:142".
std::string bus_and_ports(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c == '-') out += ':';
    if (c >= '0' && c <= '9') out += c;
  }
  return out;
}

Task<ToolValues> find_board(Env env, Use use, Deadline deadline) {
  HILLTOP_CO_TRY(const auto bus, UsbBus::of(env));
  const auto until = deadline.at_most(time_to_appear);
  for (;;) {
    HILLTOP_CO_TRY(const auto devices, bus->devices());
    auto found = find_usb_device(devices, use->usb);
    if (found) {
      HILLTOP_CO_CHECK(check_alone(*use->spec, devices, *found));
      co_return ToolValues{{"usb_serial", found->serial},
                           {"usb_path", found->path},
                           {"usb_bus", std::to_string(found->bus)},
                           {"usb_address", std::to_string(found->address)},
                           {"usb_bus_ports", bus_and_ports(found->path)}};
    }
    if (found.error().code != Errc::unavailable || until.passed()) co_return std::move(found).error();
    HILLTOP_CO_CHECK(co_await sleep_for(between_looks, deadline));
  }
}

Result<> check_images(const ToolSpec& spec, const std::vector<FlashImage>& images) {
  if (images.empty()) return Error(Errc::bad_input, Blame::job, "there is no image to flash");
  for (const auto& image : images) {
    const auto name = image.path.filename().string();
    std::error_code error;
    if (!std::filesystem::is_regular_file(image.path, error))
      return Error(Errc::bad_input, Blame::job, image.path.string() + ": no such file");
    if (spec.formats.contains(image.format)) continue;
    std::vector<std::string> known;
    for (const auto& [format, word] : spec.formats) known.emplace_back(format_name(format));
    return Error(
        Errc::bad_input, Blame::job,
        name + ": " + spec.name + " takes " + one_of_text(known) + ", not " + std::string(format_name(image.format)));
  }
  return ok();
}

/// Whether the tool is told where a raw image goes.
bool wants_address(const ToolSpec& spec) {
  const auto names = [](const std::string& text) { return text.contains("{address}"); };
  return std::ranges::any_of(spec.argv, [&](const auto& one) { return std::ranges::any_of(one.words, names); }) ||
         std::ranges::any_of(spec.script, names);
}

Result<ToolValues> values_of(const ToolSpec& spec, const FlashImage& image) {
  if (image.format == ImageFormat::raw && !image.address && wants_address(spec))
    return Error(Errc::bad_input, Blame::job, image.path.filename().string() + ": a raw image needs an address");
  return ToolValues{{"image", std::filesystem::absolute(image.path).string()},
                    {"address", image.address ? fmt::format("{:#x}", *image.address) : std::string()},
                    {"format", spec.formats.at(image.format)}};
}

Result<> write_script(const ToolSpec& spec, const std::filesystem::path& file, const ToolValues& values) {
  if (spec.script.empty()) return ok();
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  std::ofstream out(file, std::ios::trunc);
  for (const auto& line : spec.script) {
    const auto text = with_values(line, values);
    // A name with a line break in it would be a command of its own.
    if (text.find_first_of("\r\n") != std::string::npos)
      return Error(Errc::bad_input, Blame::job, "the image's name holds a line break");
    out << text << '\n';
  }
  out.close();
  return out ? Result<>(ok()) : system_error("write " + file.string(), errno);
}

/// Runs the tool once. `report`: how much of this run is done.
Task<> run_once(Use use, std::vector<std::string> argv, std::size_t images, std::function<void(double)> report,
                Deadline deadline) {
  auto watch = std::make_shared<ToolOutputWatch>(*use->spec, images);
  Process::OutputHandler on_output = [watch, report = std::move(report)](std::string_view piece) {
    const auto done = watch->feed(piece);
    if (done && report) report(*done);
  };
  Command command(std::move(argv));
  auto ended = co_await run_tool(std::move(command), deadline.at_most(use->time), std::move(on_output));
  if (!ended && ended.error().code == Errc::not_found) co_return not_installed(*use->spec, ended.error().text);
  if (!ended) co_return std::move(ended).error().within(use->spec->name);
  co_return watch->judge(ended->status);
}

/// The runs before and after: each must end with status 0.
Task<> run_others(std::vector<std::vector<std::string>> runs, Deadline deadline) {
  for (auto& argv : runs) {
    Command command(std::move(argv));
    HILLTOP_CO_CHECK(co_await run_tool_checked(std::move(command), deadline));
  }
  co_return ok();
}

std::vector<std::string> joined(std::vector<std::string> program, std::vector<std::string> words) {
  program.insert(program.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
  return program;
}

/// How far all images are, in bytes.
struct Shares {
  std::vector<std::uint64_t> sizes;
  std::uint64_t total = 0;

  explicit Shares(const std::vector<FlashImage>& images) {
    for (const auto& image : images) {
      std::error_code error;
      const auto size = std::filesystem::file_size(image.path, error);
      sizes.push_back(error || size == 0 ? 1 : size);
      total += sizes.back();
    }
  }
};

}  // namespace

Task<> run_flash_tool(Env env, std::shared_ptr<const ToolUse> use, std::vector<FlashImage> images,
                      FlashProgress progress, Deadline deadline) {
  const auto& spec = *use->spec;
  HILLTOP_CO_CHECK(check_images(spec, images));
  std::vector<ToolValues> each;
  for (const auto& image : images) {
    HILLTOP_CO_TRY(auto one, values_of(spec, image));
    each.push_back(std::move(one));
  }
  HILLTOP_CO_TRY(const auto program, program_of(*use));
  HILLTOP_CO_CHECK(co_await check_version(use, program, deadline));
  auto values = use->settings;
  if (spec.usb) {
    HILLTOP_CO_TRY(const auto board, co_await find_board(env, use, deadline));
    values.insert(board.begin(), board.end());
  }
  const auto script = env.state_dir / (spec.name + "-script.txt");
  values["script"] = script.string();
  std::vector<std::vector<std::string>> before;
  std::vector<std::vector<std::string>> after;
  for (const auto& run : spec.before) before.push_back(joined(program, tool_words(run, values, each)));
  for (const auto& run : spec.after) after.push_back(joined(program, tool_words(run, values, each)));
  HILLTOP_CO_CHECK((co_await run_others(std::move(before), deadline)).within("before writing"));

  const Shares shares(images);
  std::uint64_t written = 0;
  for (std::size_t i = 0; i < (spec.all_images ? 1 : images.size()); ++i) {
    auto here = values;
    if (!spec.all_images) here.insert(each[i].begin(), each[i].end());
    HILLTOP_CO_CHECK(write_script(spec, script, here));
    const auto share = spec.all_images ? shares.total : shares.sizes[i];
    std::function<void(double)> report = [progress, written, share, total = shares.total](double part) {
      if (progress)
        progress(written + static_cast<std::uint64_t>(std::llround(part * static_cast<double>(share))), total);
    };
    auto argv = joined(program, tool_words(spec.argv, here, each));
    HILLTOP_CO_CHECK(
        co_await run_once(use, std::move(argv), spec.all_images ? images.size() : 1, std::move(report), deadline));
    written += share;
    if (progress) progress(written, shares.total);
  }
  co_return (co_await run_others(std::move(after), deadline)).within("after writing");
}

}  // namespace hilltop::drivers
