// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sodium.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "controller/artifacts/artifact_store.hpp"
#include "controller/farm.hpp"
#include "controller/store/store.hpp"
#include "controller/worker/in_process.hpp"
#include "drivers/core/log.hpp"
#include "drivers/tables.hpp"

namespace hilltop::test {

/// A folder that is gone afterwards.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "hilltop-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

inline std::string read_whole(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
Task<> keep_result(Task<T> task, std::shared_ptr<std::optional<Result<T>>> out) {
  out->emplace(co_await std::move(task));
  co_return ok();
}

/// Runs `context` until `task` has ended.
template <class T>
Result<T> run(asio::io_context& context, Task<T> task) {
  auto out = std::make_shared<std::optional<Result<T>>>();
  TaskScope scope(context.get_executor(), "test");
  scope.spawn("task", keep_result(std::move(task), out));
  const auto deadline = Deadline::after(60s);
  while (!*out && !deadline.passed()) {
    context.restart();  // it stops whenever it has nothing to do
    context.run_one_for(50ms);
  }
  if (!*out) {
    ADD_FAILURE() << "not done within 60 s";
    std::abort();  // the task holds references into this test
  }
  while (scope.running() > 0) context.run_one_for(10ms);
  return *std::move(*out);
}

/// A board of driver `replay` that passes one test case each time it is powered.
inline std::string passing_board(const std::string& name, const std::string& tags = "[]") {
  return "  " + name + ":\n    type: fake\n    tags: " + tags +
         "\n    emulator:\n      driver: replay\n      script:\n"
         "        - say: \"booting\\r\\n\"\n"
         "        - say: \"START\\r\\n PASS - case_a\\r\\n PASS - case_b\\r\\nEND\\r\\n\"\n";
}

/// A board that boots and then says nothing.
inline std::string silent_board(const std::string& name) {
  return "  " + name +
         ":\n    type: fake\n    emulator:\n      driver: replay\n      script:\n        - say: \"booting\\r\\n\"\n    "
         "    - silent: true\n";
}

inline std::string lab_of(const std::string& boards) { return "lab: test\nboards:\n" + boards; }

/// A job for boards of type `fake`: watches for START ... END. `more` is added at the top level.
inline std::string job_text(const std::string& more = "", const std::string& boot_more = "") {
  return "job_name: fake job\ndevice_type: fake\nvisibility: public\n"
         "timeouts:\n  job: {seconds: 30}\n  action: {seconds: 20}\n  connection: {seconds: 10}\n" +
         more + "actions:\n- boot:\n    method: minimal\n" + boot_more +
         "- test:\n    monitors:\n    - name: suite\n      start: START\n      end: END\n"
         "      pattern: ' (?P<result>PASS|FAIL) - (?P<test_case_id>\\w+)'\n"
         "      fixupdict: {PASS: pass, FAIL: fail}\n";
}

inline const controller::Principal admin{"ann", controller::Role::admin, "default", {}};
inline const controller::Principal bob{"bob", controller::Role::submitter, "default", {}};
inline const controller::Principal tom{"tom", controller::Role::technician, "default", {}};
inline const controller::Principal viewer{"eve", controller::Role::viewer, "default", {}};

/// A whole farm in this process: SQLite, worker thread, console engine, boards of driver `replay`.
class FarmRig {
 public:
  explicit FarmRig(std::string lab, std::filesystem::path dir) : dir_(std::move(dir)) {
    EXPECT_GE(sodium_init(), 0);
    log::set_level(log::Level::error);
    write_text(dir_ / "types" / "fake.yaml",
               "description: a board of the tests\nsource: tests/controller\nverified: hardware\n"
               "deploy: [tmpfs]\nboot: [minimal]\n");
    std::filesystem::create_directories(dir_ / "rules");
    if (!lab.empty()) write_text(dir_ / "lab.yaml", lab);
    start();
  }
  ~FarmRig() { stop(); }

  void start() {
    Diagnostics diagnostics;
    auto types = boards::BoardTypes::load(dir_ / "types", dir_ / "rules", diagnostics);
    auto inventory = boards::read_inventory(dir_ / "lab.yaml", types, drivers::all_drivers, diagnostics);
    ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.to_string();
    auto store = controller::open_sqlite_store({dir_ / "hilltop.db", context.get_executor()});
    ASSERT_TRUE(store) << store.error().text;
    controller::WorkerOptions options;
    options.types = std::make_shared<const boards::BoardTypes>(types);
    options.drivers = drivers::all_drivers;
    options.data_dir = dir_ / "worker";
    options.power_interval = 50ms;
    boards::ConsoleEngine::Options consoles;
    consoles.dir = dir_ / "consoles";
    auto engine = boards::ConsoleEngine::open(consoles);
    ASSERT_TRUE(engine) << engine.error().text;
    options.engine = *std::move(engine);
    auto artifacts = controller::ArtifactStore::open(dir_ / "artifacts");
    ASSERT_TRUE(artifacts) << artifacts.error().text;
    options.artifacts = *artifacts;
    options.artifacts_allow = [a = *artifacts](const boards::Inventory& lab) { a->allow(lab); };
    worker_ = controller::make_in_process_worker(std::move(options), context.get_executor());
    auto opened = run(context, controller::Farm::open({std::move(types), dir_ / "lab.yaml", dir_, drivers::all_drivers},
                                                      *store, worker_, std::move(inventory)));
    ASSERT_TRUE(opened) << opened.error().text;
    farm = *std::move(opened);
  }

  void stop() {
    if (farm) {
      auto stopped = run(context, farm->shut_down(Deadline::after(20s)));
      EXPECT_TRUE(stopped) << stopped.error().text;
    }
    farm.reset();
    worker_.reset();
    context.restart();
    context.poll();
  }

  /// Runs until `condition` holds.
  template <class F>
  ::testing::AssertionResult until(F condition, std::chrono::seconds patience = std::chrono::seconds(30)) {
    const auto deadline = Deadline::after(patience);
    while (!condition()) {
      context.restart();
      if (deadline.passed()) return ::testing::AssertionFailure() << "did not happen in time";
      context.run_one_for(20ms);
    }
    return ::testing::AssertionSuccess();
  }

  std::uint64_t submit(const std::string& text, const controller::Principal& who = bob) {
    auto id = run(context, farm->submit(who, text, "job.yaml"));
    EXPECT_TRUE(id) << id.error().text;
    return id ? *id : 0;
  }

  controller::JobView job(std::uint64_t id) {
    auto out = farm->job(admin, id);
    EXPECT_TRUE(out) << out.error().text;
    return out ? *out : controller::JobView{};
  }
  controller::JobView finished(std::uint64_t id) {
    EXPECT_TRUE(until([&] { return job(id).state == controller::JobState::finished; }))
        << "job " << id << " is " << to_string(job(id).state);
    return job(id);
  }
  bool idle(const std::string& board) {
    auto view = farm->board(admin, board);
    return view && view->state == controller::BoardState::idle;
  }

  asio::io_context context{1};
  std::shared_ptr<controller::Farm> farm;

 private:
  std::filesystem::path dir_;
  std::shared_ptr<controller::WorkerLink> worker_;
};

}  // namespace hilltop::test
