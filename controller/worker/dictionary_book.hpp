// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "boards/console/demux/decoder_spec.hpp"
#include "drivers/core/result.hpp"

namespace hilltop::controller {

/// By which databases of dictionary logs the consoles of boards are read, and from where to where: a database belongs
/// to the firmware that a lease brought, and what that firmware has logged is in the transcript for longer than the
/// lease. Kept in a folder over restarts, for the newest 16 leases of a board that brought one. Thread: the worker's.
/// Writes small files; the copy of a database comes ready made.
class DictionaryBook {
 public:
  using Places = std::map<std::string, std::uint64_t>;  ///< by console: an offset in it

  explicit DictionaryBook(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Where the next database of `board` is to be copied to; its folder is made. Errors: io (infrastructure).
  Result<std::filesystem::path> place_for(const std::string& board);
  /// `database`, in its place, counts from these places on; what counted before ends there.
  /// Errors: io (infrastructure).
  Result<> begin(const std::string& board, const std::filesystem::path& database, const std::string& mode,
                 const Places& from);
  /// The lease is over. Does nothing where no database counts.
  Result<> end(const std::string& board, const Places& to);

  /// What counts now.
  [[nodiscard]] std::optional<boards::demux::DecoderSpec> current(const std::string& board);

  /// A stretch of a console with one stack of decoders.
  struct Stretch {
    std::uint64_t from = 0, to = UINT64_MAX;
    std::vector<boards::demux::DecoderSpec> decoders;
  };
  /// All of a console, where each database counted and between: `usual` with the database's decoder in its place.
  [[nodiscard]] std::vector<Stretch> stretches(const std::string& board, const std::string& console,
                                               const std::vector<boards::demux::DecoderSpec>& usual);

 private:
  struct Entry {
    std::string file, mode;  ///< within the board's folder
    Places from, to;         ///< `to` is empty while it counts
  };
  using Entries = std::vector<Entry>;
  Entries& entries_of(const std::string& board);
  Result<> save(const std::string& board, const Entries& entries);
  [[nodiscard]] boards::demux::DecoderSpec spec_of(const std::string& board, const Entry& entry) const;

  std::filesystem::path folder_;
  std::map<std::string, Entries> books_;  ///< as far as read
};

}  // namespace hilltop::controller
