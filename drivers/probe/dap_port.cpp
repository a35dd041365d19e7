// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe/dap_port.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hilltop::drivers {
namespace {

using cmsis_dap::Access;
using cmsis_dap::Transferred;

constexpr std::uint16_t wait_retries = 100;  // by the probe, before it tells of a WAIT
constexpr auto power_up_time = std::chrono::seconds(1);
constexpr auto between_looks = std::chrono::milliseconds(2);
constexpr std::uint32_t reset_rise_us = 100'000;  // a large capacitor at nRESET

Access debug(std::uint8_t address, std::optional<std::uint32_t> value = {}) {
  return {Access::Port::debug, address, value};
}
Access memory(std::uint8_t address, std::optional<std::uint32_t> value = {}) {
  return {Access::Port::memory, address, value};
}

Error no_target() {
  return Error(Errc::unavailable, Blame::infrastructure,
               "the target does not answer over SWD: is it powered, and is the probe's cable in place?");
}

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 4; i-- > 0;) out = out << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return out;
}

void append(std::string& out, const std::vector<std::uint32_t>& words) {
  for (const auto word : words)
    for (unsigned i = 0; i < 4; ++i) out += static_cast<char>(word >> (8 * i));
}

}  // namespace

DapPort::Accesses DapPort::aimed(std::uint32_t address, std::uint32_t csw) const {
  const auto select = std::uint32_t{options_.access_port} << 24;  // bank 0: CSW, TAR and DRW
  return {debug(adi::dp_select, select), memory(adi::ap_csw, csw), memory(adi::ap_tar, address)};
}

/// Clears what the accesses left behind, and says what went wrong.
Task<> DapPort::give_up(std::shared_ptr<DapPort> self, Transferred::Ack ack, Deadline deadline) {
  if (ack == Transferred::Ack::none || ack == Transferred::Ack::protocol_error) co_return no_target();
  const bool waits = ack == Transferred::Ack::wait;
  const auto word = adi::clear_sticky | (waits ? adi::abort_transaction : 0);
  HILLTOP_CO_CHECK(co_await DapLink::tell(self->link_, cmsis_dap::write_abort(word), "abort", deadline));
  if (waits) co_return Error(Errc::timeout, Blame::infrastructure, "the target's bus is busy all the time (WAIT)");
  co_return Error(Errc::io, Blame::dut, "the target's bus answers with a fault");
}

/// Makes accesses that may be made again, in one packet. All of a packet are tried again after a WAIT.
Task<std::vector<std::uint32_t>> DapPort::run(std::shared_ptr<DapPort> self, Accesses accesses, Deadline deadline) {
  const auto is_read = [](const Access& access) { return !access.value; };
  const auto reads = static_cast<std::size_t>(std::ranges::count_if(accesses, is_read));
  for (;;) {
    HILLTOP_CO_TRY(const auto said, co_await DapLink::ask(self->link_, cmsis_dap::transfer(accesses), deadline));
    HILLTOP_CO_TRY(auto out, cmsis_dap::transferred(said));
    if (out.ack == Transferred::Ack::ok && out.done == accesses.size() && out.words.size() >= reads) {
      out.words.resize(reads);  // a report of version 1 is as long as all are: zeros follow
      co_return std::move(out.words);
    }
    if (out.ack == Transferred::Ack::ok)
      co_return Error(Errc::protocol, Blame::infrastructure, "the probe made only a part of the accesses");
    if (out.ack == Transferred::Ack::wait && !deadline.passed()) continue;
    auto why = co_await give_up(self, out.ack, Deadline::after(std::chrono::seconds(1)));
    co_return std::move(why).error();
  }
}

Task<> DapPort::begin(std::shared_ptr<DapPort> self, std::vector<adi::Bits> sequence, Deadline deadline) {
  for (const auto& bits : sequence)
    HILLTOP_CO_CHECK(co_await DapLink::tell(self->link_, cmsis_dap::sequence(bits), "SWJ sequence", deadline));
  Accesses identity{debug(adi::dp_dpidr)};
  HILLTOP_CO_TRY(const auto words, co_await run(self, std::move(identity), deadline));
  if (words.size() != 1 || !adi::is_dpidr(words.front())) co_return no_target();
  self->dpidr_ = words.front();
  co_return ok();
}

