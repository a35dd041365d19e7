// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/card.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "drivers/storage/block_writer.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto between_looks = std::chrono::milliseconds(200);
constexpr auto medium_patience = std::chrono::seconds(20);  // a reader's new enumeration and its first look at the card

struct Card {
  std::shared_ptr<CardSwitch> mux;
  CardFacts facts;
  DiskRoots roots;
  std::shared_ptr<Lane> lane = std::make_shared<Lane>();
};

/// Whether this is a card that may be written. The rest, that nobody uses it, is asked just before the writing.
Result<> check_disk(const UsbDisk& disk, const CardFacts& facts) {
  if (disk.bytes > facts.most_bytes)
    return Error(Errc::mismatch, Blame::infrastructure,
                 disk.title() + " is larger than the lab file says its card may be ('max_gib'): it is not written to");
  if (!disk.removable)
    return Error(Errc::denied, Blame::configuration, disk.title() + " is not removable: it is not written to");
  if (disk.read_only)
    return Error(Errc::denied, Blame::configuration, disk.title() + " is read-only: is the card's lock set?");
  return ok();
}

Task<UsbDisk> disk_of(std::shared_ptr<Card> card, Deadline deadline) {
  HILLTOP_CO_TRY(const auto disk,
                 co_await wait_for_medium(card->mux, card->roots, card->lane, deadline.at_most(medium_patience)));
  HILLTOP_CO_CHECK(check_disk(disk, card->facts));
  co_return disk;
}

Task<std::filesystem::path> node_of(std::shared_ptr<Card> card, Deadline deadline) {
  HILLTOP_CO_TRY(const auto disk, co_await disk_of(card, deadline));
  co_return disk.node;
}

Result<std::optional<Bmap>> read_map(const std::filesystem::path& file) {
  if (file.empty()) return std::optional<Bmap>();
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Error(Errc::bad_input, Blame::job, file.filename().string() + ": cannot be read");
  HILLTOP_TRY(auto map, read_bmap(std::move(text).str()));
  return std::optional<Bmap>(std::move(map));
}

/// One piece after the other on the card's lane; between two of them this may be canceled.
Task<> write_disk(std::shared_ptr<Card> card, StorageImage image, UsbDisk disk, StorageProgress progress,
                  Deadline deadline) {
  HILLTOP_CO_CHECK(check_unused(disk, card->roots));
  const auto open = [image, disk]() -> Result<std::shared_ptr<BlockWriter>> {
    HILLTOP_TRY(const auto map, read_map(image.bmap));
    HILLTOP_TRY(auto writer, BlockWriter::open(image.path, map, disk.node, disk.bytes));
    return std::make_shared<BlockWriter>(std::move(writer));
  };
  HILLTOP_CO_TRY(const auto writer, co_await card->lane->run(open));
  const auto step = [writer] { return writer->step(); };
  std::uint64_t shown = 0;
  while (true) {
    if (co_await is_canceled()) co_return canceled_error("writing the card");
    if (deadline.passed())
      co_return Error(Errc::timeout, Blame::infrastructure, "writing " + disk.title() + " took too long");
    HILLTOP_CO_TRY(const bool more, co_await card->lane->run(step));
    if (progress && writer->written() > shown) progress(shown = writer->written(), writer->total());
    if (!more) co_return ok();
  }
}

Task<> write_card(std::shared_ptr<Card> card, StorageImage image, StorageProgress progress, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await card->mux->set(MuxSide::host, deadline));
  HILLTOP_CO_TRY(const auto disk, co_await disk_of(card, deadline));
  HILLTOP_CO_CHECK(co_await write_disk(card, std::move(image), disk, std::move(progress), deadline));
  HILLTOP_CO_CHECK(check_unused(disk, card->roots));  // an automounter may have been as fast
  co_return co_await card->mux->set(MuxSide::board, deadline);
}

/// A card that the host has mounted is not torn from it.
Task<> set_side(std::shared_ptr<Card> card, MuxSide side, Deadline deadline) {
  if (side != MuxSide::host) {
    const auto disk = co_await card->mux->find_disk(card->roots, deadline);
    if (disk) HILLTOP_CO_CHECK(check_unused(*disk, card->roots));
  }
  co_return co_await card->mux->set(side, deadline);
}

class CardDevice final : public Device, StorageMux {
 public:
  explicit CardDevice(std::shared_ptr<Card> card) : card_(std::move(card)) {}
  StorageMux* storage_mux() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> set(MuxSide side, Deadline deadline) override { return set_side(card_, side, deadline); }
  Task<MuxSide> side(Deadline deadline) override { return card_->mux->side(deadline); }
  Task<std::filesystem::path> block_device(Deadline deadline) override { return node_of(card_, deadline); }
  Task<> write(StorageImage image, StorageProgress progress, Deadline deadline) override {
    return write_card(card_, std::move(image), std::move(progress), deadline);
  }
  std::shared_ptr<Card> card_;
};

}  // namespace

CardFacts read_card_facts(Fields& fields) {
  return {static_cast<std::uint64_t>(fields.integer("max_gib", 1, 65536).value_or(256)) << 30};
}

std::unique_ptr<Device> make_card(std::shared_ptr<CardSwitch> mux, CardFacts facts, DiskRoots roots) {
  return std::make_unique<CardDevice>(std::make_shared<Card>(std::move(mux), facts, std::move(roots)));
}

Task<UsbDisk> wait_for_medium(std::shared_ptr<CardSwitch> mux, DiskRoots roots, std::shared_ptr<Lane> lane,
                              Deadline deadline) {
  while (true) {
    auto disk = co_await mux->find_disk(roots, deadline);
    if (disk && disk->bytes > 0) co_return disk;
    if (!disk && disk.error().code != Errc::unavailable) co_return disk;
    if (deadline.passed()) {
      if (!disk) co_return disk;
      co_return Error(Errc::unavailable, Blame::infrastructure,
                      disk->title() + " has no medium: is a card in the mux?");
    }
    if (disk) {
      const auto look = [node = disk->node] {
        if (const int fd = ::open(node.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC); fd >= 0) ::close(fd);
        return true;
      };
      (void)co_await lane->run(look);
    }
    HILLTOP_CO_CHECK(co_await sleep_for(std::min<Deadline::Clock::duration>(between_looks, deadline.left())));
  }
}

}  // namespace hilltop::drivers
