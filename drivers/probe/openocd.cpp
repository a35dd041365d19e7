// SPDX-License-Identifier: Apache-2.0
// Driver `openocd`: an OpenOCD that is kept running for the board; one probe, found by its identity.
//   driver: openocd
//   config: [interface/cmsis-dap.cfg, target/stm32f1x.cfg]   # -f, in order: OpenOCD's own files or the lab's
//   serial: 066BFF303435554157123456    # `adapter serial`; or:
//   path: 1-1.4.2                       # `adapter usb location`; or both
//   commands: [transport select swd]    # optional: Tcl, after the files
//   speed_khz: 1000                     # optional
//   program: openocd                    # optional; a list: with what goes before it
//   rtt: {start: 0x20000000, size: 64K}   # optional: consoles rtt0, rtt1, ... ("main" is rtt0); or {address: ...}
// Source: OpenOCD User's Guide 0.12: "Running", "Debug Adapter Configuration", "Tcl Scripting API", "Flash Commands",
// "General Commands"; tried with Debian's OpenOCD 0.12.0.
#include <regex>

#include "drivers/api/device.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/probe/openocd_flash.hpp"
#include "drivers/probe/rtt_host.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

using Server = std::shared_ptr<OpenOcdServer>;

// ARMv7-M DDI 0403, B3.2.6: AIRCR with VECTKEY and SYSRESETREQ.
constexpr std::string_view soft_reset = "mww 0xe000ed0c 0x05fa0004";

/// An OpenOCD costs a third of a second of the processor to start, and a board may be off for days.
constexpr std::chrono::milliseconds between_starts = std::chrono::seconds(10);

/// What `pattern`'s group matches in OpenOCD's log, "" for nothing.
std::string found_in(const std::string& log, const char* pattern) {
  std::smatch match;
  return std::regex_search(log, match, std::regex(pattern)) ? match[1].str() : std::string();
}

Task<> reset_target(Server server, ResetKind kind, Deadline deadline) {
  std::vector<std::string> commands{"reset run"};
  if (kind == ResetKind::soft) {
    std::vector<std::string> ask{"[target current] cget -type"};
    HILLTOP_CO_TRY(const auto type, co_await OpenOcdServer::run(server, std::move(ask), deadline));
    if (type != "cortex_m")
      co_return Error(Errc::unsupported, Blame::configuration, "a soft reset of a target of type '" + type + "'");
    commands = {std::string(soft_reset)};
  }
  HILLTOP_CO_CHECK(co_await OpenOcdServer::run(server, std::move(commands), deadline));
  co_return ok();
}

Task<> run_one(Server server, std::string command, Deadline deadline) {
  std::vector<std::string> commands{std::move(command)};
  HILLTOP_CO_CHECK(co_await OpenOcdServer::run(server, std::move(commands), deadline));
  co_return ok();
}

Task<ProbeIdentity> ask_identity(Server server, std::string serial, Deadline deadline) {
  std::vector<std::string> names{"adapter name"};
  std::vector<std::string> targets{"format \"%s (%s)\" [target current] [[target current] cget -type]"};
  ProbeIdentity out;
  HILLTOP_CO_TRY(out.name, co_await OpenOcdServer::run(server, std::move(names), deadline));
  HILLTOP_CO_TRY(out.target, co_await OpenOcdServer::run(server, std::move(targets), deadline));
  out.name = "OpenOCD " + out.name;
  out.serial = std::move(serial);
  out.firmware = found_in(server->greeting(), "FW Version = (\\S+)");
  if (const auto id = found_in(server->greeting(), "DPIDR (0x[0-9a-f]+)"); !id.empty()) out.target += ", dpidr " + id;
  if (const auto gdb = server->gdb_server(); !gdb.empty()) out.target += ", GDB at " + gdb;
  co_return out;
}

Task<std::string> read_bytes(Server server, std::uint64_t address, std::size_t size, Deadline deadline) {
  constexpr std::uint64_t space = std::uint64_t{1} << 32;
  if (address >= space || size > space - address)
    co_return Error(Errc::unsupported, Blame::configuration, "memory above 0xffffffff");
  co_return co_await server->read(static_cast<std::uint32_t>(address), static_cast<std::uint32_t>(size), deadline);
}

