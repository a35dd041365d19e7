// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/root_links.hpp"

#include <filesystem>

namespace hilltop::jobs::testshell {
namespace {

using Entries = std::map<std::string, OverlayEntry>;  // a folder sorts before what is in it

void replace_entries(Overlay& overlay, Entries entries) {
  overlay.entries.clear();
  for (auto& [path, entry] : entries) overlay.entries.push_back(std::move(entry));
}

}  // namespace

std::string root_link_target(std::string_view target) {
  const auto path = (std::filesystem::path("/") / target).lexically_normal().relative_path();
  return path.empty() || *path.begin() == ".." ? std::string() : path.string();
}

void follow_root_links(Overlay& overlay, const RootLinks& links) {
  Entries out;
  for (auto& entry : overlay.entries) {
    const auto slash = entry.path.find('/');
    const auto link = links.find(entry.path.substr(0, slash));
    const bool is_top = slash == std::string::npos;
    if (link != links.end() && is_top && entry.kind == OverlayEntry::Kind::folder) continue;  // the link is it
    if (link != links.end() && !is_top) entry.path = link->second + entry.path.substr(slash);
    auto path = entry.path;
    out[std::move(path)] = std::move(entry);
  }
  replace_entries(overlay, std::move(out));
}

void add_missing_folders(Overlay& overlay, const std::set<std::string>& there) {
  Entries out;
  for (auto& entry : overlay.entries) {
    for (auto at = entry.path.find('/'); at != std::string::npos; at = entry.path.find('/', at + 1)) {
      const auto folder = entry.path.substr(0, at);
      if (there.contains(folder) || out.contains(folder)) continue;
      OverlayEntry made;
      made.path = folder, made.kind = OverlayEntry::Kind::folder, made.mode = 0755;
      out[folder] = std::move(made);
    }
    auto path = entry.path;
    out[std::move(path)] = std::move(entry);
  }
  replace_entries(overlay, std::move(out));
}

}  // namespace hilltop::jobs::testshell
