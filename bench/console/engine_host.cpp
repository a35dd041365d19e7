// SPDX-License-Identifier: Apache-2.0
// The console engine as a whole program: N terminals, the journal, subscribers that follow every byte.
//   --boards N --dir DIR --journal DIR        --shards 1 --engine auto|epoll|io_uring
//   --subscribers K (default N)               --stopped K: that many stand still until "resume"
//   --frame-ms M (default 0)                  each of them reads a console that talks once in that time
//   --patterns FILE                           watched for on all consoles, all the time
//   --real-time-threads 1                      the threads between board and subscriber run before all else
//   --synced FILE                             what a power cut would leave (faulty_disk.hpp)
//   --echo COUNT                              types COUNT keys into board 0 when told "echo"
//   --digest 1                                SHA-256 of each console's transcript in the JSON
// Words: stall, unstall (the disk), resume, rss, first (says when each console has a byte in the journal), echo, stop.
// --verify DIR instead: what the journal in DIR holds.
#include <sched.h>
#include <unistd.h>

#include <iostream>

#include "bench/console/faulty_disk.hpp"
#include "bench/console/subscribers.hpp"
#include "bench/console/support.hpp"
#include "boards/console/fault_watch.hpp"
#include "boards/console/transcript.hpp"

namespace hilltop::bench {
namespace {

template <class T>
T or_fail(Result<T> result) {
  if (result) return *std::move(result);
  std::cerr << result.error().text << '\n';
  std::exit(1);
}

class Host {
 public:
  explicit Host(const Arguments& arguments);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  void serve();

 private:
  void name_threads(std::vector<std::string> names);
  void run_first(const std::vector<std::string>& names) const;
  nlohmann::json report();
  [[nodiscard]] bool wait_for_first_bytes() const;
  void watch_for(const std::string& patterns);
  void add_digests(nlohmann::json& out) const;

