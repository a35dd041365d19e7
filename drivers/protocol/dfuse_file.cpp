// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "drivers/protocol/byte_order.hpp"
#include "drivers/protocol/dfuse.hpp"

namespace hilltop::drivers::dfu {
namespace {

// ST UM0391, section 2.1: prefix, 2.3: target prefix, 2.3.2: image element.
constexpr std::string_view file_signature = "DfuSe";
constexpr std::string_view target_signature = "Target";
constexpr std::size_t prefix_bytes = 11;  // [szSignature:5][bVersion:1][DFUImageSize:4][bTargets:1]
constexpr std::size_t target_prefix_bytes =
    274;  // [szSignature:6][bAlternateSetting:1][bTargetNamed:4][szTargetName:255]
          // [dwTargetSize:4][dwNbElements:4]
constexpr std::size_t element_prefix_bytes = 8;  // [dwElementAddress:4][dwElementSize:4]

Error wrong(const std::string& name, std::string_view what) {
  return {Errc::bad_input, Blame::job, fmt::format("{}: {}", name, what)};
}

Result<DfuseTarget> take_target(std::string_view& bytes, const std::string& name) {
  if (bytes.size() < target_prefix_bytes || !bytes.starts_with(target_signature))
    return wrong(name, "a DfuSe target was expected");
  DfuseTarget target{static_cast<std::uint8_t>(bytes[6])};
  const auto size = le32_at(bytes, 266);
  const auto elements = le32_at(bytes, 270);
  bytes.remove_prefix(target_prefix_bytes);
  if (size > bytes.size()) return wrong(name, "a DfuSe target is longer than the file");
  auto rest = bytes.substr(0, size);
  bytes.remove_prefix(size);
  for (std::uint32_t i = 0; i < elements; ++i) {
    if (rest.size() < element_prefix_bytes) return wrong(name, "a DfuSe target ends too early");
    const auto length = le32_at(rest, 4);
    const auto address = le32_at(rest, 0);
    rest.remove_prefix(element_prefix_bytes);
    if (length > rest.size()) return wrong(name, "a DfuSe element is longer than its target");
    target.image.segments.push_back({address, std::string(rest.substr(0, length))});
    rest.remove_prefix(length);
  }
  target.image.name = name;
  HILLTOP_TRY(target.image, arranged(std::move(target.image)));
  return target;
}

}  // namespace

bool is_dfuse_file(std::string_view head) { return head.starts_with(file_signature); }

Result<std::vector<DfuseTarget>> read_dfuse_file(std::string_view bytes, std::string name) {
  if (bytes.size() < prefix_bytes || !is_dfuse_file(bytes)) return wrong(name, "it is no DfuSe file");
  if (bytes[5] != 1) return wrong(name, fmt::format("DfuSe format {} is unknown", static_cast<int>(bytes[5])));
  const auto size = le32_at(bytes, 6);
  const auto targets = static_cast<std::uint8_t>(bytes[10]);
  if (size > bytes.size() || size < prefix_bytes) return wrong(name, "the DfuSe file ends too early");
  auto rest = bytes.substr(prefix_bytes, size - prefix_bytes);
  std::vector<DfuseTarget> out;
  for (unsigned i = 0; i < targets; ++i) {
    HILLTOP_TRY(auto target, take_target(rest, name));
    out.push_back(std::move(target));
  }
  if (out.empty()) return wrong(name, "the DfuSe file has no target");
  return out;
}

}  // namespace hilltop::drivers::dfu
