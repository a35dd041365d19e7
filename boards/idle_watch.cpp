// SPDX-License-Identifier: Apache-2.0
#include "boards/idle_watch.hpp"

#include <algorithm>
#include <utility>

namespace hilltop::boards {
namespace {

constexpr std::uint64_t tail_bytes = 256;

/// A prompt that nothing follows but blanks and what moves a terminal's cursor.
std::string at_the_end(const std::string& prompt) { return "(?:" + prompt + ")(?:\\s|\\x1b\\[[0-9;]*[A-Za-z])*\\Z"; }

}  // namespace

Result<std::shared_ptr<IdleWatch>> IdleWatch::make(const BoardType& type) {
  std::vector<std::string> prompts;
  for (const auto& [method, loader] : type.loaders) prompts.push_back(at_the_end(loader.prompt));
  auto self = std::make_shared<IdleWatch>();
  HILLTOP_TRY(self->prompts_, PatternSet::compile(std::move(prompts)));
  self->rest_after_ = type.rest_after;
  return self;
}

Task<bool> IdleWatch::waits_at_prompt(std::shared_ptr<IdleWatch> self, std::shared_ptr<Console> console) {
  const auto now = std::chrono::steady_clock::now();
  const auto end = console->end();
  if (end != self->end_) {
    self->end_ = end;
    self->since_ = now;
    self->at_prompt_.reset();
  }
  if (now - self->since_ < self->rest_after_) co_return false;
  if (!self->at_prompt_) {
    HILLTOP_CO_TRY(const auto tail, co_await console->fetch(end - std::min(end, tail_bytes), end,
                                                            Deadline::after(std::chrono::seconds(5))));
    HILLTOP_CO_TRY(const auto hit, self->prompts_.search(tail));
    self->at_prompt_ = hit.has_value();
  }
  co_return *self->at_prompt_;
}

}  // namespace hilltop::boards
