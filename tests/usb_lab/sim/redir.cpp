// SPDX-License-Identifier: Apache-2.0
extern "C" {
#include <usbredirparser.h>
}
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>
#include <thread>

#include "tests/usb_lab/sim/server.hpp"

namespace hilltop::usb_lab {
namespace {

using namespace std::chrono_literals;

constexpr auto most_connect_time = 30s;

int connect_to(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  for (const auto end = Clock::now() + most_connect_time; Clock::now() < end; std::this_thread::sleep_for(20ms)) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
      ::fcntl(fd, F_SETFL, O_NONBLOCK);
      return fd;
    }
    ::close(fd);
  }
  throw UsageError("nobody listens at " + path);
}

/// usbredir's order of endpoints: 0..15 to the device, 16..31 to the host.
unsigned slot_of(std::uint8_t endpoint) { return (endpoint & 0x0fU) | (endpoint & 0x80U) >> 3; }

class Redir final : public Server {
 public:
  Redir(Device& device, int fd) : device_(device), fd_(fd), parser_(usbredirparser_create()) {
    install();
    std::uint32_t caps[USB_REDIR_CAPS_SIZE] = {};
    // Not bulk_receiving: QEMU would use it for FTDI's ids, and then no plain bulk packets come.
    for (const auto cap : {usb_redir_cap_connect_device_version, usb_redir_cap_ep_info_max_packet_size,
                           usb_redir_cap_64bits_ids, usb_redir_cap_32bits_bulk_length})
      usbredirparser_caps_set_cap(caps, cap);
    usbredirparser_init(parser_, "hilltop usbsim", caps, USB_REDIR_CAPS_SIZE, usbredirparser_fl_usb_host);
  }
  ~Redir() override {
    usbredirparser_destroy(parser_);
    ::close(fd_);
  }

  [[nodiscard]] int socket() const override { return fd_; }
  bool receive() override { return usbredirparser_do_read(parser_) != usbredirparser_read_io_error; }
  bool progress(Clock::time_point now) override {
    for (auto it = pending_.begin(); it != pending_.end();) it = finish(*it, now) ? pending_.erase(it) : std::next(it);
    if (!device_.dropped()) poll_interrupts(now);
    while (usbredirparser_has_data_to_write(parser_))
      if (usbredirparser_do_write(parser_) < 0) return false;
    return true;
  }

 private:
  enum class Kind : std::uint8_t { control, bulk, interrupt };
  struct Waiting : Pending {
    Kind kind = Kind::control;
    usb_redir_control_packet_header control{};
    usb_redir_bulk_packet_header bulk{};
    usb_redir_interrupt_packet_header interrupt{};
  };

  static Redir& self(void* priv) { return *static_cast<Redir*>(priv); }
  void install();
  void install_packets();
  void connect();
  void send_endpoints();
  void on_control(std::uint64_t id, usb_redir_control_packet_header* header, std::uint8_t* data, int size);
  void on_bulk(std::uint64_t id, usb_redir_bulk_packet_header* header, std::uint8_t* data, int size);
  void on_interrupt(std::uint64_t id, usb_redir_interrupt_packet_header* header, std::uint8_t* data, int size);
  void cancel(std::uint64_t id);
  bool finish(Waiting& waiting, Clock::time_point now);
  void answer(Waiting& waiting, std::uint8_t status);
  void poll_interrupts(Clock::time_point now);

  Device& device_;
  int fd_;
  usbredirparser* parser_;
  std::list<Waiting> pending_;
  std::set<std::uint8_t> receiving_;  ///< interrupt endpoints that QEMU wants to hear of
};

