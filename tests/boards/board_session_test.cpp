// SPDX-License-Identifier: Apache-2.0
// A session over replayed boards, and a real micro:bit under QEMU, with the real console engine.
#include "boards/board_session.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::boards {
namespace {

using drivers::PowerState;
using drivers::ResetKind;
using tests::yaml;

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

/// Reads a console from `from` until it has said `wanted`; without it, what it said and the error that ended it.
Task<std::string> read_console(std::shared_ptr<Console> console, std::uint64_t from, std::string wanted) {
  std::string said;
  while (!said.contains(wanted)) {
    auto chunk = co_await console->read(from, 65536, soon());
    if (!chunk) co_return std::move(chunk).error().within("after '" + said + "'");
    from = chunk->offset + chunk->bytes.size();
    said += chunk->bytes;
  }
  co_return said;
}

class BoardSessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ConsoleEngine::Options options;
    options.dir = dir.path() / "consoles";
    auto opened = ConsoleEngine::open(options);
    ASSERT_TRUE(opened) << opened.error().text;
    engine = *std::move(opened);
    type.name = "test-type";
    type.flash.supported = true;
    type.flash.source = "this test";
  }
  void TearDown() override {
    if (session) EXPECT_TRUE(worker.run(session->close(soon())));
  }
  Result<> open(std::string_view addresses) {
    BoardConfig config;
    config.name = "board-01";
    config.type = type.name;
    config.addresses = yaml(addresses);
    Env env{worker.io.get_executor(), dir.path() / "state"};
    auto opened = worker.run(BoardSession::open(env, std::move(config), std::make_shared<const BoardType>(type),
                                                RuleSet(), drivers::all_drivers, *engine, soon()));
    if (!opened) return std::move(opened).error();
    session = *std::move(opened);
    return ok();
  }
  Result<> power(PowerState wanted) { return worker.run(session->power(wanted, soon())); }
  Result<std::string> read(std::uint64_t from, std::string wanted) {
    return worker.run(read_console(session->console(), from, std::move(wanted)));
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
  std::unique_ptr<ConsoleEngine> engine;
  BoardType type;
  std::shared_ptr<BoardSession> session;
};

TEST_F(BoardSessionTest, MicrobitFromPowerOnToPowerOff) {
  ASSERT_TRUE(open(R"({emulator: {driver: qemu, system: arm, machine: microbit, memories: [
      {name: flash, start: 0x0, size: 256K, kind: flash}, {name: uicr, start: 0x10001000, size: 1K, kind: absent}],
      boot_image: /usr/share/firmware-microbit-micropython/firmware.hex}})"));
  EXPECT_EQ(session->console_names(), std::vector<std::string>{"main"});
  EXPECT_EQ(session->console("none"), nullptr);
  EXPECT_EQ(session->last_power_state(), PowerState::unknown);
  const auto on = power(PowerState::on);
  ASSERT_TRUE(on) << on.error().text;
  const auto banner = read(0, ">>> ");
  ASSERT_TRUE(banner) << banner.error().text;
  EXPECT_EQ((*banner)[0], '\0');
  const auto end = session->console()->end();
  ASSERT_TRUE(worker.run(session->console()->write("print(6*7)\r", Typing{}, soon())));
  EXPECT_TRUE(read(end, "42\r\n"));
  const auto before_reset = session->console()->end();
  ASSERT_TRUE(worker.run(session->reset(ResetKind::hard, soon())));
  EXPECT_TRUE(read(before_reset, "MicroPython"));
  ASSERT_TRUE(power(PowerState::off));
  EXPECT_EQ(session->last_power_state(), PowerState::off);
  EXPECT_EQ(*worker.run(session->power_state(soon())), PowerState::off);
  const auto over = read(session->console()->end(), "anything");
  ASSERT_FALSE(over);
  EXPECT_TRUE(over.error().text.contains("no power")) << over.error().text;
}

TEST_F(BoardSessionTest, APowerCycleIsOffThePauseAndOn) {
  type.power_off_time = std::chrono::milliseconds(30);
  ASSERT_TRUE(open(R"({emulator: {driver: replay, script: [{say: "first|", boot: 1}, {say: "second|", boot: 2}]}})"));
  ASSERT_TRUE(power(PowerState::on));
  ASSERT_TRUE(read(0, "first|"));
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(worker.run(session->power_cycle(soon())));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, type.power_off_time);
  EXPECT_EQ(*read(0, "second|"), "first|second|");
}

