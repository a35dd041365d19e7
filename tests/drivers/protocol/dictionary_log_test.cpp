// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/dictionary_log.hpp"

#include <gtest/gtest.h>

namespace hilltop::drivers::dictionary_log {
namespace {

using namespace std::string_literals;

// By hand from the documented format: texts by address, modules by number.
constexpr std::string_view database_32 = R"({
  "version": 3, "target": {"bits": 32, "little_endianness": true}, "arch": "arm", "kconfigs": {},
  "build_id": "v1", "log_subsys": {"log_instances": {"2": {"source_id": 2, "name": "app", "level": 4, "addr": 4096}}},
  "string_mappings": {"1000": "count %d of %s, %5.2f%% %c %llx", "2000": "hello", "3000": "main: hello", "4000": "boot %s\n",
                      "5000": "[%-4d|%04x|%*d]"}})";

std::string le(std::uint64_t value, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string be(std::uint64_t value, std::size_t size) {
  auto out = le(value, size);
  std::ranges::reverse(out);
  return out;
}

/// A package of 32-bit pointers: format, arguments, appended texts.
std::string package_32(std::uint32_t format, const std::string& arguments, const std::string& texts = "",
                       int count = 0) {
  return std::string{static_cast<char>((8 + arguments.size()) / 4), static_cast<char>(count), 0, 0} + le(format, 4) +
         arguments + texts;
}

std::string record_v3(unsigned level, const std::string& package, const std::string& data = "",
                      std::uint32_t source = 2) {
  return std::string(1, '\0') + static_cast<char>(level << 4) + le(package.size(), 2) + le(data.size(), 2) +
         le(source, 4) + le(1234, 4) + package + data;
}

Database database(std::string_view text = database_32) {
  auto out = Database::parse(text);
  EXPECT_TRUE(out) << out.error().text;
  return *std::move(out);
}

TEST(DictionaryLog, ArgumentsOfEachKindArePrinted) {
  const std::uint64_t two_and_a_half = 0x4004000000000000;
  const auto arguments = le(static_cast<std::uint32_t>(-7), 4) + le(2000, 4) + le(two_and_a_half, 8) + le('x', 4) +
                         le(0, 4) + le(0x123456789a, 8);
  const auto bytes = record_v3(3, package_32(1000, arguments));
  const auto record = parse_record(database(), bytes);
  ASSERT_EQ(record.fit, Record::Fit::yes);
  EXPECT_EQ(record.size, bytes.size());
  EXPECT_EQ(record.line, "[      1234] <inf> app: count -7 of hello,  2.50% x 123456789a\n");
  EXPECT_EQ(record.module, "app");
  EXPECT_EQ(record.level, 3U);
}

TEST(DictionaryLog, WidthsMayBeArguments) {
  const auto bytes = record_v3(1, package_32(5000, le(7, 4) + le(255, 4) + le(6, 4) + le(42, 4)));
  EXPECT_EQ(parse_record(database(), bytes).text, "[7   |00ff|    42]");
}

TEST(DictionaryLog, TextsMayBeAppendedOrPartsOfOthers) {
  const auto appended = package_32(4000, le(0x20000000, 4), "\x02wörld\0"s, 1);
  EXPECT_EQ(parse_record(database(), record_v3(2, appended)).text, "boot wörld\n");
  EXPECT_EQ(parse_record(database(), record_v3(2, package_32(4000, le(3006, 4)))).text, "boot hello\n");
  EXPECT_EQ(parse_record(database(), record_v3(2, package_32(4000, le(9, 4)))).text, "boot <string@0x9>\n");
}

TEST(DictionaryLog, PrintkHasNoPrefixAndHexdumpsHaveLines) {
  EXPECT_EQ(parse_record(database(), record_v3(0, package_32(4000, le(2000, 4)), "", 0)).line, "boot hello\n");
  const auto dump = parse_record(database(), record_v3(4, package_32(2000, ""), "ABCDEFGHIJKLMNOP\x01"));
  EXPECT_EQ(dump.line, "[      1234] <dbg> app: hello\n" + std::string(24, ' ') +
                           "41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e 4f 50 |ABCDEFGH IJKLMNOP\n" +
                           std::string(24, ' ') + "01 " + std::string(46, ' ') + "|. \n");
}

TEST(DictionaryLog, DroppedMessagesAreCounted) {
  const auto record = parse_record(database(), "\x01\x05\x00"s);
  EXPECT_EQ(record.line, "--- 5 messages dropped ---\n");
  EXPECT_EQ(record.size, 3U);
}

TEST(DictionaryLog, EachCutIsMoreAndNonsenseIsNone) {
  const auto bytes = record_v3(3, package_32(2000, ""));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(parse_record(database(), bytes.substr(0, size)).fit, Record::Fit::more) << size;
  EXPECT_EQ(parse_record(database(), record_v3(9, package_32(2000, ""))).fit, Record::Fit::no);      // level
  EXPECT_EQ(parse_record(database(), record_v3(3, package_32(77, ""))).fit, Record::Fit::no);        // no such format
  EXPECT_EQ(parse_record(database(), record_v3(3, package_32(4000, ""))).fit, Record::Fit::no);      // no argument
  EXPECT_EQ(parse_record(database(), record_v3(3, std::string(4, '\0'))).fit, Record::Fit::no);      // no package
  EXPECT_EQ(parse_record(database(), record_v3(3, std::string(60000, '\0'))).fit, Record::Fit::no);  // too long
  EXPECT_EQ(parse_record(database(), "hello").fit, Record::Fit::no);
}

TEST(DictionaryLog, Version1PacksItsHeaderIntoBitsAndMayHaveSections) {
  const auto old = database(R"({"version": 1, "target": {"bits": 32, "little_endianness": true}, "arch": "x86",
    "kconfigs": {"CONFIG_LOG_TIMESTAMP_64BIT": 1}, "log_subsys": {"log_instances": {"1": {"name": "net"}}},
    "sections": {"rodata": {"name": "rodata", "start": 100, "size": 9, "data_b64": "AGxhdGUgJXUA"}}})");
  const auto package = package_32(101, le(7, 4));
  const auto bytes =
      std::string(1, '\0') + le(1U << 3 | package.size() << 6, 4) + le(1, 4) + le(1ULL << 33, 8) + package;
  const auto record = parse_record(old, bytes);
  ASSERT_EQ(record.fit, Record::Fit::yes);
  EXPECT_EQ(record.line, "[8589934592] <err> net: late 7\n");
}

