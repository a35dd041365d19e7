// SPDX-License-Identifier: Apache-2.0
// Driver `cmsis-dap`: a CMSIS-DAP probe (version 1 or 2) at a Cortex-M, without any tool.
//   driver: cmsis-dap
//   serial: 0240000028884e45       # the probe's, or:
//   path: 1-1.4.2                  # where it is plugged in; or both
//   usb_id: "0d28:0204"            # optional, for probes that share a serial number
//   clock_hz: 1000000              # optional: of SWD
//   access_port: 0                 # optional: of the core's memory (APSEL)
//   rtt: {start: 0x20000000, size: 64K}   # optional: where the RTT control block may be; {address: 0x20000400}: where
//   it is
// With `rtt`, it offers the consoles rtt0, rtt1, ... ("main" is rtt0).
// Source: Arm, CMSIS-DAP 2.1; Arm IHI 0031 (ADIv5); SEGGER UM08001, "RTT".
#include "drivers/api/device.hpp"
#include "drivers/probe/dap_target.hpp"
#include "drivers/probe/rtt_host.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::int64_t slowest_hz = 1000;
constexpr std::int64_t fastest_hz = 100'000'000;
constexpr std::int64_t highest_access_port = 255;

struct Address {
  DapTarget::Options target;
  std::optional<RttPlace> rtt;
};

Address read_address(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "cmsis-dap", diagnostics);
  (void)fields.text("driver");
  Address out;
  out.target.usb = read_usb_match(fields);
  auto& port = out.target.port;
  port.clock_hz =
      static_cast<std::uint32_t>(fields.integer("clock_hz", slowest_hz, fastest_hz).value_or(port.clock_hz));
  port.access_port = static_cast<std::uint8_t>(fields.integer("access_port", 0, highest_access_port).value_or(0));
  out.rtt = read_rtt_place(fields, diagnostics);
  fields.refuse_others();
  return out;
}

class CmsisDap final : public Device, Probe {
 public:
  CmsisDap(const Env& env, Address address) : target_(std::make_shared<DapTarget>(env, std::move(address.target))) {
    if (address.rtt) rtt_ = std::make_shared<RttHost>(env.executor, target_, *address.rtt);
  }
  ~CmsisDap() override {
    if (rtt_) rtt_->cancel();
  }

  Probe* probe() override { return this; }
  ByteStream* console(std::string_view name) override {
    const auto channel = rtt_channel(name);
    return rtt_ && channel ? &rtt_->channel(*channel) : nullptr;
  }
  Task<> shut_down(Deadline deadline) override { return end(target_, rtt_, deadline); }

 private:
  Task<> reset(ResetKind kind, Deadline deadline) override { return DapTarget::reset(target_, kind, deadline); }
  Task<ProbeIdentity> identify(Deadline deadline) override { return DapTarget::identify(target_, deadline); }
  Task<> halt(Deadline deadline) override { return DapTarget::halt(target_, deadline); }
  Task<> resume(Deadline deadline) override { return DapTarget::resume(target_, deadline); }
  Task<std::string> read_memory(std::uint64_t address, std::size_t size, Deadline deadline) override {
    return read(target_, address, size, deadline);
  }

  static Task<std::string> read(std::shared_ptr<DapTarget> target, std::uint64_t address, std::size_t size,
                                Deadline deadline) {
    constexpr std::uint64_t space = std::uint64_t{1} << 32;
    if (address >= space || size > space - address)
      co_return Error(Errc::bad_input, Blame::job, "the memory of a Cortex-M ends at 0xffffffff");
    co_return co_await target->read(static_cast<std::uint32_t>(address), static_cast<std::uint32_t>(size), deadline);
  }
  static Task<> end(std::shared_ptr<DapTarget> target, std::shared_ptr<RttHost> rtt, Deadline deadline) {
    if (rtt) HILLTOP_CO_CHECK(co_await RttHost::stop(rtt));
    co_return co_await DapTarget::let_go(target, deadline);
  }

  std::shared_ptr<DapTarget> target_;
  std::shared_ptr<RttHost> rtt_;
};

void check_cmsis_dap(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_cmsis_dap(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto read = read_address(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<CmsisDap>(env, std::move(read)));
}

}  // namespace

constinit const DriverInfo cmsis_dap_probe{
    .name = "cmsis-dap",
    .offers = "probe, console",
    .summary = "a CMSIS-DAP probe (v1, v2) at a Cortex-M over SWD, and SEGGER RTT through it",
    .source =
        "Arm CMSIS-DAP 2.1 (commands); Arm IHI 0031 B2, B4, B5, C2 (ADIv5); Arm DDI 0403 C1.6; SEGGER UM08001, \"RTT\"",
    .verified = Verified::specification,
    .check = check_cmsis_dap,
    .make = make_cmsis_dap,
};

}  // namespace hilltop::drivers
