// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "boards/console/demux/decoder.hpp"
#include "boards/console/demux/decoder_spec.hpp"

namespace hilltop::boards::demux {

/// The options that a decoder takes besides `from`; nullptr for a name that is none.
[[nodiscard]] const std::vector<std::string>* options_of(std::string_view decoder);
/// The values that `mode` may have; none for a decoder without modes.
[[nodiscard]] std::vector<std::string> modes_of(std::string_view decoder);

/// Errors: bad_input (configuration) for what `spec` says wrongly; those of `databases`.
Result<std::unique_ptr<Decoder>> make_decoder(const DecoderSpec& spec, ChannelTable& channels,
                                              const DatabaseSource& databases);
/// The channels that it reads, by its `from` or its default.
[[nodiscard]] std::vector<std::string> channels_read_by(const DecoderSpec& spec);

}  // namespace hilltop::boards::demux