TEST(DictionaryLog, SixtyFourBitBigEndianTargetsAlignTheirArguments) {
  const auto big = database(R"({"version": 3, "target": {"bits": 64, "little_endianness": false}, "arch": "arm64",
    "kconfigs": {}, "log_subsys": {"log_instances": {"1": {"name": "m"}}}, "string_mappings": {"256": "%d %s %p"}})");
  const auto arguments = be(5, 4) + be(0, 4) + be(0x7000, 8) + be(0xabc, 8);
  const auto package = "\x0a\x01\0\0"s + be(0, 4) + be(256, 8) + arguments + "\x06text\0"s;
  const auto bytes = std::string(1, '\0') + '\x04' + be(package.size(), 2) + be(0, 2) + be(1, 8) + be(9, 4) + package;
  EXPECT_EQ(parse_record(big, bytes).text, "5 text 0xabc");
}

TEST(DictionaryLog, WhatIsNoDatabaseIsRefused) {
  for (const char* wrong : {"", "[]", "{}", R"({"version": 9, "target": {}})", R"({"version": "3", "target": {}})",
                            R"({"version": 3, "target": {}, "sections": {"a": {"start": 1, "data_b64": "*"}}})"})
    EXPECT_FALSE(Database::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace hilltop::drivers::dictionary_log
