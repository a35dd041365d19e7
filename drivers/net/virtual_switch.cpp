// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/virtual_switch.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <deque>
#include <map>
#include <utility>

#include "drivers/core/socket_wait.hpp"
#include "drivers/net/capture_file.hpp"

namespace hilltop::drivers {
namespace {

using Unix = asio::local::datagram_protocol;
using Clock = std::chrono::steady_clock;

constexpr std::size_t path_bytes_most = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t delayed_frames_most = 4096;
constexpr std::size_t waiting_frames_most = 256;
constexpr auto flush_again_after = std::chrono::milliseconds(500);  // were a wake-up missed
constexpr auto delay_most = std::chrono::seconds(60);
constexpr int socket_buffer_bytes = 1 << 20;
constexpr int frames_in_a_row = 64;  // of one port, then another one's turn comes

struct PortSocket {
  PortSocket(asio::any_io_executor executor, std::string n)
      : name(std::move(n)), socket(executor), out(std::move(executor)) {}
  std::string name;
  Unix::socket socket;  // bound to switch_path: from the board
  Unix::socket out;     // connected to board_path while the board is there. A socket of its own: one that is connected
                        // takes packets from that peer only, and the next emulator is another one
  std::deque<std::string> waiting;  // the system queues ten datagrams a socket (unix(7), max_dgram_qlen)
  bool flushing = false;
  std::string board_path, switch_path;
  EthernetSwitch::Port id = 0;
};

struct Core {
  Core(asio::any_io_executor ex, VirtualSwitch::Config c)
      : executor(ex), scope(ex, "virtual switch"), config(std::move(c)), forwarding(config.seed), delayed_changed(ex) {}

  struct Delayed {
    EthernetSwitch::Port to;
    std::shared_ptr<const std::string> frame;
  };

