// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "drivers/core/process.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::tests {

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(port);
  return out;
}

/// Listens at a free port of 127.0.0.1.
struct Listener {
  Listener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    auto address = loopback(0);
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd, 8), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
  ~Listener() { ::close(fd); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  /// The next connection, non-blocking.
  int accept(Worker& worker) const {
    int out = -1;
    EXPECT_TRUE(
        worker.run_until([&] { return (out = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0; }));
    return out;
  }
  int fd;
  std::uint16_t port = 0;
};

/// A port that nobody listens at now, for programs that want a number.
inline std::uint16_t free_port() { return Listener().port; }

inline bool listens(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(port);
  const bool out = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return out;
}

/// A program that runs until this goes.
inline std::unique_ptr<Process> start_program(Worker& worker, std::vector<std::string> argv) {
  auto started = Process::start(worker.io.get_executor(), Command(std::move(argv)));
  EXPECT_TRUE(started) << started.error().text;
  return started ? *std::move(started) : nullptr;
}

}  // namespace hilltop::tests
