// SPDX-License-Identifier: Apache-2.0
// What happens to bytes in memory: copying, cleaning, matching, all together; memcpy and Hyperscan beside it, in the
// same rounds. Prints a line of JSON: seconds of CPU of every stage in every round.
//   --corpus FILE --patterns FILE --rounds N
#include <cstring>
#include <iostream>

#include "bench/console/stages.hpp"
#include "bench/console/support.hpp"

namespace hilltop::bench {

Stage memcpy_stage(const Input& input) {
  constexpr std::size_t total = 256 << 20;  // more than caches hold
  constexpr std::size_t block = 64 << 10;
  auto from = std::make_shared<std::string>();
  while (from->size() + input.raw.size() <= total) from->append(input.raw);
  auto to = std::make_shared<std::string>(from->size(), '\0');
  const auto bytes = from->size() / block * block;
  return {"memcpy", bytes, [from, to, bytes] {
            for (std::size_t at = 0; at < bytes; at += block) std::memcpy(to->data() + at, from->data() + at, block);
            return static_cast<std::uint64_t>(static_cast<unsigned char>((*to)[bytes / 2]));
          }};
}

namespace {

Input load(const Arguments& arguments) {
  Input input;
  input.raw = read_file(arguments.text("corpus"));
  input.few = read_patterns(arguments.text("patterns"));
  input.many = input.few;
  for (auto& prompt : board_prompts(1000 - input.few.size())) input.many.push_back(std::move(prompt));
  input.utf8 = mostly_utf8(std::string_view(input.raw).substr(0, 8 << 20));
  input.cleaned = cleaned_text(input.raw);
  return input;
}

int run(const Arguments& arguments) {
  const auto input = load(arguments);
  std::vector<Stage> stages = {memcpy_stage(input), hyperscan_stage("hyperscan-44", input.cleaned, input.few),
                               hyperscan_stage("hyperscan-1000", input.cleaned, input.many)};
  for (auto& stage : our_stages(input)) stages.push_back(std::move(stage));
  nlohmann::json out = nlohmann::json::object();
  for (std::uint64_t round = 0; round < arguments.number("rounds", 1); ++round) {
    for (const auto& stage : stages) {
      const auto wall = monotonic_ns();
      const auto cpu = thread_cpu();
      const auto found = stage.run();
      auto& row = out[stage.name];
      row["cpu_s"].push_back(thread_cpu() - cpu);
      row["wall_s"].push_back(static_cast<double>(monotonic_ns() - wall) * 1e-9);
      row["bytes"] = stage.bytes;
      row["found"] = found;
    }
  }
  say(out.dump());
  return 0;
}

}  // namespace
}  // namespace hilltop::bench

int main(int argc, char** argv) { return hilltop::bench::run(hilltop::bench::Arguments(argc, argv)); }
