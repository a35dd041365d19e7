// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/test_overlay.hpp"

#include <fstream>

#include "jobs/action/fetch.hpp"
#include "jobs/action/prepared_overlay.hpp"
#include "jobs/action/serving.hpp"
#include "jobs/action/unpack.hpp"
#include "jobs/testshell/git_fetch.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using testshell::Suite;

constexpr std::size_t most_definition_bytes = 4 << 20;

Error bad(std::string text) { return {Errc::bad_input, Blame::job, std::move(text)}; }

std::vector<std::pair<std::string, std::string>> environment_of(const JobRun& run) {
  const auto& job = *run.input.definition;
  std::vector<std::pair<std::string, std::string>> out{{"LAVA_JOB_ID", std::to_string(run.input.job_id)},
                                                       {"LAVA_DEVICE_TYPE", run.input.board->type().name},
                                                       {"LAVA_DEVICE_HOSTNAME", run.input.board->config().name},
                                                       {"LAVA_DISPATCHER_PREFIX", ""}};
  if (const auto server = server_address(run); !server.empty()) out.emplace_back("LAVA_DISPATCHER_IP", server);
  std::string tags;
  for (const auto& tag : job.tags) tags += (tags.empty() ? "" : " ") + tag;
  out.emplace_back("LAVA_JOB_TAGS", tags);
  if (const auto delay = job.context.find("test_character_delay"); delay != job.context.end())
    if (const auto ms = std::atoi(delay->second.c_str()); ms > 0)
      out.emplace_back("LAVA_SIGNAL_DELAY",
                       std::to_string(ms / 1000) + "." + std::to_string(1000 + ms % 1000).substr(1));
  for (const auto& [name, value] : job.environment) out.emplace_back(name, value);
  return out;
}

/// Makes the paths of the members one or more folders shorter, as tar's --strip-components does.
Result<> strip(const fs::path& dir, std::uint32_t components, const fs::path& scratch) {
  std::error_code wrong;
  for (std::uint32_t i = 0; i < components; ++i) {
    fs::rename(dir, scratch, wrong);
    if (!wrong) fs::create_directories(dir, wrong);
    for (const auto& top : fs::directory_iterator(scratch, wrong)) {
      if (top.is_symlink() || !top.is_directory()) continue;  // it has no name left
      for (const auto& one : fs::directory_iterator(top.path(), wrong)) {
        fs::rename(one.path(), dir / one.path().filename(), wrong);
        if (wrong) return bad("stripped of its folders the archive has '" + one.path().filename().string() + "' twice");
      }
    }
    fs::remove_all(scratch, wrong);
  }
  return ok();
}

Task<> fetch_archive(std::shared_ptr<JobRun> run, Suite* suite, Deadline deadline) {
  const auto& definition = *suite->definition;
  UrlSpec spec;
  spec.url = definition.repository;
  spec.headers = definition.headers;
  spec.place = definition.repository_place;
  HILLTOP_CO_TRY(const auto file, co_await fetch_artifact(run, std::move(spec), deadline));
  const auto to = suite->repository;
  auto work = [file, to, deadline, compression = definition.compression,
               components = definition.strip_components]() -> Result<> {
    auto unpacked = unpack_tar(file, compression, to, UnpackLimits{}, deadline);
    if (!unpacked) return std::move(unpacked).error();
    auto scratch = to;
    scratch += ".strip";
    return strip(to, components, scratch);
  };
  co_return co_await run->lane.run(std::move(work));
}

Task<std::string> clone(std::shared_ptr<JobRun> run, testshell::GitRequest request, Deadline deadline) {
  run->log(LogLevel::info, "cloning " + request.url + (request.branch.empty() ? "" : " (" + request.branch + ")"));
  const auto* artifacts = run->input.artifacts;
  const testshell::MayClone may_clone = [artifacts](const std::string& url) { return artifacts->may_clone(url); };
  const Process::OutputHandler to_log = [run](std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (!text.empty()) run->log(LogLevel::debug, "git: " + clean_for_display(text));
  };
  co_return co_await testshell::git_fetch(std::move(request), may_clone, to_log, deadline);
}

/// Reads the definition's file within what was fetched. A link that leads out is refused.
Result<TestScript> read_script(const fs::path& repository, const std::string& path) {
  std::error_code wrong;
  const auto root = fs::canonical(repository, wrong);
  const auto file = fs::canonical(root / path, wrong);
  if (wrong || !fs::is_regular_file(file))
    return Error(Errc::not_found, Blame::job, "the repository has no file '" + path + "'");
  if (std::ranges::mismatch(root, file).in1 != root.end())
    return Error(Errc::denied, Blame::job, "'" + path + "' leads out of the repository");
  if (fs::file_size(file) > most_definition_bytes) return bad("'" + path + "' is too large for a test definition");
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  Diagnostics found;
  const Node node = read_yaml(text, path, found);
  auto script = found.has_errors() ? std::nullopt : read_test_script(node, found);
  if (!script) return bad("the test definition is wrong: " + found.to_string());
  script->text = std::move(text);
  return *std::move(script);
}

std::string name_of_repository(const std::string& url) {
  auto name = fs::path(url).filename().string();
  if (name.ends_with(".git")) name.resize(name.size() - 4);
  return name;
}

