// SPDX-License-Identifier: Apache-2.0
// What the lab cannot serve its boards is refused when a job is submitted; the boot server follows the lab file.
#include <gmock/gmock.h>

#include "controller/worker/worker_core.hpp"
#include "tests/controller/farm_fixture.hpp"

namespace hilltop::controller {
namespace {

using test::FarmRig;
using test::run;
using test::write_text;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* job =
    "job_name: t\ndevice_type: net\nvisibility: public\ntimeouts: {job: {seconds: 30}}\nactions:\n"
    "- deploy: {to: tftp, kernel: {url: 'http://127.0.0.1:1/kernel'}}\n- boot: {method: minimal, prompts: ['# ']}\n";

std::string board(const std::string& name, const std::string& more = {}) {
  return "  " + name + ":\n    type: net\n    console: {driver: replay, script: [{say: \"" + name + "\"}]}\n" + more;
}

class Serving : public ::testing::Test {
 protected:
  Serving() {
    write_text(dir.path() / "types" / "net.yaml",
               "description: a board of the tests\nsource: tests/controller\nverified: hardware\n"
               "deploy: [tftp]\nboot: [minimal]\n");
  }
  /// "" when the job was taken.
  std::string refused(const std::string& lab) {
    FarmRig rig(lab, dir.path());
    const auto id = run(rig.context, rig.farm->submit(test::bob, job, "job.yaml"));
    return id ? std::string() : id.error().text;
  }
  test::TempDir dir;
};

TEST_F(Serving, ABoardWithoutAnAddressIsRefusedAtSubmission) {
  EXPECT_THAT(refused(test::lab_of(board("desk-1"))),
              AllOf(HasSubstr("job.yaml:6:16: deploy to: tftp: board desk-1 has no address on the lab's network"),
                    HasSubstr("network: {address: ...}")));
}

TEST_F(Serving, ALabWithoutABootServerIsRefusedAtSubmission) {
  const auto addressed = board("desk-1", "    network: {address: 127.0.0.7}\n");
  EXPECT_THAT(refused(test::lab_of(addressed)), HasSubstr("the lab has no boot server for tftp"));
  EXPECT_EQ(refused(test::lab_of(addressed) + "boot_server: {address: 127.0.0.1, tftp_port: 6969}\n"), "");
}

TEST_F(Serving, EachBoardThatMayGetTheJobCounts) {
  const auto lab = test::lab_of(board("desk-1", "    network: {address: 127.0.0.7}\n") + board("desk-2")) +
                   "boot_server: {address: 127.0.0.1, tftp_port: 6969}\n";
  EXPECT_THAT(refused(lab), AllOf(HasSubstr("board desk-2 has no address"), Not(HasSubstr("desk-1"))));
}

TEST_F(Serving, ARetiredBoardDoesNot) {
  FarmRig rig(test::lab_of(board("desk-1", "    network: {address: 127.0.0.7}\n") + board("desk-2")) +
                  "boot_server: {address: 127.0.0.1, tftp_port: 6969}\n",
              dir.path());
  ASSERT_FALSE(run(rig.context, rig.farm->submit(test::bob, job, "job.yaml")));
  ASSERT_TRUE(run(rig.context, rig.farm->set_health(test::tom, "desk-2", BoardHealth::retired, "its card is gone")));
  const auto id = run(rig.context, rig.farm->submit(test::bob, job, "job.yaml"));
  EXPECT_TRUE(id) << id.error().text;
}

/// A boot server that serves nothing.
class IdleServer final : public drivers::BootServer {
 public:
  explicit IdleServer(int* ended) : ended_(ended) {}
  Result<std::unique_ptr<drivers::BootLease>> serve(drivers::BootRegistration) override {
    return Error(Errc::unavailable, Blame::infrastructure, "idle");
  }
  [[nodiscard]] std::string server_address() const override { return ""; }
  [[nodiscard]] std::uint16_t tftp_port() const override { return 0; }
  [[nodiscard]] std::uint16_t http_port() const override { return 0; }
  [[nodiscard]] bool gives_addresses() const override { return false; }
  Task<> shut_down(Deadline) override { return end(ended_); }

 private:
  static Task<> end(int* ended) {
    ++*ended;
    co_return ok();
  }
  int* ended_;
};

struct StartedServers {
  int started = 0, ended = 0;
  std::string problem;
};
Task<std::shared_ptr<drivers::BootServer>> start_idle(StartedServers* servers, bool bare) {
  if (!servers->problem.empty() && !bare) co_return Error(Errc::unavailable, Blame::configuration, servers->problem);
  ++servers->started;
  co_return std::shared_ptr<drivers::BootServer>(std::make_shared<IdleServer>(&servers->ended));
}

TEST(WorkerBootServer, FollowsTheLabFileWhileNoJobRuns) {
  asio::io_context context{1};
  StartedServers servers;
  WorkerOptions options;
  options.start_boot_server = [&servers](const boards::BootServerSettings& wanted) {
    return start_idle(&servers, wanted == boards::BootServerSettings());
  };
  auto worker = std::make_shared<WorkerCore>(context.get_executor(), std::move(options));
  const auto apply = [&](const std::string& address) {
    boards::BootServerSettings settings;
    settings.address = address;
    return run(context, apply_boot_server(worker, settings, Deadline::after(5s)));
  };
  EXPECT_TRUE(apply("192.0.2.1"));
  EXPECT_TRUE(apply("192.0.2.1"));
  EXPECT_EQ(servers.started, 1) << "nothing has changed";
  worker->jobs[7] = {};
  const auto busy = apply("192.0.2.2");
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, Errc::busy);
  EXPECT_EQ(servers.ended, 0);
  worker->jobs.clear();
  EXPECT_TRUE(apply("192.0.2.2"));
  EXPECT_EQ(servers.started, 2);
  EXPECT_EQ(servers.ended, 1);
  servers.problem = "the port is taken";
  const auto failed = apply("192.0.2.3");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text, "boot_server: the port is taken");
  EXPECT_TRUE(worker->boot_server) << "emulated boards are served all the same";
  servers.problem.clear();
  EXPECT_TRUE(apply("192.0.2.3")) << "tried again";
}

}  // namespace
}  // namespace hilltop::controller
