// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "drivers/protocol/dfu_suffix.hpp"
#include "drivers/protocol/dfuse.hpp"

namespace {

using namespace hilltop::drivers;

void read_files(std::string_view bytes) {
  if (const auto suffix = dfu::read_suffix(bytes); suffix && *suffix && (*suffix)->length > bytes.size()) std::abort();
  if (const auto targets = dfu::read_dfuse_file(bytes, "fuzz.dfu")) {
    std::uint64_t size = 0;
    for (const auto& target : *targets) size += target.image.size();
    if (targets->empty() || size > bytes.size()) std::abort();
  }
  if (const auto function = dfu::read_functional(bytes); function && function->transfer_size == 0) std::abort();
}

/// What is planned for a layout writes each byte of the image once, and within it.
void plan(std::string_view layout_text) {
  const auto layout = dfu::read_layout(layout_text);
  if (!layout) return;
  if (layout->empty()) std::abort();
  if (layout->front().page_bytes > 1 << 20) return;
  const Image image{.name = "fuzz", .segments = {{layout->front().start, std::string(5000, 'x')}}, .entry = {}};
  const auto operations = dfu::plan_dfuse(image, *layout, {.transfer_size = 256, .verify = true});
  if (!operations) return;
  std::uint64_t payload = 0;
  for (const auto& one : *operations) payload += one.payload;
  if (payload != 5000) std::abort();
}

/// A device that answers anything ends a session, or goes on being asked: it never crashes or writes too much.
void talk(std::string_view bytes) {
  dfu::Function function;
  function.can_upload = function.manifestation_tolerant = !bytes.empty() && (bytes[0] & 1) != 0;
  dfu::Session session(function.manifestation_tolerant, dfu::plan_download("some firmware", function, true, 4));
  auto step = session.start();
  for (int i = 0; i < 1000 && step.kind != dfu::Step::Kind::finished && step.kind != dfu::Step::Kind::failed; ++i) {
    const auto wanted = step.kind == dfu::Step::Kind::read ? std::size_t{step.size} : 0;
    hilltop::Result<std::string> reply(std::string(bytes.substr(0, wanted)));
    if (bytes.size() > 6 && bytes[0] == '\x7f')
      reply = hilltop::Error(hilltop::Errc::io, hilltop::Blame::infrastructure, "stall");
    bytes.remove_prefix(std::min(bytes.size(), wanted));
    step = session.resume(std::move(reply));
  }
  if (session.written() > 13) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_files(bytes);
  plan(bytes);
  talk(bytes);
  return 0;
}
