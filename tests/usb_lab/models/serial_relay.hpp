// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "tests/usb_lab/models/serial_peer.hpp"

namespace hilltop::usb_lab {

/// Relay boards behind a serial line. `relay=lcus`: frames of four bytes, 0xa0 RELAY STATE SUM (state 0 off, 1 on, 2
/// and 3 the same with an answer, 5 asks; the answer is such a frame); `relay=numato`: commands of text, `relay
/// on|off|read N`, `relay readall`, `ver`, `id get`, echoed, each answer ended by ">". Facts: the sellers' documents as
/// far as public code agrees with them; nobody else vouches for these. Options: relays=4. Logs `relays BITS`.
std::unique_ptr<SerialPeer> make_serial_relay(const Options& options);

}  // namespace hilltop::usb_lab
