// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "boards/inventory.hpp"
#include "drivers/tables.hpp"

namespace {

using hilltop::Diagnostics;
using hilltop::boards::BoardTypes;
using hilltop::boards::Inventory;

void must(bool holds) {
  if (!holds) std::abort();
}

const BoardTypes& shipped_types() {
  static const BoardTypes types = [] {
    Diagnostics diagnostics;
    auto out = BoardTypes::load(HILLTOP_SOURCE_DIR "/boards/types", HILLTOP_SOURCE_DIR "/boards/rules", diagnostics);
    must(!diagnostics.has_errors());
    return out;
  }();
  return types;
}

Inventory read(const char* data, std::size_t size, Diagnostics& diagnostics) {
  const int file = ::memfd_create("lab", MFD_CLOEXEC);
  must(file >= 0 && ::write(file, data, size) == static_cast<ssize_t>(size));
  auto out = read_inventory("/proc/self/fd/" + std::to_string(file), shipped_types(), hilltop::drivers::all_drivers,
                            diagnostics);
  ::close(file);
  return out;
}

}  // namespace

// A lab file is either refused, or reads back from what is written for it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Diagnostics diagnostics;
  const auto lab = read(reinterpret_cast<const char*>(data), size, diagnostics);
  if (diagnostics.has_errors()) return 0;
  const auto text = to_yaml(lab);
  Diagnostics none;
  const auto again = read(text.data(), text.size(), none);
  must(!none.has_errors());
  must(again.boards == lab.boards && again.name == lab.name && again.file_roots == lab.file_roots);
  return 0;
}
