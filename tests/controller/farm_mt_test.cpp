// SPDX-License-Identifier: Apache-2.0
#include "controller/farm.hpp"

#include "tests/controller/farm_fixture.hpp"

namespace hilltop::controller {
namespace {

using test::FarmRig;
using test::run;

struct FarmTest : ::testing::Test {
  test::TempDir dir;
};

TEST_F(FarmTest, RunsAJobToItsVerdictAndStoresWhatItSaid) {
  FarmRig rig(test::lab_of(test::passing_board("fake-1")), dir.path());
  const auto id = rig.submit(test::job_text());
  const auto job = rig.finished(id);
  ASSERT_TRUE(job.outcome);
  EXPECT_EQ(job.outcome->verdict, jobs::Verdict::pass) << job.outcome->reason;
  EXPECT_EQ(job.board, "fake-1");
  EXPECT_EQ(job.cases, 2U);
  EXPECT_EQ(job.passed, 2U);
  const auto results = run(rig.context, rig.farm->results(test::bob, id));
  ASSERT_TRUE(results);
  std::vector<std::string> names;
  for (const auto& one : *results)
    if (one.suite != "lava") names.push_back(one.name);
  EXPECT_EQ(names, (std::vector<std::string>{"case_a", "case_b"}));
  const auto log = run(rig.context, rig.farm->log_file(test::bob, id));
  ASSERT_TRUE(log);
  EXPECT_TRUE(log->complete);
  EXPECT_NE(test::read_whole(log->path).find("PASS - case_a"), std::string::npos);
  EXPECT_EQ(rig.farm->board(test::bob, "fake-1")->health, BoardHealth::good);
  EXPECT_EQ(*run(rig.context, rig.farm->definition(test::bob, id)), test::job_text());
}

TEST_F(FarmTest, LinesOfTheLogAreNumberedWithoutAGap) {
  FarmRig rig(test::lab_of(test::passing_board("fake-1")), dir.path());
  const auto id = rig.submit(test::job_text());
  rig.finished(id);
  std::istringstream log(test::read_whole(dir.path() / "jobs" / std::to_string(id) / "log.jsonl"));
  std::string line;
  int number = 0;
  while (std::getline(log, line)) EXPECT_EQ(line.find("{\"n\":" + std::to_string(++number) + ","), 0U) << line;
  EXPECT_GT(number, 3);
}

TEST_F(FarmTest, AnnouncesWhatIsStoredInOrder) {
  FarmRig rig(test::lab_of(test::passing_board("fake-1")), dir.path());
  std::vector<FarmEvent> seen;
  const auto guard = rig.farm->subscribe([&](const FarmEvent& event) { seen.push_back(event); });
  const auto id = rig.submit(test::job_text());
  rig.finished(id);
  const auto announced = seen;  // the board is still being cleaned: more comes while the store is asked
  const auto stored = run(rig.context, rig.farm->events_after(announced.front().seq - 1, 1000));
  ASSERT_TRUE(stored);
  ASSERT_GE(stored->size(), announced.size());
  for (std::size_t i = 0; i < announced.size(); ++i) {
    EXPECT_EQ(announced[i].seq, announced[0].seq + i);
    EXPECT_EQ(announced[i].data, (*stored)[i].data);
  }
}

TEST_F(FarmTest, RefusesAtSubmissionWhatNoBoardCanRun) {
  FarmRig rig(test::lab_of(test::passing_board("fake-1", "[usb]")), dir.path());
  const auto refused = run(rig.context, rig.farm->submit(test::bob, test::job_text("tags: [can-bus]\n"), "job.yaml"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().blame, Blame::configuration);
  EXPECT_NE(refused.error().text.find("can-bus"), std::string::npos) << refused.error().text;
  EXPECT_NE(refused.error().text.find("fake-1 [usb]"), std::string::npos) << refused.error().text;
  const auto unknown =
      run(rig.context, rig.farm->submit(test::bob,
                                        "job_name: x\ndevice_type: fkae\ntimeouts: {job: {minutes: 1}}\n"
                                        "visibility: public\nactions:\n- boot: {method: minimal}\n",
                                        "job.yaml"));
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().text.find("job.yaml:2:"), std::string::npos) << unknown.error().text;
  EXPECT_NE(unknown.error().text.find("fake"), std::string::npos) << unknown.error().text;
}

TEST_F(FarmTest, ViewersSubmitNothing) {
  FarmRig rig(test::lab_of(test::passing_board("fake-1")), dir.path());
  const auto refused = run(rig.context, rig.farm->submit(test::viewer, test::job_text(), "job.yaml"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::denied);
}

TEST_F(FarmTest, CancelsWhileQueued) {
  FarmRig rig(test::lab_of(test::silent_board("fake-1")), dir.path());
  const auto lease = run(rig.context, rig.farm->take(test::tom, {"fake-1", {}, 600s, 50}));
  ASSERT_TRUE(lease) << lease.error().text;
  const auto id = rig.submit(test::job_text());
  EXPECT_EQ(rig.job(id).state, JobState::submitted);
  EXPECT_NE(rig.job(id).waiting_for.find("fake-1 "), std::string::npos) << rig.job(id).waiting_for;
  ASSERT_TRUE(run(rig.context, rig.farm->cancel(test::bob, id)));
  const auto job = rig.finished(id);
  EXPECT_EQ(job.outcome->verdict, jobs::Verdict::canceled);
  EXPECT_EQ(job.outcome->reason, "canceled by bob");
  EXPECT_FALSE(run(rig.context, rig.farm->cancel(test::bob, id)));
}

TEST_F(FarmTest, CancelsARunningJobAndFreesItsBoardSwitchedOff) {
  FarmRig rig(test::lab_of(test::silent_board("fake-1")), dir.path());
  const auto id = rig.submit(test::job_text());
  ASSERT_TRUE(rig.until([&] { return rig.job(id).current_action.find("test") != std::string::npos; }))
      << rig.job(id).current_action;
  ASSERT_TRUE(run(rig.context, rig.farm->cancel(test::bob, id)));
  const auto job = rig.finished(id);
  EXPECT_EQ(job.outcome->verdict, jobs::Verdict::canceled);
  EXPECT_EQ(job.outcome->reason, "canceled by bob");
  EXPECT_TRUE(rig.until([&] { return rig.idle("fake-1"); }));
  EXPECT_EQ(rig.farm->board(test::bob, "fake-1")->power, "off");
}

TEST_F(FarmTest, CancelRightAfterTheGrantIsNotLost) {
  FarmRig rig(test::lab_of(test::silent_board("fake-1")), dir.path());
  ASSERT_TRUE(rig.until([&] { return rig.idle("fake-1"); }));
  const auto id = rig.submit(test::job_text());
  // Submitting returned within the same turn in which the board was granted: the worker does not have it yet.
  ASSERT_TRUE(run(rig.context, rig.farm->cancel(test::bob, id)));
  EXPECT_EQ(rig.finished(id).outcome->verdict, jobs::Verdict::canceled);
}

TEST_F(FarmTest, AFreedBoardGoesToTheNextInOrder) {
  FarmRig rig(test::lab_of(test::passing_board("fake-1")), dir.path());
  const auto held = run(rig.context, rig.farm->take(test::tom, {"fake-1", {}, 600s, 50}));
  ASSERT_TRUE(held);
  const auto low = rig.submit(test::job_text("priority: low\n"));
  const auto high = rig.submit(test::job_text("priority: high\n"));
  ASSERT_TRUE(rig.until([&] { return rig.farm->lease(test::tom, held->id)->state == LeaseState::active; }));
  ASSERT_TRUE(run(rig.context, rig.farm->release(test::tom, held->id, "")));
  EXPECT_LT(rig.finished(high).started, rig.finished(low).started);
}

TEST_F(FarmTest, ALeaseExpiresAndItsBoardIsCleaned) {
  FarmRig rig(test::lab_of(test::silent_board("fake-1")), dir.path());
  const auto lease = run(rig.context, rig.farm->take(test::bob, {"fake", {}, 2s, 50}));
  ASSERT_TRUE(lease) << lease.error().text;
  ASSERT_TRUE(rig.until([&] { return rig.farm->lease(test::bob, lease->id)->state == LeaseState::active; }));
  EXPECT_TRUE(rig.farm->may_operate(test::bob, "fake-1"));
  ASSERT_TRUE(run(rig.context, rig.farm->worker().call(PowerCommand{"fake-1", "on"}, Deadline::after(20s))));
  ASSERT_TRUE(rig.until([&] { return rig.farm->board(test::bob, "fake-1")->power == "on"; }));
  ASSERT_TRUE(rig.until([&] { return rig.farm->lease(test::bob, lease->id)->state == LeaseState::ended; }));
  EXPECT_EQ(rig.farm->lease(test::bob, lease->id)->end_reason, "expired");
  EXPECT_TRUE(rig.until([&] { return rig.idle("fake-1") && rig.farm->board(test::bob, "fake-1")->power == "off"; }));
  EXPECT_FALSE(rig.farm->may_operate(test::bob, "fake-1"));
}

TEST_F(FarmTest, ExtendingNeverShortens) {
  FarmRig rig(test::lab_of(test::silent_board("fake-1")), dir.path());
  ASSERT_TRUE(rig.until([&] { return rig.idle("fake-1"); }));
  const auto lease = run(rig.context, rig.farm->take(test::bob, {"fake-1", {}, 600s, 50}));
  ASSERT_TRUE(lease);
  const auto shorter = run(rig.context, rig.farm->extend(test::bob, lease->id, 10s));
  ASSERT_TRUE(shorter) << shorter.error().text;
  EXPECT_EQ(shorter->ends, lease->ends);
  const auto longer = run(rig.context, rig.farm->extend(test::bob, lease->id, 3600s));
  EXPECT_GT(longer->ends, lease->ends + 2000s);
  const controller::Principal other{"carl", Role::submitter, "default", {}};
  EXPECT_EQ(run(rig.context, rig.farm->extend(other, lease->id, 7200s)).error().code, Errc::denied);
}

TEST_F(FarmTest, RevokingTellsWho) {
  FarmRig rig(test::lab_of(test::silent_board("fake-1")), dir.path());
  const auto lease = run(rig.context, rig.farm->take(test::bob, {"fake-1", {}, 600s, 50}));
  ASSERT_TRUE(lease);
  std::string told;
  const auto guard = rig.farm->subscribe([&](const FarmEvent& event) {
    if (event.kind == "lease") told = event.data;
  });
  ASSERT_TRUE(run(rig.context, rig.farm->release(test::tom, lease->id, "needed")));
  EXPECT_EQ(rig.farm->lease(test::bob, lease->id)->end_reason, "revoked by tom: needed");
  EXPECT_NE(told.find("\"ended\""), std::string::npos) << told;
}

TEST_F(FarmTest, ABoardThatFailsIsSuspectAndTheJobRunsAgainElsewhere) {
  auto broken = test::passing_board("fake-1");
  const auto at = broken.find("      script:\n");
  broken = broken.substr(0, at) + "      script:\n        fail_power_on: 100\n        steps: []\n";
  FarmRig rig(test::lab_of(broken + test::passing_board("fake-2")), dir.path());
  const auto held = run(rig.context, rig.farm->take(test::tom, {"fake-2", {}, 600s, 50}));
  ASSERT_TRUE(held);
  ASSERT_TRUE(rig.until([&] { return rig.idle("fake-1"); }));
  const auto id = rig.submit(test::job_text());
  const auto job = rig.finished(id);
  EXPECT_EQ(job.outcome->verdict, jobs::Verdict::incomplete);
  EXPECT_EQ(job.outcome->blame, Blame::infrastructure) << job.outcome->reason;
  EXPECT_EQ(rig.farm->board(test::bob, "fake-1")->health, BoardHealth::suspect);
  ASSERT_TRUE(run(rig.context, rig.farm->release(test::tom, held->id, "")));
  const auto again = rig.finished(id + 1);
  EXPECT_EQ(again.rerun_of, id);
  EXPECT_EQ(again.attempt, 2U);
  EXPECT_EQ(again.board, "fake-2");
  EXPECT_EQ(again.outcome->verdict, jobs::Verdict::pass) << again.outcome->reason;
}

TEST_F(FarmTest, WhereNoOtherBoardIsTheFailureStands) {
  auto broken = test::passing_board("fake-1");
  const auto at = broken.find("      script:\n");
  broken = broken.substr(0, at) + "      script:\n        fail_power_on: 100\n        steps: []\n";
  FarmRig rig(test::lab_of(broken), dir.path());
  const auto id = rig.submit(test::job_text());
  EXPECT_EQ(rig.finished(id).outcome->verdict, jobs::Verdict::incomplete);
  EXPECT_EQ(rig.farm->board(test::bob, "fake-1")->health, BoardHealth::suspect);
  EXPECT_EQ(rig.farm->job(test::bob, id + 1).error().code, Errc::not_found) << "it would wait for ever";
}

TEST_F(FarmTest, AJobThatNobodyTakesInTimeEnds) {
  FarmRig rig(test::lab_of(test::silent_board("fake-1")), dir.path());
  ASSERT_TRUE(run(rig.context, rig.farm->take(test::tom, {"fake-1", {}, 600s, 50})));
  auto text = test::job_text();
  text.replace(text.find("timeouts:\n"), 10, "timeouts:\n  queue: {seconds: 1}\n");
  const auto job = rig.finished(rig.submit(text));
  EXPECT_EQ(job.outcome->verdict, jobs::Verdict::incomplete);
  EXPECT_NE(job.outcome->reason.find("timeouts.queue"), std::string::npos) << job.outcome->reason;
}

TEST_F(FarmTest, PrivateJobsAreNotThereForOthers) {
  FarmRig rig(test::lab_of(test::passing_board("fake-1")), dir.path());
  auto text = test::job_text();
  text.replace(text.find("visibility: public"), 18, "visibility: personal");
  const auto id = rig.submit(text);
  EXPECT_EQ(rig.farm->job(test::viewer, id).error().code, Errc::not_found);
  EXPECT_EQ(run(rig.context, rig.farm->results(test::viewer, id)).error().code, Errc::not_found);
  EXPECT_TRUE(run(rig.context, rig.farm->jobs(test::viewer, {}))->items.empty());
  EXPECT_EQ(run(rig.context, rig.farm->jobs(test::bob, {}))->items.size(), 1U);
  rig.finished(id);
}

TEST_F(FarmTest, TheQueueAndLeasesOutliveARestart) {
  std::uint64_t queued = 0, lease = 0;
  {
    FarmRig rig(test::lab_of(test::passing_board("fake-1")), dir.path());
    ASSERT_TRUE(rig.until([&] { return rig.idle("fake-1"); }));
    const auto taken = run(rig.context, rig.farm->take(test::bob, {"fake-1", {}, 600s, 50}));
    ASSERT_TRUE(taken);
    lease = taken->id;
    queued = rig.submit(test::job_text());
  }
  FarmRig rig("", dir.path());
  EXPECT_EQ(rig.farm->lease(test::bob, lease)->state, LeaseState::active);
  EXPECT_EQ(rig.farm->board(test::bob, "fake-1")->holder, "bob");
  EXPECT_EQ(rig.job(queued).state, JobState::submitted);
  ASSERT_TRUE(run(rig.context, rig.farm->release(test::bob, lease, "")));
  EXPECT_EQ(rig.finished(queued).outcome->verdict, jobs::Verdict::pass);
}

TEST_F(FarmTest, WhatRanWhenItEndedIsIncompleteAndRunsAgainIfItMay) {
  std::uint64_t once = 0, twice = 0;
  {
    FarmRig rig(test::lab_of(test::silent_board("fake-1") + test::silent_board("fake-2")), dir.path());
    once = rig.submit(test::job_text());
    twice = rig.submit(test::job_text("", "    failure_retry: 2\n"));
    ASSERT_TRUE(rig.until(
        [&] { return rig.job(once).state == JobState::running && rig.job(twice).state == JobState::running; }));
  }
  test::write_text(dir.path() / "lab.yaml",
                   test::lab_of(test::passing_board("fake-1") + test::passing_board("fake-2")));
  FarmRig rig("", dir.path());
  for (const auto id : {once, twice}) {
    const auto job = rig.finished(id);
    EXPECT_EQ(job.outcome->verdict, jobs::Verdict::incomplete);
    EXPECT_EQ(job.outcome->blame, Blame::infrastructure);
    EXPECT_EQ(job.outcome->reason, "controller restarted");
  }
  const auto again = rig.finished(twice + 1);
  EXPECT_EQ(again.rerun_of, twice);
  EXPECT_EQ(again.outcome->verdict, jobs::Verdict::pass) << again.outcome->reason;
  EXPECT_FALSE(rig.farm->job(test::admin, twice + 2));
}

TEST_F(FarmTest, AChangedLabIsAppliedWithoutARestart) {
  FarmRig rig(test::lab_of(test::passing_board("fake-1") + test::silent_board("fake-2")), dir.path());
  ASSERT_TRUE(rig.until([&] { return rig.idle("fake-1") && rig.idle("fake-2"); }));
  const auto held = run(rig.context, rig.farm->take(test::bob, {"fake-2", {}, 600s, 50}));
  ASSERT_TRUE(held);
  const auto change =
      run(rig.context, rig.farm->apply_lab(test::admin, test::lab_of(test::passing_board("fake-3")), ""));
  ASSERT_TRUE(change) << change.error().text;
  EXPECT_EQ(change->added, std::vector<std::string>{"fake-3"});
  EXPECT_FALSE(rig.farm->board(test::bob, "fake-1"));
  EXPECT_TRUE(rig.farm->board(test::bob, "fake-2")) << "leased boards leave after the lease";
  EXPECT_TRUE(rig.until([&] { return rig.idle("fake-3"); }));
  ASSERT_TRUE(run(rig.context, rig.farm->release(test::bob, held->id, "")));
  EXPECT_TRUE(rig.until([&] { return !rig.farm->board(test::bob, "fake-2"); }));
}

TEST_F(FarmTest, ABoardThatCannotBeOpenedDoesNotHoldUpTheEnd) {
  const auto nowhere = (dir.path() / "nowhere.sock").string();
  FarmRig rig(test::lab_of("  fake-1:\n    type: fake\n    console: {driver: unix, path: " + nowhere + "}\n"),
              dir.path());
  const auto problem = [&] {
    const auto view = rig.farm->board(test::bob, "fake-1");
    return view ? view->problem : view.error().text;
  };
  ASSERT_TRUE(rig.until([&] { return problem().find(nowhere) != std::string::npos; })) << problem();
  const auto stopped = run(rig.context, rig.farm->shut_down(Deadline::after(10s)));
  EXPECT_TRUE(stopped) << stopped.error().text;
}

TEST_F(FarmTest, AWrongLabIsRefusedWithItsPlaceAndChangesNothing) {
  const auto lab = test::lab_of(test::passing_board("fake-1"));
  FarmRig rig(lab, dir.path());
  const auto refused =
      run(rig.context, rig.farm->apply_lab(test::admin, "lab: test\nboards:\n  b1: {type: nonesuch}\n", ""));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("lab.yaml:3:"), std::string::npos) << refused.error().text;
  // By the name that its user gave it, in places and in words.
  const std::string twice = "lab: test\nboards:\n  b1: {type: fake}\n  b1: {type: fake}\n";
  const auto named = run(rig.context, rig.farm->apply_lab(test::admin, twice, "desk/new lab.yaml"));
  ASSERT_FALSE(named);
  EXPECT_NE(named.error().text.find("desk/new lab.yaml:4:3: board 'b1' is written twice "
                                    "(the first one is at desk/new lab.yaml:3:3)"),
            std::string::npos)
      << named.error().text;
  EXPECT_EQ(named.error().text.find(dir.path().string()), std::string::npos) << named.error().text;
  EXPECT_EQ(test::read_whole(dir.path() / "lab.yaml"), lab);
  EXPECT_EQ(run(rig.context, rig.farm->apply_lab(test::tom, lab, "")).error().code, Errc::denied);
}

TEST_F(FarmTest, TokensAreMadeUsedAndRevoked) {
  FarmRig rig(test::lab_of(test::passing_board("fake-1")), dir.path());
  auto first = test::read_whole(dir.path() / "admin.token");
  first.pop_back();
  ASSERT_TRUE(rig.farm->authenticate(first));
  EXPECT_EQ(rig.farm->authenticate(first)->role, Role::admin);
  EXPECT_EQ(std::filesystem::status(dir.path() / "admin.token").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto made = run(rig.context, rig.farm->create_token(test::admin, "dora", "ci", Role::submitter, "p1", 0s));
  ASSERT_TRUE(made) << made.error().text;
  const auto who = rig.farm->authenticate(made->second);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->user, "dora");
  EXPECT_EQ(who->project, "p1");
  EXPECT_EQ(test::read_whole(dir.path() / "hilltop.db").find(made->second), std::string::npos) << "stored hashed only";
  ASSERT_TRUE(run(rig.context, rig.farm->revoke_token(test::admin, made->first.id)));
  EXPECT_EQ(rig.farm->authenticate(made->second).error().code, Errc::denied);
  rig.stop();
  rig.start();
  EXPECT_TRUE(rig.farm->authenticate(first));
  EXPECT_FALSE(rig.farm->authenticate(made->second));
}

TEST_F(FarmTest, HealthIsSetByATechnicianAndKept) {
  FarmRig rig(test::lab_of(test::passing_board("fake-1")), dir.path());
  EXPECT_EQ(run(rig.context, rig.farm->set_health(test::bob, "fake-1", BoardHealth::bad, "x")).error().code,
            Errc::denied);
  ASSERT_TRUE(run(rig.context, rig.farm->set_health(test::tom, "fake-1", BoardHealth::maintenance, "new cable")));
  rig.stop();
  rig.start();
  EXPECT_EQ(rig.farm->board(test::bob, "fake-1")->health, BoardHealth::maintenance);
  const auto id = rig.submit(test::job_text());
  ASSERT_TRUE(rig.until([&] { return rig.idle("fake-1"); }));
  EXPECT_NE(rig.job(id).waiting_for.find("maintenance: new cable"), std::string::npos) << rig.job(id).waiting_for;
  ASSERT_TRUE(run(rig.context, rig.farm->set_health(test::tom, "fake-1", BoardHealth::good, "")));
  EXPECT_EQ(rig.finished(id).outcome->verdict, jobs::Verdict::pass);
}

TEST_F(FarmTest, ManyJobsOnFewBoardsAllPass) {
  FarmRig rig(
      test::lab_of(test::passing_board("fake-1") + test::passing_board("fake-2") + test::passing_board("fake-3")),
      dir.path());
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(rig.submit(test::job_text()));
  for (const auto id : ids)
    EXPECT_EQ(rig.finished(id).outcome->verdict, jobs::Verdict::pass) << id << ": " << rig.job(id).outcome->reason;
}

}  // namespace
}  // namespace hilltop::controller
