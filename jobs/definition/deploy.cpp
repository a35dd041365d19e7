// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/definition/lava_names.hpp"
#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

/// What is laid over an image, beside the test shell's files.
std::optional<FileOverlay> read_file_overlay(const std::string& name, const Node& key, const Node& value,
                                             const std::string& what, Diagnostics& out) {
  MapReader map(value, what + " " + name, out);
  if (!map.is_map()) return {};
  FileOverlay overlay{.name = name, .place = key.place()};
  auto url = read_url(map, true);
  const Node format = map.require("format");
  overlay.is_tar = format && choice(format, map.name_of("format"), out, {"file", "tar"}) == "tar";
  overlay.path = map.required_text("path");
  map.finish();
  const bool leads_out = ("/" + overlay.path + "/").contains("/../");
  if (!overlay.path.empty() && (overlay.path.front() != '/' || leads_out))
    out.error(value["path"].place(), map.name_of("path") + ": '" + overlay.path + "' is no path in the image",
              "it begins with '/' and has no '..'");
  if (!url) return {};
  overlay.url = *std::move(url);
  return overlay;
}

/// `overlays`, and the `format` and `partition` that tell where they go.
void read_image_overlay(MapReader& map, DeployImage& image) {
  const auto format = map.take("format");
  const auto kind =
      format ? choice(format, map.name_of("format"), map.out(), {"cpio.newc", "ext4", "tar"}) : std::nullopt;
  // LAVA counts partitions from 0, in the table's order; without the key the image is a file system.
  const auto partition = map.integer("partition", 0, 127);
  image.partition = partition ? static_cast<std::uint32_t>(*partition) + 1 : 0;
  (void)map.boolean("sparse");  // whether an image is sparse, its own first bytes say
  const auto what = map.name_of("overlays");
  if (const Node overlays = map.take("overlays"))
    each_entry(overlays, what, map.out(), [&](const std::string& name, const Node& key, const Node& value) {
      if (name == "lava")
        image.test_shell = boolean(value, what + " lava", map.out()).value_or(false);
      else if (auto overlay = read_file_overlay(name, key, value, what, map.out()))
        image.overlays.push_back(*std::move(overlay));
    });
  if (!image.test_shell && image.overlays.empty()) return;
  if (!kind && !format)
    map.out().error(map.key_place("overlays"), what + " without format", "say what it is: ext4, cpio.newc or tar");
  if (kind == "ext4") image.overlay = ImageOverlay::ext4;
  if (kind == "cpio.newc") image.overlay = ImageOverlay::cpio;
  if (kind == "tar") image.overlay = ImageOverlay::tar;
}

/// Of a card that has files: where it goes there.
std::string read_rename(MapReader& map) {
  const auto place = map.key_place("rename");
  auto path = map.text("rename", 1).value_or("");
  if (("/" + path + "/").contains("/../") || path.starts_with('/'))
    map.out().error(place, map.name_of("rename") + ": '" + path + "' is no path on the board's card",
                    "as SOFTWARE/an505.bin");
  return path;
}

std::optional<DeployImage> read_image(const std::string& label, const Node& key, const Node& value, bool renames,
                                      Diagnostics& out) {
  const std::string what = "deploy images " + label;
  if (!is_label(label)) {
    out.error(key.place(), "deploy images: '" + label + "' cannot be a label", "letters, digits, '_', '-' and '.'");
    return {};
  }
  if (value && value.is_string()) {
    out.error(value.place(), what + ": expected a map, not text", "write {url: " + value.text() + "}");
    return {};
  }
  MapReader map(value, what, out);
  if (!map.is_map()) return {};
  DeployImage image{.label = label, .place = key.place()};
  auto url = read_url(map, true);
  read_image_overlay(map, image);
  image.image_arg = map.text("image_arg").value_or("");
  if (renames) image.rename = read_rename(map);
  map.finish();
  if (!url) return {};
  image.url = *std::move(url);
  return image;
}

/// Every `{label}` in an image_arg is an image of this block: LAVA fills in its path.
void check_placeholders(const std::vector<DeployImage>& images, const Node& nodes, Diagnostics& out) {
  std::vector<std::string> labels;
  for (const DeployImage& image : images) labels.push_back(image.label);
  for (const DeployImage& image : images) {
    const Node place = nodes[image.label]["image_arg"];
    for (std::size_t open = image.image_arg.find('{'); open != std::string::npos;
         open = image.image_arg.find('{', open + 1)) {
      const std::size_t close = image.image_arg.find('}', open);
      const std::string name = image.image_arg.substr(open + 1, close == std::string::npos ? close : close - open - 1);
      if (close != std::string::npos && std::ranges::find(labels, name) != labels.end()) continue;
      const auto near = suggest(name, labels);
      out.error(place.place(), "deploy images " + image.label + " image_arg: '{" + name + "}' names no image",
                near.empty() ? "the images are " + listing(labels) : near);
    }
  }
}

