// SPDX-License-Identifier: Apache-2.0
// Question: what does it cost to bring the test shell's files into a ramdisk and into a disk image?
// Baseline, in the same run on the same files: unpacking, copying the files in, and packing again, by the usual tools
// (gzip and cpio; debugfs and mke2fs), as labs do it where nothing may be mounted.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "drivers/core/process.hpp"
#include "jobs/testshell/overlay_delivery.hpp"

namespace {

using namespace hilltop;
using namespace hilltop::jobs;
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr int baseline_runs = 3;
constexpr int files_in_all = 1500;
constexpr std::size_t file_bytes = 16 * 1024;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "overlay_bench: %s\n", why.c_str());
  std::exit(1);
}

Task<> keep_problem(Task<> work, std::shared_ptr<std::string> problem) {
  auto result = co_await std::move(work);
  *problem = result ? std::string() : result.error().text;
  co_return ok();
}

/// Runs `task` to its end.
void run(Task<> task) {
  asio::io_context io;
  TaskScope scope(io.get_executor(), "bench");
  auto failed = std::make_shared<std::string>("it did not end");
  scope.spawn("task", keep_problem(std::move(task), failed));
  io.run();
  if (!failed->empty()) give_up(*failed);
}

Task<> tool(Words argv, fs::path cwd, int input = -1) {
  Command command(std::move(argv));
  command.cwd = std::move(cwd);
  if (input >= 0) command.pass_fds = {{input, 0}};
  HILLTOP_CO_TRY(const auto out,
                 co_await run_tool_checked(std::move(command), Deadline::after(std::chrono::minutes(1))));
  static_cast<void>(out);
  co_return ok();
}

/// Packs the tree `from` as newc.
Task<> pack(fs::path from, fs::path to, fs::path scratch) {
  {
    std::ofstream list(scratch / "list");
    for (const auto& one : fs::recursive_directory_iterator(from))
      list << fs::relative(one.path(), from).string() << "\n";
  }
  const int input = ::open((scratch / "list").c_str(), O_RDONLY | O_CLOEXEC);
  auto packed = co_await tool({"busybox", "cpio", "-o", "-H", "newc", "-F", to.string()}, from, input);
  ::close(input);
  co_return packed;
}

/// A system of 1,500 files, 24 MB, half of it text and half of it noise; packed as a ramdisk and as a file system.
class Images {
 public:
  Images() {
    std::string name = (fs::temp_directory_path() / "hilltop-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) give_up("no folder");
    dir = name;
    make_tree();
    testshell::OverlayInput input;
    input.dir = "/lava-1";
    overlay = std::make_shared<const testshell::Overlay>(testshell::build_overlay(input).value());
    testshell::write_overlay_tar(*overlay, dir / "overlay.tar", Compression::none, Deadline::never()).value();
    run(pack(dir / "tree", dir / "rd", dir));
    run(tool({"gzip", "-k", "rd"}, dir));
    run(tool({"truncate", "-s", "64M", "fs.img"}, dir));
    run(tool({"mke2fs", "-q", "-F", "-t", "ext4", "-d", "tree", "fs.img"}, dir));
  }
  ~Images() { fs::remove_all(dir); }

  fs::path dir;
  std::shared_ptr<const testshell::Overlay> overlay;

 private:
  void make_tree() const {
    std::mt19937_64 random(1);  // the same files each time
    for (int i = 0; i < files_in_all; ++i) {
      const auto folder = dir / "tree/usr" / std::to_string(i % 30);
      fs::create_directories(folder);
      std::string bytes;
      while (bytes.size() < file_bytes)
        bytes += i % 2 == 0 ? std::to_string(bytes.size()) + " a line of text\n"
                            : std::string(1, static_cast<char>(random()));
      std::ofstream(folder / std::to_string(i), std::ios::binary) << bytes;
    }
  }
};

const Images& images() {
  static const Images made;
  return made;
}

/// An empty folder for the unpacked tree.
fs::path fresh_out(const Images& set) {
  fs::remove_all(set.dir / "out");
  fs::create_directories(set.dir / "out");
  return set.dir / "out";
}

Task<> repack_ramdisk(const Images* set) {
  const auto out = fresh_out(*set);
  fs::copy_file(set->dir / "rd.gz", set->dir / "re.gz", fs::copy_options::overwrite_existing);
  HILLTOP_CO_CHECK(co_await tool({"gzip", "-df", "re.gz"}, set->dir));
  HILLTOP_CO_CHECK(co_await tool({"busybox", "cpio", "-idmu", "-F", (set->dir / "re").string()}, out));
  HILLTOP_CO_CHECK(co_await tool({"tar", "-xf", "../overlay.tar"}, out));
  HILLTOP_CO_CHECK(co_await pack(out, set->dir / "re", set->dir));
  co_return co_await tool({"gzip", "-f", "re"}, set->dir);
}

Task<> repack_ext4(const Images* set) {
  const auto out = fresh_out(*set);
  HILLTOP_CO_CHECK(co_await tool({"debugfs", "-R", "rdump / out", "fs.img"}, set->dir));
  HILLTOP_CO_CHECK(co_await tool({"tar", "-xf", "../overlay.tar"}, out));
  fs::remove(set->dir / "re.img");
  HILLTOP_CO_CHECK(co_await tool({"truncate", "-s", "64M", "re.img"}, set->dir));
  co_return co_await tool({"mke2fs", "-q", "-F", "-t", "ext4", "-d", "out", "re.img"}, set->dir);
}

Task<> append_to_ramdisk(const Images* set) {
  co_return testshell::append_overlay_cpio(*set->overlay, set->dir / "rd.gz", set->dir / "appended", Compression::none,
                                           Deadline::never());
}

Task<> write_to_ext4(const Images* set) {
  const auto copy = set->dir / "with.img";  // the baseline makes a new image, too
  fs::copy_file(set->dir / "fs.img", copy, fs::copy_options::overwrite_existing);
  fs::remove_all(set->dir / "scratch");
  co_return co_await testshell::inject_overlay_ext4(set->overlay, copy, 0, set->dir / "scratch",
                                                    Deadline::after(std::chrono::minutes(1)));
}

using Work = Task<> (*)(const Images*);

double seconds_of(Work work) {
  const auto began = std::chrono::steady_clock::now();
  run(work(&images()));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// Ours is timed by the benchmark; the baseline's best run stands beside it.
void compare(benchmark::State& state, Work ours, Work baseline) {
  double repacked = seconds_of(baseline);
  for (int i = 1; i < baseline_runs; ++i) repacked = std::min(repacked, seconds_of(baseline));
  double sum = 0;
  for (auto _ : state) {
    const double one = seconds_of(ours);
    state.SetIterationTime(one);
    sum += one;
  }
  const double each = sum / static_cast<double>(state.iterations());
  state.counters["repacked_ms"] = repacked * 1e3;
  state.counters["times_faster"] = repacked / each;
}

void overlay_into_ramdisk(benchmark::State& state) { compare(state, append_to_ramdisk, repack_ramdisk); }
void overlay_into_ext4(benchmark::State& state) { compare(state, write_to_ext4, repack_ext4); }

BENCHMARK(overlay_into_ramdisk)->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK(overlay_into_ext4)->Unit(benchmark::kMillisecond)->UseManualTime();

}  // namespace
