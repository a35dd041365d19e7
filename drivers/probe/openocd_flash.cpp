// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe/openocd_flash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "drivers/flash/image_files.hpp"

namespace hilltop::drivers {
namespace {

// A multiple of every flash's program unit: no unit is in two pieces.
constexpr std::uint64_t piece_bytes = 16 * 1024;
constexpr std::uint64_t largest_gap = 1024;
constexpr char erased = '\xff';

using Server = std::shared_ptr<OpenOcdServer>;

Result<> write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  return out ? Result<>(ok()) : system_error("write " + path.string(), errno);
}

Task<std::vector<MemoryRange>> probed_banks(Server server, Deadline deadline) {
  HILLTOP_CO_TRY(auto list, co_await OpenOcdServer::ask(server, "flash list", deadline));
  const auto count = openocd::flash_banks(list).size();
  for (std::size_t i = 0; i < count; ++i) {
    auto probe = "flash probe " + std::to_string(i);
    HILLTOP_CO_CHECK(co_await OpenOcdServer::ask(server, std::move(probe), deadline));
  }
  HILLTOP_CO_TRY(list, co_await OpenOcdServer::ask(server, "flash list", deadline));
  auto banks = openocd::flash_banks(list);
  if (banks.empty())
    co_return Error(Errc::unsupported, Blame::configuration, "OpenOCD's configuration has no flash bank");
  co_return banks;
}

Task<> write_pieces(Server server, std::filesystem::path file, Segment stretch, std::uint64_t before,
                    std::uint64_t total, FlashProgress progress, Deadline deadline) {
  for (std::uint64_t at = 0; at < stretch.bytes.size();) {
    if (co_await is_canceled()) co_return canceled_error("flash");
    const auto address = stretch.address + at;
    const auto size = std::min(piece_bytes - address % piece_bytes, stretch.bytes.size() - at);
    HILLTOP_CO_CHECK(write_file(file, std::string_view(stretch.bytes).substr(at, size)));
    auto command = fmt::format("flash write_image {} {:#x} bin", openocd::tcl_word(file.string()), address);
    HILLTOP_CO_CHECK(co_await OpenOcdServer::ask(server, std::move(command), deadline));
    at += size;
    if (progress) progress(before + at, total);
  }
  co_return ok();
}

Task<> verify(Server server, std::filesystem::path file, Segment stretch, Deadline deadline) {
  HILLTOP_CO_CHECK(write_file(file, stretch.bytes));
  auto command = fmt::format("verify_image {} {:#x} bin", openocd::tcl_word(file.string()), stretch.address);
  auto verified = co_await OpenOcdServer::ask(server, std::move(command), deadline);
  if (verified && verified->starts_with("verified ")) co_return ok();
  if (verified)
    co_return Error(Errc::unavailable, Blame::infrastructure, "OpenOCD does not say that it verified: " + *verified);
  auto& error = verified.error();
  // "diff 0 address 0x08000104. Was 0x74 instead of 0x61". Source: seen from OpenOCD 0.12.0.
  if (error.code == Errc::unavailable && error.text.contains("diff 0 address")) {
    error.code = Errc::mismatch;
    error.blame = Blame::dut;
  }
  co_return std::move(error);
}

Task<> write_all(Server server, std::filesystem::path file, std::vector<Segment> stretches, FlashProgress progress,
                 Deadline deadline) {
  std::uint64_t total = 0;
  for (const auto& one : stretches) total += one.bytes.size();
  for (const auto& one : stretches) {
    auto erase = fmt::format("flash erase_address pad {:#x} {}", one.address, one.bytes.size());
    HILLTOP_CO_CHECK((co_await OpenOcdServer::ask(server, std::move(erase), deadline)).within("erase"));
  }
  std::uint64_t done = 0;
  for (const auto& one : stretches) {
    HILLTOP_CO_CHECK((co_await write_pieces(server, file, one, done, total, progress, deadline)).within("write"));
    done += one.bytes.size();
  }
  for (const auto& one : stretches) HILLTOP_CO_CHECK((co_await verify(server, file, one, deadline)).within("verify"));
  co_return ok();
}

}  // namespace

std::vector<Segment> flash_stretches(const std::vector<Image>& images) {
  std::vector<Segment> all;
  for (const auto& image : images) all.insert(all.end(), image.segments.begin(), image.segments.end());
  std::ranges::sort(all, {}, &Segment::address);
  std::vector<Segment> out;
  for (auto& one : all) {
    if (!out.empty() && one.address >= out.back().end() && one.address - out.back().end() <= largest_gap) {
      out.back().bytes.append(one.address - out.back().end(), erased);
      out.back().bytes += one.bytes;
    } else {
      out.push_back(std::move(one));
    }
  }
  return out;
}

Task<> openocd_flash(Server server, std::filesystem::path dir, std::vector<FlashImage> files, FlashProgress progress,
                     Deadline deadline) {
  HILLTOP_CO_TRY(const auto images, read_images(files));
  HILLTOP_CO_TRY(const auto turn, co_await OpenOcdServer::take(server, deadline));
  HILLTOP_CO_TRY(const auto banks, co_await probed_banks(server, deadline));
  HILLTOP_CO_CHECK(check_fit(images, banks));
  HILLTOP_CO_CHECK((co_await OpenOcdServer::ask(server, "reset init", deadline)).within("before writing"));
  const auto file = dir / "openocd-flash.bin";
  auto done = co_await write_all(server, file, flash_stretches(images), std::move(progress), deadline);
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  if (!done) co_return done;
  HILLTOP_CO_CHECK((co_await OpenOcdServer::ask(server, "reset run", deadline)).within("after writing"));
  co_return ok();
}

}  // namespace hilltop::drivers