struct Address {
  OpenOcdServer::Options server;
  std::optional<RttPlace> rtt;
};

class OpenOcd final : public Device, Probe, Flasher {
 public:
  OpenOcd(const Env& env, Address address)
      : dir_(env.state_dir),
        serial_(address.server.serial),
        server_(std::make_shared<OpenOcdServer>(env, std::move(address.server))) {
    if (address.rtt) rtt_ = std::make_shared<RttHost>(env.executor, server_, *address.rtt, between_starts);
  }
  ~OpenOcd() override {
    if (rtt_) rtt_->cancel();
  }

  Probe* probe() override { return this; }
  Flasher* flasher() override { return this; }
  ByteStream* console(std::string_view name) override {
    const auto channel = rtt_channel(name);
    return rtt_ && channel ? &rtt_->channel(*channel) : nullptr;
  }
  Task<> shut_down(Deadline deadline) override { return stop(server_, rtt_, deadline); }

 private:
  Task<> reset(ResetKind kind, Deadline deadline) override { return reset_target(server_, kind, deadline); }
  Task<ProbeIdentity> identify(Deadline deadline) override { return ask_identity(server_, serial_, deadline); }
  Task<> halt(Deadline deadline) override { return run_one(server_, "halt", deadline); }
  Task<> resume(Deadline deadline) override { return run_one(server_, "resume", deadline); }
  Task<std::string> read_memory(std::uint64_t address, std::size_t size, Deadline deadline) override {
    return read_bytes(server_, address, size, deadline);
  }
  Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) override {
    return openocd_flash(server_, dir_, std::move(images), std::move(progress), deadline);
  }
  static Task<> stop(Server server, std::shared_ptr<RttHost> rtt, Deadline deadline) {
    if (rtt) HILLTOP_CO_CHECK(co_await RttHost::stop(rtt));
    co_return co_await OpenOcdServer::stop(server, deadline);
  }

  std::filesystem::path dir_;
  std::string serial_;
  Server server_;
  std::shared_ptr<RttHost> rtt_;
};

/// A program, or a program with what goes before it.
std::vector<std::string> read_program(Fields& fields) {
  const auto node = fields.node()["program"];
  if (!node) return {"openocd"};
  auto out = node.is_sequence() ? fields.texts("program").value_or(std::vector<std::string>{})
                                : std::vector{fields.text("program").value_or("")};
  if (out.empty() || out.front().empty()) fields.error(node, "'program' names no program");
  return out;
}

Address read_address(const Node& address, Diagnostics& diagnostics) {
  constexpr std::int64_t fastest_khz = 100'000;
  Fields fields(address, "openocd", diagnostics);
  (void)fields.text("driver");
  fields.require("config", "OpenOCD's configuration files: [interface/cmsis-dap.cfg, target/stm32f1x.cfg]");
  Address out;
  auto& server = out.server;
  server.program = read_program(fields);
  server.config = fields.texts("config").value_or(std::vector<std::string>{});
  server.commands = fields.texts("commands").value_or(std::vector<std::string>{});
  server.serial = fields.text("serial").value_or("");
  server.path = fields.text("path").value_or("");
  server.speed_khz = fields.integer("speed_khz", 1, fastest_khz);
  out.rtt = read_rtt_place(fields, diagnostics);
  if (server.serial.empty() && server.path.empty())
    fields.error(address, "'serial' (or 'path') is missing: OpenOCD would take whatever probe it finds first",
                 "'hilltop discover' lists the probes' serial numbers");
  fields.refuse_others();
  return out;
}

void check_openocd(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_openocd(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto read = read_address(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<OpenOcd>(env, std::move(read)));
}

}  // namespace

constinit const DriverInfo openocd_probe{
    .name = "openocd",
    .offers = "probe, flash, console",
    .summary = "an OpenOCD that is kept running: any probe and target that it knows; RTT",
    .source = "OpenOCD User's Guide 0.12, \"Tcl Scripting API\", \"Flash Commands\"; tried with OpenOCD 0.12.0",
    .verified = Verified::independent_tool,
    .check = check_openocd,
    .make = make_openocd,
};

}  // namespace hilltop::drivers
