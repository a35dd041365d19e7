// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/device.hpp"

#include <algorithm>
#include <set>

namespace hilltop::usb_lab {
namespace {

// USB 2.0, table 9-4, 9-5.
enum Request : std::uint8_t {
  get_status = 0,
  clear_feature = 1,
  set_feature = 3,
  set_address = 5,
  get_descriptor = 6,
  get_configuration = 8,
  set_configuration = 9,
  get_interface = 10,
  set_interface = 11,
};
enum DescriptorType : std::uint8_t {
  device_type = 1,
  configuration_type = 2,
  string_type = 3,
  interface_type = 4,
  endpoint_type = 5,
  qualifier_type = 6,
  bos_type = 15,
  hid_type = 0x21,
  report_type = 0x22,
};

std::uint16_t usb_version(Speed speed) { return speed == Speed::super ? 0x0300 : 0x0200; }

std::uint8_t first_packet_size(Speed speed) {
  return speed == Speed::super ? 9 : speed == Speed::low ? 8 : 64;  // super speed: an exponent
}

}  // namespace

Bytes hid_class_descriptor(std::size_t report_size) {
  Bytes bytes{9, hid_type, 0x11, 0x01, 0, 1, report_type};
  put16(bytes, static_cast<std::uint32_t>(report_size));
  return bytes;
}

Device::Device(const Options& options) : options_(options), faults_(options), state_(options.text("state")) {
  // describe() asks for these of a copy.
  for (const auto* key : {"serial", "vid", "pid", "bcd", "manufacturer", "product"}) (void)options.has(key);
}

void Device::describe(Description description) {
  description.vendor = static_cast<std::uint16_t>(options_.hex("vid", description.vendor));
  description.product = static_cast<std::uint16_t>(options_.hex("pid", description.product));
  description.release = static_cast<std::uint16_t>(options_.hex("bcd", description.release));
  description.manufacturer = options_.text("manufacturer", description.manufacturer);
  description.name = options_.text("product", description.name);
  description.serial = options_.text("serial", description.serial);
  for (auto& interface : description.interfaces)
    if (!interface.hid_report.empty()) interface.functional = hid_class_descriptor(interface.hid_report.size());
  description_ = std::move(description);
}

void Device::come_back_as(Description description, std::chrono::milliseconds later) {
  description_ = std::move(description);
  dropped_ = true;
  back_after_ = later;
}

std::vector<std::string> Device::strings() const {
  std::vector<std::string> all{description_.manufacturer, description_.name, description_.serial};
  for (const auto& interface : description_.interfaces) all.push_back(interface.name);
  return all;
}

std::uint8_t Device::string_index(const std::string& text) const {
  if (text.empty()) return 0;
  const auto all = strings();
  return static_cast<std::uint8_t>(std::ranges::find(all, text) - all.begin() + 1);
}

Bytes Device::device_descriptor() const {
  const auto& d = description_;
  Bytes bytes{18, device_type};
  put16(bytes, usb_version(d.speed));
  append(bytes, Bytes{d.device_class, d.subclass, d.protocol, first_packet_size(d.speed)});
  put16(bytes, d.vendor);
  put16(bytes, d.product);
  put16(bytes, d.release);
  append(bytes, Bytes{string_index(d.manufacturer), string_index(d.name), string_index(d.serial), 1});
  return bytes;
}

Bytes Device::configuration_descriptor() const {
  std::set<std::uint8_t> numbers;
  Bytes rest;
  for (const auto& interface : description_.interfaces) {
    numbers.insert(interface.number);
    append(rest, Bytes{9, interface_type, interface.number, interface.alternate,
                       static_cast<std::uint8_t>(interface.endpoints.size()), interface.device_class,
                       interface.subclass, interface.protocol, string_index(interface.name)});
    append(rest, interface.functional);
    for (const auto& endpoint : interface.endpoints) {
      append(rest, Bytes{7, endpoint_type, endpoint.address, static_cast<std::uint8_t>(endpoint.transport)});
      put16(rest, endpoint.packet_size);
      rest.push_back(endpoint.interval);
      if (description_.speed == Speed::super) append(rest, Bytes{6, 0x30, 0, 0, 0, 0});  // endpoint companion
    }
  }
  Bytes bytes{9, configuration_type};
  put16(bytes, static_cast<std::uint32_t>(rest.size() + 9));
  append(bytes, Bytes{static_cast<std::uint8_t>(numbers.size()), 1, 0, 0x80,
                      static_cast<std::uint8_t>(description_.milliamperes / 2)});
  append(bytes, rest);
  return bytes;
}

bool Device::string_descriptor(std::uint8_t index, Bytes& data) const {
  const auto all = strings();
  if (index > all.size()) return false;
  if (index == 0) {
    data = {4, string_type, 0x09, 0x04};  // English
    return true;
  }
  const auto& text = all[index - 1U];
  data = {static_cast<std::uint8_t>(2 + 2 * text.size()), string_type};
  for (const char c : text) put16(data, static_cast<std::uint8_t>(c));
  return true;
}

bool Device::hid_descriptor(const Setup& setup, Bytes& data) const {
  for (const auto& interface : description_.interfaces) {
    if (interface.number != (setup.index & 0xff) || interface.hid_report.empty()) continue;
    data = (setup.value >> 8) == report_type ? interface.hid_report : interface.functional;
    return true;
  }
  return false;
}

bool Device::descriptor(const Setup& setup, Bytes& data) const {
  switch (setup.value >> 8) {
    case device_type:
      data = device_descriptor();
      return true;
    case configuration_type:
      data = configuration_descriptor();
      return (setup.value & 0xff) == 0;
    case string_type:
      return string_descriptor(setup.value & 0xff, data);
    case qualifier_type:
      if (description_.speed != Speed::high) return false;
      data = {10, qualifier_type, 0, 2, description_.device_class, description_.subclass, description_.protocol, 64, 1,
              0};
      return true;
    case bos_type: {
      if (description_.capabilities.empty()) return false;
      data = {5, bos_type};
      put16(data, static_cast<std::uint32_t>(5 + description_.capabilities.size()));
      unsigned count = 0;
      for (std::size_t at = 0; at < description_.capabilities.size(); at += description_.capabilities[at]) ++count;
      data.push_back(static_cast<std::uint8_t>(count));
      append(data, description_.capabilities);
      return true;
    }
    case hid_type:
    case report_type:
      return hid_descriptor(setup, data);
    default:
      return false;
  }
}

bool Device::standard(const Setup& setup, Bytes& data) {
  switch (setup.request) {
    case get_status:
      data = {0, 0};
      return true;
    case clear_feature:
    case set_feature:
    case set_address:
      return true;
    case get_configuration:
      data = {configuration_};
      return true;
    case set_configuration:
      select_configuration(static_cast<std::uint8_t>(setup.value));
      return true;
    case get_interface:
      data = {alternate(static_cast<std::uint8_t>(setup.index))};
      return true;
    case set_interface:
      select_alternate(static_cast<std::uint8_t>(setup.index), static_cast<std::uint8_t>(setup.value));
      return true;
    case get_descriptor:
      return descriptor(setup, data) || on_control(setup, data);
    default:
      return on_control(setup, data);
  }
}

Outcome Device::attempt(Transfer& transfer, Clock::time_point now) {
  if (dropped_) return Outcome::gone;
  if (transfer.endpoint == 0 && (transfer.setup.type & 0x60) == 0) {
    if (!standard(transfer.setup, transfer.data)) return Outcome::stalled;
    if (transfer.to_host() && transfer.data.size() > transfer.size) transfer.data.resize(transfer.size);
    return Outcome::done;
  }
  if (transfer.not_before == Clock::time_point()) transfer.not_before = now + faults_.delay;
  if (now < transfer.not_before || faults_.mute.strikes(transfers_ + 1)) return Outcome::waiting;
  return perform(transfer);
}

Outcome Device::perform(Transfer& transfer) {
  if (transfers_ >= faults_.drop_after) {
    dropped_ = true;
    back_after_ = faults_.back_after;
    faults_.drop_after = std::numeric_limits<unsigned>::max();  // once
    return Outcome::gone;
  }
  if (faults_.stall.strikes(transfers_ + 1)) {
    ++transfers_;
    return Outcome::stalled;
  }
  bool fine = false;
  if (transfer.endpoint == 0) {
    fine = on_control(transfer.setup, transfer.data);
  } else if (transfer.to_host()) {
    if (!on_in(transfer.endpoint, transfer.size, transfer.data)) return Outcome::waiting;
    fine = true;
  } else {
    fine = on_out(transfer.endpoint, transfer.data);
  }
  ++transfers_;
  if (!fine) return Outcome::stalled;
  if (transfer.to_host()) {
    spoil(transfer.data);
    if (transfer.data.size() > transfer.size) transfer.data.resize(transfer.size);
  }
  return Outcome::done;
}

void Device::spoil(Bytes& answer) const {
  if (faults_.wrong_reply.strikes(transfers_))
    for (auto& byte : answer) byte ^= 0xff;
  if (faults_.short_reply.strikes(transfers_)) answer.resize(answer.size() / 2);
}

std::uint8_t Device::alternate(std::uint8_t interface) const {
  const auto found = alternate_.find(interface);
  return found == alternate_.end() ? 0 : found->second;
}

void Device::set_powered(bool powered) {
  if (powered == powered_) return;
  powered_ = powered;
  if (powered) reset();
  on_power(powered);
}

void Device::reset() {
  configuration_ = 0;
  alternate_.clear();
  if (faults_.mute.strikes(transfers_ + 1)) ++transfers_;  // what hung begins anew
  on_reset();
}

void Device::command(const std::string& text) {
  if (text.starts_with("serial "))
    description_.serial = text.substr(7);
  else
    on_command(text);
}

bool Device::on_control(const Setup&, Bytes&) { return false; }
bool Device::on_out(std::uint8_t, const Bytes&) { return false; }
bool Device::on_in(std::uint8_t, std::size_t, Bytes&) { return false; }
void Device::on_command(const std::string& text) {
  throw UsageError("a " + description_.name + " has no command '" + text + "'");
}

}  // namespace hilltop::usb_lab
