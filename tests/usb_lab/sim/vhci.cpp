// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/usb_lab/sim/server.hpp"

namespace hilltop::usb_lab {
namespace {

using namespace std::chrono_literals;

constexpr auto controller = "/sys/devices/platform/vhci_hcd.0/";
constexpr std::size_t header_size = 48;
enum Command : std::uint32_t { submit = 1, unlink_command = 2, submit_answer = 3, unlink_answer = 4 };

/// A header of the protocol, of either direction: twelve words, the last two are a control request's eight bytes.
using Header = std::array<std::uint32_t, header_size / 4>;
enum Word : std::size_t { command, sequence, device_id, direction, endpoint, flags_or_status, length, setup = 10 };
/// In an unlink, and in its answer, word 5 is a sequence number or a status.

class Vhci final : public Server {
 public:
  Vhci(Device& device, int fd) : device_(device), fd_(fd) {}
  ~Vhci() override { ::close(fd_); }

  [[nodiscard]] int socket() const override { return fd_; }
  bool receive() override {
    Header header{};
    if (!read_all(header.data(), header_size)) return false;
    std::array<std::uint32_t, header_size / 4> host{};
    for (std::size_t i = 0; i < host.size(); ++i) host[i] = ntohl(header[i]);
    if (host[command] == unlink_command) return forget(host);
    Pending pending{.id = host[sequence]};
    auto& transfer = pending.transfer;
    transfer.size = host[length];
    transfer.endpoint =
        static_cast<std::uint8_t>(host[endpoint] | (host[direction] != 0 && host[endpoint] != 0 ? 0x80 : 0));
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&header[setup]);
    if (host[endpoint] == 0)
      transfer.setup = {bytes[0], bytes[1], get16({bytes, 8}, 2), get16({bytes, 8}, 4), get16({bytes, 8}, 6)};
    if (host[direction] == 0) {
      transfer.data.resize(host[length]);
      if (!read_all(transfer.data.data(), transfer.data.size())) return false;
    }
    pending_.push_back(std::move(pending));
    return true;
  }
  bool progress(Clock::time_point now) override {
    for (auto it = pending_.begin(); it != pending_.end();) {
      const auto outcome = device_.attempt(it->transfer, now);
      if (outcome == Outcome::gone) return false;
      if (outcome == Outcome::waiting) {
        ++it;
        continue;
      }
      const bool fine = outcome == Outcome::done;
      if (!fine || !it->transfer.to_host()) it->transfer.data.clear();
      const auto actual = !fine ? 0 : it->transfer.to_host() ? it->transfer.data.size() : it->transfer.size;
      if (!answer(submit_answer, it->id, fine ? 0 : -EPIPE, actual, it->transfer.data)) return false;
      it = pending_.erase(it);
    }
    return true;
  }

 private:
  bool forget(const Header& host) {
    int status = 0;
    for (auto it = pending_.begin(); it != pending_.end(); ++it) {
      if (it->id != host[flags_or_status]) continue;
      pending_.erase(it);
      status = -ECONNRESET;
      break;
    }
    return answer(unlink_answer, host[sequence], status, 0, {});
  }
  bool answer(std::uint32_t what, std::uint64_t id, int status, std::size_t actual, const Bytes& data) {
    Header header{};
    header[command] = htonl(what);
    header[sequence] = htonl(static_cast<std::uint32_t>(id));
    header[flags_or_status] = htonl(static_cast<std::uint32_t>(status));
    header[length] = htonl(static_cast<std::uint32_t>(actual));
    Bytes bytes(header_size);
    std::memcpy(bytes.data(), header.data(), header_size);
    append(bytes, data);
    for (std::size_t at = 0; at < bytes.size();) {
      const auto sent = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += static_cast<std::size_t>(sent);
    }
    return true;
  }
  bool read_all(void* to, std::size_t size) {
    for (std::size_t at = 0; at < size;) {
      const auto count = ::read(fd_, static_cast<char*>(to) + at, size - at);
      if (count <= 0) return false;
      at += static_cast<std::size_t>(count);
    }
    return true;
  }

  Device& device_;
  int fd_;
  std::list<Pending> pending_;
};

/// A port of the high-speed hub that nothing is attached to ("hs 0000 004 ...": state 4), or -1.
int free_port() {
  std::ifstream status(std::string(controller) + "status");
  if (!status) throw UsageError("no vhci_hcd here: modprobe vhci_hcd");
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string hub;
    int port = 0;
    int state = 0;
    if (words >> hub >> port >> state && hub == "hs" && state == 4) return port;
  }
  return -1;
}

bool attach(int socket, Speed speed) {
  const auto port = free_port();
  if (port < 0) throw UsageError("no port of vhci_hcd is free");
  const int file = ::open((std::string(controller) + "attach").c_str(), O_WRONLY | O_CLOEXEC);
  // The kernel's numbers of speeds: 1 low, 2 full, 3 high.
  const int code = speed == Speed::low ? 1 : speed == Speed::full ? 2 : 3;
  const auto text = std::to_string(port) + " " + std::to_string(socket) + " " + std::to_string(1 << 16 | (port + 2)) +
                    " " + std::to_string(code);
  const bool fine = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int why = errno;
  ::close(file);
  if (!fine && why != EBUSY) throw UsageError(std::string("vhci_hcd refuses: ") + std::strerror(why));
  return fine;  // busy: another simulator was faster
}

}  // namespace

std::unique_ptr<Server> serve_vhci(Device& device) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw UsageError("no socket pair");
  for (int tries = 0; !attach(ends[1], device.description().speed); ++tries) {
    if (tries == 100) throw UsageError("vhci_hcd stays busy");
    std::this_thread::sleep_for(10ms);
  }
  ::close(ends[1]);
  return std::make_unique<Vhci>(device, ends[0]);
}

}  // namespace hilltop::usb_lab
