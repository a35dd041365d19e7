// SPDX-License-Identifier: Apache-2.0
// The shipped board types with U-Boot, as they are: each comes to its prompt by what its file says of its loader.
#include <gtest/gtest.h>

#include "boards/board_session.hpp"
#include "boards/console/expect.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::boards {
namespace {

const std::filesystem::path source = HILLTOP_SOURCE_DIR;

Deadline soon() { return Deadline::after(std::chrono::seconds(25)); }

/// Waits for one pattern.
Task<Match> seen(std::shared_ptr<Expect> expect, std::string pattern) {
  HILLTOP_CO_TRY(auto patterns, PatternSet::compile({std::move(pattern)}));
  co_return co_await expect->expect(std::move(patterns), soon());
}

class LoaderPrompt : public testing::TestWithParam<const char*> {};

TEST_P(LoaderPrompt, IsReachedAndAnswers) {
  Diagnostics diagnostics;
  const auto types = BoardTypes::load(source / "boards/types", source / "boards/rules", diagnostics);
  ASSERT_EQ(diagnostics.to_string(), "");
  const auto* type = types.find(GetParam());
  ASSERT_NE(type, nullptr);
  const tests::TemporaryDir dir;
  tests::Worker worker;
  ConsoleEngine::Options options;
  options.dir = dir.path() / "consoles";
  auto engine = ConsoleEngine::open(options);
  ASSERT_TRUE(engine) << engine.error().text;
  BoardConfig config;
  config.name = "board-01";
  config.type = type->name;
  config.addresses = type->drivers;
  auto opened = worker.run(BoardSession::open(Env{worker.io.get_executor(), dir.path() / "state"}, std::move(config),
                                              std::make_shared<const BoardType>(*type), types.rules(type->rule_packs),
                                              drivers::all_drivers, **engine, soon()));
  ASSERT_TRUE(opened) << opened.error().text;
  const auto board = *opened;
  const auto on = worker.run(board->power(drivers::PowerState::on, soon()));
  EXPECT_TRUE(on) << on.error().text;
  const auto& loader = type->loaders.at("u-boot");
  const auto expect = std::make_shared<Expect>(board->console(), 0);
  const auto& type_in = [&](const std::string& text) {
    return worker.run(board->console()->write(text, type->typing, soon())).has_value();
  };
  EXPECT_TRUE(worker.run(seen(expect, type->boot_stages.front().begins)));
  EXPECT_TRUE(worker.run(seen(expect, loader.interrupt_prompt)));
  EXPECT_TRUE(type_in(loader.interrupt_text));
  const auto prompt = worker.run(seen(expect, loader.prompt));
  EXPECT_TRUE(prompt) << prompt.error().text;
  EXPECT_TRUE(type_in("printenv kernel_addr_r ramdisk_addr_r" + type->newline));
  for (const auto* name : {"kernel", "ramdisk"}) {
    const auto answer = worker.run(seen(expect, std::string(name) + "_addr_r=" + loader.addresses.at(name)));
    EXPECT_TRUE(answer) << name << ": " << answer.error().text;
  }
  EXPECT_TRUE(worker.run(board->close(soon())));
}

INSTANTIATE_TEST_SUITE_P(OfEachTypeWithUBoot, LoaderPrompt,
                         testing::Values("qemu-arm64-uboot", "qemu-armv7-uboot", "qemu-riscv64-uboot"));

}  // namespace
}  // namespace hilltop::boards
