// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/process_spawn.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace hilltop::process {
namespace {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read_end;
  Fd write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("pipe", errno);
  Pipe out;
  out.read_end = Fd(ends[0]);
  out.write_end = Fd(ends[1]);
  return out;
}

/// Where the child's preparation failed.
enum class Step : int { descriptors, folder, program };
struct Failure {
  Step step;
  int code;
};

/// All that the child needs, made before the fork: between fork and exec only async-signal-safe calls are allowed.
struct Plan {
  std::string path;
  std::vector<char*> argv;
  std::vector<std::string> environment;
  std::vector<char*> envp;
  const char* cwd = nullptr;
  std::vector<std::pair<int, int>> fds;  // {ours, the child's}
  std::vector<int> moved;                // room for the copies of `ours`
  int first_free = 3;                    // above every number that the child will have
  int report = -1;
  pid_t parent = 0;
};

[[noreturn]] void give_up(const Plan& plan, Step step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const auto written = ::write(plan.report, &failure, sizeof failure);
  ::_exit(127);
}

/// Copies the descriptors out of each other's way, then to their numbers; everything else closes at exec.
void place_descriptors(Plan& plan) {
  plan.report = ::fcntl(plan.report, F_DUPFD_CLOEXEC, plan.first_free);
  for (std::size_t i = 0; i < plan.fds.size(); ++i) {
    plan.moved[i] = ::fcntl(plan.fds[i].first, F_DUPFD_CLOEXEC, plan.first_free);
    if (plan.moved[i] < 0) give_up(plan, Step::descriptors);
  }
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) give_up(plan, Step::descriptors);
  for (std::size_t i = 0; i < plan.fds.size(); ++i)
    if (::dup2(plan.moved[i], plan.fds[i].second) < 0) give_up(plan, Step::descriptors);
}

[[noreturn]] void run_child(Plan& plan) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(127);  // the daemon died before the line above
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number)
    ::sigaction(number, &standard, nullptr);  // ignored ones would stay ignored
  place_descriptors(plan);
  if (plan.cwd && ::chdir(plan.cwd) != 0) give_up(plan, Step::folder);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(plan.path.c_str(), plan.argv.data(), plan.envp.data());
  give_up(plan, Step::program);
}

std::string missing_text(const std::string& program) {
  return program + ": not found in PATH: install it, or add its folder to the PATH of hilltopd";
}

/// The file that `program` names: itself when it has a slash, else the first executable in PATH.
Result<std::string> find_program(const std::string& program) {
  if (program.contains('/')) return program;
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nothing sets the environment
  std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    auto candidate = std::string(rest.substr(0, end)) + "/" + program;
    if (end > 0 && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return Error(Errc::not_found, Blame::configuration, missing_text(program));
}

void plan_environment(const Command& command, Plan& plan) {
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    if (std::ranges::none_of(command.environment, [&](const auto& added) { return added.first == name; }))
      plan.environment.emplace_back(text);
  }
  for (const auto& [name, value] : command.environment) plan.environment.push_back(name + "=" + value);
  for (auto& entry : plan.environment) plan.envp.push_back(entry.data());
  plan.envp.push_back(nullptr);
}

Error failure_of(const Command& command, const Plan& plan, Failure failure) {
  const auto& program = command.argv.front();
  if (failure.step == Step::descriptors) return system_error(program + ": cannot pass its descriptors", failure.code);
  const bool is_folder = failure.step == Step::folder;
  auto out = system_error(is_folder ? program + ": folder " + command.cwd.string() : plan.path, failure.code);
  if (failure.code == ENOENT || failure.code == ENOTDIR) {
    out.code = Errc::not_found;
    out.blame = Blame::configuration;
    if (!is_folder) out.text += ": install it, or correct its path";
  } else if (failure.code == EACCES || failure.code == EPERM || failure.code == ENOEXEC) {
    out.code = Errc::denied;
    out.blame = Blame::configuration;
  }
  return out;
}

/// Forks with all signals blocked, so that no handler of ours runs in the child.
pid_t fork_quietly(Plan& plan) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto pid = ::fork();
  if (pid == 0) run_child(plan);
  const int code = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = code;
  return pid;
}

void reap(pid_t pid) {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<Spawned> spawn(const Command& command, bool wants_output) {
  if (command.argv.empty() || command.argv.front().empty())
    return Error(Errc::bad_input, Blame::bug, "an empty command cannot be started");
  Plan plan;
  HILLTOP_TRY(plan.path, find_program(command.argv.front()));
  for (const auto& word : command.argv) plan.argv.push_back(const_cast<char*>(word.c_str()));  // execve's signature
  plan.argv.push_back(nullptr);
  plan_environment(command, plan);
  if (!command.cwd.empty()) plan.cwd = command.cwd.c_str();
  plan.parent = ::getpid();

  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (null.get() < 0) return system_error("/dev/null", errno);
  HILLTOP_TRY(auto report, make_pipe());
  HILLTOP_TRY(auto output, make_pipe());
  const int sink = wants_output ? output.write_end.get() : null.get();
  plan.fds = {{null.get(), 0}, {sink, 1}, {sink, 2}};
  plan.fds.insert(plan.fds.end(), command.pass_fds.begin(), command.pass_fds.end());
  plan.moved.resize(plan.fds.size());
  for (const auto& [ours, theirs] : plan.fds) plan.first_free = std::max(plan.first_free, theirs + 1);
  plan.report = report.write_end.get();

  const auto pid = fork_quietly(plan);
  if (pid < 0) return system_error(command.argv.front() + ": fork", errno);
  report.write_end.close();
  Failure failure{};
  ssize_t n = 0;
  while ((n = ::read(report.read_end.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  if (n == static_cast<ssize_t>(sizeof failure)) {
    reap(pid);
    return failure_of(command, plan, failure);
  }
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (pidfd.get() < 0) {
    const int code = errno;
    ::kill(-pid, SIGKILL);
    reap(pid);
    return system_error("pidfd_open", code);
  }
  Spawned out;
  out.pid = pid;
  out.pidfd = pidfd.release();
  if (wants_output) {
    ::fcntl(output.read_end.get(), F_SETFL, O_NONBLOCK);
    out.output = output.read_end.release();
  }
  return out;
}

}  // namespace hilltop::process
