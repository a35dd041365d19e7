// SPDX-License-Identifier: Apache-2.0
// Units that fail, and boards that want the same one.
#include <ctime>

#include "tests/drivers/power/unit/simulated_unit.hpp"

namespace hilltop::tests {
namespace {

using drivers::PowerState;

class UnitFaults : public PowerUnits {
 protected:
  /// A unit's own model with short times: what is tested is what happens then.
  std::string impatient(const std::string& name, const std::string& more) {
    const auto source = std::filesystem::path(HILLTOP_SOURCE_DIR) / "drivers/power/units" / (name + ".yaml");
    std::ifstream in(source);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    std::erase_if(text, [](char c) { return c == '\r'; });
    for (const std::string key : {"gap_ms", "settle_ms", "timeout_ms"})
      if (const auto at = text.find("\n" + key); at != std::string::npos)
        text.erase(at + 1, text.find('\n', at + 1) - at);
    const auto file = dir.path() / (name + std::to_string(models_++) + ".yaml");
    std::ofstream(file) << text << "timeout_ms: 300\nsettle_ms: 600\nbetween_ms: 20\n" << more;
    return file.string();
  }
  std::string gude(const SimulatedUnit& unit, int outlet, const std::string& model, const std::string& more = "") {
    return "{driver: power-unit, model: " + model + ", host: 127.0.0.1, port: " + unit.where() +
           ", outlet: " + std::to_string(outlet) + more + "}";
  }
  int models_ = 0;
};

TEST_F(UnitFaults, EachFaultIsSaidAndPasses) {
  const SimulatedUnit unit(worker, "http", "gude24");
  const auto device = make(gude(unit, 2, impatient("gude24", "refuse_after: 100\n")));
  ASSERT_TRUE(device);
  const struct {
    const char *fault, *says;
    Errc code;
  } faults[] = {{"silent", "does not answer GET /ov.html", Errc::timeout},
                {"garbage", "does not speak HTTP", Errc::protocol},
                {"half", "in the middle of its reply", Errc::unavailable},
                {"hang-up", "hung up without a word", Errc::unavailable},
                {"500", "HTTP 500: 'out of order'", Errc::protocol},
                {"locked", "another user has the unit ('blocked by another user with IP 10.1.2.3')", Errc::busy},
                {"stuck", "switched on, and it says off", Errc::mismatch}};
  for (const auto& one : faults) {
    SCOPED_TRACE(one.fault);
    unit.fault(one.fault);
    const auto failed = set(*device, true, 4s);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, one.code) << failed.error().text;
    EXPECT_TRUE(failed.error().text.contains(one.says)) << failed.error().text;
    EXPECT_TRUE(failed.error().text.contains("gude24 at 127.0.0.1:" + unit.where() + ": outlet 2: "))
        << failed.error().text;
    EXPECT_EQ(failed.error().blame, Blame::infrastructure);
    unit.fault("");
    ASSERT_TRUE(set(*device, false));
  }
  unit.fault("slow");
  EXPECT_FALSE(set(*device, true, 4s)) << "slower than its time";
}

TEST_F(UnitFaults, FaultsOfADialogueAreSaid) {
  const SimulatedUnit unit(worker, "telnet", "kshell");
  const auto model = impatient("netio-kshell", "refuse_after: 100\n");
  const auto device = make(gude(unit, 2, model, std::string(", ") + credentials));
  for (const auto& [fault, says] : {std::pair("silent", "does not answer"),
                                    {"hang-up", "hung up without a word"},
                                    {"half", "in the middle of its reply: '100 HELLO"},
                                    {"garbage", "and no more"}}) {
    SCOPED_TRACE(fault);
    unit.fault(fault);
    const auto failed = set(*device, true, 4s);
    ASSERT_FALSE(failed);
    EXPECT_TRUE(failed.error().text.contains(says) || failed.error().text.contains("????")) << failed.error().text;
    unit.fault("");
    ASSERT_TRUE(set(*device, false));
  }
  const auto stranger = make(gude(unit, 3, model, ", user: ann, password: wrong"), "b2");
  const auto refused = set(*stranger, true, 4s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::denied) << refused.error().text;
  EXPECT_FALSE(refused.error().text.contains("wrong")) << "a password is nobody's business: " << refused.error().text;
}

TEST_F(UnitFaults, AWrongPasswordIsDeniedByHttp) {
  for (const auto& [dialogue, model] : {std::pair("netio_json", "netio-json"),
                                        {"shelly", "shelly-gen2"},
                                        {"tasmota", "tasmota"},
                                        {"digital_loggers", "digital-loggers-rest"}}) {
    SCOPED_TRACE(model);
    const SimulatedUnit unit(worker, "http", dialogue);
    const auto device = make(gude(unit, 2, model, ", user: ann, password: wrong"));
    const auto refused = set(*device, true, 4s);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::denied) << refused.error().text;
    EXPECT_EQ(unit.relay(2), "off");
  }
}

