// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/qmp.hpp"

#include <gtest/gtest.h>

namespace hilltop::drivers {
namespace {

// As QEMU 7.2.22 says it.
const std::string stream =
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}}, \"capabilities\": [\"oob\"]}}\r\n"
    "{\"return\": {}, \"id\": 1}\r\n"
    "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"RESET\", \"data\": {\"guest\": false, "
    "\"reason\": "
    "\"host-qmp-system-reset\"}}\r\n"
    "{\"id\": 2, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command nonsense has not been "
    "found\"}}\r\n";

TEST(QmpReader, ReadsEachKindOfMessageAtAnyChunkSize) {
  for (std::size_t chunk = 1; chunk <= stream.size(); ++chunk) {
    QmpReader reader;
    std::vector<QmpMessage> all;
    for (std::size_t at = 0; at < stream.size(); at += chunk) {
      auto messages = reader.feed(std::string_view(stream).substr(at, chunk));
      ASSERT_TRUE(messages) << messages.error().text;
      for (auto& message : *messages) all.push_back(std::move(message));
    }
    ASSERT_EQ(all.size(), 4u) << "chunks of " << chunk;
    EXPECT_EQ(all[0].kind, QmpMessage::Kind::greeting);
    EXPECT_EQ(all[1].kind, QmpMessage::Kind::reply);
    EXPECT_EQ(all[1].id, 1u);
    EXPECT_EQ(all[2].kind, QmpMessage::Kind::event);
    EXPECT_EQ(all[2].name, "RESET");
    EXPECT_EQ(all[2].data["reason"], "host-qmp-system-reset");
    EXPECT_EQ(all[3].kind, QmpMessage::Kind::error);
    EXPECT_EQ(all[3].id, 2u);
    EXPECT_EQ(all[3].text, "The command nonsense has not been found");
  }
}

TEST(QmpReader, RefusesWhatIsNoMessage) {
  for (const auto* line : {"hello\n", "[1]\n", "{\"a\": 1}\n", "{\"return\": \n"}) {
    QmpReader reader;
    const auto messages = reader.feed(line);
    ASSERT_FALSE(messages) << line;
    EXPECT_EQ(messages.error().code, Errc::protocol);
  }
  QmpReader reader;
  EXPECT_FALSE(reader.feed(std::string((1 << 20) + 1, ' ')));
}

TEST(QmpCommand, IsOneLineOfJson) {
  EXPECT_EQ(qmp_command("stop", nullptr, 7), "{\"execute\":\"stop\",\"id\":7}\n");
  const auto with = nlohmann::json::parse(qmp_command("memsave", {{"val", 0}, {"filename", "a\nb"}}, 8));
  EXPECT_EQ(with["arguments"]["filename"], "a\nb");
}

}  // namespace
}  // namespace hilltop::drivers
