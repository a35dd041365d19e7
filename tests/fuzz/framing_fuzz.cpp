// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "drivers/protocol/base64.hpp"
#include "drivers/protocol/cmsis_dap.hpp"
#include "drivers/protocol/cmux.hpp"
#include "drivers/protocol/cobs.hpp"
#include "drivers/protocol/dictionary_log.hpp"
#include "drivers/protocol/openocd_tcl.hpp"
#include "drivers/protocol/rtt.hpp"
#include "drivers/protocol/slip.hpp"
#include "drivers/protocol/smp.hpp"

namespace {

namespace drivers = hilltop::drivers;

void hold(bool condition) {
  if (!condition) std::abort();
}

/// What was encoded is decoded again.
void there_and_back(std::string_view text) {
  const auto slip = drivers::slip::encoded(text);
  hold(drivers::slip::decoded(std::string_view(slip).substr(1, slip.size() - 2)) == text);
  hold(drivers::cobs::decoded(drivers::cobs::encoded(text)) == text);
  hold(drivers::base64_decoded(drivers::base64_encoded(text)) == text);
  if (text.size() > 1000) return;
  const drivers::cmux::Frame frame{5, true, false, drivers::cmux::Type::ui, text};
  const auto basic = drivers::cmux::encoded_basic(frame);
  const auto parsed = drivers::cmux::parse_basic(std::string_view(basic).substr(1));
  hold(parsed.fit == drivers::cmux::Parsed::Fit::yes && parsed.frame.info == text);
  const auto advanced = drivers::cmux::encoded_advanced(frame);
  const auto plain = drivers::cmux::unescaped(std::string_view(advanced).substr(1, advanced.size() - 2));
  hold(plain && drivers::cmux::parse_advanced(*plain)->info == text);
  drivers::smp::Assembler assembler(2000);
  auto state = drivers::smp::Assembler::State::part;
  for (const auto& line : drivers::smp::lines_of(text))
    state = assembler.add(std::string_view(line).substr(0, line.size() - 1));
  hold(state == drivers::smp::Assembler::State::whole && assembler.packet() == text);
}

void decode_anything(std::string_view text) {
  if (const auto plain = drivers::slip::decoded(text)) hold(plain->size() <= text.size());
  if (const auto plain = drivers::cobs::decoded(text)) hold(drivers::cobs::encoded(*plain).size() <= text.size() + 1);
  (void)drivers::base64_decoded(text);
  const auto basic = drivers::cmux::parse_basic(text);
  hold(basic.fit != drivers::cmux::Parsed::Fit::yes || basic.size <= text.size());
  (void)drivers::cmux::parse_advanced(text);
  (void)drivers::cmux::modem_status_of(text);
  (void)drivers::smp::header_of(text);
  drivers::smp::Assembler assembler(300);
  (void)assembler.add(text);
  if (const auto block = drivers::rtt::parse_control_block(text))
    for (const auto& buffer : block->up)
      for (const auto& range : drivers::rtt::unread(buffer)) hold(range.size <= buffer.size);
  if (const auto block = drivers::rtt::parse_control_block(text))
    for (const auto& buffer : block->down) {
      std::uint64_t room = 0;
      for (const auto& range : drivers::rtt::free_space(buffer, 1000)) room += range.size;
      hold(room < std::max<std::uint64_t>(buffer.size, 1) && room <= 1000);
    }
}

/// What a probe or its program answers.
void decode_answers(std::string_view text) {
  for (const auto& read : {drivers::cmsis_dap::transferred(text), drivers::cmsis_dap::block_transferred(text)})
    if (read) hold(read->words.size() <= read->done);
  (void)drivers::cmsis_dap::info_text(text);
  (void)drivers::cmsis_dap::info_number(text);
  (void)drivers::openocd::parse_answer(text);
  (void)drivers::openocd::flash_banks(text);
  (void)drivers::openocd::listening_port(text, "tcl");
  if (const auto bytes = drivers::openocd::memory_bytes(text, 4, 2)) hold(bytes->size() == 8);
}

void decode_record(std::string_view text, int bits) {
  static const auto databases = [] {
    std::vector<drivers::dictionary_log::Database> out;
    for (const char* target : {R"(3, "target": {"bits": 32, "little_endianness": true}, "arch": "arm")",
                               R"(3, "target": {"bits": 64, "little_endianness": false}, "arch": "arm64")",
                               R"(1, "target": {"bits": 32, "little_endianness": true}, "arch": "x86")"})
      out.push_back(*drivers::dictionary_log::Database::parse(
          std::string(R"({"version": )") + target +
          R"(, "string_mappings": {"0": "%s %*d %.*s %-#08llx %Lf %c %p %n %%", "256": "%s%s%s"}})"));
    return out;
  }();
  const auto record = drivers::dictionary_log::parse_record(databases[static_cast<unsigned>(bits) % 3], text);
  hold(record.fit != drivers::dictionary_log::Record::Fit::yes || record.size <= text.size());
}

}  // namespace

/// The codecs of frames: what they encode they decode, and nothing breaks them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  there_and_back(text);
  decode_answers(text);
  decode_anything(text);
  decode_record(text, data[0]);
  return 0;
}
