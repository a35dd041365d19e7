// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "web/cli/commands.hpp"

namespace hilltop::cli {
namespace {

struct OperateOptions {
  std::string board, action, health, reason;
  std::vector<std::string> files;
  bool soft = false;
};

/// Switching may take as long as the board needs to discharge.
constexpr auto switching_time = std::chrono::seconds(120);
constexpr auto flashing_time = std::chrono::minutes(30);

std::string board_path(const OperateOptions& options, const char* what) {
  return "/boards/" + escaped(options.board) + "/" + what;
}

int power(Context& context, const OperateOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const auto answer = (*api)->send("POST", board_path(options, "power"), Json{{"action", options.action}},
                                   Deadline::after(switching_time));
  if (!answer) return context.fail(answer.error());
  if (context.globals.json)
    context.print(*answer);
  else
    context.out << printable(options.board) << ": " << printable(text_at(*answer, "power")) << '\n';
  return exit_pass;
}

int reset(Context& context, const OperateOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const Json body{{"kind", options.soft ? "soft" : "hard"}};
  const auto answer = (*api)->send("POST", board_path(options, "reset"), body, Deadline::after(switching_time));
  if (!answer) return context.fail(answer.error());
  if (context.globals.json)
    context.print(*answer);
  else
    context.note(printable(options.board) + ": reset");
  return exit_pass;
}

/// One line that redraws itself, on a terminal.
class UploadBar {
 public:
  explicit UploadBar(Context& context)
      : context_(context), live_(context.screen.err_is_terminal && !context.globals.quiet) {}
  ~UploadBar() {
    if (drawn_) context_.err << "\r\033[K" << std::flush;
  }
  UploadBar(const UploadBar&) = delete;
  UploadBar& operator=(const UploadBar&) = delete;

  void show(std::uint64_t done, std::uint64_t total) {
    if (!live_ || total == 0) return;
    const auto percent = done * 100 / total;
    if (drawn_ && percent == shown_) return;
    shown_ = percent;
    drawn_ = true;
    constexpr std::size_t cells = 30;
    const auto filled = static_cast<std::size_t>(done * cells / total);
    const auto line = done < total ? fmt::format("uploading [{}{}] {:3}% of {} kB", std::string(filled, '#'),
                                                 std::string(cells - filled, '.'), percent, (total + 999) / 1000)
                                   : std::string("uploaded; flashing ...");
    context_.err << "\r\033[K" << cut_to(line, terminal_width(STDERR_FILENO, 80) - 1) << std::flush;
  }

 private:
  Context& context_;
  bool live_;
  bool drawn_ = false;
  std::uint64_t shown_ = 0;
};

int flash(Context& context, const OperateOptions& options) {
  std::vector<web::FilePart> parts;
  for (const auto& file : options.files) {
    std::error_code none;
    if (!std::filesystem::is_regular_file(file, none))
      return context.fail(Error(Errc::not_found, Blame::configuration, file + ": no such file"));
    parts.push_back({"image", file});
  }
  auto api = context.api();
  if (!api) return context.fail(api.error());
  auto answer = [&] {
    UploadBar bar(context);
    return (*api)->upload(
        board_path(options, "flash"), parts, [&bar](auto done, auto total) { bar.show(done, total); },
        Deadline::after(flashing_time));
  }();
  if (!answer) return context.fail(answer.error());
  if (context.globals.json)
    context.print(*answer);
  else
    context.out << printable(options.board) << ": flashed " << printable(joined_at(*answer, "flashed")) << '\n';
  return exit_pass;
}

int health(Context& context, const OperateOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  const Json body{{"health", options.health}, {"reason", options.reason}};
  const auto answer = (*api)->send("PUT", board_path(options, "health"), body);
  if (!answer) return context.fail(answer.error());
  if (context.globals.json)
    context.print(*answer);
  else
    context.out << printable(options.board) << ": " << printable(text_at(*answer, "health")) << '\n';
  return exit_pass;
}

CLI::App* add_board_command(CLI::App& app, const std::shared_ptr<OperateOptions>& options, const char* name,
                            const char* summary, const char* examples) {
  auto* command = add_command(app, name, summary, examples);
  command->add_option("BOARD", options->board, "the board's name")->required()->type_name("BOARD");
  return command;
}

}  // namespace

void add_operate(CLI::App& app, Context& context) {
  auto powered = std::make_shared<OperateOptions>();
  auto* power_command = add_board_command(
      app, powered, "power", "switch a board's power (needs its lease)",
      "  hilltop power microbit-01 on\n  hilltop power microbit-01 cycle\n  hilltop power microbit-01 status");
  power_command->add_option("ACTION", powered->action, "on, off, cycle or status")
      ->required()
      ->check(CLI::IsMember({"on", "off", "cycle", "status"}))
      ->type_name("on|off|cycle|status");
  runs(power_command, context, powered, power);

  auto reset_options = std::make_shared<OperateOptions>();
  auto* reset_command = add_board_command(app, reset_options, "reset", "reset a board (needs its lease)",
                                          "  hilltop reset microbit-01\n  hilltop reset microbit-01 --soft");
  reset_command->add_flag("--soft", reset_options->soft, "ask the running system, without the reset line");
  runs(reset_command, context, reset_options, reset);

  auto flashed = std::make_shared<OperateOptions>();
  auto* flash_command = add_board_command(
      app, flashed, "flash", "write images to a board (needs its lease)",
      "  hilltop flash microbit-01 firmware.hex\n  hilltop flash mps2-an521-01 secure.elf nonsecure.elf");
  flash_command->add_option("FILE", flashed->files, "images, in the order of writing")->required()->type_name("FILE");
  runs(flash_command, context, flashed, flash);

  auto judged = std::make_shared<OperateOptions>();
  auto* health_command = add_board_command(
      app, judged, "health", "say how a board is (technicians)",
      "  hilltop health microbit-01 maintenance --reason \"new cable\"\n  hilltop health microbit-01 good");
  health_command->add_option("STATE", judged->health, "unknown, good, suspect, bad, maintenance or retired")
      ->required()
      ->check(CLI::IsMember({"unknown", "good", "suspect", "bad", "maintenance", "retired"}))
      ->type_name("STATE");
  health_command->add_option("--reason", judged->reason, "why, for the others")->type_name("TEXT");
  runs(health_command, context, judged, health);
}

}  // namespace hilltop::cli
