// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/libusb_look.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace hilltop::drivers {
namespace {

constexpr unsigned string_time_limit_ms = 300;
constexpr std::uint16_t english_us = 0x0409;  // USB 2.0, 9.6.7: language ids; what devices with one language have
constexpr std::string_view sysfs = "/sys/bus/usb/devices/";

/// An attribute of sysfs, as the kernel wrote it. Source: Linux, Documentation/ABI/testing/sysfs-bus-usb.
std::string attribute(const std::string& device, std::string_view name) {
  const auto path = fmt::format("{}{}/{}", sysfs, device, name);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::array<char, 1024> buffer{};
  const auto size = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  std::string out(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!out.empty() && (out.back() == '\n' || out.back() == '\0')) out.pop_back();
  return out;
}

/// Asks the device for its strings, when the kernel does not tell them; after one failure it is asked no more.
class Strings {
 public:
  explicit Strings(libusb_device* device) : device_(device) {}
  ~Strings() {
    if (handle_ != nullptr) libusb_close(handle_);
  }
  Strings(const Strings&) = delete;
  Strings& operator=(const Strings&) = delete;

  [[nodiscard]] bool failed() const { return failed_; }

  std::string get(std::uint8_t index, std::string known) {
    if (index == 0 || !known.empty() || failed_) return known;
    std::array<unsigned char, 255> buffer{};
    const int size = open() ? read(index, buffer) : LIBUSB_ERROR_ACCESS;
    failed_ = size < 0;
    if (failed_) return {};
    return usb_string_text({reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(size)});
  }

 private:
  bool open() { return handle_ != nullptr || libusb_open(device_, &handle_) == LIBUSB_SUCCESS; }
  int read(std::uint8_t index, std::array<unsigned char, 255>& buffer) {
    return libusb_control_transfer(handle_, LIBUSB_ENDPOINT_IN, LIBUSB_REQUEST_GET_DESCRIPTOR,
                                   static_cast<std::uint16_t>(LIBUSB_DT_STRING << 8 | index), english_us, buffer.data(),
                                   static_cast<std::uint16_t>(buffer.size()), string_time_limit_ms);
  }

  libusb_device* device_;
  libusb_device_handle* handle_ = nullptr;
  bool failed_ = false;
};

UsbSpeed speed_from(int speed) {
  switch (speed) {
    case LIBUSB_SPEED_LOW:
      return UsbSpeed::low;
    case LIBUSB_SPEED_FULL:
      return UsbSpeed::full;
    case LIBUSB_SPEED_HIGH:
      return UsbSpeed::high;
    case LIBUSB_SPEED_SUPER:
      return UsbSpeed::super;
    case LIBUSB_SPEED_SUPER_PLUS:
      return UsbSpeed::super_plus;
    default:
      return UsbSpeed::unknown;
  }
}

UsbEndpoint endpoint_from(const libusb_endpoint_descriptor& raw) {
  return {.address = raw.bEndpointAddress,
          .kind = static_cast<UsbEndpoint::Kind>(raw.bmAttributes & 3),
          .packet_size = static_cast<std::uint16_t>(raw.wMaxPacketSize & 0x7ff)};
}

UsbInterface interface_from(const libusb_interface_descriptor& raw) {
  UsbInterface out{.number = raw.bInterfaceNumber,
                   .alternate = raw.bAlternateSetting,
                   .device_class = raw.bInterfaceClass,
                   .subclass = raw.bInterfaceSubClass,
                   .protocol = raw.bInterfaceProtocol};
  for (int i = 0; i < raw.bNumEndpoints; ++i) out.endpoints.push_back(endpoint_from(raw.endpoint[i]));
  out.extra.assign(reinterpret_cast<const char*>(raw.extra), static_cast<std::size_t>(raw.extra_length));
  return out;
}

/// The kernel tells the name of the alternate setting that is chosen, so the first one's.
std::string known_name(const UsbDeviceInfo& device, const libusb_config_descriptor& configuration,
                       const libusb_interface_descriptor& raw) {
  if (raw.bAlternateSetting != 0 || raw.iInterface == 0) return {};
  const auto folder = fmt::format("{}:{}.{}", device.path, configuration.bConfigurationValue, raw.bInterfaceNumber);
  return attribute(folder, "interface");
}

void look_at_interfaces(libusb_device* raw, Strings& strings, UsbDeviceInfo& out) {
  libusb_config_descriptor* read = nullptr;
  if (libusb_get_active_config_descriptor(raw, &read) != LIBUSB_SUCCESS) return;  // not configured
  const std::unique_ptr<libusb_config_descriptor, decltype(&libusb_free_config_descriptor)> configuration(
      read, &libusb_free_config_descriptor);
  for (int i = 0; i < configuration->bNumInterfaces; ++i) {
    const auto& interface = configuration->interface[i];
    for (int j = 0; j < interface.num_altsetting; ++j) {
      const auto& setting = interface.altsetting[j];
      auto& added = out.interfaces.emplace_back(interface_from(setting));
      added.name = strings.get(setting.iInterface, known_name(out, *configuration, setting));
    }
  }
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) return put(0xc0 | code >> 6), put(0x80 | (code & 0x3f));
  if (code < 0x10000) return put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
  put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 0x3f)), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
}

}  // namespace

