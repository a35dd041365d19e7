// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace hilltop::usb_lab {

/// The remote protocol of GDB over a Unix socket, as much of it as QEMU's stub needs.
class GdbLink {
 public:
  GdbLink() = default;
  ~GdbLink() { close(); }
  GdbLink(const GdbLink&) = delete;
  GdbLink& operator=(const GdbLink&) = delete;

  /// False: nobody listens.
  bool open(const std::string& socket);
  void close();
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  void send(const std::string& packet);
  /// The next packet, "" when the link broke; nothing after `milliseconds`.
  std::optional<std::string> receive(int milliseconds);
  /// One question and its answer, "" when there was none.
  std::string ask(const std::string& packet);
  /// The byte that stops a running target.
  void interrupt();

 private:
  std::optional<std::string> take_packet();

  int fd_ = -1;
  std::string received_;
};

}  // namespace hilltop::usb_lab
