// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "drivers/core/process.hpp"
#include "drivers/protocol/byte_order.hpp"
#include "drivers/protocol/dfu_suffix.hpp"
#include "drivers/protocol/dfuse.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers::dfu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<std::string> status(std::uint8_t code, State state, std::uint8_t poll = 0) {
  std::string out;
  for (const std::uint8_t byte :
       {code, poll, std::uint8_t{0}, std::uint8_t{0}, static_cast<std::uint8_t>(state), std::uint8_t{0}})
    out += static_cast<char>(byte);
  return out;
}

TEST(DfuStatus, IsReadByTheTable) {
  const auto read = read_status(std::string("\x08\x10\x27\x00\x0a\x00", 6));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->state, State::error);
  EXPECT_EQ(read->poll_timeout, std::chrono::milliseconds(10000));
  EXPECT_THAT(read->title(), HasSubstr("errADDRESS"));
  EXPECT_FALSE(read_status("short"));
  EXPECT_FALSE(read_status(std::string("\x00\x00\x00\x00\x0b\x00", 6)));
}

TEST(DfuFunctional, IsFoundBehindOthersAndCheckedForItsLength) {
  const auto found = read_functional(std::string("\x05\x24\x00\x10\x01\x09\x21\x0b\xff\x00\x00\x08\x1a\x01", 14));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_TRUE(found->can_download && found->can_upload && found->will_detach);
  EXPECT_FALSE(found->manifestation_tolerant);
  EXPECT_EQ(found->transfer_size, 2048);
  EXPECT_TRUE(found->is_dfuse());
  EXPECT_FALSE(read_functional(std::string("\x09\x21\x0b\xff", 4)));
  EXPECT_FALSE(read_functional(std::string("\x09\x21\x0b\xff\x00\x00\x00\x1a\x01", 9)));
  EXPECT_FALSE(read_functional(""));
}

TEST(DfuSession, HonoursThePollTimeoutOfABusyDevice) {
  Function function;
  Session session(true, plan_download("firmware", function, false, 64));
  EXPECT_EQ(session.start().request, Request::get_status);
  const auto block = session.resume(status(0, State::idle));
  EXPECT_EQ(block.kind, Step::Kind::write);
  EXPECT_EQ(block.request, Request::download);
  EXPECT_EQ(block.bytes, "firmware");
  EXPECT_EQ(session.resume(std::string()).request, Request::get_status);
  const auto busy = session.resume(status(0, State::download_busy, 50));
  EXPECT_EQ(busy.kind, Step::Kind::wait);
  EXPECT_EQ(busy.pause, std::chrono::milliseconds(50));
  EXPECT_EQ(session.written(), 0u);
  EXPECT_EQ(session.resume(std::string()).request, Request::get_status);
  const auto end = session.resume(status(0, State::download_idle));
  EXPECT_EQ(session.written(), 8u);
  EXPECT_EQ(end.request, Request::download);
  EXPECT_TRUE(end.bytes.empty());
  EXPECT_EQ(session.resume(std::string()).request, Request::get_status);
  EXPECT_EQ(session.resume(status(0, State::manifest, 3)).kind, Step::Kind::wait);
  EXPECT_EQ(session.resume(std::string()).request, Request::get_status);
  EXPECT_EQ(session.resume(status(0, State::idle)).kind, Step::Kind::finished);
}

TEST(DfuSession, ADeviceThatIsNotTolerantIsAskedNothingBeforeTheReset) {
  Session session(false, {{Operation::Kind::manifest, 1, {}, 0, "the end"}});
  (void)session.start();
  (void)session.resume(status(0, State::idle));
  (void)session.resume(std::string());
  EXPECT_EQ(session.resume(status(0, State::manifest, 9)).kind, Step::Kind::wait);
  EXPECT_EQ(session.resume(std::string()).kind, Step::Kind::reset_bus);
  EXPECT_EQ(session.resume(std::string()).kind, Step::Kind::finished);
}

TEST(DfuSession, ATolerantDeviceThatLeavesIsToldAndNotReadBack) {
  Function function;
  function.can_upload = function.manifestation_tolerant = true;
  Session session(true, plan_download("firmware", function, true, 64));
  (void)session.start();
  (void)session.resume(status(0, State::idle));
  (void)session.resume(std::string());
  (void)session.resume(status(0, State::download_idle));
  (void)session.resume(std::string());
  const auto end = session.resume(Error(Errc::unavailable, Blame::infrastructure, "gone"));
  EXPECT_EQ(end.kind, Step::Kind::finished);
  EXPECT_TRUE(session.left());
}

TEST(DfuSession, ADeviceThatNeverBecomesIdleIsGivenUp) {
  Session session(true, {});
  auto step = session.start();
  int steps = 0;
  for (; step.kind != Step::Kind::failed && steps < 50; ++steps)
    step =
        session.resume(step.kind == Step::Kind::read ? status(14, State::error) : Result<std::string>(std::string()));
  EXPECT_LT(steps, 50);
  EXPECT_THAT(step.error.text, HasSubstr("dfuERROR"));
}

