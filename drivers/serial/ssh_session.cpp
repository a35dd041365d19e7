// SPDX-License-Identifier: Apache-2.0
#include "drivers/serial/ssh_session.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <system_error>

namespace hilltop::drivers {
namespace {

constexpr std::size_t words_kept = 8192;
constexpr auto hang_up_patience = std::chrono::seconds(3);  // then it is killed
constexpr std::string_view accepted_words = "Authenticated to ";

std::string option(std::string name, const std::string& value) { return std::move(name) + "=" + value; }

std::vector<std::string> arguments(const SshAddress& address, const std::filesystem::path& known_hosts,
                                   Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(deadline.left()).count();
  const auto patience = std::clamp<std::int64_t>(left, 1, 60);
  std::vector<std::string> out{"ssh", "-tt", "-e", "none", "-F", "none", "-p", std::to_string(address.port)};
  for (const auto& one :
       {option("IdentityFile", address.identity_file.string()), option("UserKnownHostsFile", known_hosts.string()),
        option("ConnectTimeout", std::to_string(patience)), std::string("IdentitiesOnly=yes"),
        std::string("IdentityAgent=none"), std::string("BatchMode=yes"), std::string("HostKeyAlias=board"),
        std::string("StrictHostKeyChecking=yes"), std::string("GlobalKnownHostsFile=/dev/null"),
        std::string("CheckHostIP=no"), std::string("UpdateHostKeys=no"), std::string("ControlPath=none"),
        std::string("ClearAllForwardings=yes"), std::string("ForwardAgent=no"), std::string("ServerAliveInterval=10"),
        std::string("ServerAliveCountMax=3"), std::string("LogLevel=VERBOSE")}) {
    out.emplace_back("-o");
    out.push_back(one);
  }
  out.insert(out.end(), {"-l", address.user, "--", address.host});
  return out;
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const auto begin = text.find_last_of("\r\n");
  return begin == std::string::npos ? text : text.substr(begin + 1);
}

}  // namespace

SshSession::SshSession(const Env& env, SshAddress address)
    : env_(env),
      address_(std::move(address)),
      line_(env.executor),
      changed_(env.executor),
      scope_(env.executor, "ssh " + address_.host) {}

SshSession::~SshSession() = default;

Result<> SshSession::start(Deadline deadline) {
  HILLTOP_CHECK(line_.make());
  std::error_code wrong;
  std::filesystem::create_directories(env_.state_dir, wrong);
  const auto known_hosts = env_.state_dir / "known_hosts";
  std::ofstream out(known_hosts);
  out << "board " << address_.host_key << "\n";
  out.close();
  if (wrong || !out) return Error(Errc::io, Blame::infrastructure, "can't write " + known_hosts.string());
  Command command(arguments(address_, known_hosts, deadline));
  command.environment = {{"LC_ALL", "C"}, {"TERM", "dumb"}};  // the far end's terminal is one that only prints
  command.pass_fds = {{line_.board_end(), 0}, {line_.board_end(), 1}};
  said_.clear();
  accepted_ = false;
  wanted_ = true;
  line_.power_on();
  // `this` outlives the process: it owns it, and the watcher owns both.
  const auto hear = [this](std::string_view text) {
    said_ += text;
    if (said_.contains(accepted_words)) accepted_ = true;
    if (said_.size() > words_kept) said_.erase(0, said_.size() - words_kept);
    changed_.notify();
  };
  HILLTOP_TRY(auto process, Process::start(env_.executor, std::move(command), hear));
  process_ = std::move(process);
  return ok();
}

/// What ssh said before it gave up.
Error SshSession::why_not() const {
  const auto where = address_.user + "@" + address_.host;
  if (said_.contains("Host key verification failed") || said_.contains("IDENTIFICATION HAS CHANGED"))
    return {Errc::denied, Blame::configuration, where + ": the host's key is not the 'host_key' of the lab file"};
  if (said_.contains("Permission denied") || said_.contains("Too many authentication failures"))
    return {Errc::denied, Blame::configuration, where + ": the host does not accept the key of 'identity_file'"};
  const auto words = last_line(said_);
  return {Errc::unavailable, Blame::infrastructure, where + ": " + (words.empty() ? "ssh ended" : words)};
}

Task<> SshSession::watch(std::shared_ptr<SshSession> self, std::shared_ptr<Process> process) {
  auto ended = co_await process->wait(Deadline::never());
  if (self->process_ != process) co_return ok();
  self->process_.reset();
  self->line_.power_off();
  const bool lost = self->accepted_ && self->wanted_;
  self->changed_.notify();
  if (ended && lost && self->on_lost_) self->on_lost_("the session ended: " + last_line(self->said_));
  co_return ok();
}

Task<> SshSession::open(std::shared_ptr<SshSession> self, Deadline deadline) {
  if (self->process_) co_return ok();
  HILLTOP_CO_CHECK(self->start(deadline));
  self->scope_.spawn("session", watch(self, self->process_));
  Result<> waited = ok();
  while (waited && self->process_ && !self->accepted_) waited = co_await self->changed_.wait(deadline);
  if (self->accepted_ && self->process_) co_return ok();
  if (!self->process_) co_return self->why_not();
  HILLTOP_CO_CHECK(co_await close(self, Deadline::after(hang_up_patience * 2)));
  co_return std::move(waited).error().within(self->address_.host);
}

Task<> SshSession::close(std::shared_ptr<SshSession> self, Deadline deadline) {
  co_await ignore_cancellation();
  self->wanted_ = false;
  if (self->process_) self->process_->signal(SIGTERM);
  const auto politely = deadline.at_most(hang_up_patience);
  while (self->process_) {
    if (co_await self->changed_.wait(politely)) continue;
    if (self->process_) self->process_->signal(SIGKILL);
    while (self->process_) HILLTOP_CO_CHECK(co_await self->changed_.wait(Deadline::after(hang_up_patience)));
  }
  co_return ok();
}

Task<> SshSession::shut_down(std::shared_ptr<SshSession> self, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await close(self, deadline));
  co_await self->scope_.join();
  co_return ok();
}

void SshSession::abandon() {
  on_lost_ = nullptr;
  line_.power_off();
  if (process_) process_->signal(SIGKILL);
  process_.reset();
  scope_.cancel_all();
}

}  // namespace hilltop::drivers
