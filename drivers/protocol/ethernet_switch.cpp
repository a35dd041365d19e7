// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/ethernet_switch.hpp"

#include <algorithm>

namespace hilltop::drivers {

void EthernetSwitch::remove_port(Port port) {
  forget(port);
  ports_.erase(port);
}

void EthernetSwitch::set_faults(Port port, LinkFaults faults) {
  const auto found = ports_.find(port);
  if (found == ports_.end()) return;
  found->second.faults = faults;
  if (faults.cut) forget(port);
}

LinkFaults EthernetSwitch::faults(Port port) const {
  const auto found = ports_.find(port);
  return found == ports_.end() ? LinkFaults() : found->second.faults;
}

PortCounters EthernetSwitch::counters(Port port) const {
  const auto found = ports_.find(port);
  return found == ports_.end() ? PortCounters() : found->second.counters;
}

void EthernetSwitch::forget(Port port) {
  std::erase_if(seen_, [port](const auto& entry) { return entry.second.port == port; });
}

void EthernetSwitch::learn(MacAddress address, Port port, Time now) {
  if (address.is_group()) return;  // nobody's
  if (!seen_.contains(address) && seen_.size() >= addresses_most)
    seen_.erase(std::ranges::min_element(seen_, {}, [](const auto& entry) { return entry.second.when; }));
  seen_.insert_or_assign(address, Seen{port, now});
}

std::optional<EthernetSwitch::Port> EthernetSwitch::port_of(MacAddress address, Time now) const {
  const auto found = seen_.find(address);
  if (found == seen_.end() || now - found->second.when > forgets_after) return std::nullopt;
  return found->second.port;
}

/// True with the port's probability of loss. The generator is asked only where there is one, and by hand: what
/// std::bernoulli_distribution draws differs between libraries.
bool EthernetSwitch::lost(PortState& port) {
  const bool gone =
      port.faults.cut || (port.faults.loss > 0 && static_cast<double>(random_() >> 11) * 0x1p-53 < port.faults.loss);
  if (gone) ++port.counters.lost;
  return gone;
}

void EthernetSwitch::send_to(Port port, PortState& state, Time at, std::vector<Delivery>& out) {
  if (!lost(state)) out.push_back({port, at + state.faults.delay});
}

std::vector<EthernetSwitch::Delivery> EthernetSwitch::forward(Port from, std::string_view frame, Time now) {
  std::vector<Delivery> out;
  const auto found = ports_.find(from);
  if (found == ports_.end()) return out;
  auto& source = found->second;
  if (lost(source)) return out;
  if (frame.size() < frame_bytes_least || frame.size() > frame_bytes_most) {
    ++source.counters.refused;
    return out;
  }
  ++source.counters.frames_in;
  source.counters.bytes_in += frame.size();
  const auto to = MacAddress::at(frame);
  learn(MacAddress::at(frame.substr(6)), from, now);
  const auto at = now + source.faults.delay;
  const auto known = to.is_group() ? std::nullopt : port_of(to, now);
  if (known == from) {
    ++source.counters.refused;  // its receiver has it already
  } else if (known) {
    send_to(*known, ports_.at(*known), at, out);
  } else {
    for (auto& [port, state] : ports_)
      if (port != from) send_to(port, state, at, out);
  }
  return out;
}

bool EthernetSwitch::deliver(Port to, std::size_t frame_bytes) {
  const auto found = ports_.find(to);
  if (found == ports_.end()) return false;
  auto& [faults, counters] = found->second;
  if (faults.cut) {
    ++counters.lost;
    return false;
  }
  ++counters.frames_out;
  counters.bytes_out += frame_bytes;
  return true;
}

void EthernetSwitch::count_dropped(Port to, std::size_t frame_bytes) {
  const auto found = ports_.find(to);
  if (found == ports_.end()) return;
  auto& counters = found->second.counters;
  --counters.frames_out;
  counters.bytes_out -= frame_bytes;
  ++counters.dropped;
}

}  // namespace hilltop::drivers