TEST(DfuSession, AnApplicationIsNotWrittenTo) {
  Session session(true, {});
  (void)session.start();
  EXPECT_EQ(session.resume(status(0, State::app_idle)).error.code, Errc::unavailable);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int tool(std::vector<std::string> argv) {
  tests::Worker worker;
  const auto out = worker.run(run_tool(Command(std::move(argv)), Deadline::after(20s)));
  return out ? out->status : -1;
}

TEST(DfuSuffix, IsTheOneThatDfuSuffixMakes) {
  tests::TemporaryDir dir;
  if (tool({"dfu-suffix", "--version"}) != 0) GTEST_SKIP() << "dfu-suffix is not installed";
  const auto path = dir.path() / "fw.dfu";
  std::ofstream(path, std::ios::binary) << "some firmware";
  ASSERT_EQ(tool({"dfu-suffix", "-v", "0483", "-p", "df11", "-d", "0200", "-a", path.string()}), 0);
  const auto bytes = read(path);
  EXPECT_EQ(bytes, with_suffix("some firmware", {0x0200, 0xdf11, 0x0483, 0x0100}));
  const auto suffix = read_suffix(bytes);
  ASSERT_TRUE(suffix && *suffix);
  EXPECT_TRUE((*suffix)->fits(0x0483, 0xdf11));
  EXPECT_FALSE((*suffix)->fits(0x0483, 0xdf12));
  std::ofstream(path, std::ios::binary) << with_suffix("more", {0x1, 0x2, 0x3, 0x0100});
  EXPECT_EQ(tool({"dfu-suffix", "-c", path.string()}), 0);
}

TEST(DfuSuffix, IsMissedAndFoundDamaged) {
  EXPECT_FALSE(read_suffix("short").value());
  EXPECT_FALSE(read_suffix("a file of more than sixteen bytes").value());
  auto bytes = with_suffix("firmware", {});
  bytes[0] = 'F';
  EXPECT_EQ(read_suffix(bytes).error().blame, Blame::job);
}

TEST(DfuseLayout, IsReadWithUnitsAndRights) {
  const auto layout = read_layout("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg");
  ASSERT_TRUE(layout) << layout.error().text;
  ASSERT_EQ(layout->size(), 3u);
  EXPECT_EQ((*layout)[1].start, 0x08010000u);
  EXPECT_EQ((*layout)[2].end(), 0x08100000u);
  EXPECT_TRUE((*layout)[0].readable && (*layout)[0].erasable && (*layout)[0].writable);
  const auto bytes = read_layout("@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e");
  ASSERT_TRUE(bytes) << bytes.error().text;
  EXPECT_EQ((*bytes)[1].start, 0x1ffec000u);
  EXPECT_FALSE((*bytes)[0].erasable);
  for (const char* bad :
       {"Internal Flash", "@Flash/0x0/", "@Flash/0x0/4*16Kz", "@Flash/0x0/04*016Kg;", "@Flash/0x0/0*1Kg"})
    EXPECT_FALSE(read_layout(bad)) << bad;
}

TEST(DfusePlan, BlocksHaveNumbersAndTheShortLastOneAnAddress) {
  Image image{.name = "fw", .segments = {{0x08000000, std::string(5000, 'x')}}, .entry = {}};
  const auto layout = read_layout("@Flash /0x08000000/8*1Kg").value();
  const auto plan = plan_dfuse(image, layout, {.transfer_size = 2048, .verify = false});
  ASSERT_TRUE(plan) << plan.error().text;
  std::vector<std::string> what;
  for (const auto& one : *plan) what.push_back(one.what);
  EXPECT_THAT(what,
              ElementsAre("erase 0x8000000", "erase 0x8000400", "erase 0x8000800", "erase 0x8000c00", "erase 0x8001000",
                          "set the address to 0x8000000", "2048 bytes at 0x8000000", "2048 bytes at 0x8000800",
                          "set the address to 0x8001000", "904 bytes at 0x8001000", "back to dfuIDLE"));
  EXPECT_EQ((*plan)[6].block, 2);
  EXPECT_EQ((*plan)[7].block, 3);
  EXPECT_EQ((*plan)[9].block, 2);
  EXPECT_EQ((*plan)[0].bytes, std::string("\x41\x00\x00\x00\x08", 5));
}

std::string dfuse_file() {
  std::string element;
  append_le32(element, 0x08004000);
  append_le32(element, 4);
  element += "abcd";
  std::string target = "Target";
  target += '\0';
  append_le32(target, 1);
  target += std::string(255, '\0');
  append_le32(target, static_cast<std::uint32_t>(element.size()));
  append_le32(target, 1);
  target += element;
  std::string out = "DfuSe\x01";
  append_le32(out, static_cast<std::uint32_t>(11 + target.size()));
  out += '\x01';
  return out + target;
}

TEST(DfuseFile, HasTargetsWithAddresses) {
  const auto targets = read_dfuse_file(dfuse_file(), "fw.dfu");
  ASSERT_TRUE(targets) << targets.error().text;
  ASSERT_EQ(targets->size(), 1u);
  EXPECT_EQ(targets->front().image.segments.front(), (Segment{0x08004000, "abcd"}));
  const auto whole = dfuse_file();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(read_dfuse_file(std::string_view(whole).substr(0, size), "fw.dfu")) << size;
}

}  // namespace
}  // namespace hilltop::drivers::dfu
