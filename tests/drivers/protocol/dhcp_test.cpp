// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/dhcp.hpp"

#include <gtest/gtest.h>

#include "drivers/protocol/dhcp_responder.hpp"

namespace hilltop::drivers::dhcp {
namespace {

using namespace std::string_literals;

const MacAddress board = *MacAddress::from("52:54:00:aa:00:01");
const Ipv4Address server = *Ipv4Address::from("192.0.2.1");
const Ipv4Address given = *Ipv4Address::from("192.0.2.7");

/// A DISCOVER, byte by byte: what a boot ROM sends (RFC 4578), made independently of write_message.
std::string discover_bytes() {
  std::string out = "\1\1\6\0\x12\x34\x56\x78\0\4\x80\0"s + std::string(16, '\0') + "\x52\x54\0\xaa\0\1"s;
  out += std::string(10 + 64 + 128, '\0');
  out += "\x63\x82\x53\x63"s;
  out +=
      "\x35\1\1"s + "\x3c\x20PXEClient:Arch:00011:UNDI:003016"s + "\x5d\2\0\x0b"s + "\0\0"s + "\x37\4\1\3\x42\x43\xff"s;
  return out;
}

Responder responder() {
  Responder out(server);
  Reservation reservation;
  reservation.address = given;
  reservation.router = *Ipv4Address::from("192.0.2.254");
  reservation.host_name = "arm64-01";
  reservation.boot_file = "12/pxelinux.0";
  reservation.boot_file_by_architecture[11] = "12/grubaa64.efi";
  out.set(board, reservation);
  return out;
}

Message message(Kind kind) {
  Message out;
  out.transaction = 99;
  out.hardware = board;
  if (kind != Kind::none) out.options[opt_kind] = std::string(1, static_cast<char>(kind));
  return out;
}

TEST(DhcpMessage, reads_what_a_boot_rom_sends) {
  const auto read = read_message(discover_bytes());
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->kind(), Kind::discover);
  EXPECT_EQ(read->transaction, 0x12345678u);
  EXPECT_EQ(read->seconds, 4);
  EXPECT_EQ(read->flags, flag_broadcast);
  EXPECT_EQ(read->hardware, board);
  EXPECT_EQ(read->architecture(), 11);
}

TEST(DhcpMessage, what_is_written_is_read_and_long_options_are_split) {
  auto out = message(Kind::offer);
  out.reply = true;
  out.yours = given;
  out.next_server = server;
  out.boot_file = "Image";
  out.options[opt_boot_file] = std::string(600, 'x');
  const auto bytes = write_message(out);
  EXPECT_GE(bytes.size(), 300u);
  EXPECT_EQ(bytes.substr(236, 7), "\x63\x82\x53\x63\x35\1\2"s);
  const auto read = read_message(bytes);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->options, out.options);
  EXPECT_EQ(read->yours, given);
  EXPECT_EQ(read->next_server, server);
  EXPECT_EQ(read->boot_file, "Image");
}

TEST(DhcpMessage, options_go_on_in_the_file_and_name_fields) {
  auto bytes = discover_bytes();
  bytes.pop_back();
  bytes += "\x34\1\3\xff"s;                                           // both fields hold options
  bytes.replace(108, 9, "\x0c\6board1\xff"s);                         // file
  bytes.replace(44, 5, "\x32\4\xc0\0\2"s).replace(49, 2, "\7\xff"s);  // sname: requested address
  const auto read = read_message(bytes);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->options.at(opt_host_name), "board1");
  EXPECT_EQ(read->address(opt_requested_address), given);
  EXPECT_EQ(read->boot_file, "");
}

TEST(DhcpMessage, odd_messages_are_refused) {
  EXPECT_FALSE(read_message(""));
  EXPECT_FALSE(read_message(std::string(235, '\1')));
  EXPECT_FALSE(read_message(std::string(300, '\0')));
  auto cut = discover_bytes();
  cut.resize(242);  // in the middle of option 53
  EXPECT_TRUE(read_message(discover_bytes().substr(0, 240)));
  EXPECT_FALSE(read_message(cut)) << "the value is missing";
  cut.pop_back();
  EXPECT_FALSE(read_message(cut)) << "the length is missing";
}

