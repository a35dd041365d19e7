// SPDX-License-Identifier: Apache-2.0
// A session's card, its way into recovery, and what a flasher needs before it can work.
#include <gmock/gmock.h>

#include "boards/board_session.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::boards {
namespace {

using drivers::PowerState;
using ::testing::ElementsAre;

/// What the devices of this test were told, in order.
std::vector<std::string>& calls() {
  static std::vector<std::string> list;
  return list;
}

/// A device that can do everything, and writes down what it is told.
class NotingDevice final : public drivers::Device, drivers::PowerPort, drivers::Flasher, drivers::StorageMux {
 public:
  explicit NotingDevice(std::string name) : name_(std::move(name)) {}
  drivers::PowerPort* power() override { return this; }
  drivers::Flasher* flasher() override { return this; }
  drivers::StorageMux* storage_mux() override { return this; }
  Task<> shut_down(Deadline) override { return note(""); }

 private:
  Task<> set(PowerState wanted, Deadline) override {
    state_ = wanted;
    return note(name_ + (wanted == PowerState::on ? " on" : " off"));
  }
  Task<PowerState> state(Deadline) override { return tell(state_); }
  Task<> flash(std::vector<drivers::FlashImage>, drivers::FlashProgress, Deadline) override {
    return note(name_ + " flash");
  }
  Task<> set(drivers::MuxSide side, Deadline) override { return note(name_ + " " + std::string(to_string(side))); }
  Task<drivers::MuxSide> side(Deadline) override { return tell(drivers::MuxSide::unknown); }
  Task<std::filesystem::path> block_device(Deadline) override { return tell(std::filesystem::path("/dev/null")); }
  Task<> write(drivers::StorageImage image, drivers::StorageProgress, Deadline) override {
    return note(name_ + " write " + image.path.string());
  }
  static Task<> note(std::string what) {
    if (!what.empty()) calls().push_back(std::move(what));
    co_return ok();
  }
  template <class T>
  static Task<T> tell(T value) {
    co_return value;
  }
  std::string name_;
  PowerState state_ = PowerState::off;
};

Result<std::unique_ptr<drivers::Device>> make_noting(const Env&, const Node& address) {
  return std::unique_ptr<drivers::Device>(std::make_unique<NotingDevice>(address["name"].text()));
}

constexpr drivers::DriverInfo noting{.name = "noting",
                                     .offers = "power, flash, storage",
                                     .summary = "notes what it is told",
                                     .source = "this test",
                                     .verified = drivers::Verified::unproven,
                                     .check = [](const Node&, Diagnostics&) {},
                                     .make = make_noting};
constexpr const drivers::DriverInfo* only_noting[] = {&noting};

class BoardStorage : public ::testing::Test {
 protected:
  void SetUp() override {
    calls().clear();
    ConsoleEngine::Options options;
    options.dir = dir.path() / "consoles";
    engine = ConsoleEngine::open(options).value();
    type.name = "test-type";
    type.consoles = {};
    type.flash.supported = true;
    type.flash.source = "this test";
  }
  void TearDown() override {
    if (session) EXPECT_TRUE(worker.run(session->close(soon())));
  }
  void open(std::string_view addresses) {
    BoardConfig config;
    config.name = "board-01";
    config.type = type.name;
    config.addresses = tests::yaml(addresses);
    const Env env{worker.io.get_executor(), dir.path() / "state"};
    auto opened = worker.run(BoardSession::open(env, std::move(config), std::make_shared<const BoardType>(type),
                                                RuleSet(), only_noting, *engine, soon()));
    ASSERT_TRUE(opened) << opened.error().text;
    session = *std::move(opened);
  }
  static Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

  tests::TemporaryDir dir;
  tests::Worker worker;
  std::unique_ptr<ConsoleEngine> engine;
  BoardType type;
  std::shared_ptr<BoardSession> session;
};

TEST_F(BoardStorage, TheCardIsWrittenThroughItsMux) {
  open("{storage: {driver: noting, name: mux}}");
  ASSERT_TRUE(worker.run(session->write_storage({"card.img"}, {}, soon())));
  EXPECT_THAT(calls(), ElementsAre("mux write card.img"));
}

TEST_F(BoardStorage, WithoutTheirRolesBothAreUnsupported) {
  open("{power: {driver: noting, name: pdu}}");
  const auto written = worker.run(session->write_storage({"card.img"}, {}, soon()));
  EXPECT_EQ(written.error().code, Errc::unsupported);
  EXPECT_TRUE(written.error().text.contains("'storage'")) << written.error().text;
  const auto set = worker.run(session->recovery(true, soon()));
  EXPECT_EQ(set.error().code, Errc::unsupported);
  EXPECT_TRUE(set.error().text.contains("'recovery'")) << set.error().text;
}

TEST_F(BoardStorage, TheNextUserGetsNoBoardInRecoveryMode) {
  open("{power: {driver: noting, name: pdu}, recovery: {driver: noting, name: button}}");
  ASSERT_TRUE(worker.run(session->recovery(true, soon())));
  ASSERT_TRUE(worker.run(session->power(PowerState::on, soon())));
  ASSERT_TRUE(worker.run(session->clean(soon())));
  EXPECT_THAT(calls(), ElementsAre("button on", "pdu on", "pdu off", "button off"));
  calls().clear();
  ASSERT_TRUE(worker.run(session->clean(soon())));
  EXPECT_THAT(calls(), ElementsAre("pdu off"));
}

TEST_F(BoardStorage, ABoardThatIsOffIsPoweredForItsFlasher) {
  open("{power: {driver: noting, name: pdu}, flash: {driver: noting, name: tool}}");
  ASSERT_TRUE(worker.run(session->power(PowerState::off, soon())));
  calls().clear();
  const auto flashed = worker.run(session->flash({}, {}, soon()));
  ASSERT_TRUE(flashed) << flashed.error().text;
  EXPECT_THAT(calls(), ElementsAre("pdu on", "tool flash"));
  EXPECT_EQ(session->last_power_state(), PowerState::on);
}

}  // namespace
}  // namespace hilltop::boards
