// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "jobs/testshell/shell_event.hpp"

namespace {

using hilltop::jobs::testshell::Signal;
using hilltop::jobs::testshell::SignalScanner;

std::vector<Signal> scan(std::string_view text, std::size_t chunk) {
  std::vector<Signal> out;
  SignalScanner scanner([&](const Signal& signal) {
    if (signal.begin > signal.end || signal.end > text.size()) std::abort();
    static_cast<void>(hilltop::jobs::testshell::interpret(signal));
    out.push_back(signal);
  });
  for (std::size_t at = 0; at < text.size(); at += chunk) scanner.feed(text.substr(at, chunk));
  scanner.finish();
  return out;
}

}  // namespace

/// The same signals at any chunk size, within the text, and each of them can be read. The first byte chooses the size.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = scan(text, text.size());
  if (scan(text, 1 + data[0]) != whole || scan(text, 1) != whole) std::abort();
  return 0;
}
