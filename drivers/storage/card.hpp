// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "drivers/api/device.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/core/lane.hpp"
#include "drivers/usb/usb_bus.hpp"
#include "drivers/usb/usb_disk.hpp"

namespace hilltop::drivers {

/// The part of an SD mux that switches.
class CardSwitch {
 public:
  virtual ~CardSwitch() = default;
  virtual Task<> set(MuxSide side, Deadline deadline) = 0;
  virtual Task<MuxSide> side(Deadline deadline) = 0;
  /// Which of the host's disks is its card. Errors: those of find_usb_disk().
  virtual Task<UsbDisk> find_disk(DiskRoots roots, Deadline deadline) = 0;
};

/// What a lab says of a card.
struct CardFacts {
  std::uint64_t most_bytes = 0;  ///< a disk that is larger is no card of this board
};
/// Reads `max_gib:` (256 unless told otherwise: cards are not larger, and other disks are).
CardFacts read_card_facts(Fields& fields);

/// A mux with its card: switches, finds the disk, checks that it may be written, writes it.
/// Errors of block_device() and write(), beside those of StorageMux: mismatch (infrastructure) for a disk that is
/// larger than the lab says; denied (configuration) for one that is not removable, or read-only.
std::unique_ptr<Device> make_card(std::shared_ptr<CardSwitch> mux, CardFacts facts, DiskRoots roots = {});

/// Waits for `find` to find a disk with a medium. Errors: what find said last, at the deadline.
/// `lane`: opens the disk, which may block, so that the kernel looks for a medium.
Task<UsbDisk> wait_for_medium(std::shared_ptr<CardSwitch> mux, DiskRoots roots, std::shared_ptr<Lane> lane,
                              Deadline deadline);

}  // namespace hilltop::drivers
