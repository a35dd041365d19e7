// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/intel_hex.hpp"

#include <fmt/format.h>

#include "drivers/protocol/gdb_remote.hpp"

namespace hilltop::drivers {
namespace {

enum RecordType : std::uint8_t {
  record_data = 0,
  record_end = 1,
  record_segment_base = 2,
  record_segment_start = 3,
  record_linear_base = 4,
  record_linear_start = 5,
};

struct Record {
  std::uint8_t type = 0;
  std::uint16_t offset = 0;
  std::string data;
};

std::uint8_t byte_at(const std::string& bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint32_t big_endian(const std::string& bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

/// Shape: ':' length offset(2) type data(length) checksum, all as two hexadecimal digits a byte; the bytes sum up to 0.
Result<Record> read_record(std::string_view line) {
  const auto wrong = [](std::string text) { return Error(Errc::bad_input, Blame::job, std::move(text)); };
  if (!line.starts_with(':')) return wrong("a record begins with ':'");
  const auto bytes = gdb::from_hex(line.substr(1));
  if (!bytes) return wrong("this is not hexadecimal");
  if (bytes->size() < 5) return wrong("the record is too short");
  if (bytes->size() != 5u + byte_at(*bytes, 0))
    return wrong("the record's length does not agree with its length field");
  unsigned sum = 0;
  for (const char c : *bytes) sum += static_cast<std::uint8_t>(c);
  if ((sum & 0xff) != 0) return wrong("the checksum does not agree");
  Record record;
  record.offset = static_cast<std::uint16_t>(byte_at(*bytes, 1) << 8 | byte_at(*bytes, 2));
  record.type = byte_at(*bytes, 3);
  record.data = bytes->substr(4, bytes->size() - 5);
  return record;
}

class Reader {
 public:
  explicit Reader(std::string name) { image_.name = std::move(name); }

  [[nodiscard]] bool ended() const { return ended_; }

  Result<> take(std::string_view line) {
    HILLTOP_TRY(const auto record, read_record(line));
    switch (record.type) {
      case record_data:
        return take_data(record);
      case record_end:
        ended_ = true;
        return expect_length(record, 0);
      case record_segment_base:
        HILLTOP_CHECK(expect_length(record, 2));
        base_ = std::uint64_t{big_endian(record.data)} << 4;
        return ok();
      case record_linear_base:
        HILLTOP_CHECK(expect_length(record, 2));
        base_ = std::uint64_t{big_endian(record.data)} << 16;
        return ok();
      case record_segment_start:
        return expect_length(record, 4);  // CS:IP of an 8086: no address of ours
      case record_linear_start:
        HILLTOP_CHECK(expect_length(record, 4));
        image_.entry = big_endian(record.data);
        return ok();
      default:
        return Error(Errc::bad_input, Blame::job, fmt::format("record type {:02x} is not known", record.type));
    }
  }

  Result<Image> finish() && { return arranged(std::move(image_)); }

 private:
  static Result<> expect_length(const Record& record, std::size_t length) {
    if (record.data.size() == length) return ok();
    return Error(Errc::bad_input, Blame::job,
                 fmt::format("a record of type {:02x} has {} data bytes", record.type, length));
  }

  Result<> take_data(const Record& record) {
    const auto address = base_ + record.offset;
    if (record.offset + record.data.size() > 0x10000)
      return Error(Errc::bad_input, Blame::job, "the record passes the end of its 64 KiB");
    if (record.data.empty()) return ok();
    if (image_.segments.empty() || image_.segments.back().end() != address) image_.segments.push_back({address, {}});
    image_.segments.back().bytes += record.data;
    return ok();
  }

  Image image_;
  std::uint64_t base_ = 0;
  bool ended_ = false;
};

}  // namespace

Result<Image> read_intel_hex(std::string_view text, std::string name) {
  Reader reader(name);
  std::size_t number = 1;
  const auto at_line = [&](Error error) { return std::move(error).within(fmt::format("{}:{}", name, number)); };
  while (!text.empty()) {
    const auto length = std::min(text.find_first_of("\r\n"), text.size());
    const auto line = text.substr(0, length);
    if (!line.empty()) {
      if (reader.ended())
        return at_line(Error(Errc::bad_input, Blame::job, "something follows the end-of-file record"));
      if (auto taken = reader.take(line); !taken) return at_line(std::move(taken).error());
    }
    text.remove_prefix(length);
    if (text.starts_with("\r\n")) text.remove_prefix(1);
    if (!text.empty()) text.remove_prefix(1);
    ++number;
  }
  if (!reader.ended())
    return Error(Errc::bad_input, Blame::job, name + ": the end-of-file record is missing: the file is cut off");
  return std::move(reader).finish();
}

}  // namespace hilltop::drivers
