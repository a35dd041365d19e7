// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/dfuse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "drivers/protocol/byte_order.hpp"

namespace hilltop::drivers::dfu {
namespace {

// AN3156, "DNLOAD request": the first byte of block 0. Data are blocks from 2 on, at the pointer + (block - 2) * size.
constexpr char set_pointer = 0x21;
constexpr char erase = 0x41;
constexpr std::uint16_t command_block = 0;
constexpr std::uint16_t first_data_block = 2;
constexpr std::uint64_t address_space = std::uint64_t{1} << 32;

Error bad_layout(std::string_view name, std::string why) {
  return {Errc::protocol, Blame::dut, fmt::format("its memory layout '{}': {}", name, why)};
}

template <class Number>
bool take_number(std::string_view& text, Number& out, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_char(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

/// "04*016Kg": pages, their size with its unit (blank or B, K, M), and what may be done with them.
bool take_run(std::string_view& text, PageRun& run) {
  if (!take_number(text, run.pages, 10) || !take_char(text, '*') || !take_number(text, run.page_bytes, 10))
    return false;
  if (text.empty() || run.page_bytes > address_space || run.pages > address_space) return false;
  if (text.front() == 'K') run.page_bytes <<= 10;
  if (text.front() == 'M') run.page_bytes <<= 20;
  if (std::string_view("KMB ").contains(text.front())) text.remove_prefix(1);
  if (text.empty() || text.front() < 'a' || text.front() > 'g') return false;
  const auto rights =
      static_cast<unsigned>(text.front()) & 7u;  // a: readable, b: erasable, d: writable, and their sums
  text.remove_prefix(1);
  run.readable = (rights & 1) != 0;
  run.erasable = (rights & 2) != 0;
  run.writable = (rights & 4) != 0;
  return run.pages > 0 && run.page_bytes > 0 && run.pages <= address_space / run.page_bytes &&
         run.end() <= address_space;
}

const PageRun* run_at(const std::vector<PageRun>& layout, std::uint64_t address) {
  const auto found =
      std::ranges::find_if(layout, [&](const PageRun& run) { return address >= run.start && address < run.end(); });
  return found == layout.end() ? nullptr : &*found;
}

/// A command of block 0: its first byte and an address.
Operation command(char first, std::uint64_t address, std::string_view what) {
  Operation out{Operation::Kind::download, command_block};
  out.bytes += first;
  append_le32(out.bytes, static_cast<std::uint32_t>(address));
  out.what = fmt::format("{} {:#x}", what, address);
  return out;
}

/// Plans one image on one layout.
class Planner {
 public:
  Planner(const std::vector<PageRun>& layout, const DfuseOptions& options) : layout_(layout), options_(options) {}

  Result<> add_erasures(const Segment& segment) {
    for (auto at = segment.address; at < segment.end();) {
      const auto* run = run_at(layout_, at);
      if (run == nullptr || !run->writable)
        return Error(Errc::bad_input, Blame::job,
                     fmt::format("the image has bytes at {:#x}, and the board can write nothing there", at));
      const auto page = run->start + (at - run->start) / run->page_bytes * run->page_bytes;
      if (run->erasable && (erased_ == 0 || page >= erased_)) {
        operations.push_back(command(erase, page, "erase"));
        erased_ = page + run->page_bytes;
      }
      at = page + run->page_bytes;
    }
    return ok();
  }

  /// Blocks follow each other as far as their numbers go. The last, shorter one has its own address: AN3156 reckons
  /// with the length of the request where other boot loaders reckon with wTransferSize.
  void add_blocks(const Segment& segment, Operation::Kind kind) {
    const std::size_t size = options_.transfer_size;
    std::uint32_t block = 0;
    for (std::size_t at = 0; at < segment.bytes.size(); at += size, ++block) {
      const auto bytes = std::string_view(segment.bytes).substr(at, size);
      if (block == 0 || bytes.size() < size || block > UINT16_MAX) {
        point(segment.address + at, kind);
        block = first_data_block;
      }
      Operation one{kind, static_cast<std::uint16_t>(block), std::string(bytes)};
      if (kind == Operation::Kind::download) one.payload = bytes.size();
      one.what = fmt::format("{} bytes at {:#x}", bytes.size(), segment.address + at);
      operations.push_back(std::move(one));
    }
  }

  [[nodiscard]] bool readable(const Segment& segment) const {
    for (auto at = segment.address; at < segment.end();) {
      const auto* run = run_at(layout_, at);
      if (run == nullptr || !run->readable) return false;
      at = run->end();
    }
    return true;
  }

  std::vector<Operation> operations;

 private:
  void point(std::uint64_t address, Operation::Kind kind) {
    // An upload begins in dfuIDLE, and the pointer is set by a download.
    const Operation back{Operation::Kind::abort, 0, {}, 0, "back to dfuIDLE"};
    if (kind == Operation::Kind::upload) operations.push_back(back);
    operations.push_back(command(set_pointer, address, "set the address to"));
    if (kind == Operation::Kind::upload) operations.push_back(back);
  }

  const std::vector<PageRun>& layout_;
  const DfuseOptions& options_;
  std::uint64_t erased_ = 0;  ///< the end of the last erased page
};

}  // namespace

Result<std::vector<PageRun>> read_layout(std::string_view name) {
  const auto whole = name;
  if (!name.starts_with('@') || !name.contains('/')) return bad_layout(whole, "it is none");
  name.remove_prefix(name.find('/'));
  std::vector<PageRun> out;
  while (take_char(name, '/')) {
    std::uint64_t start = 0;
    if (name.starts_with("0x") || name.starts_with("0X")) name.remove_prefix(2);
    if (!take_number(name, start, 16) || !take_char(name, '/')) return bad_layout(whole, "an address was expected");
    do {
      PageRun run{.start = start};
      if (start > address_space || !take_run(name, run)) return bad_layout(whole, "pages were expected, as '04*016Kg'");
      start = run.end();
      out.push_back(run);
    } while (take_char(name, ','));
  }
  name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
  if (!name.empty() || out.empty()) return bad_layout(whole, "something else follows");
  return out;
}

Result<std::vector<Operation>> plan_dfuse(const Image& image, const std::vector<PageRun>& layout,
                                          const DfuseOptions& options) {
  Planner planner(layout, options);
  for (const auto& segment : image.segments) HILLTOP_CHECK(planner.add_erasures(segment).within(image.name));
  for (const auto& segment : image.segments) planner.add_blocks(segment, Operation::Kind::download);
  if (options.verify)
    for (const auto& segment : image.segments)
      if (planner.readable(segment)) planner.add_blocks(segment, Operation::Kind::upload);
  planner.operations.push_back({Operation::Kind::abort, 0, {}, 0, "back to dfuIDLE"});
  return std::move(planner.operations);
}

std::vector<Operation> plan_leave(std::uint64_t address) {
  std::vector<Operation> out;
  out.push_back(command(set_pointer, address, "set the address to"));
  out.push_back({Operation::Kind::leave, first_data_block, {}, 0, "leave DFU mode"});
  return out;
}

}  // namespace hilltop::drivers::dfu
