// SPDX-License-Identifier: Apache-2.0
#include "boards/console/journal.hpp"

#include "boards/console/crc32c.hpp"
#include "boards/console/little_endian.hpp"

namespace hilltop::boards {
namespace {

constexpr std::string_view file_magic = "HTJRNL01";
constexpr std::string_view record_magic = "HTJ1";
constexpr std::size_t crc_from = 8;  // the CRC covers a record from here

std::uint32_t record_crc(std::uint64_t salt, std::string_view header, std::string_view payload) {
  char salt_bytes[8];
  put_le(salt_bytes, salt);
  auto crc = crc32c({salt_bytes, sizeof salt_bytes});
  crc = crc32c(header.substr(crc_from), crc);
  return crc32c(payload, crc);
}

std::int64_t to_us(UtcTime time) { return time.time_since_epoch().count(); }
UtcTime from_us(std::uint64_t us) { return UtcTime(std::chrono::microseconds(static_cast<std::int64_t>(us))); }

}  // namespace

std::string journal_header(std::uint64_t salt) {
  std::string out(file_magic);
  out.resize(journal_header_bytes);
  put_le(out.data() + file_magic.size(), salt);
  return out;
}

void encode_record(const RecordHeader& header, std::string_view payload, std::uint64_t salt, char* out) {
  record_magic.copy(out, record_magic.size());
  put_le(out + 8, static_cast<std::uint32_t>(header.kind));
  put_le(out + 12, header.console);
  put_le(out + 16, header.length);
  put_le(out + 20, std::uint32_t{0});
  put_le(out + 24, header.sequence);
  put_le(out + 32, header.offset);
  put_le(out + 40, static_cast<std::uint64_t>(to_us(header.time)));
  put_le(out + 48, static_cast<std::uint64_t>(to_us(header.bound)));
  put_le(out + 4, record_crc(salt, {out, record_header_bytes}, payload));
}

JournalReader::JournalReader(std::string_view file) : file_(file) {
  if (file_.size() < journal_header_bytes || !file_.starts_with(file_magic)) return;
  salt_ = get_le<std::uint64_t>(file_.data() + file_magic.size());
  good_ = journal_header_bytes;
}

std::optional<JournalReader::Record> JournalReader::next() {
  if (good_ == 0) return std::nullopt;
  auto record = record_at(good_);
  if (!record) record = resynchronise();
  if (!record) return std::nullopt;
  good_ = record->position + record_header_bytes + record->payload.size();
  next_sequence_ = record->header.sequence + 1;
  return record;
}

std::optional<JournalReader::Record> JournalReader::record_at(std::size_t position) {
  const auto left = file_.substr(position);
  if (left.size() < record_header_bytes || !left.starts_with(record_magic)) return std::nullopt;
  const char* p = left.data();
  Record out;
  out.position = position;
  const auto kind = get_le<std::uint32_t>(p + 8);
  out.header = {.kind = static_cast<RecordKind>(kind),
                .console = get_le<std::uint32_t>(p + 12),
                .length = get_le<std::uint32_t>(p + 16),
                .sequence = get_le<std::uint64_t>(p + 24),
                .offset = get_le<std::uint64_t>(p + 32),
                .time = from_us(get_le<std::uint64_t>(p + 40)),
                .bound = from_us(get_le<std::uint64_t>(p + 48))};
  if (kind < 1 || kind > static_cast<std::uint32_t>(last_record_kind) || get_le<std::uint32_t>(p + 20) != 0 ||
      out.header.sequence < next_sequence_)
    return std::nullopt;
  if (out.header.length > record_length_limit || out.header.length > left.size() - record_header_bytes)
    return std::nullopt;
  if (out.header.offset + out.header.length < out.header.offset) return std::nullopt;
  out.payload = left.substr(record_header_bytes, out.header.length);
  effort_ += out.payload.size();
  if (get_le<std::uint32_t>(p + 4) != record_crc(salt_, left.substr(0, record_header_bytes), out.payload))
    return std::nullopt;
  return out;
}

// Candidates cost a checksum each, and a board may print thousands: four times the file is what looking may cost.
std::optional<JournalReader::Record> JournalReader::resynchronise() {
  effort_ = 0;
  const auto limit = 4 * file_.size();
  for (auto at = file_.find(record_magic, good_ + 1); at != std::string_view::npos && effort_ <= limit;
       at = file_.find(record_magic, at + 1)) {
    if (auto record = record_at(at)) {
      damage_.push_back({good_, at - good_});
      return record;
    }
  }
  return std::nullopt;
}

}  // namespace hilltop::boards
