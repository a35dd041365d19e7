// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "drivers/core/process.hpp"
#include "drivers/net/boot_server.hpp"
#include "tests/support/pipeline_bench.hpp"

namespace hilltop::test {

/// A boot server at the loopback address, on any free ports, for the jobs of a bench. curl plays the board.
class LoopbackServer {
 public:
  explicit LoopbackServer(PipelineBench& bench, bool listens = true) : bench_(bench) {
    drivers::BootServerConfig config;
    if (listens) config.address = "127.0.0.1", config.tftp_port = 0, config.http_port = 0;
    server_ = wait_for(drivers::NetBootServer::start(std::move(config))).value();
    bench.input.boot_server = server_.get();
    if (listens) bench.board->own_config().network.address = "127.0.0.1";
  }
  ~LoopbackServer() {
    EXPECT_TRUE(wait_for(server_->shut_down(Deadline::after(5s))));
    bench_.input.boot_server = nullptr;
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] std::string tftp_url(const std::string& name) const {
    return "tftp://127.0.0.1:" + std::to_string(server_->tftp_port()) + "/" + name;
  }
  /// Fetches `url` into `to`, and then calls `done` with curl's status.
  void fetch(const std::string& url, const std::filesystem::path& to, std::function<void(int)> done) {
    bench_.scope.spawn("curl", run_curl(url, to.string(), std::move(done)));
  }
  /// The same, now. Value: curl's status.
  int fetch_now(const std::string& url, const std::filesystem::path& to) {
    auto status = std::make_shared<int>(-1);
    EXPECT_TRUE(wait_for(run_curl(url, to.string(), [status](int value) { *status = value; })));
    return *status;
  }

 private:
  static Task<> run_curl(std::string url, std::string to, std::function<void(int)> done) {
    const Command command({"curl", "-sS", "--max-time", "20", "-f", "-o", std::move(to), std::move(url)});
    HILLTOP_CO_TRY(const auto out, co_await run_tool(command, Deadline::after(30s)));
    done(out.status);
    co_return ok();
  }
  template <class T>
  static Task<> keep(Task<T> task, std::shared_ptr<std::optional<Result<T>>> out) {
    out->emplace(co_await std::move(task));
    co_return ok();
  }
  template <class T>
  Result<T> wait_for(Task<T> task) {
    auto out = std::make_shared<std::optional<Result<T>>>();
    bench_.scope.spawn("task", keep(std::move(task), out));
    for (const auto until = Deadline::after(30s); !*out && !until.passed();)
      if (bench_.io.run_one_for(std::chrono::milliseconds(50)) == 0) bench_.io.restart();
    if (!*out) throw std::runtime_error("a task did not end");
    bench_.io.poll();  // what runs it ends, too
    return std::move(**out);
  }

  PipelineBench& bench_;
  std::shared_ptr<drivers::NetBootServer> server_;
};

}  // namespace hilltop::test
