// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/srec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "drivers/protocol/gdb_remote.hpp"

namespace hilltop::drivers {
namespace {

Error wrong(std::string text) { return Error(Errc::bad_input, Blame::job, std::move(text)); }

struct Record {
  char type = 0;
  std::uint32_t address = 0;
  std::string data;
};

/// How many bytes of address a type has; 0: there is no such type.
std::size_t address_bytes(char type) {
  switch (type) {
    case '0':
    case '1':
    case '5':
    case '9':
      return 2;
    case '2':
    case '6':
    case '8':
      return 3;
    case '3':
    case '7':
      return 4;
    default:
      return 0;
  }
}

/// Shape: 'S' type count address(2 to 4) data checksum, two hexadecimal digits a byte; the bytes after the type add up
/// to 0xff.
Result<Record> read_record(std::string_view line) {
  if (line.size() < 2 || line[0] != 'S') return wrong("a record begins with 'S' and its type");
  Record record;
  record.type = line[1];
  const auto width = address_bytes(record.type);
  if (width == 0) return wrong(fmt::format("record type S{} is not known", record.type));
  const auto bytes = gdb::from_hex(line.substr(2));
  if (!bytes) return wrong("this is not hexadecimal");
  if (bytes->size() < 2 + width) return wrong("the record is too short");
  if (bytes->size() != 1u + static_cast<std::uint8_t>((*bytes)[0]))
    return wrong("the record's length does not agree with its length field");
  unsigned sum = 0;
  for (const char c : *bytes) sum += static_cast<std::uint8_t>(c);
  if ((sum & 0xff) != 0xff) return wrong("the checksum does not agree");
  for (std::size_t i = 0; i < width; ++i)
    record.address = record.address << 8 | static_cast<std::uint8_t>((*bytes)[1 + i]);
  record.data = bytes->substr(1 + width, bytes->size() - 2 - width);
  return record;
}

class Reader {
 public:
  explicit Reader(std::string name) { image_.name = std::move(name); }

  [[nodiscard]] bool ended() const { return ended_; }

  Result<> take(std::string_view line) {
    HILLTOP_TRY(const auto record, read_record(line));
    if (record.type == '0') return ok();  // a comment
    if (record.type <= '3') return take_data(record);
    if (!record.data.empty()) return wrong("a record of this type has no data");
    if (record.type <= '6') return check_count(record);
    ended_ = true;
    if (record.address != 0) image_.entry = record.address;
    return ok();
  }

  Result<Image> finish() && { return arranged(std::move(image_)); }

 private:
  Result<> take_data(const Record& record) {
    ++count_;
    if (record.data.empty()) return ok();
    auto& segments = image_.segments;
    if (segments.empty() || segments.back().end() != record.address) segments.push_back({record.address, {}});
    segments.back().bytes += record.data;
    return ok();
  }

  Result<> check_count(const Record& record) const {
    const std::uint64_t modulus = record.type == '5' ? 0x10000 : 0x1000000;
    if (record.address == count_ % modulus) return ok();
    return wrong(fmt::format("it counts {} data records, and {} are there", record.address, count_));
  }

  Image image_;
  std::uint64_t count_ = 0;
  bool ended_ = false;
};

}  // namespace

bool is_srec(std::string_view head) {
  constexpr std::size_t smallest_record = 10;  // "S9030000FC"
  if (head.size() < smallest_record || head[0] != 'S' || address_bytes(head[1]) == 0) return false;
  return gdb::from_hex(head.substr(2, smallest_record - 2)).has_value();
}

Result<Image> read_srec(std::string_view text, std::string name) {
  Reader reader(name);
  std::size_t number = 1;
  const auto at_line = [&](Error error) { return std::move(error).within(fmt::format("{}:{}", name, number)); };
  for (; !text.empty(); ++number) {
    const auto length = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (reader.ended()) return at_line(wrong("something follows the end record"));
    if (auto taken = reader.take(line); !taken) return at_line(std::move(taken).error());
  }
  if (!reader.ended()) return wrong(name + ": the end record (S7, S8 or S9) is missing: the file is cut off");
  return std::move(reader).finish();
}

}  // namespace hilltop::drivers
