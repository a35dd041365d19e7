// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "drivers/core/node.hpp"
#include "web/cli/board_proof.hpp"
#include "web/cli/commands.hpp"
#include "web/cli/lab_text.hpp"

namespace hilltop::cli {
namespace {

struct AddOptions {
  std::string name, type, device, description;
  std::string power, console, flash, probe;
  bool dry_run = false, no_proof = false;
};

constexpr auto time_to_open = 60s;
constexpr auto between_looks = 300ms;

Error usage(std::string text) { return Error(Errc::bad_input, Blame::configuration, std::move(text)); }

/// The stanza of the device that `wanted` names by path or serial number.
Result<std::string> stanza_of_device(Api& api, const std::string& wanted) {
  HILLTOP_TRY(const auto found, api.get("/discover", Deadline::after(60s)));
  std::vector<std::string> known, of_that_serial;
  const auto devices = found.value("devices", Json::array());
  for (const auto& device : devices)
    if (text_at(device, "serial") == wanted) of_that_serial.push_back(text_at(device, "path"));
  if (of_that_serial.size() > 1)
    return usage(fmt::format("{} devices have the serial number {}: say which by its path, {}", of_that_serial.size(),
                             wanted, fmt::join(of_that_serial, " or ")));
  for (const auto& device : devices) {
    known.push_back(text_at(device, "path"));
    if (known.back() != wanted && text_at(device, "serial") != wanted) continue;
    if (const auto stanza = text_at(device, "stanza"); !stanza.empty()) return stanza;
    const auto claims = device.value("claims", Json::array());
    if (!claims.empty()) return usage(wanted + " is board " + text_at(claims.front(), "board") + "'s already");
    return usage(wanted + " is no part of a board that hilltop knows: say what it is with --type and --console");
  }
  const auto hint = suggest(wanted, known);
  return usage("no USB device has the path or serial number " + wanted + (hint.empty() ? "" : ": " + hint));
}

/// The line of `key` in a stanza; `added` in its place or behind the others. An empty `added` changes nothing.
void set_line(std::string& stanza, const std::string& key, const std::string& added) {
  if (added.empty()) return;
  const auto line = "    " + key + ": " + added + "\n";
  for (const auto& head : {"    " + key + ":", "    # " + key + ":"}) {
    const auto at = stanza.find("\n" + head);
    if (at == stanza.npos) continue;
    stanza.replace(at + 1, stanza.find('\n', at + 1) - at, line);
    return;
  }
  stanza += line;
}

std::string braced(const std::string& address) {
  return address.empty() || address.starts_with('{') ? address : "{" + address + "}";
}

void rename(std::string& stanza, const std::string& name) {
  if (name.empty()) return;
  const auto old = board_in(stanza);
  stanza.replace(stanza.find(old), old.size(), name);
}

Result<std::string> make_stanza(Api& api, const AddOptions& options) {
  std::string stanza;
  if (!options.device.empty()) {
    HILLTOP_TRY(stanza, stanza_of_device(api, options.device));
    rename(stanza, options.name);
  } else if (options.name.empty() || options.type.empty()) {
    return usage("say --device PATH (hilltop discover lists them), or NAME with --type and --console");
  } else {
    stanza = "  " + options.name + ":\n";
  }
  set_line(stanza, "type", options.type);
  set_line(stanza, "description", options.description.empty() ? "" : Json(options.description).dump());
  set_line(stanza, "power", braced(options.power));
  set_line(stanza, "console", braced(options.console));
  set_line(stanza, "probe", braced(options.probe));
  set_line(stanza, "flash", braced(options.flash));
  if (stanza.find("type: BOARD-TYPE") != stanza.npos)
    return usage("its board type is not known: say it with --type (hilltop board-types lists them)\n" + stanza);
  return stanza;
}

/// Until the worker has opened the board. Errors: its problem.
Result<> wait_until_open(Api& api, const std::string& name) {
  std::string problem = "the board did not come";
  for (const auto deadline = Deadline::after(time_to_open); !deadline.passed();
       std::this_thread::sleep_for(between_looks)) {
    HILLTOP_TRY(const auto board, api.get("/boards/" + escaped(name)));
    problem = text_at(board, "problem");
    if (problem.empty() && text_at(board, "state") != "offline") return ok();
  }
  return Error(Errc::unavailable, Blame::dut, "board " + name + " is offline: " + problem);
}

constexpr std::array<std::string_view, 3> state_words{"ok", "not proved", "failed"};
constexpr std::array<Style, 3> state_styles{Style::good, Style::warn, Style::bad};

int prove(Context& context, Api& api, const std::string& name) {
  const auto say = [&](const ProofStep& step) {
    const auto at = static_cast<std::size_t>(step.state);
    if (!context.globals.json)
      context.out << fmt::format("{:<10} ", step.what)
                  << styled(std::string(state_words[at]), state_styles[at], context.screen.out_color) << ": "
                  << printable(step.detail) << std::endl;
  };
  const auto steps = prove_board(api, name, say);
  auto list = Json::array();
  bool failed = false;
  for (const auto& step : steps) {
    failed = failed || step.state == ProofStep::State::failed;
    list.push_back(Json{
        {"what", step.what}, {"state", state_words[static_cast<std::size_t>(step.state)]}, {"detail", step.detail}});
  }
  if (context.globals.json) context.print(Json{{"board", name}, {"proof", list}});
  return failed ? exit_fail : exit_pass;
}

int add(Context& context, const AddOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  auto stanza = make_stanza(**api, options);
  if (!stanza) return context.fail(stanza.error());
  const auto name = board_in(*stanza);
  if (options.dry_run) {
    context.out << *stanza;
    return exit_pass;
  }
  const auto lab = (*api)->get_text("/lab?as=written");
  if (!lab) return context.fail(lab.error());
  auto text = with_board(*lab, *stanza);
  if (!text) return context.fail(text.error());
  const auto change = (*api)->send_text("PUT", "/lab?file=lab.yaml", "application/yaml", *text, Deadline::after(60s));
  if (!change) return context.fail(change.error());
  context.note(name + ": it is in the lab file");
  if (auto open = wait_until_open(**api, name); !open) {
    const auto code = context.fail(open.error());
    return code == exit_refused ? exit_fail : code;  // it is in the lab file
  }
  return options.no_proof ? exit_pass : prove(context, **api, name);
}

int prove_only(Context& context, const AddOptions& options) {
  auto api = context.api();
  if (!api) return context.fail(api.error());
  return prove(context, **api, options.name);
}

}  // namespace

void add_board_add(CLI::App& board, Context& context) {
  auto options = std::make_shared<AddOptions>();
  auto* adder = add_command(
      board, "add", "write a board into the lab file, and prove that it can be switched, reset and seen",
      "  hilltop board add --device 1-1.4\n"
      "  hilltop board add k64f-01 --type frdm-k64f --device 1-1.4 --power 'driver: usb-hub-port, path: 1-1, port: 4'\n"
      "  hilltop board add pi-3 --type raspberry-pi-4 --console 'driver: rfc2217, host: ts-1, port: 2001'\n\n"
      "Needs the role admin. Exit code 1 when it does not come up or a step of the proof fails; the board stays in the "
      "lab file.");
  adder->add_option("NAME", options->name, "the board's name; else the one that discover proposes")->type_name("NAME");
  adder->add_option("--device", options->device, "path or serial number of a USB device (hilltop discover)");
  adder->add_option("--type", options->type, "its board type")->type_name("TYPE");
  adder->add_option("--description", options->description, "one line for lists");
  adder->add_option("--power", options->power, "address of what switches its power, as in the lab file");
  adder->add_option("--console", options->console, "address of its console");
  adder->add_option("--probe", options->probe, "address of its debug probe");
  adder->add_option("--flash", options->flash, "address of what flashes it");
  adder->add_flag("--dry-run", options->dry_run, "print what would be added, and do nothing");
  adder->add_flag("--no-proof", options->no_proof, "do not switch it off and on");
  runs(adder, context, options, add);

  auto proved = std::make_shared<AddOptions>();
  auto* prover =
      add_command(board, "prove", "switch a board off and on, reset it, ask its probe, and see whether it happens",
                  "  hilltop board prove k64f-01");
  prover->add_option("BOARD", proved->name, "the board's name")->required()->type_name("BOARD");
  runs(prover, context, proved, prove_only);
}

}  // namespace hilltop::cli