Task<> fetch_more(std::shared_ptr<JobRun> run, Suite* suite, fs::path scratch, Deadline deadline) {
  if (!installs(*suite->definition, "git-repos")) co_return ok();
  for (const auto& wanted : suite->script.git_repositories) {
    const auto folder = wanted.destination.empty() ? name_of_repository(wanted.url) : wanted.destination;
    testshell::GitRequest request{.url = wanted.url, .branch = wanted.branch, .scratch = scratch};
    request.to = scratch / ("repository-" + std::to_string(suite->more.size()));
    const auto to = request.to;
    HILLTOP_CO_TRY(const auto commit, co_await clone(run, std::move(request), deadline));
    run->log(LogLevel::info, suite->id + ": git-repos " + wanted.url + " is at commit " + commit);
    suite->more.emplace_back(folder, to);
  }
  co_return ok();
}

Task<> fetch_suite(std::shared_ptr<JobRun> run, Suite* suite, fs::path scratch, Deadline deadline) {
  const auto& definition = *suite->definition;
  std::error_code wrong;
  fs::remove_all(scratch, wrong);
  fs::create_directories(scratch, wrong);
  if (wrong) co_return system_error("can't make " + scratch.string(), wrong.value());
  if (definition.from == TestDefinition::From::inlined) {
    suite->script = *definition.script;
    co_return co_await fetch_more(run, suite, scratch, deadline);
  }
  suite->repository = scratch / "repository";
  if (definition.from == TestDefinition::From::url) {
    HILLTOP_CO_CHECK(co_await fetch_archive(run, suite, deadline));
  } else {
    testshell::GitRequest request{.url = definition.repository, .branch = definition.branch};
    request.revision = definition.revision;
    request.shallow = definition.shallow;
    request.recursive = definition.recursive;
    request.to = suite->repository;
    request.scratch = scratch;
    HILLTOP_CO_TRY(suite->commit, co_await clone(run, std::move(request), deadline));
    run->log(LogLevel::info, suite->id + ": " + definition.repository + " is at commit " + suite->commit);
  }
  HILLTOP_CO_TRY(suite->script, read_script(suite->repository, definition.path));
  co_return co_await fetch_more(run, suite, scratch, deadline);
}

/// The suites of a namespace, with nothing fetched yet.
testshell::OverlayInput planned_suites(const JobRun& run, const std::string& name_space) {
  testshell::OverlayInput input;
  input.dir = overlay_dir(run);
  input.environment = environment_of(run);
  input.secrets = run.input.definition->secrets;
  std::size_t number = 0, block_number = 0;
  for (const auto& block : run.input.definition->actions) {
    ++block_number;
    const auto* test = std::get_if<TestDefinitions>(&block);
    if (test == nullptr || test->common.name_space != name_space) continue;
    auto& stage = input.stages.emplace_back();
    for (const auto& definition : test->definitions) {
      Suite suite;
      suite.definition = &definition;
      suite.id = std::to_string(number++) + "_" + definition.name;
      suite.uuid = std::to_string(run.input.job_id) + "_" + std::to_string(block_number) + "." +
                   std::to_string(stage.size() + 1);
      stage.push_back(std::move(suite));
    }
  }
  return input;
}

}  // namespace

bool needs_overlay(const JobDefinition& job, std::string_view name_space) {
  return std::ranges::any_of(job.actions, [&](const ActionBlock& block) {
    const auto* test = std::get_if<TestDefinitions>(&block);
    return test != nullptr && test->common.name_space == name_space;
  });
}

std::string overlay_dir(const JobRun& run) {
  const auto number = std::to_string(run.input.job_id);
  const auto& context = run.input.definition->context;
  const auto asked = context.find("lava_test_results_dir");
  if (asked == context.end() || !asked->second.starts_with("/")) return "/lava-" + number;
  auto dir = asked->second;
  if (const auto at = dir.find("%s"); at != std::string::npos) dir.replace(at, 2, number);
  while (dir.size() > 1 && dir.ends_with('/')) dir.pop_back();
  return dir;
}

Task<std::shared_ptr<const PreparedOverlay>> prepared_overlay_for(std::shared_ptr<JobRun> run, std::string name_space,
                                                                  Deadline deadline) {
  if (const auto known = run->overlays.find(name_space); known != run->overlays.end()) co_return known->second;
  auto prepared = std::make_shared<PreparedOverlay>();
  prepared->input = planned_suites(*run, name_space);
  for (auto& stage : prepared->input.stages)
    for (auto& suite : stage) {
      const auto scratch = run->input.job_dir / "tests" / name_space / suite.id;
      auto fetched = co_await fetch_suite(run, &suite, scratch, deadline);
      if (!fetched) co_return std::move(fetched).error().within("test definition '" + suite.definition->name + "'");
    }
  auto work = [input = &prepared->input]() { return testshell::build_overlay(*input); };
  HILLTOP_CO_TRY(auto overlay, co_await run->lane.run(work));
  run->log(LogLevel::info, "test overlay: " + std::to_string(overlay.entries.size()) + " files, " +
                               std::to_string(overlay.bytes()) + " bytes");
  prepared->overlay = std::make_shared<const testshell::Overlay>(std::move(overlay));
  const std::shared_ptr<const PreparedOverlay> done = std::move(prepared);
  run->overlays[name_space] = done;
  co_return done;
}

Task<std::shared_ptr<const testshell::Overlay>> overlay_for(std::shared_ptr<JobRun> run, std::string name_space,
                                                            Deadline deadline) {
  if (!needs_overlay(*run->input.definition, name_space)) co_return std::shared_ptr<const testshell::Overlay>();
  HILLTOP_CO_TRY(const auto prepared, co_await prepared_overlay_for(run, std::move(name_space), deadline));
  co_return prepared->overlay;
}

}  // namespace hilltop::jobs
