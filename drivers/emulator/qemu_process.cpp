// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace hilltop::drivers {
namespace {

// The descriptors' numbers within QEMU.
constexpr int console_number = 10;
constexpr int qmp_number = 11;
constexpr int gdb_number = 12;
constexpr std::size_t most_output_bytes = 4096;

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// A socket's name is at most 107 bytes and a state folder's may be longer: it is reached through its descriptor.
struct SocketName {
  Fd dir;
  sockaddr_un address{};
};

Result<SocketName> name_socket(const std::filesystem::path& path) {
  SocketName name{Fd(::open(path.parent_path().c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC)), {}};
  if (name.dir.get() < 0) return system_error(path.parent_path().string(), errno);
  name.address.sun_family = AF_UNIX;
  const auto text = fmt::format("/proc/self/fd/{}/{}", name.dir.get(), path.filename().string());
  if (text.size() >= sizeof name.address.sun_path) return system_error(path.string(), ENAMETOOLONG);
  std::memcpy(name.address.sun_path, text.c_str(), text.size() + 1);
  return name;
}

Result<Fd> listen_at(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  HILLTOP_TRY(auto name, name_socket(path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // Only the daemon's own user may debug the board: the socket is made with mode 0600.
  if (fd.get() >= 0) ::fchmod(fd.get(), 0600);
  if (fd.get() < 0 || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name.address), sizeof name.address) != 0 ||
      ::listen(fd.get(), 1) != 0)
    return system_error("debug socket " + path.string(), errno);
  return fd;
}

Result<Fd> connect_to(const std::filesystem::path& path) {
  HILLTOP_TRY(auto name, name_socket(path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0 || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name.address), sizeof name.address) != 0)
    return system_error("debug socket " + path.string(), errno);
  return fd;
}

std::vector<std::string> whole_argv(const QemuProcess::Launch& launch) {
  auto argv = launch.argv;
  const auto add = [&argv](std::initializer_list<std::string> words) { argv.insert(argv.end(), words); };
  add({"-nodefaults", "-no-user-config", "-display", "none"});
  add({"-chardev", fmt::format("socket,id=con0,fd={}", console_number)});
  if (std::ranges::find(launch.argv, "chardev:con0") == launch.argv.end()) add({"-serial", "chardev:con0"});
  add({"-chardev", fmt::format("socket,id=qmp0,fd={}", qmp_number), "-mon", "chardev=qmp0,mode=control"});
  add({"-chardev", fmt::format("socket,id=gdb0,fd={},server=on,wait=off", gdb_number), "-gdb", "chardev:gdb0"});
  if (launch.halted) add({"-S"});
  return argv;
}

}  // namespace

QemuProcess::QemuProcess(asio::any_io_executor executor) : executor_(executor), changed_(executor) {}

QemuProcess::~QemuProcess() {
  std::error_code ignored;
  if (!debug_socket_.empty()) std::filesystem::remove(debug_socket_, ignored);
}

Result<std::shared_ptr<QemuProcess>> QemuProcess::start(asio::any_io_executor executor, Launch launch, TaskScope& scope,
                                                        OnEnd on_end) {
  std::error_code ignored;
  std::filesystem::create_directories(launch.socket_dir, ignored);
  std::shared_ptr<QemuProcess> self(new QemuProcess(executor));
  self->debug_socket_ = launch.socket_dir / "debug.sock";
  HILLTOP_TRY(const auto listening, listen_at(self->debug_socket_));
  std::array<int, 2> qmp{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp.data()) != 0) return system_error("socket pair", errno);
  Fd ours(qmp[0]);
  const Fd theirs(qmp[1]);
  Command command(whole_argv(launch));
  command.pass_fds = {{launch.console_fd, console_number}, {theirs.get(), qmp_number}, {listening.get(), gdb_number}};
  const auto keep_output = [raw = self.get()](std::string_view text) {
    raw->output_ += text;
    if (raw->output_.size() > most_output_bytes) raw->output_.erase(0, raw->output_.size() - most_output_bytes);
  };
  HILLTOP_TRY(self->process_, Process::start(executor, std::move(command), keep_output));
  self->on_end_ = std::move(on_end);
  self->qmp_ = std::make_shared<QmpClient>(executor, ours.release(),
                                           [raw = self.get()](const QmpMessage& m) { raw->on_event(m); });
  scope.spawn("qemu", watch(self));
  return self;
}