/// What a job does: switches its board off, then waits for something else.
Task<> switch_off_and_wait(std::shared_ptr<BoardSession> session, bool* off, Result<>* waited) {
  HILLTOP_CO_CHECK(co_await session->power(PowerState::off, soon()));
  *off = true;
  *waited = co_await sleep_for(std::chrono::hours(1));
  co_return ok();
}

TEST_F(BoardSessionTest, WhoSwitchedItsBoardOffCanStillBeCanceled) {
  for (const auto* address : {R"({emulator: {driver: replay, script: [{say: "up|", boot: 1}]}})",
                              R"({emulator: {driver: qemu, system: arm, machine: microbit, memories: [
            {name: flash, start: 0x0, size: 256K, kind: flash}, {name: uicr, start: 0x10001000, size: 1K, kind: absent}],
            boot_image: /usr/share/firmware-microbit-micropython/firmware.hex}})"}) {
    ASSERT_TRUE(open(address));
    ASSERT_TRUE(power(PowerState::on));
    bool off = false;
    Result<> waited = ok();
    TaskScope scope(worker.io.get_executor(), "job");
    scope.spawn("job", switch_off_and_wait(session, &off, &waited));
    worker.io.restart();
    while (!off && worker.io.run_one() > 0) {
    }
    scope.cancel_all();
    while (scope.running() > 0 && worker.io.run_one() > 0) {
    }
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error().code, Errc::canceled);
    EXPECT_EQ(session->last_power_state(), PowerState::off);
    ASSERT_TRUE(worker.run(session->close(soon())));
    session.reset();
  }
}

TEST_F(BoardSessionTest, ReadersGetTheLastBytesBeforeTheyHearOfLostPower) {
  ASSERT_TRUE(open(R"({emulator: {driver: replay, script: [{say: "last words", after_ms: 5}, {die: brown-out}]}})"));
  std::string reason;
  session->on_power_lost([&](std::string text) { reason = std::move(text); });
  ASSERT_TRUE(power(PowerState::on));
  const auto said = read(0, "never said");
  ASSERT_FALSE(said);
  EXPECT_TRUE(said.error().text.contains("after 'last words'")) << said.error().text;
  EXPECT_TRUE(said.error().text.contains("brown-out")) << said.error().text;
  EXPECT_EQ(reason, "brown-out");
  EXPECT_EQ(session->last_power_state(), PowerState::off);
}

TEST_F(BoardSessionTest, PowerThatReadsBackWrongIsAMismatch) {
  ASSERT_TRUE(open("{emulator: {driver: replay, script: {read_back_wrong: 1, steps: []}}}"));
  const auto on = power(PowerState::on);
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::mismatch);
  EXPECT_EQ(on.error().blame, Blame::infrastructure);
  EXPECT_EQ(session->last_power_state(), PowerState::unknown);
}

TEST_F(BoardSessionTest, OperationsTakeTurns) {
  ASSERT_TRUE(open("{emulator: {driver: replay, script: []}}"));
  type.power_off_time = std::chrono::milliseconds(0);
  TaskScope scope(worker.io.get_executor(), "two");
  for (int i = 0; i < 4; ++i) scope.spawn("cycle", session->power_cycle(soon()));
  ASSERT_TRUE(worker.run_until([&] { return scope.running() == 0; }));
  EXPECT_EQ(session->last_power_state(), PowerState::on);
}

TEST_F(BoardSessionTest, AnOperationThatCannotHaveItsTurnIsBusy) {
  type.power_off_time = std::chrono::seconds(5);
  ASSERT_TRUE(open("{emulator: {driver: replay, script: []}}"));
  TaskScope scope(worker.io.get_executor(), "cycle");
  scope.spawn("cycle", session->power_cycle(soon()));
  const auto late = worker.run(session->power(PowerState::on, Deadline::after(std::chrono::milliseconds(20))));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::busy);
  scope.cancel_all();
  ASSERT_TRUE(worker.run_until([&] { return scope.running() == 0; }));
}

TEST_F(BoardSessionTest, FlashingNeedsFactsWithASource) {
  const auto try_flash = [this] {
    std::ofstream(dir.path() / "x.bin") << "x";
    drivers::FlashImage image;
    image.path = dir.path() / "x.bin";
    return worker.run(session->flash({image}, {}, soon()));
  };
  ASSERT_TRUE(open("{emulator: {driver: replay, script: []}}"));
  EXPECT_TRUE(try_flash());
  ASSERT_TRUE(worker.run(session->close(soon())));
  type.flash.source.clear();
  ASSERT_TRUE(open("{emulator: {driver: replay, script: []}}"));
  const auto refused = try_flash();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unsupported);
  EXPECT_EQ(refused.error().blame, Blame::configuration);
  EXPECT_TRUE(refused.error().text.contains("no source")) << refused.error().text;
}

