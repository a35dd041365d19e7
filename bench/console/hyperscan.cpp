// SPDX-License-Identifier: Apache-2.0
#include <hs/hs.h>

#include <cstdlib>
#include <iostream>

#include "bench/console/stages.hpp"

namespace hilltop::bench {
namespace {

constexpr std::size_t chunk = 4096;

struct Engine {
  hs_database_t* database = nullptr;
  hs_scratch_t* scratch = nullptr;
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() {
    hs_free_scratch(scratch);
    hs_free_database(database);
  }
};

int on_match(unsigned, unsigned long long, unsigned long long, unsigned, void* count) {
  ++*static_cast<std::uint64_t*>(count);
  return 0;
}

std::shared_ptr<Engine> compile(const Patterns& patterns) {
  std::vector<const char*> expressions;
  std::vector<unsigned> flags;
  std::vector<unsigned> ids;
  for (const auto& [name, pattern] : patterns) {
    expressions.push_back(pattern.c_str());
    flags.push_back(HS_FLAG_MULTILINE);
    ids.push_back(static_cast<unsigned>(ids.size()));
  }
  auto engine = std::make_shared<Engine>();
  hs_compile_error_t* error = nullptr;
  if (hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()), HS_MODE_STREAM,
                       nullptr, &engine->database, &error) != HS_SUCCESS) {
    std::cerr << "Hyperscan: " << error->message << '\n';
    std::exit(1);
  }
  if (hs_alloc_scratch(engine->database, &engine->scratch) != HS_SUCCESS) std::abort();
  return engine;
}

}  // namespace

Stage hyperscan_stage(std::string name, std::string_view text, const Patterns& patterns) {
  auto engine = compile(patterns);
  return {std::move(name), text.size(), [engine, text] {
            std::uint64_t matches = 0;
            hs_stream_t* stream = nullptr;
            if (hs_open_stream(engine->database, 0, &stream) != HS_SUCCESS) std::abort();
            for (std::size_t at = 0; at < text.size(); at += chunk) {
              const auto piece = text.substr(at, chunk);
              hs_scan_stream(stream, piece.data(), static_cast<unsigned>(piece.size()), 0, engine->scratch, on_match,
                             &matches);
            }
            hs_close_stream(stream, engine->scratch, on_match, &matches);
            return matches;
          }};
}

}  // namespace hilltop::bench
