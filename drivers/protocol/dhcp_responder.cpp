// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/dhcp_responder.hpp"

#include "drivers/protocol/byte_order.hpp"

namespace hilltop::drivers::dhcp {
namespace {

std::uint32_t mask_of(int prefix_bits) { return prefix_bits <= 0 ? 0 : ~std::uint32_t{0} << (32 - prefix_bits); }

void copy_option(const Message& from, Message& to, OptionCode code) {
  if (const auto found = from.options.find(code); found != from.options.end()) to.options.insert(*found);
}

const std::string& boot_file_of(const Reservation& reservation, const Message& request) {
  const auto architecture = request.architecture();
  if (!architecture) return reservation.boot_file;
  const auto found = reservation.boot_file_by_architecture.find(*architecture);
  return found == reservation.boot_file_by_architecture.end() ? reservation.boot_file : found->second;
}

void tell_boot_file(Message& out, const Message& request, const std::string& file, Ipv4Address server) {
  if (file.empty()) return;
  out.next_server = server;
  out.server_name = server.to_string();
  if (file.size() < 128) out.boot_file = file;  // a longer one fits into the option only
  if (request.kind() == Kind::none) return;
  out.options[opt_boot_file] = file;
  out.options[opt_server_name] = server.to_string();
  out.set(opt_tftp_servers, server);
  // Boot ROMs take an offer for theirs only if it says so. Source: RFC 4578 2.
  const auto vendor = request.options.find(opt_vendor_class);
  if (vendor != request.options.end() && vendor->second.starts_with("PXEClient"))
    out.options[opt_vendor_class] = "PXEClient";
  copy_option(request, out, opt_machine_id);
}

void tell_network(Message& out, const Reservation& reservation) {
  out.set(opt_subnet_mask, mask_of(reservation.prefix_bits));
  if (reservation.router) out.set(opt_router, *reservation.router);
  if (!reservation.host_name.empty()) out.options[opt_host_name] = reservation.host_name.substr(0, 63);
}

void address_answer(Answer& answer, const Message& request, Kind kind) {
  if (!request.relay.is_any()) {
    answer.broadcast = false;
    answer.to = request.relay;
    answer.to_relay = true;
  } else if (!request.client.is_any() && kind != Kind::nak) {
    answer.broadcast = false;
    answer.to = request.client;
  }
  // Else broadcast, also where the client would take a unicast: that needs an ARP entry made by hand, and root.
}

}  // namespace

const Reservation* Responder::find(MacAddress board) const {
  const auto found = known_.find(board);
  return found == known_.end() ? nullptr : &found->second;
}

Answer Responder::reply(const Message& request, const Reservation& reservation, Kind kind) const {
  Answer answer;
  auto& out = answer.message;
  out.reply = true;
  out.transaction = request.transaction;
  out.flags = request.flags;
  out.relay = request.relay;
  out.hardware = request.hardware;
  copy_option(request, out, opt_relay_agent);
  copy_option(request, out, opt_client_id);  // RFC 6842
  if (kind != Kind::none) {
    out.options[opt_kind] = std::string(1, static_cast<char>(kind));
    out.set(opt_server_id, server_);
  }
  address_answer(answer, request, kind);
  if (kind == Kind::nak) return answer;
  out.client = request.client;
  if (request.kind() != Kind::inform) {
    out.yours = reservation.address;
    if (kind != Kind::none) out.set(opt_lease_seconds, static_cast<std::uint32_t>(reservation.lease.count()));
  }
  tell_network(out, reservation);
  tell_boot_file(out, request, boot_file_of(reservation, request), server_);
  return answer;
}

std::optional<Answer> Responder::answer_request(const Message& request, const Reservation& reservation) const {
  const auto server = request.address(opt_server_id);
  if (server && *server != server_) return std::nullopt;  // it took another server's offer
  const auto asked = request.address(opt_requested_address).value_or(request.client);
  return reply(request, reservation, asked == reservation.address ? Kind::ack : Kind::nak);
}

std::optional<Answer> Responder::answer(const Message& request) const {
  if (request.reply) return std::nullopt;
  const auto* reservation = find(request.hardware);
  if (reservation == nullptr) return std::nullopt;
  switch (request.kind()) {
    case Kind::none:
      return reply(request, *reservation, Kind::none);
    case Kind::discover:
      return reply(request, *reservation, Kind::offer);
    case Kind::request:
      return answer_request(request, *reservation);
    case Kind::inform:
      return reply(request, *reservation, Kind::ack);
    default:
      return std::nullopt;  // a release or a refusal changes nothing: the address is the board's
  }
}

}  // namespace hilltop::drivers::dhcp
