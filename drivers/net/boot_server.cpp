// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/boot_server.hpp"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

#include "drivers/core/log.hpp"
#include "drivers/net/dhcp_server.hpp"
#include "drivers/net/http_file_server.hpp"
#include "drivers/net/tftp_server.hpp"

namespace hilltop::drivers {
namespace {

/// What leases and servers share; it goes when the last of them does.
struct Core {
  explicit Core(asio::any_io_executor ex) : executor(ex), scope(std::move(ex), "boot server") {}

  asio::any_io_executor executor;
  TaskScope scope;
  BootServerConfig config;
  Ipv4Address address;
  std::optional<Ipv4Address> router;
  std::shared_ptr<Lane> lane = std::make_shared<Lane>();
  std::shared_ptr<BoardTable> boards = std::make_shared<BoardTable>();
  std::shared_ptr<dhcp::Responder> responder;
  std::map<MacAddress, std::shared_ptr<ServedFiles>> boards_by_mac;
  bool stopped = false;
};

class Lease : public BootLease {
 public:
  Lease(std::shared_ptr<Core> core, std::shared_ptr<ServedFiles> files)
      : core_(std::move(core)), files_(std::move(files)) {}
  ~Lease() override {
    if (address) core_->boards->erase(*address);
    if (mac) {
      core_->boards_by_mac.erase(*mac);
      core_->responder->erase(*mac);
    }
    files_->revoke();
  }
  [[nodiscard]] std::uint16_t own_http_port() const override { return own_http ? own_http->port() : 0; }

  std::optional<Ipv4Address> address;
  std::optional<MacAddress> mac;
  std::unique_ptr<HttpFileServer> own_http;

