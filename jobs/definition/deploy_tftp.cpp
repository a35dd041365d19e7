// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/definition/lava_names.hpp"
#include "jobs/definition/parts.hpp"

/// Deploy methods that put files where a boot loader, the board or the job finds them (LAVA 2.2).
namespace hilltop::jobs::reading {
namespace {

void refuse_modules(MapReader& map) {
  if (map.boolean("install_modules").value_or(false))
    map.out().error(map.key_place("install_modules"), map.name_of("install_modules") + ": true is not supported yet",
                    "put the modules into the ramdisk");
}

void read_ramdisk(MapReader& map, DeployFile& file) {
  file.install_overlay = map.boolean("install_overlay").value_or(true);
  if (const Node header = map.take("header"))
    file.uboot_header = choice(header, map.name_of("header"), map.out(), {"u-boot"}).has_value();
  refuse_modules(map);
}

/// Reads what `url` and its like say of one file, under the key's place.
void read_file(MapReader& map, std::string label, Place place, DeployTftp& deploy) {
  if (!map.is_map()) return;
  DeployFile file{.label = std::move(label), .place = std::move(place)};
  auto url = read_url(map);
  if (file.label == "kernel")
    if (const Node type = map.take("type"))
      file.kind = choice(type, map.name_of("type"), map.out(), {"image", "uimage", "zimage"}).value_or("");
  if (file.label == "ramdisk") read_ramdisk(map, file);
  map.finish();
  if (!url) return;
  file.url = *std::move(url);
  deploy.files.push_back(std::move(file));
}

void read_named(MapReader& block, const std::string& key, DeployTftp& deploy) {
  const Node node = block.take(key);
  if (!node) return;
  MapReader map(node, "deploy " + key, block.out());
  read_file(map, key, block.key_place(key), deploy);
}

void read_device_tree_overlays(MapReader& block, DeployTftp& deploy) {
  const Node list = block.take("dtbo");
  if (!list) return;
  if (!list.is_sequence()) return wrong_type(list, "deploy dtbo", "a list", block.out());
  std::size_t number = 0;
  for (const Node& item : list.items()) {
    MapReader map(item, "deploy dtbo " + std::to_string(number), block.out());
    read_file(map, "dtbo_" + std::to_string(number++), item.place(), deploy);
  }
}

void read_extra_files(MapReader& block, DeployTftp& deploy) {
  const Node extra = block.take("extra_files");
  if (!extra) return;
  each_entry(extra, "deploy extra_files", block.out(),
             [&](const std::string& label, const Node& key, const Node& value) {
               const bool taken = deploy.file(label) != nullptr;
               if (!is_label(label) || taken) {
                 block.out().error(key.place(), "deploy extra_files: '" + label + "' cannot be a label",
                                   taken ? "another file has that name" : "letters, digits, '_', '-' and '.'");
                 return;
               }
               MapReader map(value, "deploy extra_files " + label, block.out());
               read_file(map, label, key.place(), deploy);
             });
}

}  // namespace

std::optional<ActionBlock> read_tftp(MapReader& block, Place place) {
  DeployTftp deploy{.common = read_common(block, std::move(place))};
  deploy.to_place = block.node()["to"].place();
  for (const char* key : {"kernel", "ramdisk", "dtb", "tee"}) read_named(block, key, deploy);
  read_device_tree_overlays(block, deploy);
  read_extra_files(block, deploy);
  if (const Node os = block.take("os"))
    deploy.os = choice(os, "deploy os", block.out(), lava::operating_systems()).value_or("");
  block.not_supported({"modules", "preseed", "nfsrootfs", "persistent_nfs", "authorize", "overlay_backend"});
  const bool named = std::ranges::any_of(
      std::vector<std::string>{"kernel", "ramdisk", "dtb", "tee", "dtbo", "extra_files", "nfsrootfs", "persistent_nfs"},
      [&](const std::string& key) { return block.has(key); });
  if (!named)
    block.out().error(deploy.common.place, "deploy to: tftp names no file", "give kernel, ramdisk, dtb or extra_files");
  block.finish();
  return deploy;
}

std::optional<ActionBlock> read_overlay(MapReader& block, Place place) {
  DeployOverlay deploy{.common = read_common(block, std::move(place))};
  deploy.to_place = block.node()["to"].place();
  if (const Node os = block.take("os")) (void)choice(os, "deploy os", block.out(), lava::operating_systems());
  block.not_supported({"authorize", "overlay_backend"});
  block.finish();
  return deploy;
}

std::optional<ActionBlock> read_download(MapReader& block, Place place) {
  DeployDownload deploy{.common = read_common(block, std::move(place))};
  deploy.to_place = block.node()["to"].place();
  deploy.images = read_images(block);
  if (const Node os = block.take("os")) (void)choice(os, "deploy os", block.out(), lava::operating_systems());
  (void)block.boolean("uniquify");
  block.not_supported({"postprocess", "authorize", "overlay_backend"});
  block.finish();
  return deploy;
}

}  // namespace hilltop::jobs::reading
