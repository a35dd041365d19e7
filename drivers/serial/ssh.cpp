// SPDX-License-Identifier: Apache-2.0
// Driver `ssh`: a computer that is reached by SSH alone: its console is a login there. Switching it on logs in,
// switching it off hangs up; the computer itself goes on.
//   driver: ssh
//   host: 192.0.2.7
//   port: 22                        # optional
//   user: root
//   identity_file: /etc/hilltop/sbc-01.key
//   host_key: ssh-ed25519 AAAA...   # as ssh-keyscan shows it, without the host's name
// Source: ssh(1), ssh_config(5), sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT".
#include <algorithm>
#include <cctype>

#include "drivers/api/device.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/serial/ssh_session.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::int64_t usual_port = 22;
constexpr std::int64_t highest_port = 65535;

/// Words that ssh could take for options are none.
bool is_word(std::string_view text, std::string_view more) {
  const auto fits = [&](unsigned char c) { return std::isalnum(c) != 0 || more.contains(static_cast<char>(c)); };
  return !text.empty() && text.front() != '-' && std::ranges::all_of(text, fits);
}

bool is_host_key(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return false;
  const auto kind = text.substr(0, space);
  const bool known = kind.starts_with("ssh-") || kind.starts_with("ecdsa-sha2-") || kind.starts_with("sk-");
  return known && is_word(kind, "-@.") && is_word(text.substr(space + 1), "+/=");
}

class SshPower final : public PowerPort {
 public:
  explicit SshPower(std::shared_ptr<SshSession> session) : session_(std::move(session)) {}
  Task<> set(PowerState wanted, Deadline deadline) override {
    return wanted == PowerState::on ? SshSession::open(session_, deadline) : SshSession::close(session_, deadline);
  }
  Task<PowerState> state(Deadline) override { return state_of(session_); }
  void on_lost(std::function<void(std::string)> handler) override { session_->on_lost(std::move(handler)); }

 private:
  static Task<PowerState> state_of(std::shared_ptr<SshSession> session) {
    co_return session->is_open() ? PowerState::on : PowerState::off;
  }
  std::shared_ptr<SshSession> session_;
};

class SshDevice final : public Device {
 public:
  SshDevice(const Env& env, SshAddress address)
      : session_(std::make_shared<SshSession>(env, std::move(address))), power_(session_) {}
  ~SshDevice() override { session_->abandon(); }

  PowerPort* power() override { return &power_; }
  ByteStream* console(std::string_view name) override { return name == "main" ? &session_->line() : nullptr; }
  Task<> shut_down(Deadline deadline) override { return SshSession::shut_down(session_, deadline); }

 private:
  std::shared_ptr<SshSession> session_;
  SshPower power_;
};

void check_ssh(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "ssh", diagnostics);
  (void)fields.text("driver");
  fields.require("host", "the computer's name or address");
  fields.require("user", "who logs in");
  fields.require("identity_file", "the file of a private key");
  fields.require("host_key", "the computer's public key: ssh-keyscan shows it");
  if (const auto host = fields.text("host"); host && !is_word(*host, ".:-_"))
    fields.error(address["host"], "'host': '" + *host + "' is no name or address");
  if (const auto user = fields.text("user"); user && !is_word(*user, "._-"))
    fields.error(address["user"], "'user': '" + *user + "' is no user's name");
  if (const auto file = fields.text("identity_file"); file && !file->starts_with('/'))
    fields.error(address["identity_file"], "'identity_file' must begin with '/'");
  if (const auto key = fields.text("host_key"); key && !is_host_key(*key))
    fields.error(address["host_key"], "'host_key' is no public key", "two words, such as ssh-ed25519 AAAA...");
  (void)fields.integer("port", 1, highest_port);
  fields.refuse_others();
}

Result<std::unique_ptr<Device>> make_ssh(const Env& env, const Node& address) {
  SshAddress out;
  out.host = address["host"].text();
  out.user = address["user"].text();
  out.identity_file = address["identity_file"].text();
  out.host_key = address["host_key"].text();
  const auto port = address.contains("port") ? address["port"].as_integer().value_or(0) : usual_port;
  if (port < 1 || port > highest_port) return Error(Errc::bad_input, Blame::configuration, "ssh: no port");
  out.port = static_cast<std::uint16_t>(port);
  return std::unique_ptr<Device>(std::make_unique<SshDevice>(env, std::move(out)));
}

}  // namespace

constinit const DriverInfo ssh{
    .name = "ssh",
    .offers = "power, console",
    .summary = "a login at a computer that is reached by SSH alone",
    .source = "ssh(1), ssh_config(5) of OpenSSH 9.2; tried with dropbear",
    .verified = Verified::independent_tool,
    .check = check_ssh,
    .make = make_ssh,
};

}  // namespace hilltop::drivers
