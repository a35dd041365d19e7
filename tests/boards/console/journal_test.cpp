// SPDX-License-Identifier: Apache-2.0
#include "boards/console/journal.hpp"

#include <gtest/gtest.h>

#include "boards/console/crc32c.hpp"
#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::boards {
namespace {

constexpr std::uint64_t salt = 0x0123456789abcdef;

UtcTime at_us(std::int64_t us) { return UtcTime(std::chrono::microseconds(us)); }

std::string record(std::uint64_t sequence, std::uint64_t offset, std::string_view bytes) {
  std::string out(record_header_bytes, '\0');
  const RecordHeader header{.kind = RecordKind::data,
                            .console = 7,
                            .length = static_cast<std::uint32_t>(bytes.size()),
                            .sequence = sequence,
                            .offset = offset,
                            .time = at_us(1'000 + static_cast<std::int64_t>(offset)),
                            .bound = at_us(-5)};
  encode_record(header, bytes, salt, out.data());
  return out.append(bytes);
}

std::vector<std::string> payloads(JournalReader& reader) {
  std::vector<std::string> out;
  while (const auto r = reader.next()) out.emplace_back(r->payload);
  return out;
}

TEST(Crc32c, agrees_with_the_rfc) {
  // RFC 3720 B.4.
  std::string ascending(32, '\0');
  for (std::size_t i = 0; i < 32; ++i) ascending[i] = static_cast<char>(i);
  for (const auto crc : {&crc32c, &crc32c_portable}) {
    EXPECT_EQ(crc(std::string(32, '\0'), 0), 0x8A9136AAU);
    EXPECT_EQ(crc(std::string(32, '\xff'), 0), 0x62A8AB43U);
    EXPECT_EQ(crc(ascending, 0), 0x46DD794EU);
    EXPECT_EQ(crc("123456789", 0), 0xE3069283U);
  }
}

TEST(Crc32c, is_the_same_by_table_and_by_instruction_and_in_pieces) {
  const auto bytes = noise(3'000, 1);
  for (std::size_t length : {0, 1, 7, 8, 9, 63, 300, 2'999}) {
    const auto view = std::string_view(bytes).substr(1, length);
    EXPECT_EQ(crc32c(view), crc32c_portable(view));
    EXPECT_EQ(crc32c(view.substr(length / 3), crc32c(view.substr(0, length / 3))), crc32c(view));
  }
}

TEST(Journal, gives_back_what_was_written) {
  const auto file = journal_header(salt) + record(0, 100, "abc") + record(1, 103, std::string("\0\xff", 2));
  JournalReader reader(file);
  const auto first = reader.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->header.console, 7U);
  EXPECT_EQ(first->header.offset, 100U);
  EXPECT_EQ(first->header.time, at_us(1'100));
  EXPECT_EQ(first->header.bound, at_us(-5));
  EXPECT_EQ(first->payload, "abc");
  EXPECT_EQ(reader.next()->payload, std::string_view("\0\xff", 2));
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.torn_bytes(), 0U);
}

TEST(Journal, a_tail_torn_at_any_byte_costs_the_last_record_only) {
  const auto before = journal_header(salt) + record(0, 0, "first") + record(1, 5, "second");
  const auto last = record(2, 11, "the last one");
  for (std::size_t kept = 0; kept < last.size(); ++kept) {
    const auto file = before + last.substr(0, kept);
    JournalReader reader(file);
    EXPECT_EQ(payloads(reader), (std::vector<std::string>{"first", "second"})) << kept;
    EXPECT_EQ(reader.good_bytes(), before.size());
    EXPECT_EQ(reader.torn_bytes(), kept);
    EXPECT_TRUE(reader.damage().empty());
  }
}

TEST(Journal, a_flipped_bit_anywhere_in_the_last_record_is_noticed) {
  const auto before = journal_header(salt) + record(0, 0, "first");
  const auto last = record(1, 5, "second");
  for (std::size_t bit = 0; bit < last.size() * 8; ++bit) {
    auto broken = last;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
    const auto file = before + broken;
    JournalReader reader(file);
    EXPECT_EQ(payloads(reader), std::vector<std::string>{"first"}) << bit;
    EXPECT_EQ(reader.torn_bytes(), last.size());
  }
}

TEST(Journal, damage_in_the_middle_is_skipped_and_said) {
  const auto first = journal_header(salt) + record(0, 0, "first");
  auto second = record(1, 5, "second");
  second[60] ^= 1;
  const auto file = first + second + record(2, 11, "third");
  JournalReader reader(file);
  EXPECT_EQ(payloads(reader), (std::vector<std::string>{"first", "third"}));
  ASSERT_EQ(reader.damage().size(), 1U);
  EXPECT_EQ(reader.damage()[0].position, first.size());
  EXPECT_EQ(reader.damage()[0].bytes, second.size());
}

TEST(Journal, a_board_cannot_forge_a_record) {
  std::string forged(record_header_bytes, '\0');
  encode_record(
      {.kind = RecordKind::data, .console = 7, .length = 4, .sequence = 1, .offset = 0, .time = {}, .bound = {}},
      "evil", salt + 1, forged.data());
  auto carrier = record(0, 0, forged + "evil");
  carrier[20] ^= 1;  // so that the reader looks for a record inside of it
  const auto file = journal_header(salt) + carrier;
  JournalReader reader(file);
  EXPECT_TRUE(payloads(reader).empty());
}

TEST(Journal, a_file_that_is_none_is_all_torn) {
  for (const std::string file : {"", "HTJRNL0", "something else that is long enough"}) {
    JournalReader reader(file);
    EXPECT_FALSE(reader.next());
    EXPECT_EQ(reader.torn_bytes(), file.size());
  }
}

TEST(Journal, looking_for_records_in_rubbish_takes_linear_time) {
  std::string file = journal_header(salt);
  auto lure = record(5, 0, "x");
  lure.resize(record_header_bytes);
  lure[17] = '\x40';  // a length of 16 KiB: a checksum each
  while (file.size() < (4 << 20)) file += lure;
  JournalReader reader(file);
  const auto begun = Deadline::after(20s);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(begun.passed());
}

}  // namespace
}  // namespace hilltop::boards