/// hilltop's own key: LAVA knows nothing of dictionary logs.
std::optional<LogDictionary> read_log_dictionary(MapReader& block) {
  const Node value = block.take("log_dictionary");
  if (!value) return {};
  MapReader map(value, "deploy log_dictionary", block.out());
  if (!map.is_map()) return {};
  auto url = read_url(map);
  LogDictionary out{.place = block.key_place("log_dictionary")};
  if (const Node mode = map.take("mode"))
    out.mode = choice(mode, map.name_of("mode"), map.out(), {"auto", "binary", "hex"}).value_or("");
  map.finish();
  if (!url) return {};
  out.url = *std::move(url);
  return out;
}

std::optional<ActionBlock> read_tmpfs(MapReader& block, Place place) {
  DeployTmpfs deploy{.common = read_common(block, std::move(place))};
  deploy.to_place = block.node()["to"].place();
  deploy.images = read_images(block);
  deploy.images_place = block.key_place("images");
  deploy.log_dictionary = read_log_dictionary(block);
  if (const Node type = block.take("type"))
    deploy.type = choice(type, "deploy type", block.out(), {"monitor"}).value_or("");
  if (const Node os = block.take("os"))
    deploy.os = choice(os, "deploy os", block.out(), lava::operating_systems()).value_or("");
  if (block.take("uefi"))
    block.out().error(
        block.key_place("uefi"), "deploy uefi is not supported",
        "firmware is the board type's; for a machine of type qemu give it as an image with image_arg: -bios {NAME}");
  read_deploy_rest(block);
  block.finish();
  return deploy;
}

/// What stands in the way of a deploy method of LAVA's, where it is more than work to be done.
std::string why_not_built(std::string_view to) {
  if (to == "nfs") return "hilltop serves no NFS, for it runs without root";
  if (to == "nbd") return "hilltop has no network block devices";
  if (to == "docker" || to == "fvp") return "hilltop runs no containers";
  if (to == "avh") return "hilltop reaches no boards in a cloud";
  return {};
}

}  // namespace

void read_deploy_rest(MapReader& block) {
  if (block.take("authorize"))
    block.out().error(block.key_place("authorize"), "deploy authorize is not supported",
                      "put the key into the image, or write it in a step of the test");
  read_overlay_backend(block);
}

void read_overlay_backend(MapReader& map) {
  const Node backend = map.take("overlay_backend");
  if (!backend) return;
  const auto name = choice(backend, map.name_of("overlay_backend"), map.out(), {"auto", "e2fsprogs", "guestfs"});
  if (name == "guestfs")
    map.out().warning(backend.place(), map.name_of("overlay_backend") + ": guestfs has no effect",
                      "e2fsprogs writes into images here, without mounting them");
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 100 && label != "." && label != ".." &&
         std::ranges::all_of(label,
                             [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; });
}

std::vector<DeployImage> read_images(MapReader& block, bool renames) {
  std::vector<DeployImage> out;
  const Node images = block.require("images");
  if (!images) return out;
  each_entry(images, "deploy images", block.out(), [&](const std::string& label, const Node& key, const Node& value) {
    if (auto image = read_image(label, key, value, renames, block.out())) out.push_back(*std::move(image));
  });
  if (images.is_map() && images.entries().empty()) block.out().error(images.place(), "deploy images is empty");
  if (out.size() == images.entries().size()) check_placeholders(out, images, block.out());
  return out;
}

std::optional<ActionBlock> read_deploy(MapReader& block, Place place) {
  std::string to = block.required_text("to");
  std::ranges::replace(to, '_', '-');
  if (to.empty()) return {};
  if (to == "tmpfs") return read_tmpfs(block, std::move(place));
  if (to == "tftp") return read_tftp(block, std::move(place));
  if (to == "overlay") return read_overlay(block, std::move(place));
  if (to == "download" || to == "downloads") return read_download(block, std::move(place));
  if (is_board_target(to)) return read_board_deploy(block, std::move(to), std::move(place));
  const Place at = block.node()["to"].place();
  const auto& known = lava::deploy_targets();
  const auto supported = "supported: " + listing(lava::supported_deploy_targets());
  if (std::ranges::find(known, to) != known.end()) {
    const auto why = why_not_built(to);
    block.out().error(at, "deploy to: " + to + (why.empty() ? " is not supported yet" : " is not supported: " + why),
                      supported);
  } else {
    const auto near = suggest(to, known);
    block.out().error(at, "deploy to: '" + to + "' is not a deploy method", near.empty() ? supported : near);
  }
  return {};
}

}  // namespace hilltop::jobs::reading