TEST_F(UnitFaults, AUnitThatFailsIsRefusedForATimeAndThenAsked) {
  const SimulatedUnit unit(worker, "http", "gude24");
  const auto device = make(gude(unit, 2, impatient("gude24", "refuse_after: 2\nrefuse_for_ms: 1500\n")));
  unit.fault("hang-up");
  ASSERT_FALSE(set(*device, true, 4s));
  ASSERT_FALSE(set(*device, true, 4s));
  const auto asked = unit.times("begin");
  const auto refused = set(*device, true, 4s);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().text.contains("is refused since 20")) << refused.error().text;
  EXPECT_TRUE(refused.error().text.contains("2 operations in a row failed, the last one: it hung up without a word"))
      << refused.error().text;
  EXPECT_EQ(unit.times("begin"), asked) << "it was left alone";
  // The time passes; one operation is let through, fails, and the unit is refused again.
  const auto refused_now = [&] {
    const auto done = set(*device, true, 4s);
    return done ? false : done.error().text.contains("is refused since");
  };
  ASSERT_TRUE(worker.run_until([&] { return !refused_now(); }, 10s));
  EXPECT_GT(unit.times("begin"), asked);
  EXPECT_TRUE(refused_now());
  unit.fault("");
  ASSERT_TRUE(worker.run_until([&] { return !refused_now(); }, 10s));
  EXPECT_EQ(unit.relay(2), "on");
  ASSERT_TRUE(set(*device, false));
}

