// SPDX-License-Identifier: Apache-2.0
// Deploy blocks that write to the board at once.
#include <algorithm>
#include <array>

#include "jobs/definition/lava_names.hpp"
#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

using Way = DeployBoard::Way;

/// A key of LAVA's that says how LAVA writes: hilltop does it in its own way.
void ignore(MapReader& block, const char* key, const std::string& why) {
  if (block.take(key)) block.out().warning(block.key_place(key), block.name_of(key) + " has no effect: " + why);
}

/// `image: {url}` beside `images: {image: {url}, bmap: {url}}`.
std::vector<DeployImage> read_card_images(MapReader& block, Place& place) {
  if (block.has("images")) {
    place = block.key_place("images");
    return read_images(block);
  }
  const Node image = block.take("image");
  place = block.key_place("image");
  if (!image) {
    block.out().error(block.node().place(), "deploy image is missing", "images: {image: {url: ...}, bmap: {url: ...}}");
    return {};
  }
  MapReader map(image, "deploy image", block.out());
  if (!map.is_map()) return {};
  DeployImage out{.label = "image", .place = place};
  auto url = read_url(map, true);
  ignore(map, "root_partition", "give the image as images: {image: ...} with partition and overlays");
  map.finish();
  if (!url) return {};
  out.url = *std::move(url);
  return {std::move(out)};
}

void check_card_images(const DeployBoard& deploy, Diagnostics& out) {
  bool image = false, overlays = false;
  for (const auto& one : deploy.images) {
    image = image || one.label == "image";
    overlays = overlays || one.overlay != ImageOverlay::none;
    if (one.label != "image" && one.label != "bmap")
      out.error(one.place, "deploy images: a card takes no '" + one.label + "'", "it takes image, and its bmap");
  }
  if (!image && !deploy.images.empty()) out.error(deploy.images_place, "deploy images: image is missing");
  if (overlays && deploy.images.size() > 1)
    out.error(deploy.images_place, "deploy images: overlays change the image, and its bmap is then another's",
              "leave the bmap out");
}

void read_card(MapReader& block, DeployBoard& deploy) {
  deploy.images = read_card_images(block, deploy.images_place);
  check_card_images(deploy, block.out());
  (void)block.text("device");  // LAVA: which medium of several; hilltop's boards have one
  for (const char* key : {"download", "writer", "tool"})
    ignore(block, key, "hilltop writes the card itself, through its mux");
}

void refuse_recovery_image(MapReader& block) {
  if (block.take("recovery_image"))
    block.out().error(block.key_place("recovery_image"),
                      "deploy recovery_image is not supported yet: hilltop does not replace a whole configuration card",
                      "give the files that change: images: {NAME: {url: ..., rename: SOFTWARE/file}}");
}

}  // namespace

bool is_board_target(std::string_view to) {
  static constexpr auto names =
      std::to_array<std::string_view>({"flasher", "mps", "musca", "vemsd", "usb", "sd", "recovery"});
  return std::ranges::find(names, to) != names.end();
}

std::optional<ActionBlock> read_board_deploy(MapReader& block, std::string to, Place place) {
  DeployBoard deploy{.common = read_common(block, std::move(place))};
  deploy.to_place = block.node()["to"].place();
  deploy.way = to == "usb" || to == "sd" ? Way::storage : to == "recovery" ? Way::files : Way::flash;
  if (to == "mps" || to == "vemsd") refuse_recovery_image(block);
  deploy.to = std::move(to);
  if (deploy.way == Way::storage) {
    read_card(block, deploy);
  } else {
    deploy.images_place = block.key_place("images");
    deploy.images = read_images(block, true);
    for (const auto& image : deploy.images)
      if (image.overlay != ImageOverlay::none)
        block.out().error(image.place,
                          "deploy images " + image.label + " overlays: " + deploy.to + " writes files as they are",
                          "deploy to: tmpfs, tftp, usb and sd put the test shell's files into images");
  }
  (void)block.boolean("uniquify");
  if (const Node os = block.take("os")) (void)choice(os, "deploy os", block.out(), lava::operating_systems());
  read_deploy_rest(block);
  block.finish();
  return deploy;
}

}  // namespace hilltop::jobs::reading
