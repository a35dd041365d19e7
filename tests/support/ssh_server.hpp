// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "drivers/core/process.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::tests {

/// Debian's dropbear as the SSH server of a computer with one user, `board`, whose home is a folder of the test's. It
/// sees a list of users of its own (a mount namespace); one process for each connection, at a port that the system
/// chose.
class SshServer {
 public:
  static std::string program(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::string rest = std::string(path == nullptr ? "" : path) + ":/usr/sbin:";
    for (std::size_t end = 0; (end = rest.find(':')) != std::string::npos; rest.erase(0, end + 1))
      if (end > 0 && std::filesystem::exists(rest.substr(0, end) + "/" + name)) return rest.substr(0, end) + "/" + name;
    return "";
  }
  /// "" when the test can run; else why not.
  static std::string missing(Worker& worker) {
    for (const char* name : {"ssh", "ssh-keygen", "dropbear", "dropbearkey", "unshare"})
      if (program(name).empty()) return std::string(name) + " is not installed (packages openssh-client, dropbear-bin)";
    auto argv = unshared();
    argv.emplace_back("true");
    const auto out = worker.run(run_tool(Command(argv), Deadline::after(std::chrono::seconds(20))));
    return out && out->status == 0 ? "" : "no mount namespace may be made here";
  }

  SshServer(Worker& worker, std::filesystem::path dir) : worker_(worker), dir_(std::move(dir)), acceptor_(worker.io) {
    make_files();
    acceptor_.open(asio::ip::tcp::v4());
    acceptor_.bind({asio::ip::address_v4::loopback(), 0});
    acceptor_.listen();
    accept();
  }
  ~SshServer() { *alive_ = false; }
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::filesystem::path identity() const { return dir_ / "identity"; }
  [[nodiscard]] std::filesystem::path stranger() const { return dir_ / "stranger"; }
  [[nodiscard]] const std::string& host_key() const { return host_key_; }
  /// The address of a lab file.
  [[nodiscard]] std::string address() const {
    return "{driver: ssh, host: 127.0.0.1, port: " + std::to_string(port()) +
           ", user: board, identity_file: " + identity().string() + ", host_key: '" + host_key_ + "'}";
  }

 private:
  static std::vector<std::string> unshared() {
    if (::geteuid() == 0) return {"unshare", "-m"};
    return {"unshare", "--user", "--map-current-user", "--keep-caps", "-m"};
  }
  std::string run(std::vector<std::string> argv) {
    const auto out = worker_.run(run_tool_checked(Command(std::move(argv)), Deadline::after(std::chrono::seconds(20))));
    EXPECT_TRUE(out) << out.error().text;
    return out ? out->text : "";
  }
  void make_files() {
    namespace fs = std::filesystem;
    fs::create_directories(dir_ / "home/.ssh");
    for (const auto& folder : {dir_, dir_ / "home", dir_ / "home/.ssh"}) fs::permissions(folder, fs::perms::owner_all);
    for (const char* name : {"identity", "stranger"})
      run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", (dir_ / name).string()});
    fs::copy_file(dir_ / "identity.pub", dir_ / "home/.ssh/authorized_keys");
    fs::permissions(dir_ / "home/.ssh/authorized_keys", fs::perms::owner_read | fs::perms::owner_write);
    run({program("dropbearkey"), "-t", "ed25519", "-f", (dir_ / "host_key").string()});
    const auto shown = run({program("dropbearkey"), "-y", "-f", (dir_ / "host_key").string()});
    const auto begin = shown.find("ssh-ed25519 ");
    host_key_ = shown.substr(begin, shown.find(' ', begin + 12) - begin);
    std::ofstream(dir_ / "passwd") << "board:x:" << ::geteuid() << ":" << ::getegid()
                                   << "::" << (dir_ / "home").string() << ":/bin/sh\n";
  }
  void accept() {
    auto socket = std::make_shared<asio::ip::tcp::socket>(worker_.io);
    acceptor_.async_accept(*socket, [this, alive = alive_, socket](boost::system::error_code wrong) {
      if (wrong || !*alive) return;
      serve(socket->native_handle());
      accept();
    });
  }
  void serve(int fd) {
    auto argv = unshared();
    const std::string script = "mount --bind \"$0\" /etc/passwd && exec \"$@\"";
    argv.insert(argv.end(), {"sh", "-c", script, (dir_ / "passwd").string(), program("dropbear"), "-i", "-s", "-r",
                             (dir_ / "host_key").string()});
    Command command(std::move(argv));
    command.pass_fds = {{fd, 0}, {fd, 1}};
    auto started = Process::start(worker_.io.get_executor(), std::move(command));
    EXPECT_TRUE(started) << started.error().text;
    if (started) served_.push_back(std::move(*started));
  }

  Worker& worker_;
  std::filesystem::path dir_;
  asio::ip::tcp::acceptor acceptor_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::vector<std::unique_ptr<Process>> served_;
  std::string host_key_;
};

}  // namespace hilltop::tests