void QemuProcess::on_event(const QmpMessage& event) {
  if (event.name == "RESET") ++resets_;
  if (event.name == "SHUTDOWN" && event.data.is_object()) shutdown_reason_ = event.data.value("reason", "");
  changed_.notify();
}

Task<> QemuProcess::watch(std::shared_ptr<QemuProcess> self) {
  co_await ignore_cancellation();  // it ends when QEMU does
  const auto status = co_await self->process_->wait(Deadline::never());
  self->ended_ = true;
  // What QEMU said last may still be on its way, and tells why it ended.
  if (!self->killed_) (void)co_await QmpClient::wait_closed(self->qmp_, Deadline::after(1s));
  const auto reason = self->reason_of_end(status ? *status : -1);
  self->changed_.notify();
  if (const auto on_end = std::exchange(self->on_end_, nullptr); on_end && !self->killed_) on_end(reason);
  co_return ok();
}

std::string QemuProcess::reason_of_end(int status) const {
  if (shutdown_reason_ == "guest-shutdown") return "the board switched itself off";
  if (shutdown_reason_ == "guest-reset") return "the board was reset by its software, and is set up to stay off then";
  if (shutdown_reason_ == "guest-panic") return "the board's software has panicked";
  const auto words = last_words();
  const auto how = status > 128 ? fmt::format("QEMU was killed by signal {}", status - 128)
                                : fmt::format("QEMU ended with status {}", status);
  return words.empty() ? how : how + ": " + words;
}

std::string QemuProcess::last_words() const {
  auto text = std::string_view(output_);
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t from = text.size();
  for (int lines = 0; lines < 5 && from != std::string_view::npos; ++lines) {
    if (from == 0) break;
    from = text.rfind('\n', from - 1);
  }
  return std::string(from == std::string_view::npos ? text : text.substr(from == 0 ? 0 : from + 1));
}

Task<> QemuProcess::greet(std::shared_ptr<QemuProcess> self, Deadline deadline) {
  auto greeted = co_await QmpClient::greet(self->qmp_, deadline);
  if (greeted || greeted.error().code != Errc::unavailable) co_return greeted;
  while (!self->ended_) HILLTOP_CO_CHECK(co_await self->changed_.wait(deadline));
  co_return Error(Errc::unavailable, Blame::infrastructure, "QEMU did not start: " + self->last_words());
}

Task<nlohmann::json> QemuProcess::execute(std::shared_ptr<QemuProcess> self, std::string command,
                                          nlohmann::json arguments, Deadline deadline) {
  co_return co_await QmpClient::execute(self->qmp_, std::move(command), std::move(arguments), deadline);
}

Task<> QemuProcess::reset(std::shared_ptr<QemuProcess> self, Deadline deadline) {
  const auto before = self->resets_;
  HILLTOP_CO_CHECK(co_await QmpClient::execute(self->qmp_, "system_reset", nullptr, deadline));
  co_return co_await wait_for_reset(self, before, deadline);
}

Task<> QemuProcess::wait_for_reset(std::shared_ptr<QemuProcess> self, std::uint64_t before, Deadline deadline) {
  while (self->resets_ == before) {
    if (self->ended_) co_return Error(Errc::unavailable, Blame::infrastructure, "QEMU ended at the reset");
    HILLTOP_CO_CHECK((co_await self->changed_.wait(deadline)).within("reset"));
  }
  co_return ok();
}

Task<std::shared_ptr<GdbClient>> QemuProcess::attach(std::shared_ptr<QemuProcess> self, Deadline deadline) {
  HILLTOP_CO_TRY(auto fd, connect_to(self->debug_socket_));
  auto gdb = std::make_shared<GdbClient>(self->executor_, fd.release());
  HILLTOP_CO_CHECK(co_await GdbClient::attach(gdb, deadline));
  co_return gdb;
}

Task<> QemuProcess::kill(std::shared_ptr<QemuProcess> self, Deadline deadline) {
  co_await ignore_cancellation();
  self->abandon();
  while (!self->ended_) HILLTOP_CO_CHECK((co_await self->changed_.wait(deadline)).within("killing QEMU"));
  co_return ok();
}

void QemuProcess::freeze() {
  if (!ended_) process_->signal(SIGSTOP);
}

void QemuProcess::thaw() {
  if (!ended_) process_->signal(SIGCONT);
}

void QemuProcess::abandon() {
  killed_ = true;
  on_end_ = nullptr;
  qmp_->close();
  if (!ended_) process_->signal(SIGKILL);
}

}  // namespace hilltop::drivers
