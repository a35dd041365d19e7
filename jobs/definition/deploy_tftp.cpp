// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/definition/lava_names.hpp"
#include "jobs/definition/parts.hpp"

/// Deploy methods that put files where a boot loader, the board or the job finds them (LAVA 2.2).
namespace hilltop::jobs::reading {
namespace {

void read_ramdisk(MapReader& map, DeployFile& file) {
  file.install_overlay = map.boolean("install_overlay").value_or(true);
  if (const Node header = map.take("header"))
    file.uboot_header = choice(header, map.name_of("header"), map.out(), {"u-boot"}).has_value();
  file.install_modules = map.boolean("install_modules").value_or(true);
}

/// The kernel's modules: a tar file, which goes into the ramdisk.
void read_modules(MapReader& block, DeployTftp& deploy) {
  const Node node = block.take("modules");
  if (!node) return;
  MapReader map(node, "deploy modules", block.out());
  if (!map.is_map()) return;
  deploy.modules = read_url(map);
  map.finish();
  if (deploy.modules && deploy.modules->compression == Compression::zip)
    block.out().error(node["compression"].place(), "deploy modules compression: zip holds no tar file here");
  const auto* ramdisk = deploy.file("ramdisk");
  if (ramdisk == nullptr)
    block.out().error(block.key_place("modules"), "deploy modules without ramdisk", "they are put into the ramdisk");
  else if (!ramdisk->install_modules)
    block.out().warning(block.key_place("modules"),
                        "deploy modules has no effect: the ramdisk has install_modules: false");
}

/// Root file systems over the network need a server in the kernel of the lab's machine, or root rights on it.
void refuse_nfs(MapReader& block) {
  for (const char* key : {"nfsrootfs", "persistent_nfs"})
    if (block.take_unlisted(key))
      block.out().error(
          block.key_place(key),
          "deploy " + std::string(key) + " is not supported: hilltop serves no NFS, for it runs without root",
          "boot a ramdisk, or a disk image (deploy to: tmpfs)");
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
  for (const char* key : {"kernel", "ramdisk", "dtb", "tee", "preseed"}) read_named(block, key, deploy);
  read_device_tree_overlays(block, deploy);
  read_extra_files(block, deploy);
  if (const Node os = block.take("os"))
    deploy.os = choice(os, "deploy os", block.out(), lava::operating_systems()).value_or("");
  read_modules(block, deploy);
  refuse_nfs(block);
  read_deploy_rest(block);
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
  read_deploy_rest(block);
  block.finish();
  return deploy;
}

std::optional<ActionBlock> read_download(MapReader& block, Place place) {
  DeployDownload deploy{.common = read_common(block, std::move(place))};
  deploy.to_place = block.node()["to"].place();
  deploy.images = read_images(block);
  for (const auto& image : deploy.images)
    if (image.overlay != ImageOverlay::none)
      block.out().error(image.place, "deploy images " + image.label + " overlays: no board gets this file",
                        "deploy to: tmpfs puts overlays into images");
  if (const Node os = block.take("os")) (void)choice(os, "deploy os", block.out(), lava::operating_systems());
  (void)block.boolean("uniquify");
  if (block.take("postprocess"))
    block.out().error(block.key_place("postprocess"), "deploy postprocess is not supported: hilltop runs no containers",
                      "prepare the files before the job, or in a step of its test");
  read_deploy_rest(block);
  block.finish();
  return deploy;
}

}  // namespace hilltop::jobs::reading