Task<> DapPort::power_up(std::shared_ptr<DapPort> self, Deadline deadline) {
  Accesses ask{debug(adi::dp_abort, adi::clear_sticky), debug(adi::dp_select, 0),
               debug(adi::dp_ctrl_stat, adi::power_request)};
  HILLTOP_CO_CHECK(co_await run(self, std::move(ask), deadline));
  const auto until = deadline.at_most(power_up_time);
  for (;;) {
    Accesses look{debug(adi::dp_ctrl_stat)};
    HILLTOP_CO_TRY(const auto words, co_await run(self, std::move(look), deadline));
    if (words.size() == 1 && (words.front() & adi::power_ack) == adi::power_ack) co_return ok();
    if (until.passed())
      co_return Error(Errc::unavailable, Blame::infrastructure, "the target does not power its debug logic");
    HILLTOP_CO_CHECK(co_await sleep_for(between_looks, deadline));
  }
}

Task<> DapPort::connect(std::shared_ptr<DapPort> self, Deadline deadline) {
  const auto link = self->link_;
  HILLTOP_CO_TRY(const auto port, co_await DapLink::ask(link, cmsis_dap::connect_swd(), deadline));
  if (port.empty() || port.front() != 1)
    co_return Error(Errc::unsupported, Blame::infrastructure, "the probe does not do SWD");
  HILLTOP_CO_CHECK(co_await DapLink::tell(link, cmsis_dap::clock(self->options_.clock_hz), "SWJ clock", deadline));
  HILLTOP_CO_CHECK(
      co_await DapLink::tell(link, cmsis_dap::transfer_configure(0, wait_retries), "transfer configuration", deadline));
  HILLTOP_CO_CHECK(co_await DapLink::tell(link, cmsis_dap::swd_configure(), "SWD configuration", deadline));
  auto begun = co_await begin(self, adi::switch_to_swd(), deadline);
  if (!begun && begun.error().code == Errc::unavailable) begun = co_await begin(self, adi::wake_to_swd(), deadline);
  if (!begun) co_return begun;
  co_return co_await power_up(self, deadline);
}

Task<std::vector<std::uint32_t>> DapPort::read_words(std::shared_ptr<DapPort> self, adi::Words words,
                                                     Deadline deadline) {
  auto accesses = self->aimed(words.address, adi::csw_words);
  if (words.count <= cmsis_dap::transfer_reads(self->link_->packet_bytes(), 3)) {  // one packet there, one back
    accesses.insert(accesses.end(), words.count, memory(adi::ap_drw));
    co_return co_await run(self, std::move(accesses), deadline);
  }
  for (;;) {
    HILLTOP_CO_CHECK(co_await run(self, accesses, deadline));
    const auto count = static_cast<std::uint16_t>(words.count);
    HILLTOP_CO_TRY(const auto said,
                   co_await DapLink::ask(self->link_, cmsis_dap::read_block(memory(adi::ap_drw), count), deadline));
    HILLTOP_CO_TRY(auto out, cmsis_dap::block_transferred(said));
    if (out.ack == Transferred::Ack::ok && out.words.size() == words.count) co_return std::move(out.words);
    if (out.ack == Transferred::Ack::ok)
      co_return Error(Errc::protocol, Blame::infrastructure, "the probe read only a part of the words");
    if (out.ack == Transferred::Ack::wait && !deadline.passed()) continue;
    auto why = co_await give_up(self, out.ack, Deadline::after(std::chrono::seconds(1)));
    co_return std::move(why).error();
  }
}

Task<std::string> DapPort::read(std::shared_ptr<DapPort> self, std::uint32_t address, std::uint32_t size,
                                Deadline deadline) {
  std::string out;
  const auto most = cmsis_dap::block_words_read(self->link_->packet_bytes());
  for (const auto& words : adi::words_of(address, size, most)) {
    auto read = co_await read_words(self, words, deadline);
    if (!read) co_return std::move(read).error().within(fmt::format("read at {:#x}", words.address));
    append(out, *read);
  }
  co_return out.substr(address & 3u, size);
}

