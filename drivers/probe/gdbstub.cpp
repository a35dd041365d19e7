// SPDX-License-Identifier: Apache-2.0
// Driver `gdbstub`: a GDB server as a probe: QEMU's stub, OpenOCD's or J-Link's GDB port, a Black Magic Probe's.
//   driver: gdbstub
//   host: localhost         # optional
//   port: 1234
//   path: /run/board.gdb    # instead of host and port: a unix socket
//   reset: system_reset     # optional: the server's own command for a reset (`monitor` of GDB); QEMU's without it
//   memories:               # optional: with them it writes images too
//     - {name: flash, start: 0x08000000, size: 128K}
// A server halts the cores while it is connected to: they run on when an operation is over, unless they were halted.
// Source: "Debugging with GDB", appendix E (remote protocol); QEMU 7.2 documentation, "GDB usage".
#include <unistd.h>

#include "drivers/api/device.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/core/stream_socket.hpp"
#include "drivers/flash/image_files.hpp"
#include "drivers/probe/gdb_flash.hpp"
#include "drivers/probe/turn.hpp"
#include "drivers/protocol/byte_size.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

struct Options {
  StreamAddress address;
  std::string reset = "system_reset";
  std::vector<MemoryRange> memories;
};

constexpr auto time_to_let_go = std::chrono::seconds(2);

/// The connection, while there is one: the cores are halted then.
struct Stub {
  Stub(asio::any_io_executor e, Options o) : executor(e), options(std::move(o)), turn(e) {}
  asio::any_io_executor executor;
  Options options;
  Turn turn;
  std::shared_ptr<GdbClient> halted;  // by halt(), until resume()
};
using StubPtr = std::shared_ptr<Stub>;

Task<std::shared_ptr<GdbClient>> attached(StubPtr stub, Deadline deadline) {
  if (stub->halted) co_return stub->halted;
  HILLTOP_CO_TRY(const int fd, co_await connect_stream(stub->options.address, deadline));
  auto gdb = std::make_shared<GdbClient>(stub->executor, fd);
  HILLTOP_CO_CHECK(co_await GdbClient::attach(gdb, deadline));
  co_return gdb;
}

/// Lets the cores run on, unless they are to stay halted, also after `done` failed.
Task<> let_go(StubPtr stub, std::shared_ptr<GdbClient> gdb, Result<> done) {
  if (stub->halted && done) co_return done;
  if (co_await is_canceled()) co_await ignore_cancellation();
  stub->halted.reset();
  auto left = co_await GdbClient::detach(gdb, Deadline::after(time_to_let_go));
  gdb->close();
  co_return done ? std::move(left) : std::move(done);
}

Task<ProbeIdentity> identify_stub(StubPtr stub, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await stub->turn.take(deadline));
  HILLTOP_CO_TRY(const auto gdb, co_await attached(stub, deadline));
  HILLTOP_CO_CHECK(co_await let_go(stub, gdb, ok()));
  ProbeIdentity out;
  out.name = "GDB server at " + stub->options.address.to_string();
  co_return out;
}

Task<> reset_stub(StubPtr stub, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await stub->turn.take(deadline));
  HILLTOP_CO_TRY(const auto gdb, co_await attached(stub, deadline));
  stub->halted.reset();  // a reset board runs
  const auto said = co_await GdbClient::monitor(gdb, stub->options.reset, deadline);
  co_return co_await let_go(stub, gdb, said ? Result<>(ok()) : Result<>(said.error()));
}

Task<> halt_stub(StubPtr stub, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await stub->turn.take(deadline));
  HILLTOP_CO_TRY(stub->halted, co_await attached(stub, deadline));
  co_return ok();
}

Task<> resume_stub(StubPtr stub, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await stub->turn.take(deadline));
  if (!stub->halted) co_return ok();
  const auto gdb = std::move(stub->halted);
  stub->halted.reset();
  co_return co_await let_go(stub, gdb, ok());
}

Task<std::string> read_stub(StubPtr stub, std::uint64_t address, std::size_t size, Deadline deadline) {
  HILLTOP_CO_TRY(const auto turn, co_await stub->turn.take(deadline));
  HILLTOP_CO_TRY(const auto gdb, co_await attached(stub, deadline));
  std::string out;
  Result<> done = ok();
  while (done && out.size() < size) {
    const auto count = std::min(gdb->chunk_bytes(), size - out.size());
    auto bytes = co_await GdbClient::read(gdb, address + out.size(), count, deadline);
    if (bytes) out += *bytes;
    if (!bytes) done = std::move(bytes).error();
  }
  HILLTOP_CO_CHECK(co_await let_go(stub, gdb, std::move(done)));
  co_return out;
}