  const Arguments& arguments_;
  std::shared_ptr<FaultyDisk> disk_;
  std::map<int, std::string> thread_names_;
  std::vector<int> fds_;
  std::unique_ptr<boards::ConsoleEngine> engine_;
  std::vector<std::shared_ptr<boards::Console>> consoles_;
  std::unique_ptr<boards::FaultWatch> watch_;
  std::unique_ptr<Subscribers> subscribers_;
};

Host::Host(const Arguments& arguments)
    : arguments_(arguments), disk_(std::make_shared<FaultyDisk>(arguments.text("synced"))) {
  boards::ConsoleEngine::Options options;
  options.dir = arguments.text("journal");
  options.shards = arguments.number("shards", 1);
  const auto engine = arguments.text("engine", "auto");
  options.engine = engine == "epoll"      ? boards::ReadEngine::epoll
                   : engine == "io_uring" ? boards::ReadEngine::io_uring
                                          : boards::ReadEngine::automatic;
  options.disk = disk_;
  engine_ = or_fail(boards::ConsoleEngine::open(std::move(options)));
  name_threads({"sealer", "journal", "sync", "ingest"});  // the order in which they start, with one shard
  const auto count = arguments.number("boards", 1);
  for (std::size_t i = 0; i < count; ++i) {
    fds_.push_back(open_terminal(board_path(arguments.text("dir"), i)));
    consoles_.push_back(or_fail(engine_->add(board_name(i), "main", fds_.back())));
  }
  if (arguments.has("patterns")) watch_for(arguments.text("patterns"));
  auto followed = consoles_;
  followed.resize(std::min<std::size_t>(count, arguments.number("subscribers", count)));
  subscribers_ = std::make_unique<Subscribers>(followed, arguments.number("stopped", 0),
                                               std::chrono::milliseconds(arguments.number("frame-ms", 0)));
  name_threads({"subscribers"});
  if (arguments.has("real-time-threads")) run_first({"ingest", "journal", "subscribers"});
}

void Host::watch_for(const std::string& patterns) {
  std::vector<boards::Rule> rules;
  for (const auto& [name, pattern] : read_patterns(patterns)) {
    boards::Rule rule;
    rule.id = name;
    rule.pack = "bench";
    rule.pattern = pattern;
    rule.summary = name;
    rules.push_back(std::move(rule));
  }
  const auto set = or_fail(boards::RuleSet::compile(std::move(rules)));
  watch_ = std::make_unique<boards::FaultWatch>(engine_->transcript(), [](const boards::SeenFault&) {});
  for (const auto& console : consoles_)
    if (auto added = watch_->add(console, set, {}); !added) fail(added.error().text);
  name_threads({"watch"});
}

void Host::run_first(const std::vector<std::string>& names) const {
  const sched_param priority{.sched_priority = 20};
  for (const auto& [thread, name] : thread_names_)
    if (std::ranges::find(names, name) != names.end() && ::sched_setscheduler(thread, SCHED_FIFO, &priority) != 0)
      fail("priority");
}

/// The last threads that were started, in this order.
void Host::name_threads(std::vector<std::string> names) {
  const auto threads = cpu_by_thread();
  auto thread = threads.rbegin();
  for (; !names.empty() && thread != threads.rend(); ++thread, names.pop_back())
    thread_names_[thread->first] = names.back();
}

Host::~Host() {
  watch_.reset();
  subscribers_.reset();
  engine_.reset();
  for (const int fd : fds_) ::close(fd);
}

void Host::add_digests(nlohmann::json& out) const {
  const auto transcript = engine_->transcript();
  for (const auto& console : consoles_) {
    const boards::ConsoleKey key{console->board(), "main"};
    out["digests"].push_back(sha256_hex(or_fail(transcript->fetch(key, 0, console->end()))));
  }
}

bool Host::wait_for_first_bytes() const {
  const auto transcript = engine_->transcript();
  const auto deadline = Deadline::after(60s);
  for (const auto& console : consoles_) {
    while (transcript->end({console->board(), "main"}) == 0) {
      if (deadline.passed()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  return true;
}

nlohmann::json Host::report() {
  nlohmann::json threads = {{"others", 0.0}};
  for (const auto& [number, seconds] : cpu_by_thread()) {  // before those of the subscribers end
    const auto name = thread_names_.find(number);
    if (name != thread_names_.end())
      threads[name->second] = seconds;
    else
      threads["others"] = threads["others"].get<double>() + seconds;
  }
  boards::FaultWatch::Stats watched;
  if (watch_) watched = watch_->stats();
  const bool all_there = subscribers_->finish(std::chrono::seconds(20));
  const auto stats = engine_->stats();
  nlohmann::json out = {{"cpu_s", process_cpu()},
                        {"threads", threads},
                        {"watched_bytes", watched.bytes},
                        {"watched_missed", watched.missed},
                        {"faults", watched.faults},
                        {"bytes", stats.bytes},
                        {"reads", stats.reads},
                        {"journal_bytes", stats.journal_bytes},
                        {"reader_gaps", stats.gaps},
                        {"pauses", stats.pauses},
                        {"longest_write_us", stats.longest_write_us},
                        {"longest_sync_us", stats.longest_sync_us},
                        {"longest_sweep_gap_us", stats.longest_sweep_gap_us},
                        {"late_sweeps", stats.late_sweeps},
                        {"engine", stats.engine},
                        {"rss_mb", resident_mb()},
                        {"all_delivered", all_there},
                        {"subscribers", subscribers_->report()}};
  const auto written = Deadline::after(20s);  // the journal is a few milliseconds behind
  while (engine_->stats().pending_bytes > 0 && !written.passed())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (arguments_.has("digest")) add_digests(out);
  return out;
}

void Host::serve() {
  for (;;) {
    const auto word = wait_for_word();
    if (word == "stall" || word == "unstall") disk_->stall(word == "stall");
    if (word == "resume") subscribers_->resume();
    if (word == "rss") say(nlohmann::json({{"rss_mb", resident_mb()}}).dump());
    if (word == "first") say(wait_for_first_bytes() ? "logged" : "silent");
    if (word == "echo") say(percentiles(echo_latencies(consoles_.at(0), arguments_.number("echo", 100))).dump());
    if (word == "stop") return say(report().dump());
    if (word.empty()) return;
  }
}

/// The last stamp of each console in the journal: what a crash left.
void verify(const std::string& dir) {
  const auto transcript = or_fail(boards::Transcript::open(dir, boards::Transcript::Mode::read_write));
  nlohmann::json out = {{"consoles", nlohmann::json::object()}};
  for (const auto& key : transcript->consoles()) {
    const auto end = transcript->end(key);
    StampReader stamps;
    std::vector<std::uint32_t> ignored;
    stamps.feed(or_fail(transcript->fetch(key, end > 65536 ? end - 65536 : 0, end)), monotonic_ns(), ignored);
    out["consoles"][key.board] = {
        {"bytes", end}, {"last_stamp_ns", stamps.last_time_ns()}, {"missing_stamps", stamps.missing()}};
  }
  say(out.dump());
}

}  // namespace
}  // namespace hilltop::bench

int main(int argc, char** argv) {
  using namespace hilltop::bench;
  const Arguments arguments(argc, argv);
  if (arguments.has("verify")) {
    verify(arguments.text("verify"));
    return 0;
  }
  Host host(arguments);
  say("ready");
  host.serve();
}
