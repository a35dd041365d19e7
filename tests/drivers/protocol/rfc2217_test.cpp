// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/rfc2217.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace hilltop::drivers::rfc2217 {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using std::string_view_literals::operator""sv;

std::string receive(LineCodec& codec, std::string bytes) {
  bytes.resize(codec.receive(bytes));
  return bytes;
}

/// Carries what the two have to say until both are silent.
void exchange(LineCodec& a, LineCodec& b) {
  for (int i = 0; i < 10; ++i) {
    receive(b, a.take_output());
    receive(a, b.take_output());
  }
}

std::vector<Notice> of_kind(const std::vector<Notice>& all, Notice::Kind kind) {
  std::vector<Notice> out;
  std::ranges::copy_if(all, std::back_inserter(out), [&](const auto& n) { return n.kind == kind; });
  return out;
}

LineSettings odd_settings() {
  LineSettings out;
  out.baud = 0x00FF00FF;  // IAC in its bytes
  out.data_bits = 7;
  out.parity = Parity::even;
  out.stop_bits = StopBits::two;
  out.flow = Flow::hardware;
  out.dtr = true;
  out.rts = false;
  return out;
}

TEST(Rfc2217, AClientSetsTheLineOnceTheServerAgrees) {
  Client client(odd_settings());
  Server server("test");
  EXPECT_FALSE(client.ready());
  exchange(client, server);
  EXPECT_TRUE(client.ready());
  EXPECT_TRUE(server.ready());
  EXPECT_THAT(server.take_demands(),
              ElementsAre(Demand{set_baudrate, 0x00FF00FF}, Demand{set_datasize, 7}, Demand{set_parity, 3},
                          Demand{set_stopsize, 2}, Demand{set_control, flow_hardware}, Demand{set_control, dtr_on},
                          Demand{set_control, rts_off}));
  EXPECT_EQ(client.unanswered(), 7U);
}

TEST(Rfc2217, AnAnswerThatDiffersIsARefusal) {
  Client client(odd_settings());
  Server server("test");
  exchange(client, server);
  for (const auto& demand : server.take_demands())
    server.answer(demand.code, demand.code == set_baudrate ? 9600 : demand.value);
  exchange(client, server);
  const auto notices = client.take_notices();
  EXPECT_EQ(notices.front().kind, Notice::Kind::ready);
  EXPECT_THAT(of_kind(notices, Notice::Kind::refused),
              ElementsAre(Notice{.kind = Notice::Kind::refused, .code = set_baudrate, .value = 9600}));
  EXPECT_EQ(of_kind(notices, Notice::Kind::settled).size(), 6U);
  EXPECT_EQ(client.unanswered(), 0U);
}

TEST(Rfc2217, APlainTelnetServerIsSaidToBeOne) {
  Client client(LineSettings{});
  telnet::Telnet server(telnet::Policy{});
  exchange(client, server);
  EXPECT_FALSE(client.ready());
  EXPECT_THAT(client.take_notices(), ElementsAre(Notice{.kind = Notice::Kind::unsupported}));
  EXPECT_THAT(of_kind(client.take_notices(), Notice::Kind::settled), IsEmpty());
}

// Bytes as RFC 2217 has them, written down by hand.
TEST(Rfc2217, TheServersBytesAreThoseOfTheRfc) {
  Server server("hilltop");
  server.take_output();
  receive(server, "\xff\xfb\x2c");  // WILL COM-PORT: the answer to our DO
  EXPECT_EQ(server.take_output(), "\xff\xfa\x2c\x6b\xb0\xff\xf0");
  receive(server, std::string("\xff\xfa\x2c\x01\x00\x01\xc2\x00\xff\xf0"sv));  // 115200
  EXPECT_THAT(server.take_demands(), ElementsAre(Demand{set_baudrate, 115200}));
  server.answer(set_baudrate, 115200);
  EXPECT_EQ(server.take_output(), "\xff\xfa\x2c\x65\x00\x01\xc2\x00\xff\xf0"sv);
  receive(server, std::string("\xff\xfa\x2c\x00\xff\xf0"sv));
  EXPECT_EQ(server.take_output(), "\xff\xfa\x2c\x64hilltop\xff\xf0");
  receive(server, "\xff\xfa\x2c\x0c\x03\xff\xf0");
  EXPECT_THAT(server.take_demands(), ElementsAre(Demand{purge_data, purge_both}));
}

TEST(Rfc2217, StatesAreToldAsFarAsTheyAreWanted) {
  Client client(LineSettings{});
  Server server("test");
  exchange(client, server);
  (void)client.take_notices();
  server.notify_line(overrun | data_ready);
  server.notify_line(data_ready);
  server.notify_modem(carrier);  // the client's mask is 0
  exchange(client, server);
  EXPECT_THAT(client.take_notices(), ElementsAre(Notice{.kind = Notice::Kind::line_state, .value = overrun}));
}

TEST(Rfc2217, ATelnetBreakIsABreakOfTheLine) {
  Server server("test");
  receive(server, "a\xff\xf3z");
  EXPECT_THAT(server.take_demands(), ElementsAre(Demand{set_control, break_on}, Demand{set_control, break_off}));
}

TEST(Rfc2217, AServerCanStopTheClientForAWhile) {
  Client client(LineSettings{});
  Server server("test");
  exchange(client, server);
  receive(client, "\xff\xfa\x2c\x6c\xff\xf0");
  EXPECT_TRUE(client.suspended());
  receive(client, "\xff\xfa\x2c\x6d\xff\xf0");
  EXPECT_FALSE(client.suspended());
  client.set_break(true);
  client.set_break(false);
  client.purge(purge_both);
  exchange(client, server);
  const auto demands = server.take_demands();
  EXPECT_THAT(demands, Contains(Demand{set_control, break_on}));
  EXPECT_THAT(demands, Contains(Demand{purge_data, purge_both}));
}

// As pyserial 3.5 does when our DO comes early.
TEST(Rfc2217, AClientThatSpeaksTheOptionHasAgreedToIt) {
  Server server("test");
  server.take_output();
  receive(server, "\xff\xfa\x2c\x02\x08\xff\xf0");
  EXPECT_TRUE(server.ready());
  EXPECT_THAT(server.take_demands(), ElementsAre(Demand{set_datasize, 8}));
  server.answer(set_datasize, 8);
  EXPECT_TRUE(server.take_output().ends_with("\xff\xfa\x2c\x66\x08\xff\xf0"));
}

TEST(Rfc2217, CommandsOfTheWrongSizeAreNoCommands) {
  Server server("test");
  receive(server, "\xff\xfb\x2c");
  receive(server, "\xff\xfa\x2c\x01\x01\xff\xf0\xff\xfa\x2c\xff\xf0\xff\xfa\x2c\x02\x08\x08\xff\xf0");
  EXPECT_THAT(server.take_demands(), IsEmpty());
}

}  // namespace
}  // namespace hilltop::drivers::rfc2217