 private:
  std::shared_ptr<Core> core_;
  std::shared_ptr<ServedFiles> files_;
};

Error taken(const std::string& address) {
  return {Errc::busy, Blame::infrastructure, "boot server: " + address + " is served already"};
}

Result<dhcp::Reservation> reservation_of(const Core& core, const BootRegistration& registration) {
  if (!core.responder)
    return Error(Errc::bad_input, Blame::configuration, "boot server: a board has a MAC address, and DHCP is off");
  if (registration.address.empty())
    return Error(Errc::bad_input, Blame::configuration, "boot server: DHCP needs the board's own IPv4 address");
  dhcp::Reservation out;
  HILLTOP_TRY(out.address, Ipv4Address::from(registration.address));
  out.prefix_bits = core.config.prefix_bits;
  out.router = core.router;
  out.host_name = registration.host_name;
  out.boot_file = registration.boot_file;
  out.boot_file_by_architecture = registration.boot_file_by_architecture;
  return out;
}

Result<> add_to_dhcp(Core& core, Lease& lease, const std::shared_ptr<ServedFiles>& files) {
  const auto& registration = files->registration();
  HILLTOP_TRY(const auto mac, MacAddress::from(registration.mac));
  HILLTOP_TRY(auto reservation, reservation_of(core, registration));
  if (core.responder->find(mac) != nullptr) return taken(registration.mac);
  core.responder->set(mac, std::move(reservation));
  core.boards_by_mac[mac] = files;
  lease.mac = mac;
  return ok();
}

Result<std::unique_ptr<BootLease>> add(const std::shared_ptr<Core>& core, BootRegistration registration) {
  if (core->stopped) return Error(Errc::unavailable, Blame::infrastructure, "boot server: it has stopped");
  if (registration.address.empty() && registration.mac.empty() && !registration.own_http_port)
    return Error(Errc::bad_input, Blame::configuration,
                 "boot server: neither an address nor a port of its own: no board could ask");
  auto files = std::make_shared<ServedFiles>(std::move(registration));
  auto lease = std::make_unique<Lease>(core, files);  // takes back what was done, when a later step fails
  const auto& wanted = files->registration();
  if (!wanted.address.empty()) {
    HILLTOP_TRY(const auto address, Ipv4Address::from(wanted.address));
    if (!core->boards->emplace(address, files).second) return taken(wanted.address);
    lease->address = address;
  }
  if (!wanted.mac.empty()) HILLTOP_CHECK(add_to_dhcp(*core, *lease, files));
  if (wanted.own_http_port) {
    const auto everybody = [files](Ipv4Address) { return files; };
    HILLTOP_TRY(lease->own_http, HttpFileServer::start(core->executor, core->scope,
                                                       {asio::ip::address_v4::loopback(), 0}, everybody, core->lane));
  }
  return std::unique_ptr<BootLease>(std::move(lease));
}

void report_answer(const Core& core, const dhcp::Message& answer) {
  const auto board = core.boards_by_mac.find(answer.hardware);
  if (board == core.boards_by_mac.end()) return;
  const auto file = answer.options.find(dhcp::opt_boot_file);
  const auto name = file == answer.options.end() ? answer.boot_file : file->second;
  board->second->report({BootEvent::Kind::address_given,
                         "dhcp",
                         name,
                         0,
                         {},
                         fmt::format("{} is {}", answer.hardware.to_string(), answer.yours.to_string())});
}

class Server : public NetBootServer {
 public:
  explicit Server(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  Result<std::unique_ptr<BootLease>> serve(BootRegistration registration) override {
    return add(core_, std::move(registration));
  }
  [[nodiscard]] std::string server_address() const override { return core_->config.address; }
  [[nodiscard]] std::uint16_t tftp_port() const override { return tftp_ ? tftp_->port() : 0; }
  [[nodiscard]] std::uint16_t http_port() const override { return http_ ? http_->port() : 0; }
  [[nodiscard]] bool gives_addresses() const override { return core_->responder != nullptr; }
  Task<> shut_down(Deadline deadline) override {
    tftp_.reset();
    http_.reset();
    dhcp_.reset();
    return stop(core_, deadline);
  }

  Result<> listen() {
    auto& config = core_->config;
    const asio::ip::address_v4 local(config.address.empty() ? asio::ip::address_v4::loopback().to_uint()
                                                            : core_->address.value);
    if (config.tftp_port) {
      HILLTOP_TRY(tftp_, TftpServer::start(core_->executor, core_->scope, {local, *config.tftp_port}, core_->boards,
                                           core_->lane, config.tftp));
    }
    const auto files_of = [boards = core_->boards](Ipv4Address peer) {
      const auto found = boards->find(peer);
      return found == boards->end() ? nullptr : found->second;
    };
    if (config.http_port) {
      HILLTOP_TRY(http_, HttpFileServer::start(core_->executor, core_->scope, {local, *config.http_port}, files_of,
                                               core_->lane));
    }
    if (core_->responder) return listen_for_dhcp();
    return ok();
  }

 private:
  Result<> listen_for_dhcp() {
    const DhcpServer::Config config{core_->config.dhcp_device, core_->config.dhcp_server_port,
                                    core_->config.dhcp_client_port};
    const auto on_answer = [core = std::weak_ptr<Core>(core_)](const dhcp::Message& answer) {
      if (const auto alive = core.lock()) report_answer(*alive, answer);
    };
    HILLTOP_TRY(dhcp_, DhcpServer::start(core_->executor, core_->scope, config, core_->responder, on_answer));
    return ok();
  }

  static Task<> stop(std::shared_ptr<Core> core, Deadline) {
    core->stopped = true;
    core->scope.cancel_all();
    co_await core->scope.join();
    co_return ok();
  }

  std::shared_ptr<Core> core_;
  std::unique_ptr<TftpServer> tftp_;
  std::unique_ptr<HttpFileServer> http_;
  std::unique_ptr<DhcpServer> dhcp_;
};

Result<std::shared_ptr<Core>> make_core(asio::any_io_executor executor, BootServerConfig config) {
  auto core = std::make_shared<Core>(std::move(executor));
  if (!config.address.empty()) {
    HILLTOP_TRY(core->address, Ipv4Address::from(config.address));
  }
  if (!config.router.empty()) {
    HILLTOP_TRY(core->router, Ipv4Address::from(config.router));
  }
  if (!config.dhcp_device.empty()) {
    if (config.address.empty())
      return Error(Errc::bad_input, Blame::configuration, "boot server: DHCP needs our own address");
    core->responder = std::make_shared<dhcp::Responder>(core->address);
  }
  core->config = std::move(config);
  return core;
}

}  // namespace

Task<std::shared_ptr<NetBootServer>> NetBootServer::start(BootServerConfig config) {
  HILLTOP_CO_TRY(auto core, make_core(co_await asio::this_coro::executor, std::move(config)));
  auto server = std::make_shared<Server>(std::move(core));
  if (auto listens = server->listen(); !listens) {
    co_await ignore_cancellation();
    HILLTOP_CO_CHECK(co_await server->shut_down(Deadline::after(std::chrono::seconds(5))));
    co_return std::move(listens).error();
  }
  co_return std::shared_ptr<NetBootServer>(std::move(server));
}

}  // namespace hilltop::drivers
