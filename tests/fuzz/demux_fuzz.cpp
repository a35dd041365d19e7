// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/boards/console/demux/recorder.hpp"

namespace {

using namespace hilltop::boards::demux;

hilltop::Result<std::string> database(const std::string&) {
  return std::string(R"({"version": 3, "target": {"bits": 32, "little_endianness": true}, "arch": "arm", "kconfigs": {},
    "log_subsys": {"log_instances": {"2": {"name": "app"}}}, "string_mappings": {"1000": "value %d %s", "2000": "text"}})");
}

/// Up to four decoders, chosen by the bits of `choice`.
std::vector<DecoderSpec> stack(std::uint32_t choice) {
  std::vector<DecoderSpec> out;
  const auto& names = decoder_names();
  for (std::uint32_t left = choice; left % 16 != 0 && out.size() < 4; left /= 16) {
    DecoderSpec spec;
    spec.name = names[left % 16 % names.size()];
    if (spec.name == "dictlog") spec.database = "in memory";
    if (left & 8) spec.max_frame = 64;
    if (!out.empty() && (choice & 0x80000) != 0) spec.from = {"text", "shell", "mux1", "rtt0", "nonsecure"};
    out.push_back(std::move(spec));
  }
  return out;
}

}  // namespace

/// The same channels at any chunk size; each byte in one piece; text is what was fed. The first four bytes choose
/// decoders and chunk size.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::uint32_t choice = data[0] | data[1] << 8U | data[2] << 16U;
  const std::string_view text(reinterpret_cast<const char*>(data) + 4, size - 4);
  const auto specs = stack(choice);
  std::string complaint;
  const auto whole = run(specs, text, Chunks(text.size() + 1), complaint, 500, database);
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{1} + data[3]}) {
    if (complaint.empty() && run(specs, text, Chunks(chunk), complaint, 500, database) != whole)
      complaint = "not the same by chunks of " + std::to_string(chunk);
    if (complaint.empty()) (void)run(specs, text, Chunks::apart(chunk), complaint, 500, database);
    if (complaint.empty()) continue;
    for (const auto& spec : specs) std::fprintf(stderr, "%s ", spec.name.c_str());
    std::fprintf(stderr, ": %s\n", complaint.c_str());
    std::abort();
  }
  return 0;
}
