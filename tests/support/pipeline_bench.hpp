// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "jobs/pipeline.hpp"
#include "tests/support/recording_sink.hpp"
#include "tests/support/scripted_board.hpp"

namespace hilltop::test {

/// Gives the files that the test names; "hang" waits for ever.
class ScriptedArtifacts final : public jobs::ArtifactSource {
 public:
  Task<std::filesystem::path> fetch(jobs::UrlSpec spec, Deadline deadline) override {
    return find(this, std::move(spec), deadline);
  }
  std::map<std::string, std::filesystem::path> files;  ///< by URL
  int fetched = 0;

 private:
  static Task<std::filesystem::path> find(ScriptedArtifacts* self, jobs::UrlSpec spec, Deadline deadline) {
    ++self->fetched;
    if (spec.url.ends_with("/hang")) HILLTOP_CO_CHECK(co_await sleep_for(1h, deadline));
    const auto it = self->files.find(spec.url);
    if (it == self->files.end()) co_return Error(Errc::unavailable, Blame::infrastructure, "404 for " + spec.url);
    co_return it->second;
  }
};

/// A folder that goes away.
class ScratchDir {
 public:
  ScratchDir() {
    std::string name = (std::filesystem::temp_directory_path() / "hilltop-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path = name;
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return path / name;
  }
  std::filesystem::path path;
};

inline boards::BoardType scripted_type() {
  boards::BoardType type;
  type.name = "scripted";
  type.deploy_methods = {"tmpfs"};
  type.boot_methods = {"minimal", "monitor", "qemu"};
  type.flash.supported = true;
  type.flash.source = "a test";
  type.flash.formats = {drivers::ImageFormat::elf, drivers::ImageFormat::intel_hex, drivers::ImageFormat::raw};
  type.flash.raw_address = 0;
  type.flash.max_images = 2;
  return type;
}

inline boards::RuleSet scripted_rules() {
  boards::Rule fault, banner;
  fault.id = "zephyr-fatal", fault.pack = "zephyr", fault.pattern = "ZEPHYR FATAL ERROR",
  fault.summary = "kernel fault";
  banner.id = "zephyr-boot", banner.pack = "zephyr", banner.pattern = "\\*\\*\\* Booting Zephyr OS",
  banner.summary = "boot banner";
  banner.severity = boards::Severity::info;
  return boards::RuleSet::compile({fault, banner}).value();
}

/// Runs a job on a scripted board.
class PipelineBench {
 public:
  PipelineBench() : board(std::make_shared<ScriptedBoard>(io.get_executor(), scripted_type(), scripted_rules())) {
    input.job_id = 42;
    input.board = board;
    input.artifacts = &artifacts;
    input.sink = &sink;
    input.job_dir = dir.path / "job";
    std::filesystem::create_directories(input.job_dir);
  }

  /// `actions` is the list under `actions:`, as YAML; `timeouts` more lines of that map.
  jobs::Outcome run(const std::string& actions, const std::string& timeouts = {}, const std::string& more = {}) {
    const auto text =
        "job_name: test\ndevice_type: scripted\nvisibility: public\ntimeouts:\n  job: {seconds: 20}\n  connection: "
        "{seconds: 1}\n" +
        timeouts + more + "actions:\n" + actions;
    Diagnostics diagnostics;
    auto definition = jobs::read_job(text, "job.yaml", diagnostics);
    if (!definition) throw std::runtime_error(diagnostics.to_string());
    input.definition = std::make_shared<jobs::JobDefinition>(*std::move(definition));
    auto plan = jobs::make_plan(*input.definition, board->type(), diagnostics);
    if (diagnostics.has_errors()) throw std::runtime_error(diagnostics.to_string());
    if (adjust_plan) adjust_plan(plan);
    input.plan = std::make_shared<jobs::Plan>(std::move(plan));
    return run_input();
  }

  /// Asks the running job to stop.
  void cancel() { scope.cancel(task); }

  jobs::Outcome run_input() {
    auto outcome = std::make_shared<std::optional<jobs::Outcome>>();
    task = scope.spawn("pipeline", keep(input, outcome));
    io.restart();
    // A server of the test's may have work for ever.
    for (const auto until = Deadline::after(std::chrono::seconds(60)); !*outcome && !until.passed();)
      if (io.run_one_for(std::chrono::milliseconds(100)) == 0) io.restart();
    io.poll();
    if (!*outcome) throw std::runtime_error("the pipeline did not end");
    if (std::getenv("HILLTOP_SHOW_LOG") != nullptr)  // for whoever looks into a failing test
      for (const auto& line : sink.lines) std::cerr << to_string(line.level) << ": " << line.text << "\n";
    return **outcome;
  }

  asio::io_context io{1};
  TaskScope scope{io.get_executor(), "test"};
  std::uint64_t task = 0;
  ScratchDir dir;
  ScriptedArtifacts artifacts;
  RecordingSink sink;
  std::shared_ptr<ScriptedBoard> board;
  jobs::PipelineInput input;
  std::function<void(jobs::Plan&)> adjust_plan;

 private:
  static Task<> keep(jobs::PipelineInput input, std::shared_ptr<std::optional<jobs::Outcome>> outcome) {
    *outcome = co_await jobs::run_pipeline(std::move(input));
    co_return ok();
  }
};

}  // namespace hilltop::test