TEST_F(UnitFaults, NobodyThereIsSaid) {
  const auto port = free_port();
  const auto device =
      make("{driver: power-unit, model: gude24, host: 127.0.0.1, port: " + std::to_string(port) + ", outlet: 1}");
  const auto refused = set(*device, true, 4s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_TRUE(refused.error().text.contains("Connection refused")) << refused.error().text;
}

Task<> switch_times(drivers::PowerPort* port, int times) {
  for (int i = 0; i < times; ++i)
    HILLTOP_CO_CHECK(co_await port->set(i % 2 == 0 ? PowerState::on : PowerState::off, Deadline::after(20s)));
  co_return ok();
}

TEST_F(UnitFaults, OperationsOnAUnitNeverOverlap) {
  const SimulatedUnit unit(worker, "http", "gude24");
  const auto model = impatient("gude24", "gap_ms: 10\n");
  std::vector<std::unique_ptr<drivers::Device>> devices;
  TaskScope scope(worker.io.get_executor(), "boards");
  for (int n = 1; n <= 8; ++n) {
    devices.push_back(make(gude(unit, n, model), "b" + std::to_string(n)));
    scope.spawn("board", switch_times(devices.back()->power(), 3));
  }
  ASSERT_TRUE(worker.run_until([&] { return scope.running() == 0; }));
  for (int n = 1; n <= 8; ++n) EXPECT_EQ(unit.relay(n), "on");
  std::istringstream log(unit.log());
  int open = 0;
  for (std::string line; std::getline(log, line);) {
    open += line.contains(" begin") ? 1 : line.contains(" end") ? -1 : 0;
    ASSERT_LE(open, 1) << line;
  }
  EXPECT_GE(unit.times("cmd=1"), 24U);
}

struct Read {
  static Task<> one(drivers::PowerPort* port, PowerState* out) {
    HILLTOP_CO_TRY(*out, co_await port->state(Deadline::after(10s)));
    co_return ok();
  }
};

TEST_F(UnitFaults, ReadsThatWaitAreAnsweredTogether) {
  const SimulatedUnit unit(worker, "http", "gude24");
  const auto model = impatient("gude24", "");
  std::vector<std::unique_ptr<drivers::Device>> devices;
  std::vector<PowerState> seen(8, PowerState::unknown);
  for (int n = 1; n <= 8; ++n) devices.push_back(make(gude(unit, n, model), "b" + std::to_string(n)));
  ASSERT_TRUE(set(*devices[4], true));
  const auto before = unit.times("begin");
  TaskScope scope(worker.io.get_executor(), "boards");
  for (std::size_t n = 0; n < 8; ++n) scope.spawn("board", Read::one(devices[n]->power(), &seen[n]));
  ASSERT_TRUE(worker.run_until([&] { return scope.running() == 0; }));
  for (std::size_t n = 0; n < 8; ++n) EXPECT_EQ(seen[n], n == 4 ? PowerState::on : PowerState::off) << n;
  EXPECT_LE(unit.times("begin") - before, 2U) << "one page tells of all outlets";
}

/// What a round of looks at 128 boards costs: it comes every ten seconds, and 2 % of a core are 200 ms of them.
TEST_F(UnitFaults, LookingAt128BoardsCostsLittle) {
  const SimulatedUnit unit(worker, "http", "gude24");
  const auto model = impatient("gude24", "");
  std::vector<std::unique_ptr<drivers::Device>> devices;
  for (int n = 1; n <= 8; ++n) devices.push_back(make(gude(unit, n, model), "b" + std::to_string(n)));
  std::vector<PowerState> seen(8, PowerState::unknown);
  TaskScope scope(worker.io.get_executor(), "boards");
  const auto before = std::clock();
  for (int units = 0; units < 16; ++units) {
    for (std::size_t n = 0; n < 8; ++n) scope.spawn("board", Read::one(devices[n]->power(), &seen[n]));
    ASSERT_TRUE(worker.run_until([&] { return scope.running() == 0; }));
  }
  const auto cost_ms = 1000.0 * static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  RecordProperty("cpu_ms", std::to_string(cost_ms));
  EXPECT_LT(cost_ms, 200.0);
  EXPECT_EQ(seen[7], PowerState::off);
}

TEST_F(UnitFaults, AnOutletBelongsToOneBoardUnlessBothShare) {
  const SimulatedUnit unit(worker, "http", "gude24");
  auto first = make(gude(unit, 2, "gude24"), "b1");
  const auto refused = try_make(gude(unit, 2, "gude24"), "b2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().blame, Blame::configuration);
  EXPECT_TRUE(refused.error().text.contains("outlet 2") && refused.error().text.contains("board b1"))
      << refused.error().text;
  EXPECT_FALSE(try_make(gude(unit, 2, "gude24", ", shared: yes"), "b2")) << "b1 does not share";
  first.reset();
  EXPECT_TRUE(try_make(gude(unit, 2, "gude24"), "b2")) << "the outlet is free again";
}

TEST_F(UnitFaults, ASharedOutletGoesOffWithTheLastOfItsBoards) {
  const SimulatedUnit unit(worker, "http", "gude24");
  const auto one = make(gude(unit, 2, "gude24", ", shared: yes"), "b1");
  auto two = make(gude(unit, 2, "gude24", ", shared: yes"), "b2");
  ASSERT_TRUE(set(*one, true));
  ASSERT_TRUE(set(*two, true));
  ASSERT_TRUE(set(*one, false));
  EXPECT_EQ(unit.relay(2), "on") << "b2 needs it";
  EXPECT_EQ(*state(*one), PowerState::unknown);
  EXPECT_EQ(*state(*two), PowerState::on);
  ASSERT_TRUE(set(*two, false));
  EXPECT_EQ(unit.relay(2), "off");
  EXPECT_EQ(*state(*one), PowerState::off);
  ASSERT_TRUE(set(*two, true));
  two.reset();  // b2 is taken out of the lab: it wants nothing any more
  ASSERT_TRUE(set(*one, false));
  EXPECT_EQ(unit.relay(2), "off");
}

TEST_F(UnitFaults, ACanceledReaderDoesNotTakeTheOthersWithIt) {
  const SimulatedUnit unit(worker, "http", "gude24");
  const auto model = impatient("gude24", "gap_ms: 300\n");
  const auto one = make(gude(unit, 1, model), "b1");
  const auto two = make(gude(unit, 2, model), "b2");
  ASSERT_TRUE(state(*one));  // the gap begins
  std::optional<Result<PowerState>> first, second;
  TaskScope scope(worker.io.get_executor(), "boards");
  const auto leader = scope.spawn("one", keep_result(one->power()->state(Deadline::after(5s)), &first));
  scope.spawn("two", keep_result(two->power()->state(Deadline::after(5s)), &second));
  worker.io.restart();
  worker.io.poll();  // both wait now
  scope.cancel(leader);
  ASSERT_TRUE(worker.run_until([&] { return scope.running() == 0; }));
  ASSERT_TRUE(second);
  ASSERT_TRUE(*second) << second->error().text;
  EXPECT_EQ(**second, PowerState::off);
}

}  // namespace
}  // namespace hilltop::tests
