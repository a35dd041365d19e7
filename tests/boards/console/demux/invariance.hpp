// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "tests/boards/console/demux/recorder.hpp"

namespace hilltop::boards::demux {

/// What comes out of `decoders` ("kernel,smp"), after making sure that it is the same at any chunk size, accounts for
/// all bytes, and holds what was fed.
inline Channels demuxed(const std::vector<DecoderSpec>& specs, std::string_view input,
                        const DatabaseSource& databases = read_database_file) {
  constexpr std::uint64_t offset = 1000;
  std::string complaint;
  const auto whole = run(specs, input, Chunks(input.size() + 1), complaint, offset, databases);
  EXPECT_EQ(complaint, "");
  std::vector<Chunks> sizes = {Chunks(1), Chunks(7), Chunks(64), Chunks(300)};
  for (unsigned seed = 1; seed <= 3; ++seed) sizes.push_back(Chunks::random(seed));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(run(specs, input, sizes[i], complaint, offset, databases) == whole) << "chunks " << i;
    EXPECT_EQ(complaint, "") << "chunks " << i;
  }
  (void)run(specs, input, Chunks::apart(7), complaint, offset, databases);
  EXPECT_EQ(complaint, "") << "with pauses";
  return whole;
}

inline Channels demuxed(std::string_view decoders, std::string_view input) {
  auto specs = decoders_from(decoders);
  if (!specs) {
    ADD_FAILURE() << specs.error().text;
    return {};
  }
  return demuxed(*specs, input);
}

}  // namespace hilltop::boards::demux
