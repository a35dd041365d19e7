// SPDX-License-Identifier: Apache-2.0
// A line that goes and comes back, from the driver to the transcript.
#include "boards/line_keeper.hpp"

#include <algorithm>

#include "boards/console/transcript.hpp"
#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/boards/console/console_fixture.hpp"
#include "tests/drivers/program.hpp"
#include "tests/drivers/pty.hpp"

namespace hilltop::boards {
namespace {

struct KeptLine : testing::Test {
  void SetUp() override { engine = ConsoleEngine::open(options_in(folder.path())).value(); }
  void TearDown() override {
    if (keeper) keeper->stop();
    if (task) scope->cancel(*task);
    worker.run_until([&] { return !scope || scope->running() == 0; });
  }
  void open(drivers::ByteStream& stream) {
    keeper = std::make_shared<LineKeeper>(worker.io.get_executor(), *engine, "b", "main", stream);
    const auto opened = worker.run(LineKeeper::open(keeper, Deadline::after(patience)));
    ASSERT_TRUE(opened) << opened.error().text;
    scope.emplace(worker.io.get_executor(), "keeper");
    task = scope->spawn("keep", LineKeeper::keep(keeper));
  }
  drivers::ByteStream& line_at(const std::string& address) {
    const auto node = tests::yaml(address);
    const auto* driver = drivers::find_driver(drivers::all_drivers, node["driver"].text());
    device = driver->make(Env{worker.io.get_executor(), {}}, node).value();
    return *device->console("main");
  }
  std::vector<ConsoleRecord> records_at_end() {
    keeper->stop();
    engine.reset();
    return Transcript::open(folder.path(), Transcript::Mode::read_only).value()->events({"b", "main"}).value();
  }
  static std::size_t count(const std::vector<ConsoleRecord>& all, RecordKind kind) {
    return static_cast<std::size_t>(std::ranges::count(all, kind, &ConsoleRecord::kind));
  }
  TemporaryFolder folder;
  tests::Worker worker;
  std::unique_ptr<drivers::Device> device;
  std::unique_ptr<ConsoleEngine> engine;
  std::shared_ptr<LineKeeper> keeper;
  std::optional<TaskScope> scope;
  std::optional<std::uint64_t> task;
};

TEST_F(KeptLine, a_server_that_hangs_up_a_hundred_times_costs_no_byte) {
  const tests::Listener server;
  open(line_at("{driver: tcp, host: 127.0.0.1, port: " + std::to_string(server.port) + "}"));
  std::string said;
  for (std::uint64_t i = 0; i <= 100; ++i) {
    const FileHandle line(server.accept(worker));
    const auto words = noise(1 + static_cast<std::size_t>(i) * 137 % 9000, i);
    ASSERT_TRUE(write_all(line.get(), words));
    said += words;
  }
  EXPECT_TRUE(worker.run_until([&] { return keeper->console()->end() == said.size(); }));
  EXPECT_EQ(worker.run(read_all(keeper->console(), 0, said.size())).value(), said);
  const auto records = records_at_end();
  EXPECT_GE(count(records, RecordKind::ended), 100U);
  EXPECT_GE(count(records, RecordKind::gap), 100U);
}

TEST_F(KeptLine, what_is_typed_while_it_is_gone_is_typed_when_it_is_back) {
  tests::TemporaryDir dir;
  const auto link = dir.path() / "port";
  auto board = std::make_unique<tests::Pty>();
  std::filesystem::create_symlink(board->path, link);
  open(line_at("{driver: tty, path: " + link.string() + ", baud: 57600}"));
  ASSERT_EQ(::write(board->controller, "login: ", 7), 7);
  EXPECT_EQ(worker.run(read_all(keeper->console(), 0, 7)).value(), "login: ");
  std::filesystem::remove(link);
  board.reset();
  const auto ended = [&] {
    return count(run(worker.io, keeper->console()->records(0, 100)).value(), RecordKind::ended) == 1;
  };
  ASSERT_TRUE(worker.run_until(ended));
  std::optional<Result<>> typed;
  const auto id = scope->spawn(
      "type", tests::keep_result<void>(keeper->console()->write("root\n", {}, Deadline::after(patience)), &typed));
  (void)id;
  worker.run_until([] { return false; }, std::chrono::seconds(0));
  board = std::make_unique<tests::Pty>();
  std::filesystem::create_symlink(board->path, link);
  EXPECT_EQ(worker.read_until(board->controller, "\n"), "root\n");
  EXPECT_TRUE(worker.run_until([&] { return typed.has_value(); }));
  EXPECT_EQ(board->speed(), static_cast<speed_t>(B57600)) << "the line is driven as before";
  ASSERT_EQ(::write(board->controller, "# ", 2), 2);
  EXPECT_EQ(worker.run(read_all(keeper->console(), 7, 9)).value(), "# ");
  EXPECT_EQ(count(records_at_end(), RecordKind::gap), 1U);
}

/// A line that counts what it is told to.
class CountingStream final : public drivers::ByteStream {
 public:
  Task<int> open(Deadline) override { return give(line.host.get()); }
  void close() override {}
  [[nodiscard]] bool counts_errors() const override { return true; }
  drivers::LineErrors take_errors() override { return std::exchange(errors, {}); }
  Line line;
  drivers::LineErrors errors;

 private:
  static Task<int> give(int fd) { co_return fd; }
};

TEST_F(KeptLine, what_the_port_counts_is_in_the_transcript) {
  CountingStream stream;
  open(stream);
  stream.errors.overruns = 3;
  stream.errors.parity = 1;
  EXPECT_TRUE(worker.run_until([&] { return !stream.errors.any(); }));
  const auto records = records_at_end();
  const auto overrun = std::ranges::find(records, RecordKind::overrun, &ConsoleRecord::kind);
  ASSERT_NE(overrun, records.end());
  EXPECT_EQ(overrun->count, 3U);
  EXPECT_EQ(count(records, RecordKind::parity), 1U);
  EXPECT_EQ(count(records, RecordKind::framing), 0U);
}

}  // namespace
}  // namespace hilltop::boards