TEST(DhcpResponder, offers_and_acknowledges_what_the_board_has) {
  const auto dhcp = responder();
  const auto offer = dhcp.answer(*read_message(discover_bytes()));
  ASSERT_TRUE(offer);
  EXPECT_TRUE(offer->broadcast);
  EXPECT_EQ(offer->message.kind(), Kind::offer);
  EXPECT_EQ(offer->message.transaction, 0x12345678u);
  EXPECT_EQ(offer->message.yours, given);
  EXPECT_EQ(offer->message.next_server, server);
  EXPECT_EQ(offer->message.boot_file, "12/grubaa64.efi") << "by its architecture";
  EXPECT_EQ(offer->message.options.at(opt_boot_file), "12/grubaa64.efi");
  EXPECT_EQ(offer->message.options.at(opt_server_name), "192.0.2.1");
  EXPECT_EQ(offer->message.address(opt_tftp_servers), server);
  EXPECT_EQ(offer->message.options.at(opt_vendor_class), "PXEClient");
  EXPECT_EQ(offer->message.address(opt_subnet_mask), *Ipv4Address::from("255.255.255.0"));
  EXPECT_EQ(offer->message.address(opt_router), *Ipv4Address::from("192.0.2.254"));

  auto request = message(Kind::request);
  request.set(opt_requested_address, given);
  request.set(opt_server_id, server);
  const auto ack = dhcp.answer(request);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->message.kind(), Kind::ack);
  EXPECT_EQ(ack->message.boot_file, "12/pxelinux.0");
  EXPECT_FALSE(ack->message.options.contains(opt_vendor_class));
}

TEST(DhcpResponder, strangers_get_no_answer_of_any_kind) {
  const auto dhcp = responder();
  for (const auto kind : {Kind::none, Kind::discover, Kind::request, Kind::inform}) {
    auto stranger = message(kind);
    stranger.hardware = *MacAddress::from("52:54:00:aa:00:02");
    EXPECT_FALSE(dhcp.answer(stranger));
  }
  auto erased = responder();
  erased.erase(board);
  EXPECT_FALSE(erased.answer(message(Kind::discover)));
}

TEST(DhcpResponder, another_address_is_refused_and_another_server_left_alone) {
  const auto dhcp = responder();
  auto request = message(Kind::request);
  request.set(opt_requested_address, *Ipv4Address::from("192.0.2.9"));
  const auto nak = dhcp.answer(request);
  ASSERT_TRUE(nak);
  EXPECT_EQ(nak->message.kind(), Kind::nak);
  EXPECT_TRUE(nak->message.yours.is_any());
  request.set(opt_server_id, *Ipv4Address::from("192.0.2.2"));
  EXPECT_FALSE(dhcp.answer(request));
  EXPECT_FALSE(dhcp.answer(message(Kind::release)));
  EXPECT_FALSE(dhcp.answer(message(Kind::ack)));
}

TEST(DhcpResponder, bootp_renewals_information_and_relays) {
  const auto dhcp = responder();
  const auto bootp = dhcp.answer(message(Kind::none));
  ASSERT_TRUE(bootp);
  EXPECT_EQ(bootp->message.kind(), Kind::none);
  EXPECT_EQ(bootp->message.yours, given);
  EXPECT_EQ(bootp->message.boot_file, "12/pxelinux.0");

  auto renewal = message(Kind::request);
  renewal.client = given;
  const auto renewed = dhcp.answer(renewal);
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->message.kind(), Kind::ack);
  EXPECT_FALSE(renewed->broadcast);
  EXPECT_EQ(renewed->to, given);

  auto inform = message(Kind::inform);
  inform.client = given;
  const auto informed = dhcp.answer(inform);
  ASSERT_TRUE(informed);
  EXPECT_TRUE(informed->message.yours.is_any());
  EXPECT_FALSE(informed->message.options.contains(opt_lease_seconds));

  auto relayed = message(Kind::discover);
  relayed.relay = *Ipv4Address::from("198.51.100.1");
  relayed.options[opt_relay_agent] = "\1\2p7";
  const auto offer = dhcp.answer(relayed);
  ASSERT_TRUE(offer);
  EXPECT_TRUE(offer->to_relay);
  EXPECT_EQ(offer->to, relayed.relay);
  EXPECT_EQ(offer->message.options.at(opt_relay_agent), "\1\2p7");
}

TEST(NetAddress, texts) {
  EXPECT_EQ(board.to_string(), "52:54:00:aa:00:01");
  EXPECT_EQ(*MacAddress::from("52-54-00-AA-00-01"), board);
  EXPECT_EQ(given.to_string(), "192.0.2.7");
  for (const auto* text : {"", "52:54:00:aa:00", "52:54:00:aa:00:0g", "52:54:00:aa:00:01:", "+2:54:00:aa:00:01"})
    EXPECT_FALSE(MacAddress::from(text)) << text;
  for (const auto* text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", "1..2.3", "-1.2.3.4", "0001.2.3.4"})
    EXPECT_FALSE(Ipv4Address::from(text)) << text;
}

}  // namespace
}  // namespace hilltop::drivers::dhcp
