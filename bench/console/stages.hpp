// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hilltop::bench {

using Patterns = std::vector<std::pair<std::string, std::string>>;  ///< name, Python re

/// What the in-memory stages work on.
struct Input {
  std::string raw;      ///< as boards sent it
  std::string utf8;     ///< a part of it, see mostly_utf8()
  std::string cleaned;  ///< the same, cleaned: what a matcher gets
  Patterns few;         ///< 44
  Patterns many;        ///< these and board prompts: 1000
};

/// One thing to measure: run() handles `bytes` bytes and says what it found.
struct Stage {
  std::string name;
  std::uint64_t bytes = 0;
  std::function<std::uint64_t()> run;
};

/// memcpy in blocks of 64 KiB from memory to memory: every other stage's anchor. Copies 256 MiB.
Stage memcpy_stage(const Input& input);
/// Hyperscan, stream mode, in chunks of 4 KiB.
Stage hyperscan_stage(std::string name, std::string_view text, const Patterns& patterns);
/// `raw` as a board that speaks Chinese would send it: each small letter a character of three bytes, all else as it is.
std::string mostly_utf8(std::string_view raw);
/// Ours: the cleaner, the matcher, and the whole pipeline as one console in 4 KiB reads and as 512 consoles in 300 B
/// reads.
std::vector<Stage> our_stages(const Input& input);
/// All text of `raw` after the cleaner, lines ended by \n.
std::string cleaned_text(std::string_view raw);

}  // namespace hilltop::bench
