// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>

#include "drivers/protocol/dhcp_responder.hpp"

using namespace hilltop::drivers;

/// A message that was read is written and read again as it is; only the board that is known is answered, with its own
/// address, in a message that can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = dhcp::read_message({reinterpret_cast<const char*>(data), size});
  if (!message) return message.error().text.empty() ? (std::abort(), 0) : 0;
  const auto again = dhcp::read_message(dhcp::write_message(*message));
  if (!again || again->hardware != message->hardware || again->kind() != message->kind()) std::abort();

  dhcp::Responder responder(Ipv4Address{0xc0000201});
  dhcp::Reservation reservation;
  reservation.address = Ipv4Address{0xc0000207};
  reservation.boot_file = "Image";
  const MacAddress known{{0x52, 0x54, 0, 0xaa, 0, 1}};
  responder.set(known, reservation);
  const auto answer = responder.answer(*message);
  if (!answer) return 0;
  if (message->hardware != known || message->reply) std::abort();
  const auto read = dhcp::read_message(dhcp::write_message(answer->message));
  if (!read || !read->reply || (!read->yours.is_any() && read->yours != reservation.address)) std::abort();
  return 0;
}