TEST_F(BoardSessionTest, RolesStandBeforeTheEmulatorAndAHardResetWithoutAProbeIsAPowerCycle) {
  const auto outlet = (dir.path() / "outlet").string();
  std::ofstream(dir.path() / "on") << "ON";
  std::ofstream(dir.path() / "off") << "OFF";
  std::ofstream(outlet) << "OFF";
  const auto in = [this](const char* name) { return (dir.path() / name).string(); };
  type.consoles.clear();
  ASSERT_TRUE(open("{power: {driver: command-power, power_on: [cp, " + in("on") + ", " + outlet +
                   "], power_off: [cp, " + in("off") + ", " + outlet + "], status: [cat, " + outlet +
                   "], on_text: 'ON', off_text: 'OFF'}}"));
  EXPECT_EQ(session->console(), nullptr);
  ASSERT_TRUE(power(PowerState::on));
  EXPECT_EQ(*worker.run(session->power_state(soon())), PowerState::on);
  EXPECT_TRUE(worker.run(session->reset(ResetKind::hard, soon())));
  const auto soft = worker.run(session->reset(ResetKind::soft, soon()));
  ASSERT_FALSE(soft);
  EXPECT_EQ(soft.error().code, Errc::unsupported);
  ASSERT_TRUE(worker.run(session->clean(soon())));
  std::string now;
  std::ifstream(outlet) >> now;
  EXPECT_EQ(now, "OFF");
  const auto unpowered = worker.run(session->reset(ResetKind::hard, soon()));
  ASSERT_FALSE(unpowered);
  EXPECT_EQ(unpowered.error().code, Errc::unavailable);
}

TEST_F(BoardSessionTest, WrongAddressesAreTheConfigurationsFault) {
  for (const auto* addresses : {"{emulator: {driver: no-such}}", "{emulator: {driver: replay}}",
                                "{emulator: {driver: replay, script: [], x: 1}}",
                                "{lamp: {driver: replay, script: []}}", "{emulator: {}}", "{}"}) {
    const auto opened = open(addresses);
    ASSERT_FALSE(opened) << addresses;
    EXPECT_EQ(opened.error().blame, Blame::configuration) << opened.error().text;
    EXPECT_TRUE(opened.error().text.starts_with("board board-01: ")) << opened.error().text;
  }
}

/// The processor time that this process's only child has used.
long child_ticks() {
  std::ifstream children("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  int pid = 0;
  children >> pid;
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return user + system;
}

TEST_F(BoardSessionTest, ABoardThatWaitsAtItsLoadersPromptRestsUntilItIsTypedTo) {
  type.loaders["u-boot"].prompt = "=> ";
  type.rest_after = std::chrono::milliseconds(10);
  ASSERT_TRUE(open(R"({emulator: {driver: qemu, system: aarch64, machine: virt, cpu: cortex-a57, memory: 256M,
      bios: /usr/lib/u-boot/qemu_arm64/u-boot.bin}})"));
  ASSERT_TRUE(power(PowerState::on));
  ASSERT_TRUE(read(0, "Hit any key to stop autoboot"));
  ASSERT_TRUE(worker.run(session->console()->write(" ", Typing{}, soon())));
  ASSERT_TRUE(read(0, "=> "));
  // At rest it uses next to nothing of a whole second; a board at its prompt that does not rest never does.
  const auto rests = [] {
    static auto since = std::chrono::steady_clock::now();
    static auto before = child_ticks();
    if (std::chrono::steady_clock::now() - since < std::chrono::seconds(1)) return false;
    since = std::chrono::steady_clock::now();
    return child_ticks() - std::exchange(before, child_ticks()) <= 3;
  };
  EXPECT_TRUE(worker.run_until(rests));
  const auto end = session->console()->end();
  ASSERT_TRUE(worker.run(session->console()->write("setenv x ken; echo wo${x}\r", Typing{}, soon())));
  const auto answer = read(end, "\nwoken\r\n=> ");
  EXPECT_TRUE(answer) << answer.error().text;
  const auto before_reset = session->console()->end();
  EXPECT_TRUE(worker.run_until(rests)) << "it rests again";
  ASSERT_TRUE(worker.run(session->reset(ResetKind::hard, soon()))) << "a reset wakes it";
  EXPECT_TRUE(read(before_reset, "Hit any key to stop autoboot"));
  ASSERT_TRUE(power(PowerState::off));
}

}  // namespace
}  // namespace hilltop::boards
