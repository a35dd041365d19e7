// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/usb_lab/models/bytes.hpp"
#include "tests/usb_lab/models/faults.hpp"
#include "tests/usb_lab/models/options.hpp"
#include "tests/usb_lab/models/state_log.hpp"

namespace hilltop::usb_lab {

class SerialPeer;

using Clock = std::chrono::steady_clock;

/// A control request (USB 2.0, 9.3).
struct Setup {
  std::uint8_t type = 0;  ///< bmRequestType
  std::uint8_t request = 0;
  std::uint16_t value = 0;
  std::uint16_t index = 0;
  std::uint16_t length = 0;

  [[nodiscard]] bool to_host() const { return type & 0x80; }
  /// Whether it is request `wanted` of this bmRequestType.
  [[nodiscard]] bool is(std::uint8_t wanted_type, std::uint8_t wanted) const {
    return type == wanted_type && request == wanted;
  }
};

enum class Transport : std::uint8_t { control, isochronous, bulk, interrupt };

struct Endpoint {
  std::uint8_t address = 0;  ///< bit 7: to the host
  Transport transport = Transport::bulk;
  std::uint16_t packet_size = 64;
  std::uint8_t interval = 0;
};

/// One alternate setting of an interface.
struct Interface {
  std::uint8_t number = 0;
  std::uint8_t alternate = 0;
  std::uint8_t device_class = 0;
  std::uint8_t subclass = 0;
  std::uint8_t protocol = 0;
  std::string name = {};
  std::vector<Endpoint> endpoints = {};
  Bytes functional = {};  ///< the class's own descriptor: HID, DFU
  Bytes hid_report = {};  ///< the report descriptor; then `functional` is made from it
};

enum class Speed : std::uint16_t { low = 1, full = 12, high = 480, super = 5000 };  ///< Mbit/s

/// What a device says of itself. Make it, then give it to Device::describe().
struct Description {
  std::uint16_t vendor = 0;
  std::uint16_t product = 0;
  std::uint16_t release = 0x0100;
  std::uint8_t device_class = 0;
  std::uint8_t subclass = 0;
  std::uint8_t protocol = 0;
  Speed speed = Speed::full;
  std::uint16_t milliamperes = 100;
  std::string manufacturer = {};
  std::string name = {};
  std::string serial = {};
  std::vector<Interface> interfaces = {};
  Bytes capabilities = {};  ///< device capability descriptors of the BOS (USB 3.2, 9.6.2)
};

/// One transfer on its way. The transport fills it, tries it until it is over, and reads `data`.
struct Transfer {
  std::uint8_t endpoint = 0;  ///< 0: a control request, `setup` says which
  Setup setup = {};
  Bytes data = {};       ///< to the device: what is written; to the host: what came
  std::size_t size = 0;  ///< room, for a transfer to the host
  Clock::time_point not_before = {};

  [[nodiscard]] bool to_host() const { return endpoint == 0 ? setup.to_host() : (endpoint & 0x80) != 0; }
};

enum class Outcome : std::uint8_t { waiting, done, stalled, gone };

/// A simulated USB device that knows of no transport: usbmock, usb-redir and vhci serve the same ones.
/// One thread at a time (the transports see to that).
class Device {
 public:
  explicit Device(const Options& options);
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  [[nodiscard]] const Description& description() const { return description_; }
  [[nodiscard]] Bytes device_descriptor() const;
  [[nodiscard]] Bytes configuration_descriptor() const;
  [[nodiscard]] const Faults& faults() const { return faults_; }

  /// Tries `transfer`: `waiting` means to try again later, with the same object.
  Outcome attempt(Transfer& transfer, Clock::time_point now);
  void select_configuration(std::uint8_t value) { configuration_ = value; }
  void select_alternate(std::uint8_t interface, std::uint8_t setting) { alternate_[interface] = setting; }
  [[nodiscard]] std::uint8_t alternate(std::uint8_t interface) const;

  /// Its supply comes or goes (it was plugged in; its hub's port was switched).
  void set_powered(bool powered);
  /// A reset of its port: configuration and alternates are the first again. Models undo what a reset undoes.
  void reset();
  /// It unplugged itself (fault drop_after). The transport takes it off the bus and may bring it back.
  [[nodiscard]] bool dropped() const { return dropped_; }
  /// How much later it is back; 0: never, but by hand.
  [[nodiscard]] std::chrono::milliseconds back_after() const { return back_after_; }
  void returned() { dropped_ = false; }
  /// What stands on the device's front: `serial TEXT` gives it another serial number (at its next enumeration); the
  /// rest is the model's. Throws UsageError.
  void command(const std::string& text);
  /// Time passes; called about each millisecond while the device is powered.
  virtual void tick(Clock::time_point now) { (void)now; }
  /// What is at its serial lines, when it is a serial adapter; otherwise nullptr.
  virtual SerialPeer* serial_peer() { return nullptr; }

 protected:
  /// Options `serial vid pid bcd manufacturer product` change it.
  void describe(Description description);
  /// The same without the options: before it is on a bus.
  void describe_as(Description description) { description_ = std::move(description); }
  /// The device leaves the bus and comes back as `description`, as a boot loader and its application do.
  void come_back_as(Description description, std::chrono::milliseconds later);
  [[nodiscard]] const StateLog& state() const { return state_; }

  /// A class or vendor request, or a standard one that this class does not know. To the host: fill `data`. False:
  /// stall.
  virtual bool on_control(const Setup& setup, Bytes& data);
  /// False: stall.
  virtual bool on_out(std::uint8_t endpoint, const Bytes& data);
  /// At most `room` bytes into `data`. False: nothing there yet.
  virtual bool on_in(std::uint8_t endpoint, std::size_t room, Bytes& data);
  virtual void on_power(bool powered) { (void)powered; }
  virtual void on_reset() {}
  virtual void on_command(const std::string& text);

 private:
  [[nodiscard]] std::vector<std::string> strings() const;
  [[nodiscard]] std::uint8_t string_index(const std::string& text) const;
  bool standard(const Setup& setup, Bytes& data);
  bool descriptor(const Setup& setup, Bytes& data) const;
  bool string_descriptor(std::uint8_t index, Bytes& data) const;
  bool hid_descriptor(const Setup& setup, Bytes& data) const;
  Outcome perform(Transfer& transfer);
  void spoil(Bytes& answer) const;

  Options options_;
  Description description_;
  Faults faults_;
  StateLog state_;
  std::map<std::uint8_t, std::uint8_t> alternate_;
  std::uint8_t configuration_ = 0;
  unsigned transfers_ = 0;
  bool powered_ = false;
  bool dropped_ = false;
  std::chrono::milliseconds back_after_{0};
};

/// A HID interface's descriptor (HID 1.11, 6.2.1).
Bytes hid_class_descriptor(std::size_t report_size);

}  // namespace hilltop::usb_lab