Task<> DapPort::write_words(std::shared_ptr<DapPort> self, std::uint32_t address, std::vector<std::uint32_t> words,
                            Deadline deadline) {
  for (;;) {
    auto accesses = self->aimed(address, adi::csw_words);
    HILLTOP_CO_CHECK(co_await run(self, std::move(accesses), deadline));
    HILLTOP_CO_TRY(const auto said,
                   co_await DapLink::ask(self->link_, cmsis_dap::write_block(memory(adi::ap_drw), words), deadline));
    HILLTOP_CO_TRY(const auto out, cmsis_dap::block_transferred(said));
    if (out.ack == Transferred::Ack::ok && out.done == words.size()) co_return ok();
    if (out.ack == Transferred::Ack::ok)
      co_return Error(Errc::protocol, Blame::infrastructure, "the probe wrote only a part of the words");
    if (out.ack == Transferred::Ack::wait && !deadline.passed()) continue;
    co_return co_await give_up(self, out.ack, Deadline::after(std::chrono::seconds(1)));
  }
}

/// A byte stands in the lane of the word that its address has. IHI 0031, C2.2.6.
Task<> DapPort::write_byte(std::shared_ptr<DapPort> self, std::uint32_t address, std::uint8_t value,
                           Deadline deadline) {
  auto accesses = self->aimed(address, adi::csw_bytes);
  accesses.push_back(memory(adi::ap_drw, std::uint32_t{value} << (8 * (address & 3u))));
  HILLTOP_CO_CHECK(co_await run(self, std::move(accesses), deadline));
  co_return ok();
}

Task<> DapPort::write(std::shared_ptr<DapPort> self, std::uint32_t address, std::string bytes, Deadline deadline) {
  std::uint32_t at = 0;
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const auto most = cmsis_dap::block_words_written(self->link_->packet_bytes());
  while (at < size) {
    const auto here = address + at;
    if ((here & 3u) != 0 || size - at < 4) {
      HILLTOP_CO_CHECK((co_await write_byte(self, here, static_cast<std::uint8_t>(bytes[at]), deadline))
                           .within(fmt::format("write at {:#x}", here)));
      ++at;
      continue;
    }
    const auto stretch = adi::words_of(here, (size - at) & ~3u, most).front();
    std::vector<std::uint32_t> words;
    for (std::uint32_t i = 0; i < stretch.count; ++i) words.push_back(word_at(bytes, at + 4 * i));
    HILLTOP_CO_CHECK(
        (co_await write_words(self, here, std::move(words), deadline)).within(fmt::format("write at {:#x}", here)));
    at += 4 * stretch.count;
  }
  // A write is posted: its fault is told by the next access. IHI 0031, B4.2.3.
  Accesses flush{debug(adi::dp_rdbuff)};
  HILLTOP_CO_CHECK((co_await run(self, std::move(flush), deadline)).within(fmt::format("write at {:#x}", address)));
  co_return ok();
}

Task<std::uint32_t> DapPort::read_word(std::shared_ptr<DapPort> self, std::uint32_t address, Deadline deadline) {
  HILLTOP_CO_TRY(const auto bytes, co_await read(std::move(self), address, 4, deadline));
  co_return word_at(bytes, 0);
}

Task<> DapPort::write_word(std::shared_ptr<DapPort> self, std::uint32_t address, std::uint32_t value,
                           Deadline deadline) {
  std::string bytes;
  append(bytes, {value});
  co_return co_await write(std::move(self), address, std::move(bytes), deadline);
}

Task<> DapPort::hold_reset(std::shared_ptr<DapPort> self, bool low, Deadline deadline) {
  auto command = cmsis_dap::pins(low ? 0 : cmsis_dap::pin_reset, cmsis_dap::pin_reset, low ? 0 : reset_rise_us);
  HILLTOP_CO_TRY(const auto pins, co_await DapLink::ask(self->link_, std::move(command), deadline));
  if (!low && (pins.empty() || (static_cast<std::uint8_t>(pins.front()) & cmsis_dap::pin_reset) == 0))
    co_return Error(Errc::unavailable, Blame::infrastructure, "the board's reset line stays low");
  co_return ok();
}

}  // namespace hilltop::drivers
