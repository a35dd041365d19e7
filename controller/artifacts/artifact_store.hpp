// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "boards/inventory.hpp"
#include "jobs/ports.hpp"

namespace hilltop::controller {

/// Files of jobs, fetched from where they are and stored once, by their SHA-256, in DIR/sha256/XX/DIGEST.
/// `http:` and `https:` come by libcurl; which hosts is the lab's to say (Inventory::url_allow_list): any that are
/// named, private ones too, or else any host with a public address. `file:` comes from the lab's file_roots only, links
/// resolved. Thread: any one at a time; what blocks runs on a few lanes of its own.
class ArtifactStore : public jobs::ArtifactSource {
 public:
  /// Errors: io (infrastructure) when `dir` cannot be made.
  static Result<std::shared_ptr<ArtifactStore>> open(std::filesystem::path dir);
  /// From now on what this lab allows is allowed.
  virtual void allow(const boards::Inventory& lab) = 0;
};

}  // namespace hilltop::controller
