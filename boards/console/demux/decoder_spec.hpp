// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/node.hpp"
#include "drivers/core/result.hpp"

namespace hilltop::boards::demux {

/// One decoder of a stack, with its options. In YAML a name (`kernel`) or a map of one name (`{cmux: {mode: basic}}`).
struct DecoderSpec {
  std::string name;                      ///< kernel worlds zephyr smp slip cobs cmux rtt dictlog
  std::vector<std::string> from;         ///< channels that it reads; empty: `text` and `nonsecure`
  std::optional<std::size_t> max_frame;  ///< smp slip cobs cmux: longer ones are text
  std::string mode;                      ///< cmux: auto basic advanced; dictlog: auto binary hex
  std::string database;                  ///< dictlog: its JSON file, as DatabaseSource understands it
  std::optional<unsigned> channel;       ///< rtt: the number of the up-channel that this stream is
  bool operator==(const DecoderSpec&) const = default;
};

/// What the decoders are called, for complaints and help.
[[nodiscard]] const std::vector<std::string>& decoder_names();

/// Reads the value of `decoders:` (a list). Complaints with place and suggestion go to `diagnostics`; what is wrong is
/// left out. A dictlog's `database` that is relative belongs to the folder of the file that names it.
[[nodiscard]] std::vector<DecoderSpec> read_decoders(const Node& list, Diagnostics& diagnostics);

/// From "smp,kernel,dictlog=FILE" and the like: names with commas between, a database behind its decoder. Errors:
/// bad_input (configuration) with a suggestion.
Result<std::vector<DecoderSpec>> decoders_from(std::string_view names);

/// `decoders` with `dictionary` instead of the dictlog among them, or else before what knows text only: behind
/// framings.
[[nodiscard]] std::vector<DecoderSpec> with_dictionary(std::vector<DecoderSpec> decoders, DecoderSpec dictionary);

/// Gives the text of a dictionary database by its name (a path, an artifact's name). Errors: as the source has them.
using DatabaseSource = std::function<Result<std::string>(const std::string& name)>;
/// From the file system. Errors: not_found, io (configuration); 64 MiB at most.
Result<std::string> read_database_file(const std::string& path);

}  // namespace hilltop::boards::demux
