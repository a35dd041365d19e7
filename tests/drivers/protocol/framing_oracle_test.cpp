// SPDX-License-Identifier: Apache-2.0
// SLIP, COBS, SMP lines and CMUX frames against encoders and decoders that were written in Python from their
// specifications, with CRCs of Python's own library where it has them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "drivers/core/process.hpp"
#include "drivers/protocol/cmux.hpp"
#include "drivers/protocol/cobs.hpp"
#include "drivers/protocol/slip.hpp"
#include "drivers/protocol/smp.hpp"
#include "tests/drivers/core/run_task.hpp"

namespace hilltop::drivers {
namespace {

using nlohmann::json;

constexpr const char* oracle = R"py(
import base64, binascii, json, struct, sys
def slip(p):
    return b'\xc0' + p.replace(b'\xdb', b'\xdb\xdd').replace(b'\xc0', b'\xdb\xdc') + b'\xc0'
def cobs(p):
    out = b''
    for i, run in enumerate(p.split(b'\0')):
        while len(run) >= 254:
            out += b'\xff' + run[:254]
            run = run[254:]
            if not run and i == p.count(b'\0'):
                return out
        out += bytes([len(run) + 1]) + run
    return out
def smp(p):
    body = struct.pack('>H', len(p) + 2) + p + struct.pack('>H', binascii.crc_hqx(p, 0))
    lines = []
    for at in range(0, len(body), 93):
        lines.append((b'\x06\x09' if at == 0 else b'\x04\x14') + base64.b64encode(body[at:at + 93]) + b'\n')
    return b''.join(lines)
def fcs(data):
    crc = 0xff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xe0 if crc & 1 else crc >> 1
    return 0xff - crc
def header(dlci, control):
    return bytes([dlci << 2 | 3, control])
def basic(dlci, control, p):
    n = len(p)
    length = bytes([n << 1 | 1]) if n < 128 else bytes([n << 1 & 0xfe, n >> 7])
    h = header(dlci, control) + length
    return b'\xf9' + h + p + bytes([fcs(h + (p if control == 0x03 else b''))]) + b'\xf9'
def advanced(dlci, control, p):
    h = header(dlci, control)
    body = h + p + bytes([fcs(h + (p if control == 0x03 else b''))])
    return b'\x7e' + body.replace(b'\x7d', b'\x7d\x5d').replace(b'\x7e', b'\x7d\x5e') + b'\x7e'
out = []
for dlci, text in json.loads(sys.argv[1]):
    p = bytes.fromhex(text)
    row = [slip(p), cobs(p), smp(p) if p else b'']
    for control in (0xef, 0x03):
        row += [basic(dlci, control, p), advanced(dlci, control, p)]
    row += [basic(dlci, 0x3f, b''), advanced(dlci, 0x73, b'')]
    out.append([one.hex() for one in row])
print(json.dumps(out))
)py";

std::string hex_of(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += "0123456789abcdef"[static_cast<std::uint8_t>(c) >> 4];
    out += "0123456789abcdef"[static_cast<std::uint8_t>(c) & 15];
  }
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line;
  return out;
}

/// Packets of lengths around each border, with many bytes that must be escaped.
std::vector<std::pair<unsigned, std::string>> packets() {
  std::vector<std::pair<unsigned, std::string>> out;
  std::mt19937 random(7);
  for (const std::size_t size :
       {0, 1, 2, 3, 90, 91, 92, 93, 94, 126, 127, 128, 129, 185, 253, 254, 255, 508, 509, 600, 1500})
    for (const std::string& alphabet : {std::string("ab"), std::string("\xc0\xdb\xdc\xdd\x7e\x7d\xf9\x00", 8),
                                        std::string("\x00\x01", 2), std::string()}) {
      std::string packet;
      while (packet.size() < size)
        packet += alphabet.empty() ? static_cast<char>(random() & 255) : alphabet[random() % alphabet.size()];
      out.emplace_back(1 + random() % 60, packet);
    }
  return out;
}

json ask_oracle(const std::vector<std::pair<unsigned, std::string>>& all) {
  auto question = json::array();
  for (const auto& [dlci, packet] : all) question.push_back({dlci, hex_of(packet)});
  asio::io_context context;
  std::string last;
  Process::OutputHandler keep = [&](std::string_view piece) { last += piece; };
  Command command({"/usr/bin/python3", "-c", oracle, question.dump()});
  const auto said =
      test::run_task(context, run_tool_checked(std::move(command), Deadline::after(60s), std::move(keep)));
  EXPECT_TRUE(said) << said.error().text;
  return json::parse(last, nullptr, false);
}

TEST(FramingOracle, EncodesAsPythonDoes) {
  const auto all = packets();
  const auto answers = ask_oracle(all);
  ASSERT_EQ(answers.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [number, packet] = all[i];
    const auto& row = answers[i];
    const auto dlci = static_cast<std::uint8_t>(number);
    EXPECT_EQ(hex_of(slip::encoded(packet)), row[0].get<std::string>()) << i;
    EXPECT_EQ(hex_of(cobs::encoded(packet)), row[1].get<std::string>()) << i;
    if (!packet.empty()) EXPECT_EQ(hex_of(joined(smp::lines_of(packet))), row[2].get<std::string>()) << i;
    const cmux::Frame uih{dlci, true, false, cmux::Type::uih, packet};
    EXPECT_EQ(hex_of(cmux::encoded_basic(uih)), row[3].get<std::string>()) << i;
    EXPECT_EQ(hex_of(cmux::encoded_advanced(uih)), row[4].get<std::string>()) << i;
    const cmux::Frame ui{dlci, true, false, cmux::Type::ui, packet};
    EXPECT_EQ(hex_of(cmux::encoded_basic(ui)), row[5].get<std::string>()) << i;
    EXPECT_EQ(hex_of(cmux::encoded_advanced(ui)), row[6].get<std::string>()) << i;
    EXPECT_EQ(hex_of(cmux::encoded_basic({dlci, true, true, cmux::Type::sabm, {}})), row[7].get<std::string>()) << i;
    EXPECT_EQ(hex_of(cmux::encoded_advanced({dlci, true, true, cmux::Type::ua, {}})), row[8].get<std::string>()) << i;
  }
}

}  // namespace
}  // namespace hilltop::drivers
