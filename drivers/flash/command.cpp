// SPDX-License-Identifier: Apache-2.0
// Driver `command-flash`: a program writes and verifies images.
//   driver: command-flash
//   argv: [openocd, -f, board.cfg, -c, "program {image} verify reset exit"]   # run once an image; {address} for raw
//   ones success: "\\*\\* Verified OK \\*\\*"   # optional: an ECMAScript expression that its output must hold
#include <regex>

#include <fmt/format.h>

#include "drivers/api/device.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/core/process.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

struct Tool {
  std::vector<std::string> argv;
  std::string success_text;
  std::regex success;
};

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

Command command_for(const Tool& tool, const FlashImage& image) {
  auto argv = tool.argv;
  for (auto& word : argv) {
    // The address first: a file's name may hold braces.
    replace_all(word, "{address}", fmt::format("{:#x}", image.address.value_or(0)));
    replace_all(word, "{image}", image.path.string());
  }
  return Command(std::move(argv));
}

Result<> check_readable(const std::vector<FlashImage>& images) {
  if (images.empty()) return Error(Errc::bad_input, Blame::job, "there is no image to flash");
  for (const auto& image : images) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(image.path, error))
      return Error(Errc::bad_input, Blame::job, image.path.string() + ": no such file");
  }
  return ok();
}

Task<> flash_all(std::shared_ptr<const Tool> tool, std::vector<FlashImage> images, FlashProgress progress,
                 Deadline deadline) {
  HILLTOP_CO_CHECK(check_readable(images));
  std::uint64_t done = 0;
  for (const auto& image : images) {
    auto command = command_for(*tool, image);
    HILLTOP_CO_TRY(const auto said, co_await run_tool_checked(std::move(command), deadline));
    if (!tool->success_text.empty() && !std::regex_search(said.text, tool->success))
      co_return Error(Errc::unavailable, Blame::infrastructure,
                      tool->argv.front() + " did not say '" + tool->success_text + "'");
    if (progress) progress(++done, images.size());
  }
  co_return ok();
}

class CommandFlash final : public Device, Flasher {
 public:
  explicit CommandFlash(std::shared_ptr<const Tool> tool) : tool_(std::move(tool)) {}
  Flasher* flasher() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) override {
    return flash_all(tool_, std::move(images), std::move(progress), deadline);
  }
  std::shared_ptr<const Tool> tool_;
};

Tool read_tool(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "command-flash", diagnostics);
  (void)fields.text("driver");
  fields.require("argv", "a program and its arguments, with {image}");
  Tool tool;
  tool.argv = fields.texts("argv").value_or(std::vector<std::string>{});
  const auto names_image = [](const std::string& word) { return word.contains("{image}"); };
  if (address.contains("argv") && std::ranges::none_of(tool.argv, names_image))
    fields.error(address["argv"], "'argv' has no {image}: the program would not know what to flash");
  tool.success_text = fields.text("success").value_or("");
  try {
    tool.success = std::regex(tool.success_text, std::regex::ECMAScript);
  } catch (const std::regex_error& e) {
    fields.error(address["success"], "'" + tool.success_text + "' is no regular expression: " + e.what());
  }
  fields.refuse_others();
  return tool;
}

void check_command_flash(const Node& address, Diagnostics& diagnostics) { (void)read_tool(address, diagnostics); }

Result<std::unique_ptr<Device>> make_command_flash(const Env&, const Node& address) {
  Diagnostics diagnostics;
  auto tool = std::make_shared<const Tool>(read_tool(address, diagnostics));
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<CommandFlash>(std::move(tool)));
}

}  // namespace

constinit const DriverInfo command_flash{
    .name = "command-flash",
    .offers = "flash",
    .summary = "a program that writes and verifies images",
    .source = "the lab's own programs",
    .verified = Verified::unproven,
    .check = check_command_flash,
    .make = make_command_flash,
};

}  // namespace hilltop::drivers
