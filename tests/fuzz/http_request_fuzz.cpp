// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>

#include "drivers/protocol/http_request.hpp"

using namespace hilltop::drivers::http;

namespace {

/// What the requests of a connection are, as text, when it comes in pieces of `step` bytes.
std::string read_in_pieces(std::string_view bytes, std::size_t step) {
  RequestReader reader;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(bytes.substr(at, step));
    for (;;) {
      auto request = reader.next();
      if (!request) return out + "refused";
      if (!*request) break;
      if ((*request)->path.empty() || (*request)->path[0] != '/' || (*request)->fields.size() > fields_most)
        std::abort();
      if ((*request)->path.contains('\0')) std::abort();
      out += (*request)->method + (*request)->path + "\n";
      if (const auto* range = (*request)->find("range")) {
        const auto answer = range_of(*range, 1000);
        const bool part = answer.kind == RangeAnswer::Kind::part;
        if (part && (answer.range.first > answer.range.last || answer.range.last >= 1000)) std::abort();
      }
    }
  }
  return out;
}

}  // namespace

/// Where a connection's bytes are cut does not matter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size > 8000) return 0;  // then the limit counts, and a reader may meet it at one cut and not at another
  if (read_in_pieces(bytes, 1) != read_in_pieces(bytes, size + 1)) std::abort();
  return 0;
}
