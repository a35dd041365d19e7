// SPDX-License-Identifier: Apache-2.0
#include "boards/board_devices.hpp"

#include <algorithm>
#include <array>

namespace hilltop::boards {
namespace {

constexpr std::array<std::string_view, 7> roles{"emulator", "power",   "console", "probe",
                                                "flash",    "storage", "recovery"};

Error bad_address(std::string text) { return Error(Errc::bad_input, Blame::configuration, std::move(text)); }

Result<std::unique_ptr<drivers::Device>> make_device(const Env& env, const Node& address,
                                                     drivers::DriverTable drivers) {
  const auto name = address["driver"];
  if (!name || !name.is_string()) return bad_address("'driver' is missing");
  const auto* driver = drivers::find_driver(drivers, name.text());
  if (driver == nullptr) return bad_address("there is no driver '" + name.text() + "'");
  Diagnostics diagnostics;
  driver->check(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return driver->make(env, address);
}

}  // namespace

Result<BoardDevices> BoardDevices::make(const Env& env, const BoardConfig& config, drivers::DriverTable drivers) {
  if (config.name.empty() || config.name.starts_with('.') || config.name.find('/') != std::string::npos)
    return bad_address("'" + config.name + "' cannot be the name of a board");
  BoardDevices out;
  for (const auto& [key, address] : config.addresses.entries()) {
    const auto& role = key.text();
    if (std::ranges::find(roles, role) == roles.end())
      return Error(Errc::unsupported, Blame::configuration, "addresses: '" + role + "' is not supported");
    auto device = make_device(Env{env.executor, env.state_dir / config.name / role}, address, drivers);
    if (!device) return std::move(device).error().within(role);
    out.by_role_.emplace(role, *std::move(device));
  }
  return out;
}

drivers::Device* BoardDevices::find(std::string_view role) const {
  const auto found = by_role_.find(role);
  return found == by_role_.end() ? nullptr : found->second.get();
}

drivers::PowerPort* BoardDevices::power() const {
  if (auto* device = find("power")) return device->power();
  if (auto* device = find("console"); device != nullptr && device->power() != nullptr) return device->power();
  auto* emulator = find("emulator");
  return emulator == nullptr ? nullptr : emulator->power();
}

drivers::ByteStream* BoardDevices::console(std::string_view name) const {
  // A probe has consoles of its own: RTT.
  for (const auto* role : {"console", "probe", "flash"}) {
    if (auto* device = find(role)) {
      if (auto* stream = device->console(name)) return stream;
    }
  }
  auto* emulator = find("emulator");
  return emulator == nullptr ? nullptr : emulator->console(name);
}

drivers::Probe* BoardDevices::probe() const {
  if (auto* device = find("probe")) return device->probe();
  auto* emulator = find("emulator");
  return emulator == nullptr ? nullptr : emulator->probe();
}

drivers::Flasher* BoardDevices::flasher() const {
  if (auto* device = find("flash")) return device->flasher();
  // One OpenOCD is both: a second one would not get at the same probe.
  if (auto* device = find("probe"); device != nullptr && device->flasher() != nullptr) return device->flasher();
  auto* emulator = find("emulator");
  return emulator == nullptr ? nullptr : emulator->flasher();
}

drivers::StorageMux* BoardDevices::storage_mux() const {
  auto* device = find("storage");
  return device == nullptr ? nullptr : device->storage_mux();
}

drivers::PowerPort* BoardDevices::recovery() const {
  auto* device = find("recovery");
  return device == nullptr ? nullptr : device->power();
}

drivers::BootFiles* BoardDevices::boot_files() const {
  auto* emulator = find("emulator");
  return emulator == nullptr ? nullptr : emulator->boot_files();
}

drivers::ConfigurableMachine* BoardDevices::machine() const {
  auto* emulator = find("emulator");
  return emulator == nullptr ? nullptr : emulator->machine();
}

}  // namespace hilltop::boards