  asio::any_io_executor executor;
  TaskScope scope;
  VirtualSwitch::Config config;
  EthernetSwitch forwarding;
  std::map<std::string, std::shared_ptr<PortSocket>> ports;
  std::map<EthernetSwitch::Port, std::shared_ptr<PortSocket>> by_id;
  EthernetSwitch::Port next_id = 0;
  std::multimap<Clock::time_point, Delayed> delayed;  // equal times stay in their order
  Event delayed_changed;
  std::unique_ptr<CaptureFile> capture;
  bool stopped = false;
};

Error no_such_port(const std::string& name) {
  return {Errc::not_found, Blame::job, "virtual switch: there is no port '" + name + "'"};
}

enum class Sent : std::uint8_t { yes, later, no };

/// Gives the board a frame, if it is there and has room.
Sent send_now(PortSocket& port, std::string_view frame) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (::send(port.out.native_handle(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
      return Sent::yes;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return Sent::later;
    boost::system::error_code error;  // not connected, or its emulator has gone
    port.out.connect(Unix::endpoint(port.board_path), error);
    if (error) return Sent::no;
  }
  return Sent::no;
}

/// Sends what waits for a board, as it makes room.
Task<> flush(std::shared_ptr<Core> core, std::shared_ptr<PortSocket> port) {
  const auto drop = [&](std::string_view frame) { core->forwarding.count_dropped(port->id, frame.size()); };
  while (!port->waiting.empty() && port->out.is_open()) {
    const auto sent = send_now(*port, port->waiting.front());
    if (sent == Sent::later) {
      if (const auto waited = co_await wait_writable(port->out, Deadline::after(flush_again_after));
          !waited && waited.error().code == Errc::canceled)
        break;
      continue;
    }
    if (sent == Sent::no) drop(port->waiting.front());
    port->waiting.pop_front();
  }
  port->flushing = false;
  co_return ok();
}

/// Hands a frame to its board. One that is off, or does not read, misses it, as on a wire.
void deliver(const std::shared_ptr<Core>& core, EthernetSwitch::Port to, std::string_view frame) {
  const auto found = core->by_id.find(to);
  if (found == core->by_id.end() || !core->forwarding.deliver(to, frame.size())) return;
  auto& port = found->second;
  const auto sent = port->waiting.empty() ? send_now(*port, frame) : Sent::later;
  if (sent == Sent::no || (sent == Sent::later && port->waiting.size() >= waiting_frames_most))
    return core->forwarding.count_dropped(to, frame.size());
  if (sent == Sent::yes) return;
  port->waiting.emplace_back(frame);
  if (std::exchange(port->flushing, true)) return;
  core->scope.spawn("flush " + port->name, flush(core, port));
}

void take_frame(const std::shared_ptr<Core>& core, EthernetSwitch::Port from, std::string_view frame) {
  const auto now = Clock::now();
  if (core->capture && !core->forwarding.faults(from).cut && frame.size() >= EthernetSwitch::frame_bytes_least)
    core->capture->add(utc_now(), frame);
  std::shared_ptr<const std::string> copy;
  for (const auto& [to, at] : core->forwarding.forward(from, frame, now)) {
    if (at <= now) {
      deliver(core, to, frame);
      continue;
    }
    if (core->delayed.size() >= delayed_frames_most) continue;
    if (!copy) copy = std::make_shared<const std::string>(frame);
    core->delayed.emplace(at, Core::Delayed{to, copy});
    core->delayed_changed.notify();
  }
}

/// Takes what the board at one port sends.
Task<> run_port(std::shared_ptr<Core> core, std::shared_ptr<PortSocket> port) {
  std::string buffer(EthernetSwitch::frame_bytes_most + 1, '\0');
  while (port->socket.is_open()) {
    for (int i = 0; i < frames_in_a_row; ++i) {
      const auto n = ::recv(port->socket.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n < 0) break;
      take_frame(core, port->id, std::string_view(buffer).substr(0, static_cast<std::size_t>(n)));
    }
    if (const auto waited = co_await wait_readable(port->socket, Deadline::never()); !waited) {
      if (!port->socket.is_open()) break;
      co_return waited.error();
    }
  }
  co_return ok();
}

/// Delivers what was delayed.
Task<> run_delays(std::shared_ptr<Core> core) {
  for (;;) {
    const auto next = core->delayed.empty() ? Deadline::never() : Deadline::at(core->delayed.begin()->first);
    if (const auto woken = co_await core->delayed_changed.wait(next); !woken && woken.error().code != Errc::timeout)
      co_return woken.error();
    while (!core->delayed.empty() && core->delayed.begin()->first <= Clock::now()) {
      const auto due = core->delayed.extract(core->delayed.begin());
      deliver(core, due.mapped().to, *due.mapped().frame);
    }
  }
}

Result<> check_name(const std::string& name) {
  const bool plain = !name.empty() && name.size() <= 32 && name[0] != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  if (plain) return ok();
  return Error(Errc::bad_input, Blame::configuration,
               "virtual switch: '" + name + "': a port's name has up to 32 letters, digits, '-', '_' and '.'");
}

Result<std::shared_ptr<PortSocket>> open_port(Core& core, const std::string& name) {
  auto port = std::make_shared<PortSocket>(core.executor, name);
  port->board_path = (core.config.folder / (name + ".board")).string();
  port->switch_path = (core.config.folder / (name + ".switch")).string();
  if (std::max(port->board_path.size(), port->switch_path.size()) > path_bytes_most)
    return Error(Errc::bad_input, Blame::configuration,
                 "virtual switch: the path is too long for a socket: " + port->switch_path);
  ::unlink(port->switch_path.c_str());
  ::unlink(port->board_path.c_str());
  boost::system::error_code error;
  port->socket.open(Unix(), error);
  if (!error) port->socket.bind(Unix::endpoint(port->switch_path), error);
  if (!error) port->socket.non_blocking(true, error);
  if (!error) port->out.open(Unix(), error);
  if (!error) port->out.non_blocking(true, error);
  if (!error) port->socket.set_option(asio::socket_base::receive_buffer_size(socket_buffer_bytes), error);
  if (!error) port->out.set_option(asio::socket_base::send_buffer_size(socket_buffer_bytes), error);
  if (error)
    return Error(Errc::unavailable, Blame::infrastructure,
                 fmt::format("virtual switch: {}: {}", port->switch_path, error.message()));
  return port;
}

void close_port(PortSocket& port) {
  boost::system::error_code ignored;
  port.socket.close(ignored);
  port.out.close(ignored);
  ::unlink(port.switch_path.c_str());
  ::unlink(port.board_path.c_str());
}

/// In QEMU's options a comma in a value is doubled.
std::string option_text(const std::string& path) {
  std::string out;
  for (const char c : path) out.append(c == ',' ? 2 : 1, c);
  return out;
}

class Switch : public VirtualSwitch {
 public:
  explicit Switch(std::shared_ptr<Core> core) : core_(std::move(core)) {
    core_->scope.spawn("delays", run_delays(core_));
  }

  Result<> add_port(std::string name) override {
    HILLTOP_CHECK(check_name(name));
    if (core_->ports.contains(name))
      return Error(Errc::busy, Blame::configuration, "virtual switch: port '" + name + "' is there already");
    if (core_->stopped || core_->ports.size() >= ports_most)
      return Error(Errc::unavailable, Blame::infrastructure, "virtual switch: no more ports");
    HILLTOP_TRY(auto port, open_port(*core_, name));
    port->id = core_->next_id++;
    core_->forwarding.add_port(port->id);
    core_->ports[name] = port;
    core_->by_id[port->id] = port;
    core_->scope.spawn("port " + name, run_port(core_, port));
    return ok();
  }

  Result<> remove_port(const std::string& name) override {
    const auto found = core_->ports.find(name);
    if (found == core_->ports.end()) return no_such_port(name);
    close_port(*found->second);
    core_->forwarding.remove_port(found->second->id);
    core_->by_id.erase(found->second->id);
    core_->ports.erase(found);
    return ok();
  }

  Result<> set_faults(const std::string& name, LinkFaults faults) override {
    const auto found = core_->ports.find(name);
    if (found == core_->ports.end()) return no_such_port(name);
    if (!(faults.loss >= 0 && faults.loss <= 1) || faults.delay.count() < 0 || faults.delay > delay_most)
      return Error(Errc::bad_input, Blame::job, "virtual switch: a loss is from 0 to 1, a delay from 0 to 60 s");
    core_->forwarding.set_faults(found->second->id, faults);
    return ok();
  }

  [[nodiscard]] std::vector<Port> ports() const override {
    std::vector<Port> out;
    for (const auto& [name, port] : core_->ports)
      out.push_back({name, port->board_path, port->switch_path, core_->forwarding.faults(port->id),
                     core_->forwarding.counters(port->id)});
    return out;
  }

  [[nodiscard]] Result<std::string> qemu_netdev(const std::string& name, const std::string& id) const override {
    const auto found = core_->ports.find(name);
    if (found == core_->ports.end()) return no_such_port(name);
    return fmt::format("dgram,id={},local.type=unix,local.path={},remote.type=unix,remote.path={}", id,
                       option_text(found->second->board_path), option_text(found->second->switch_path));
  }

  Result<> start_capture(const std::filesystem::path& file, std::uint64_t bytes_most) override {
    if (core_->capture) return Error(Errc::busy, Blame::job, "virtual switch: a capture runs already");
    HILLTOP_TRY(core_->capture, CaptureFile::create(file, bytes_most));
    return ok();
  }
  Task<std::uint64_t> stop_capture(Deadline) override { return end_capture(core_); }
  Task<> shut_down(Deadline) override { return stop(core_); }

 private:
  static Task<std::uint64_t> end_capture(std::shared_ptr<Core> core) {
    if (!core->capture) co_return Error(Errc::not_found, Blame::job, "virtual switch: no capture runs");
    co_return co_await CaptureFile::finish(std::move(core->capture));
  }

  static Task<> stop(std::shared_ptr<Core> core) {
    core->stopped = true;
    core->scope.cancel_all();
    co_await core->scope.join();
    for (const auto& [name, port] : core->ports) close_port(*port);
    core->ports.clear();
    core->by_id.clear();
    core->delayed.clear();
    if (core->capture) HILLTOP_CO_CHECK(co_await CaptureFile::finish(std::move(core->capture)));
    co_return ok();
  }

  std::shared_ptr<Core> core_;
};

}  // namespace

Task<std::shared_ptr<VirtualSwitch>> VirtualSwitch::start(Config config) {
  std::error_code error;
  std::filesystem::create_directories(config.folder, error);
  // Whoever can open the sockets can speak as a board.
  if (!error && ::chmod(config.folder.c_str(), 0700) != 0) error = std::error_code(errno, std::generic_category());
  if (error) co_return system_error(config.folder.string(), error.value());
  auto core = std::make_shared<Core>(co_await asio::this_coro::executor, std::move(config));
  co_return std::shared_ptr<VirtualSwitch>(std::make_shared<Switch>(std::move(core)));
}

}  // namespace hilltop::drivers
