// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/in_process.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <optional>
#include <thread>

#include "controller/worker/worker_core.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

/// How long after its deadline a command may take to say that it failed.
constexpr auto grace = 5s;
constexpr auto time_to_end = 2s;

/// Where a command's answer waits for its caller, at the caller's home.
struct Pending {
  explicit Pending(asio::any_io_executor e) : home(e), event(e) {}
  asio::any_io_executor home;
  Event event;
  std::optional<Result<WorkerReply>> reply;
};

void answer(const std::shared_ptr<Pending>& pending, Result<WorkerReply> reply) {
  asio::post(pending->home, [pending, reply = std::move(reply)]() mutable {
    pending->reply = std::move(reply);
    pending->event.notify();
  });
}

Task<> execute_and_answer(Worker worker, WorkerCommand command, Deadline deadline, std::shared_ptr<Pending> pending) {
  auto reply = co_await execute(worker, std::move(command), deadline);
  answer(pending, std::move(reply));
  co_return ok();
}

Error worker_gone() { return {Errc::unavailable, Blame::infrastructure, "the worker has stopped"}; }

Task<WorkerReply> call_worker(Worker worker, WorkerCommand command, Deadline deadline) {
  if (worker->gone) co_return worker_gone();
  auto pending = std::make_shared<Pending>(co_await asio::this_coro::executor);
  worker->scope.spawn("command", execute_and_answer(worker, std::move(command), deadline, pending));
  const auto patience = deadline.is_never() ? deadline : Deadline::at(deadline.when() + grace);
  while (!pending->reply) HILLTOP_CO_CHECK(co_await pending->event.wait(patience));
  co_return *std::move(pending->reply);
}

Task<> end_everything(Worker worker, Deadline deadline, std::shared_ptr<Pending> pending) {
  worker->scope.cancel_all();
  co_await worker->scope.join();
  (void)co_await ConsoleDesk::clear_all(worker->desk);
  co_await close_all(worker, deadline);
  if (const auto server = std::exchange(worker->boot_server, nullptr))
    if (auto ended = co_await server->shut_down(deadline); !ended) log::warn("boot server: {}", ended.error().text);
  worker->faults.reset();
  worker->options.engine.reset();
  answer(pending, WorkerReply{});
  co_return ok();
}

Task<> shut_down_worker(Worker worker, Deadline deadline) {
  if (worker->gone.exchange(true)) co_return ok();
  auto pending = std::make_shared<Pending>(co_await asio::this_coro::executor);
  worker->closing.spawn("shut down", end_everything(worker, deadline, pending));
  while (!pending->reply) HILLTOP_CO_CHECK(co_await pending->event.wait(deadline));
  co_return ok();
}

class InProcessWorker final : public WorkerLink {
 public:
  InProcessWorker(WorkerOptions options, asio::any_io_executor control)
      : control_(std::move(control)),
        work_(io_.get_executor()),
        core_(std::make_shared<WorkerCore>(io_.get_executor(), std::move(options))) {
    core_->desk = make_desk(core_);
    open_archive(core_);
    thread_ = std::thread([this] {
      run();
      ended_.set_value();
    });
  }

  ~InProcessWorker() override {
    // After shut_down() the last handlers end by themselves; what does not is left where it stands.
    if (!core_->gone) io_.stop();
    work_.reset();
    if (ended_.get_future().wait_for(time_to_end) == std::future_status::timeout) io_.stop();
    thread_.join();
  }

  Task<WorkerReply> call(WorkerCommand command, Deadline deadline) override {
    return call_worker(core_, std::move(command), deadline);
  }

  void on_event(std::function<void(WorkerEvent)> handler) override {
    auto shared = std::make_shared<std::function<void(WorkerEvent)>>(std::move(handler));
    asio::post(io_, [core = core_, control = control_, shared] {
      core->emit = [core = core.get(), control, shared](WorkerEvent event) {
        if (core->gone) return;
        asio::post(control, [shared, event = std::move(event)]() mutable { (*shared)(std::move(event)); });
      };
    });
  }

  Task<> shut_down(Deadline deadline) override { return shut_down_worker(core_, deadline); }

 private:
  void run() {
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception& e) {
        log::error("worker: exception: {}", e.what());  // a defect, of one handler: the others go on
      }
    }
  }

  asio::any_io_executor control_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  Worker core_;
  std::promise<void> ended_;
  std::thread thread_;
};

}  // namespace

std::shared_ptr<WorkerLink> make_in_process_worker(WorkerOptions options, asio::any_io_executor control) {
  return std::make_shared<InProcessWorker>(std::move(options), std::move(control));
}

}  // namespace hilltop::controller
