// SPDX-License-Identifier: Apache-2.0
// What a transcript keeps, and what it deletes.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "boards/console/transcript.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {

void Transcript::set_retention(Retention retention) {
  const std::lock_guard lock(mutex_);
  retention_ = retention;
}

std::shared_ptr<void> Transcript::hold(const std::string& board) {
  Hold hold{board, {}};
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, shelf] : shelves_)
      if (key.board == board) hold.from.emplace(key, shelf.end);
  }
  const std::lock_guard lock(*holds_mutex_);
  const auto at = holds_->insert(holds_->end(), std::move(hold));
  return {static_cast<void*>(&*at), [holds = holds_, mutex = holds_mutex_, at](void*) {
            const std::lock_guard release(*mutex);
            holds->erase(at);
          }};
}

bool Transcript::is_held(const ConsoleKey& key, const SegmentInfo& info) const {
  const std::lock_guard lock(*holds_mutex_);
  return std::ranges::any_of(*holds_, [&](const Hold& hold) {
    if (hold.board != key.board) return false;
    const auto from = hold.from.find(key);
    return from == hold.from.end() || info.end > from->second;
  });
}

/// Oldest first.
std::vector<Transcript::Candidate> Transcript::deletable() const {
  std::vector<Candidate> out;
  for (const auto& [key, shelf] : shelves_) {
    for (const auto& [name, segment] : shelf.segments) {
      const bool newest = segment->info().end >= shelf.end;
      if (!newest && !is_held(key, segment->info())) out.push_back({key, segment});
    }
  }
  std::ranges::sort(out, {}, [](const Candidate& c) { return c.segment->info().latest; });
  return out;
}

void Transcript::forget(const Candidate& gone) {
  auto& shelf = shelves_[gone.key];
  std::erase_if(shelf.segments, [&](const auto& entry) { return entry.second == gone.segment; });
}

std::uint64_t Transcript::journal_bytes() const {
  std::uint64_t out = 0;
  std::vector<const JournalFile*> seen;
  for (const auto& [key, shelf] : shelves_) {
    for (const auto& part : shelf.parts) {
      if (std::ranges::find(seen, part->journal.get()) != seen.end()) continue;
      seen.push_back(part->journal.get());
      struct stat info{};
      if (::fstat(part->journal->file.get(), &info) == 0) out += static_cast<std::uint64_t>(info.st_size);
    }
  }
  return out;
}

std::uint64_t Transcript::stored_bytes() const {
  const std::lock_guard lock(mutex_);
  auto out = journal_bytes();
  for (const auto& [key, shelf] : shelves_)
    for (const auto& [name, segment] : shelf.segments) out += segment->file_bytes();
  return out;
}

std::uint64_t Transcript::apply_retention(UtcTime now) {
  std::vector<Candidate> gone;
  {
    const std::lock_guard lock(mutex_);
    auto total = journal_bytes();
    std::map<std::string, std::uint64_t> boards;
    for (const auto& [key, shelf] : shelves_)
      for (const auto& [name, segment] : shelf.segments) {
        total += segment->file_bytes();
        boards[key.board] += segment->file_bytes();
      }
    for (auto& candidate : deletable()) {
      const auto bytes = candidate.segment->file_bytes();
      auto& of_board = boards[candidate.key.board];
      const bool too_old = candidate.segment->info().latest + retention_.keep < now;
      if (!too_old && of_board <= retention_.board_quota_bytes && total <= retention_.quota_bytes) continue;
      of_board -= bytes;
      total -= bytes;
      forget(candidate);
      gone.push_back(std::move(candidate));
    }
  }
  std::uint64_t freed = 0;
  for (const auto& one : gone) {
    const auto& info = one.segment->info();
    if (::unlink(one.segment->path().c_str()) != 0)
      log::error("{}", system_error("delete " + one.segment->path().string(), errno).text);
    log::info("console {}/{}: the bytes {} to {} are deleted by retention", one.key.board, one.key.name, info.first,
              info.end);
    freed += one.segment->file_bytes();
  }
  deleted_ += freed;
  return freed;
}

}  // namespace hilltop::boards
