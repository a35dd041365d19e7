// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "jobs/action/actions.hpp"
#include "jobs/action/prepared_overlay.hpp"
#include "jobs/action/test_overlay.hpp"
#include "jobs/action/unpack.hpp"
#include "jobs/testshell/overlay_delivery.hpp"
#include "tests/support/pipeline_bench.hpp"

namespace hilltop::test {

/// A real shell on a terminal, as a board's serial line shows it.
class PtyShell {
 public:
  PtyShell(asio::io_context& io, std::shared_ptr<ScriptedConsole> console, std::vector<std::string> argv)
      : console_(std::move(console)), line_(io) {
    winsize size{24, 80, 0, 0};
    int master = -1;
    pid_ = forkpty(&master, nullptr, nullptr, &size);
    if (pid_ == 0) {
      setenv("PS1", "board:# ", 1);
      unsetenv("ENV");
      std::vector<char*> arguments;
      for (auto& one : argv) arguments.push_back(one.data());
      arguments.push_back(nullptr);
      execvp(arguments[0], arguments.data());
      _exit(127);
    }
    line_.assign(master);
    console_->on_typed = [this](const std::string& text) {
      const auto typed = text + "\n";
      for (std::size_t at = 0; at < typed.size();) {
        const auto n = ::write(line_.native_handle(), typed.data() + at, typed.size() - at);
        if (n <= 0) return;
        at += static_cast<std::size_t>(n);
      }
    };
    read();
  }
  ~PtyShell() {
    console_->on_typed = {};
    line_.close();
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  PtyShell(const PtyShell&) = delete;
  PtyShell& operator=(const PtyShell&) = delete;

 private:
  void read() {
    line_.async_read_some(asio::buffer(piece_),
                          [this, alive = std::weak_ptr(alive_)](boost::system::error_code wrong, std::size_t n) {
                            if (wrong || alive.expired())
                              return;  // what was read before the line was closed still arrives
                            console_->say(std::string_view(piece_.data(), n));
                            read();
                          });
  }
  std::shared_ptr<ScriptedConsole> console_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  asio::posix::stream_descriptor line_;
  std::array<char, 4096> piece_{};
  pid_t pid_ = -1;
};

/// Runs a job's test shells, one after the other, in a real shell: the overlay is unpacked where it says it lies.
class ShellBench : public PipelineBench {
 public:
  std::vector<std::string> shell{"dash", "-i"};
  int repetitions = 1;
  std::shared_ptr<jobs::JobRun> run_state;
  std::function<void(const std::filesystem::path& overlay)> on_unpacked;

  /// `definitions` is the list under `definitions:`.
  jobs::Outcome run_definitions(const std::string& definitions, const std::string& more = {},
                                const std::string& of_test = "    timeout: {seconds: 20}\n") {
    const auto text =
        "job_name: t\ndevice_type: scripted\nvisibility: public\ntimeouts: {job: {minutes: 2}, connection: "
        "{seconds: 2}}\ncontext: {lava_test_results_dir: " +
        (dir.path / "lava-%s").string() + "}\n" + more +
        "actions:\n- boot: {method: minimal, prompts: ['board:# ']}\n- test:\n" + of_test + "    definitions:\n" +
        definitions;
    Diagnostics diagnostics;
    auto definition = jobs::read_job(text, "job.yaml", diagnostics);
    if (!definition) throw std::runtime_error(diagnostics.to_string());
    input.definition = std::make_shared<jobs::JobDefinition>(*std::move(definition));
    input.plan = std::make_shared<jobs::Plan>(jobs::make_plan(*input.definition, board->type(), diagnostics));
    auto outcome = std::make_shared<std::optional<jobs::Outcome>>();
    task = scope.spawn("test shell", run_all(this, outcome));
    io.restart();
    const auto until = Deadline::after(std::chrono::seconds(60));
    while (!*outcome && !until.passed()) io.run_one_for(std::chrono::milliseconds(100));
    if (!*outcome) throw std::runtime_error("the test shell did not end");
    if (std::getenv("HILLTOP_SHOW_LOG") != nullptr)
      for (const auto& line : sink.lines) std::cerr << to_string(line.level) << ": " << line.text << "\n";
    return **outcome;
  }

 private:
  static Task<> run_all(ShellBench* self, std::shared_ptr<std::optional<jobs::Outcome>> outcome) {
    auto run = std::make_shared<jobs::JobRun>(self->input, self->io.get_executor());
    self->run_state = run;
    TaskScope following(self->io.get_executor(), "log");
    following.spawn("console log", jobs::ConsoleLog::follow(run->console_log));
    auto pty = std::make_shared<PtyShell>(self->io, self->board->main, self->shell);
    auto result = co_await run_blocks(self, run);
    pty.reset();
    following.cancel_all();
    co_await following.join();
    if (!result && run->facts.empty()) run->note(jobs::finding_of(result.error()), result.error().text);
    *outcome = jobs::decide(run->facts);
    co_return ok();
  }

  static Task<> run_blocks(ShellBench* self, std::shared_ptr<jobs::JobRun> run) {
    const auto& overlay_dir = jobs::overlay_dir(*run);
    HILLTOP_CO_TRY(const auto overlay, co_await jobs::overlay_for(run, "common", Deadline::after(30s)));
    const auto tar = self->dir.path / "overlay.tar.gz";
    HILLTOP_CO_TRY(const auto written,
                   jobs::testshell::write_overlay_tar(*overlay, tar, jobs::Compression::gz, Deadline::after(30s)));
    HILLTOP_CO_TRY(const auto files, jobs::unpack_tar(written, jobs::Compression::gz, self->dir.path / "root",
                                                      jobs::UnpackLimits{}, Deadline::after(30s)));
    static_cast<void>(files);
    std::filesystem::rename(self->dir.path / "root" / overlay_dir.substr(1), overlay_dir);
    make_runnable(overlay_dir);
    if (self->on_unpacked) self->on_unpacked(overlay_dir);
    for (std::size_t i = 0; i < run->input.definition->actions.size(); ++i) {
      const auto* block = std::get_if<jobs::TestDefinitions>(&run->input.definition->actions[i]);
      if (block == nullptr) continue;
      jobs::ActionContext context;
      context.planned = &run->input.plan->actions[i];
      context.deadline = Deadline::after(context.planned->timeout.value);
      context.name_space = "common";
      context.skip_on_timeout = context.planned->timeout.skip;
      for (int n = 0; n < self->repetitions; ++n) HILLTOP_CO_CHECK(co_await jobs::test_shell(run, block, context));
    }
    co_return ok();
  }

  /// unpack_tar keeps no mode bits: it is made for images.
  static void make_runnable(const std::filesystem::path& dir) {
    for (const auto& one : std::filesystem::recursive_directory_iterator(dir))
      if (one.is_regular_file() && !one.is_symlink())
        std::filesystem::permissions(one.path(), std::filesystem::perms(0755));
  }
};

}  // namespace hilltop::test