Task<> flash_stub(StubPtr stub, std::vector<FlashImage> files, FlashProgress progress, Deadline deadline) {
  HILLTOP_CO_TRY(auto images, read_images(files));
  HILLTOP_CO_CHECK(check_fit(images, stub->options.memories));
  images = without_absent(std::move(images), stub->options.memories);
  HILLTOP_CO_TRY(const auto turn, co_await stub->turn.take(deadline));
  HILLTOP_CO_TRY(const auto gdb, co_await attached(stub, deadline));
  stub->halted.reset();
  auto done = co_await write_and_verify(gdb, std::move(images), std::move(progress), deadline);
  if (done) {
    const auto said = co_await GdbClient::monitor(gdb, stub->options.reset, deadline);
    if (!said) done = said.error();
  }
  co_return co_await let_go(stub, gdb, std::move(done));
}

class GdbStub final : public Device, Probe, Flasher {
 public:
  GdbStub(const Env& env, Options options) : stub_(std::make_shared<Stub>(env.executor, std::move(options))) {}
  Probe* probe() override { return this; }
  Flasher* flasher() override { return stub_->options.memories.empty() ? nullptr : this; }
  Task<> shut_down(Deadline deadline) override { return resume_stub(stub_, deadline); }

 private:
  /// A stub has one reset.
  Task<> reset(ResetKind, Deadline deadline) override { return reset_stub(stub_, deadline); }
  Task<ProbeIdentity> identify(Deadline deadline) override { return identify_stub(stub_, deadline); }
  Task<> halt(Deadline deadline) override { return halt_stub(stub_, deadline); }
  Task<> resume(Deadline deadline) override { return resume_stub(stub_, deadline); }
  Task<std::string> read_memory(std::uint64_t address, std::size_t size, Deadline deadline) override {
    return read_stub(stub_, address, size, deadline);
  }
  Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) override {
    return flash_stub(stub_, std::move(images), std::move(progress), deadline);
  }

  StubPtr stub_;
};

MemoryRange read_memory_range(const Node& node, Diagnostics& diagnostics) {
  Fields fields(node, "memory", diagnostics);
  for (const auto* key : {"name", "start", "size"}) fields.require(key, "such as {name: flash, start: 0x0, size: 64K}");
  MemoryRange out;
  out.name = fields.text("name").value_or("");
  const auto start = size_from(fields.take("start"));
  const auto size = size_from(fields.take("size"));
  const auto kind = fields.word("kind", {"flash", "ram", "absent"}).value_or("flash");
  if (node.is_map() && node.contains("start") && !start) fields.error(node["start"], "'start' must be an address");
  if (node.is_map() && node.contains("size") && !size) fields.error(node["size"], "'size' must be a size such as 64K");
  out.start = start.value_or(0);
  out.size = size.value_or(0);
  if (kind == "ram") out.kind = MemoryRange::Kind::ram;
  if (kind == "absent") out.kind = MemoryRange::Kind::absent;
  fields.refuse_others();
  return out;
}

Options read_options(const Node& address, Diagnostics& diagnostics) {
  constexpr std::int64_t highest_port = 65535;
  Fields fields(address, "gdbstub", diagnostics);
  (void)fields.text("driver");
  Options out;
  out.address.path = fields.text("path").value_or("");
  if (out.address.path.empty()) fields.require("port", "the server's port (or 'path', its unix socket)");
  out.address.host = fields.text("host").value_or("localhost");
  out.address.port = static_cast<std::uint16_t>(fields.integer("port", 1, highest_port).value_or(0));
  out.reset = fields.text("reset").value_or(out.reset);
  for (const auto& item : fields.list("memories").items()) out.memories.push_back(read_memory_range(item, diagnostics));
  fields.refuse_others();
  return out;
}

void check_gdbstub(const Node& address, Diagnostics& diagnostics) { (void)read_options(address, diagnostics); }

Result<std::unique_ptr<Device>> make_gdbstub(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto options = read_options(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<GdbStub>(env, std::move(options)));
}

}  // namespace

constinit const DriverInfo gdbstub_probe{
    .name = "gdbstub",
    .offers = "probe, flash",
    .summary = "a GDB server as a probe: QEMU's, OpenOCD's, J-Link's",
    .source = "\"Debugging with GDB\", appendix E; tried with QEMU 7.2's stub",
    .verified = Verified::independent_tool,
    .check = check_gdbstub,
    .make = make_gdbstub,
};

}  // namespace hilltop::drivers