void Redir::install() {
  auto* p = parser_;
  p->priv = this;
  p->log_func = [](void*, int level, const char* text) {
    if (level <= usbredirparser_warning) std::fprintf(stderr, "usbsim: %s\n", text);
  };
  p->read_func = [](void* priv, std::uint8_t* data, int size) {
    const auto count = ::read(self(priv).fd_, data, static_cast<std::size_t>(size));
    if (count < 0 && errno == EAGAIN) return 0;
    return count <= 0 ? -1 : static_cast<int>(count);
  };
  p->write_func = [](void* priv, std::uint8_t* data, int size) {
    const auto count = ::send(self(priv).fd_, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return 0;
    return static_cast<int>(count);
  };
  p->hello_func = [](void* priv, usb_redir_hello_header*) { self(priv).connect(); };
  p->reset_func = [](void* priv) { self(priv).device_.reset(); };
  p->set_configuration_func = [](void* priv, std::uint64_t id, usb_redir_set_configuration_header* header) {
    self(priv).device_.select_configuration(header->configuration);
    usb_redir_configuration_status_header status{usb_redir_success, header->configuration};
    self(priv).send_endpoints();
    usbredirparser_send_configuration_status(self(priv).parser_, id, &status);
  };
  p->get_configuration_func = [](void* priv, std::uint64_t id) {
    usb_redir_configuration_status_header status{usb_redir_success, 1};
    usbredirparser_send_configuration_status(self(priv).parser_, id, &status);
  };
  p->set_alt_setting_func = [](void* priv, std::uint64_t id, usb_redir_set_alt_setting_header* header) {
    self(priv).device_.select_alternate(header->interface, header->alt);
    usb_redir_alt_setting_status_header status{usb_redir_success, header->interface, header->alt};
    usbredirparser_send_alt_setting_status(self(priv).parser_, id, &status);
  };
  p->get_alt_setting_func = [](void* priv, std::uint64_t id, usb_redir_get_alt_setting_header* header) {
    usb_redir_alt_setting_status_header status{usb_redir_success, header->interface,
                                               self(priv).device_.alternate(header->interface)};
    usbredirparser_send_alt_setting_status(self(priv).parser_, id, &status);
  };
  install_packets();
}

void Redir::install_packets() {
  auto* p = parser_;
  p->start_interrupt_receiving_func = [](void* priv, std::uint64_t id,
                                         usb_redir_start_interrupt_receiving_header* header) {
    self(priv).receiving_.insert(header->endpoint);
    usb_redir_interrupt_receiving_status_header status{usb_redir_success, header->endpoint};
    usbredirparser_send_interrupt_receiving_status(self(priv).parser_, id, &status);
  };
  p->stop_interrupt_receiving_func = [](void* priv, std::uint64_t id,
                                        usb_redir_stop_interrupt_receiving_header* header) {
    self(priv).receiving_.erase(header->endpoint);
    usb_redir_interrupt_receiving_status_header status{usb_redir_success, header->endpoint};
    usbredirparser_send_interrupt_receiving_status(self(priv).parser_, id, &status);
  };
  p->cancel_data_packet_func = [](void* priv, std::uint64_t id) { self(priv).cancel(id); };
  p->control_packet_func = [](void* priv, std::uint64_t id, usb_redir_control_packet_header* header, std::uint8_t* data,
                              int size) { self(priv).on_control(id, header, data, size); };
  p->bulk_packet_func = [](void* priv, std::uint64_t id, usb_redir_bulk_packet_header* header, std::uint8_t* data,
                           int size) { self(priv).on_bulk(id, header, data, size); };
  p->interrupt_packet_func = [](void* priv, std::uint64_t id, usb_redir_interrupt_packet_header* header,
                                std::uint8_t* data, int size) { self(priv).on_interrupt(id, header, data, size); };
}

void Redir::connect() {
  const auto& d = device_.description();
  send_endpoints();
  const std::uint8_t speed = d.speed == Speed::low    ? usb_redir_speed_low
                             : d.speed == Speed::full ? usb_redir_speed_full
                                                      : usb_redir_speed_high;
  usb_redir_device_connect_header header{speed, d.device_class, d.subclass, d.protocol, d.vendor, d.product, d.release};
  usbredirparser_send_device_connect(parser_, &header);
}

void Redir::send_endpoints() {
  usb_redir_interface_info_header interfaces{};
  usb_redir_ep_info_header endpoints{};
  std::memset(endpoints.type, usb_redir_type_invalid, sizeof(endpoints.type));
  for (const auto control : {0, 16}) {
    endpoints.type[control] = usb_redir_type_control;
    endpoints.max_packet_size[control] = 64;
  }
  for (const auto& interface : device_.description().interfaces) {
    if (interface.alternate != device_.alternate(interface.number)) continue;
    const auto at = interfaces.interface_count++;
    interfaces.interface[at] = interface.number;
    interfaces.interface_class[at] = interface.device_class;
    interfaces.interface_subclass[at] = interface.subclass;
    interfaces.interface_protocol[at] = interface.protocol;
    for (const auto& endpoint : interface.endpoints) {
      const auto slot = slot_of(endpoint.address);
      endpoints.type[slot] = static_cast<std::uint8_t>(endpoint.transport);
      endpoints.interval[slot] = endpoint.interval;
      endpoints.interface[slot] = interface.number;
      endpoints.max_packet_size[slot] = endpoint.packet_size;
    }
  }
  usbredirparser_send_interface_info(parser_, &interfaces);
  usbredirparser_send_ep_info(parser_, &endpoints);
}

void Redir::on_control(std::uint64_t id, usb_redir_control_packet_header* header, std::uint8_t* data, int size) {
  Waiting waiting;
  waiting.id = id;
  waiting.control = *header;
  waiting.transfer.setup = {header->requesttype, header->request, header->value, header->index, header->length};
  waiting.transfer.size = header->length;
  waiting.transfer.data.assign(data, data + size);
  usbredirparser_free_packet_data(parser_, data);
  pending_.push_back(std::move(waiting));
}

void Redir::on_bulk(std::uint64_t id, usb_redir_bulk_packet_header* header, std::uint8_t* data, int size) {
  Waiting waiting;
  waiting.id = id;
  waiting.kind = Kind::bulk;
  waiting.bulk = *header;
  waiting.transfer.endpoint = header->endpoint;
  waiting.transfer.size = header->length | std::size_t{header->length_high} << 16;
  waiting.transfer.data.assign(data, data + size);
  usbredirparser_free_packet_data(parser_, data);
  pending_.push_back(std::move(waiting));
}

void Redir::on_interrupt(std::uint64_t id, usb_redir_interrupt_packet_header* header, std::uint8_t* data, int size) {
  Waiting waiting;
  waiting.id = id;
  waiting.kind = Kind::interrupt;
  waiting.interrupt = *header;
  waiting.transfer.endpoint = header->endpoint;
  waiting.transfer.size = header->length;
  waiting.transfer.data.assign(data, data + size);
  usbredirparser_free_packet_data(parser_, data);
  pending_.push_back(std::move(waiting));
}

void Redir::cancel(std::uint64_t id) {
  for (auto it = pending_.begin(); it != pending_.end(); ++it) {
    if (it->id != id) continue;
    it->transfer.data.clear();
    answer(*it, usb_redir_cancelled);
    pending_.erase(it);
    return;
  }
}

bool Redir::finish(Waiting& waiting, Clock::time_point now) {
  const auto outcome = device_.attempt(waiting.transfer, now);
  if (outcome == Outcome::waiting) return false;
  const bool fine = outcome == Outcome::done;
  if (!fine) waiting.transfer.data.clear();
  answer(waiting, fine ? usb_redir_success : outcome == Outcome::stalled ? usb_redir_stall : usb_redir_ioerror);
  return true;
}

void Redir::answer(Waiting& waiting, std::uint8_t status) {
  auto& transfer = waiting.transfer;
  auto* data = transfer.to_host() && !transfer.data.empty() ? transfer.data.data() : nullptr;
  const auto count = transfer.to_host() ? transfer.data.size() : status == usb_redir_success ? transfer.size : 0;
  const auto sent = data != nullptr ? static_cast<int>(count) : 0;
  switch (waiting.kind) {
    case Kind::control:
      waiting.control.status = status;
      waiting.control.length = static_cast<std::uint16_t>(count);
      usbredirparser_send_control_packet(parser_, waiting.id, &waiting.control, data, sent);
      break;
    case Kind::bulk:
      waiting.bulk.status = status;
      waiting.bulk.length = static_cast<std::uint16_t>(count);
      waiting.bulk.length_high = static_cast<std::uint16_t>(count >> 16);
      usbredirparser_send_bulk_packet(parser_, waiting.id, &waiting.bulk, data, sent);
      break;
    case Kind::interrupt:
      waiting.interrupt.status = status;
      waiting.interrupt.length = static_cast<std::uint16_t>(count);
      usbredirparser_send_interrupt_packet(parser_, waiting.id, &waiting.interrupt, data, sent);
      break;
  }
}

void Redir::poll_interrupts(Clock::time_point now) {
  for (const auto endpoint : receiving_) {
    Transfer transfer{.endpoint = endpoint, .size = 64};
    const auto outcome = device_.attempt(transfer, now);
    if (outcome == Outcome::waiting || outcome == Outcome::gone) continue;
    usb_redir_interrupt_packet_header header{
        endpoint, outcome == Outcome::done ? std::uint8_t{usb_redir_success} : std::uint8_t{usb_redir_stall},
        static_cast<std::uint16_t>(transfer.data.size())};
    usbredirparser_send_interrupt_packet(parser_, 0, &header, transfer.data.data(),
                                         static_cast<int>(transfer.data.size()));
  }
}

}  // namespace

std::unique_ptr<Server> serve_redir(Device& device, const std::string& path) {
  return std::make_unique<Redir>(device, connect_to(path));
}

}  // namespace hilltop::usb_lab