std::string usb_string_text(std::string_view descriptor) {
  if (descriptor.size() < 2 || descriptor[1] != LIBUSB_DT_STRING) return {};
  const auto size = std::min<std::size_t>(descriptor.size(), static_cast<std::uint8_t>(descriptor[0]));
  const auto unit = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<std::uint8_t>(descriptor[at]) |
                                      static_cast<std::uint8_t>(descriptor[at + 1]) << 8);
  };
  constexpr std::uint32_t replacement = 0xfffd;
  std::string out;
  for (std::size_t at = 2; at + 1 < size; at += 2) {
    auto code = unit(at);
    const bool high = code >= 0xd800 && code < 0xdc00;
    if (high && at + 3 < size && unit(at + 2) >= 0xdc00 && unit(at + 2) < 0xe000) {
      at += 2;
      code = 0x10000 + ((code - 0xd800) << 10) + (unit(at) - 0xdc00);
    } else if (code >= 0xd800 && code < 0xe000) {
      code = replacement;
    }
    if (code != 0) append_utf8(out, code);
  }
  return out;
}

std::string usb_path(libusb_device* device) {
  std::array<std::uint8_t, 8> ports{};  // at most 7: USB 3.2, 10.1
  const int count = libusb_get_port_numbers(device, ports.data(), static_cast<int>(ports.size()));
  const int bus = libusb_get_bus_number(device);
  if (count <= 0) return fmt::format("usb{}", bus);
  auto out = fmt::format("{}-{}", bus, ports[0]);
  for (int i = 1; i < count; ++i) out += fmt::format(".{}", ports[static_cast<std::size_t>(i)]);
  return out;
}

UsbDeviceInfo look_at_usb_device(libusb_device* device) {
  UsbDeviceInfo out{.bus = libusb_get_bus_number(device),
                    .address = libusb_get_device_address(device),
                    .path = usb_path(device),
                    .speed = speed_from(libusb_get_device_speed(device))};
  libusb_device_descriptor raw{};
  if (libusb_get_device_descriptor(device, &raw) != LIBUSB_SUCCESS) {
    out.unreadable = true;
    return out;
  }
  out.vendor = raw.idVendor;
  out.product = raw.idProduct;
  out.release = raw.bcdDevice;
  out.device_class = raw.bDeviceClass;
  Strings strings(device);
  out.serial = strings.get(raw.iSerialNumber, attribute(out.path, "serial"));
  out.manufacturer = strings.get(raw.iManufacturer, attribute(out.path, "manufacturer"));
  out.name = strings.get(raw.iProduct, attribute(out.path, "product"));
  out.unreadable = strings.failed();
  look_at_interfaces(device, strings, out);
  return out;
}

}  // namespace hilltop::drivers
