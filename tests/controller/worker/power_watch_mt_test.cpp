// SPDX-License-Identifier: Apache-2.0
// Boards whose power unit is a file: what is written there behind the worker's back is a drift.
#include <nlohmann/json.hpp>

#include "tests/controller/farm_fixture.hpp"

namespace hilltop::controller {
namespace {

class PowerWatch : public ::testing::Test {
 protected:
  PowerWatch() {
    outlet("OFF");
    test::write_text(dir.path() / "on", "state: ON");
    test::write_text(dir.path() / "off", "state: OFF");
    rig.emplace(test::lab_of(board("b1")), dir.path());
    guard = rig->farm->subscribe([this](const FarmEvent& event) {
      if (event.kind == "board.drift") drifts.push_back(nlohmann::json::parse(event.data));
    });
  }
  void outlet(const std::string& state) {
    test::write_text(dir.path() / "outlet.new", "state: " + state);
    std::filesystem::rename(dir.path() / "outlet.new", dir.path() / "outlet");
  }
  std::string board(const std::string& name) const {
    const auto in = [&](const char* file) { return (dir.path() / file).string(); };
    return "  " + name +
           ":\n    type: fake\n    emulator:\n      driver: replay\n      script:\n        - say: \"x\"\n    power:\n" +
           "      driver: command-power\n      power_on: [cp, " + in("on") + ", " + in("outlet") +
           "]\n      power_off: [cp, " + in("off") + ", " + in("outlet") + "]\n      status: [cat, " + in("outlet") +
           "]\n      on_text: 'state: ON'\n      off_text: 'state: OFF'\n";
  }
  [[nodiscard]] BoardView view() { return *rig->farm->board(test::admin, "b1"); }

  test::TempDir dir;
  std::optional<test::FarmRig> rig;
  std::shared_ptr<void> guard;
  std::vector<nlohmann::json> drifts;
};

TEST_F(PowerWatch, ABoardThatIsOnThoughNobodySwitchedItIsTold) {
  ASSERT_TRUE(rig->until([&] { return rig->idle("b1"); }));
  EXPECT_EQ(view().power, "off");
  outlet("ON");
  ASSERT_TRUE(rig->until([&] { return view().power_found == "on"; }));
  ASSERT_TRUE(rig->until([&] { return drifts.size() == 1; }));
  EXPECT_EQ(drifts[0]["power"], "off");
  EXPECT_EQ(drifts[0]["found"], "on");
  outlet("OFF");
  ASSERT_TRUE(rig->until([&] { return drifts.size() == 2; }));
  EXPECT_EQ(drifts[1]["found"], "");
  EXPECT_EQ(view().power_found, "");
}

TEST_F(PowerWatch, AUnitThatDoesNotAnswerIsToldOnce) {
  ASSERT_TRUE(rig->until([&] { return rig->idle("b1"); }));
  std::filesystem::remove(dir.path() / "outlet");
  ASSERT_TRUE(rig->until([&] { return !view().power_problem.empty(); }));
  EXPECT_TRUE(view().power_problem.contains("outlet")) << view().power_problem;
  EXPECT_TRUE(view().problem.empty()) << "the board can be used all the same";
  outlet("OFF");
  ASSERT_TRUE(rig->until([&] { return view().power_problem.empty() && drifts.size() == 2; }));
  EXPECT_EQ(drifts.size(), 2U);
}

TEST_F(PowerWatch, WhatIsSwitchedIsNoDrift) {
  ASSERT_TRUE(rig->until([&] { return rig->idle("b1"); }));
  for (const auto* action : {"on", "off", "cycle", "off"}) {
    const auto done = test::run(rig->context, rig->farm->worker().call(PowerCommand{"b1", action}, Deadline::after(20s)));
    ASSERT_TRUE(done) << done.error().text;
  }
  EXPECT_TRUE(drifts.empty());
}

}  // namespace
}  // namespace hilltop::controller
