// SPDX-License-Identifier: Apache-2.0
#include "boards/console/transcript.hpp"

#include <algorithm>

namespace hilltop::boards {

std::vector<ConsoleKey> Transcript::consoles() const {
  const std::lock_guard lock(mutex_);
  std::vector<ConsoleKey> out;
  for (const auto& [key, shelf] : shelves_) out.push_back(key);
  return out;
}

std::uint64_t Transcript::end(const ConsoleKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = shelves_.find(key);
  return it == shelves_.end() ? 0 : it->second.end;
}

std::optional<UtcTime> Transcript::last_time(const ConsoleKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = shelves_.find(key);
  return it == shelves_.end() ? std::nullopt : it->second.last_time;
}

std::uint64_t Transcript::first(const ConsoleKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = shelves_.find(key);
  if (it == shelves_.end()) return 0;
  auto out = it->second.end;
  for (const auto& [name, segment] : it->second.segments)
    if (segment->info().end > segment->info().first) out = std::min(out, segment->info().first);
  for (const auto& part : it->second.parts)
    if (!part->entries.empty()) out = std::min(out, part->entries.front().mark.offset);
  return out;
}

std::shared_ptr<Transcript::Part> Transcript::part_of(Shelf& shelf, const std::shared_ptr<JournalFile>& journal) {
  for (auto it = shelf.parts.rbegin(); it != shelf.parts.rend(); ++it)
    if ((*it)->journal == journal) return *it;
  shelf.parts.push_back(std::make_shared<Part>());
  shelf.parts.back()->journal = journal;
  return shelf.parts.back();
}

void Transcript::add_record(const std::shared_ptr<JournalFile>& journal, const Published& record) {
  Place found;
  auto& place = record.number == 0 ? found : places_[journal->number << 32 | record.number];
  if (place.shelf == nullptr) {
    place.shelf = &shelves_[*record.key];
    place.part = part_of(*place.shelf, journal);
  }
  auto& shelf = *place.shelf;
  const auto& [mark, length, position] = record.entry;
  if (record.kind != RecordKind::data) {
    place.part->events.push_back({record.kind, mark.offset, mark.time, mark.bound, record.count});
    return;
  }
  place.part->entries.push_back(record.entry);
  shelf.end = std::max(shelf.end, mark.offset + length);
  shelf.last_time = mark.time;
}

void Transcript::publish(const std::shared_ptr<JournalFile>& journal, std::span<const Published> records) {
  const std::lock_guard lock(mutex_);
  for (const auto& record : records) add_record(journal, record);
}

std::optional<Transcript::Source> Transcript::source_at(const Shelf& shelf, std::uint64_t at) {
  for (auto it = shelf.segments.upper_bound({at, UINT64_MAX, ""}); it != shelf.segments.begin();) {
    const auto& info = (--it)->second->info();
    if (at < info.end) return Source{it->second, nullptr, 0, at, info.end};
    if (info.end > info.first) break;  // an older one ends before it
  }
  for (const auto& part : shelf.parts) {
    const auto& entries = part->entries;
    const auto entry =
        std::upper_bound(entries.begin(), entries.end(), at,
                         [](std::uint64_t offset, const JournalEntry& e) { return offset < e.mark.offset + e.length; });
    if (entry == entries.end() || entry->mark.offset > at) continue;
    const auto skip = at - entry->mark.offset;
    return Source{nullptr, part->journal, entry->position + skip, at, entry->mark.offset + entry->length};
  }
  return std::nullopt;
}

Result<std::vector<Transcript::Source>> Transcript::sources(const ConsoleKey& key, std::uint64_t from,
                                                            std::uint64_t to) const {
  const std::lock_guard lock(mutex_);
  std::vector<Source> out;
  const auto shelf = shelves_.find(key);
  if (shelf == shelves_.end()) return out;
  to = std::min(to, shelf->second.end);
  while (from < to) {
    auto source = source_at(shelf->second, from);
    if (!source) return missing(key, shelf->second, from);
    source->to = std::min(source->to, to);
    from = source->to;
    out.push_back(*std::move(source));
  }
  return out;
}

std::uint64_t Transcript::next_stored(const Shelf& shelf, std::uint64_t at) {
  if (source_at(shelf, at)) return at;
  auto next = shelf.end;
  for (const auto& [name, segment] : shelf.segments) {
    const auto& info = segment->info();
    if (info.end > info.first && info.first > at) next = std::min(next, info.first);
  }
  for (const auto& part : shelf.parts) {
    const auto entry = std::ranges::upper_bound(part->entries, at, {}, [](const auto& e) { return e.mark.offset; });
    if (entry != part->entries.end()) next = std::min(next, entry->mark.offset);
  }
  return next;
}

std::uint64_t Transcript::next_stored(const ConsoleKey& key, std::uint64_t offset) const {
  const std::lock_guard lock(mutex_);
  const auto shelf = shelves_.find(key);
  return shelf == shelves_.end() ? 0 : next_stored(shelf->second, offset);
}

Error Transcript::missing(const ConsoleKey& key, const Shelf& shelf, std::uint64_t at) const {
  const auto next = next_stored(shelf, at);
  const bool before = std::ranges::any_of(shelf.segments, [&](const auto& entry) {
    const auto& info = entry.second->info();
    return info.end > info.first && info.end <= at;
  });
  const auto range = std::to_string(at) + " to " + std::to_string(next);
  return {Errc::not_found, Blame::infrastructure,
          key.board + "/" + key.name +
              (before ? ": the transcript does not hold the bytes " + range
                      : ": the bytes " + range + " were deleted by retention; the transcript begins at " +
                            std::to_string(next))};
}

Result<std::string> Transcript::fetch(const ConsoleKey& key, std::uint64_t from, std::uint64_t to) const {
  HILLTOP_TRY(const auto pieces, sources(key, from, to));
  std::string out;
  for (const auto& piece : pieces) {
    if (piece.segment) {
      HILLTOP_CHECK(piece.segment->fetch(piece.from, piece.to, out));
      continue;
    }
    const auto before = out.size();
    const auto length = static_cast<std::size_t>(piece.to - piece.from);
    out.resize(before + length);
    HILLTOP_CHECK(read_exactly(piece.journal->file.get(), out.data() + before, length, piece.position)
                      .within(piece.journal->path.string()));
  }
  return out;
}

Result<std::optional<std::uint64_t>> Transcript::offset_at(const ConsoleKey& key, UtcTime time) const {
  std::vector<std::shared_ptr<const SegmentReader>> candidates;
  std::optional<std::uint64_t> in_journal;
  {
    const std::lock_guard lock(mutex_);
    const auto shelf = shelves_.find(key);
    if (shelf == shelves_.end()) return std::optional<std::uint64_t>();
    for (const auto& [name, segment] : shelf->second.segments)
      if (segment->info().latest >= time) candidates.push_back(segment);
    for (const auto& part : shelf->second.parts) {
      const auto hit = std::ranges::find_if(part->entries, [&](const JournalEntry& e) { return e.mark.time >= time; });
      if (hit != part->entries.end() && !in_journal) in_journal = hit->mark.offset;
    }
  }
  for (const auto& segment : candidates) {  // the clock may have been set back: in order of offsets, not of times
    HILLTOP_TRY(const auto index, segment->read_index());
    const auto hit = std::ranges::find_if(index.marks, [&](const TimeMark& mark) { return mark.time >= time; });
    if (hit != index.marks.end()) return std::optional(std::min(hit->offset, in_journal.value_or(hit->offset)));
  }
  return in_journal;
}

Result<std::vector<TimeMark>> Transcript::marks(const ConsoleKey& key, std::uint64_t from, std::uint64_t to,
                                                std::size_t limit) const {
  std::vector<std::shared_ptr<const SegmentReader>> segments;
  std::vector<TimeMark> live;
  {
    const std::lock_guard lock(mutex_);
    const auto shelf = shelves_.find(key);
    if (shelf == shelves_.end()) return live;
    for (const auto& [name, segment] : shelf->second.segments)
      if (segment->info().end > from && segment->info().first < to) segments.push_back(segment);
    for (const auto& part : shelf->second.parts) {
      const auto& entries = part->entries;
      auto entry = std::ranges::upper_bound(entries, from, {}, [](const auto& e) { return e.mark.offset + e.length; });
      for (; entry != entries.end() && entry->mark.offset < to && live.size() < limit; ++entry)
        live.push_back(entry->mark);
    }
  }
  std::vector<TimeMark> out;
  const auto add = [&](std::span<const TimeMark> marks) {
    auto mark = std::ranges::upper_bound(marks, from, {}, &TimeMark::offset);
    if (mark != marks.begin()) --mark;  // the read that brought the byte at `from`
    for (; mark != marks.end() && mark->offset < to && out.size() < limit; ++mark)
      if (out.empty() || mark->offset > out.back().offset) out.push_back(*mark);
  };
  for (const auto& segment : segments) {
    HILLTOP_TRY(const auto index, segment->read_index());
    add(index.marks);
  }
  add(live);
  return out;
}

Result<std::vector<TranscriptEvent>> Transcript::events(const ConsoleKey& key, std::uint64_t from,
                                                        std::uint64_t to) const {
  std::vector<std::shared_ptr<const SegmentReader>> segments;
  std::vector<TranscriptEvent> out;
  {
    const std::lock_guard lock(mutex_);
    const auto shelf = shelves_.find(key);
    if (shelf == shelves_.end()) return out;
    for (const auto& [name, segment] : shelf->second.segments)
      if (segment->info().end >= from && segment->info().first <= to) segments.push_back(segment);
    for (const auto& part : shelf->second.parts) out.insert(out.end(), part->events.begin(), part->events.end());
  }
  for (const auto& segment : segments) {
    HILLTOP_TRY(const auto index, segment->read_index());
    out.insert(out.end(), index.events.begin(), index.events.end());
  }
  std::erase_if(out, [&](const TranscriptEvent& event) { return event.offset < from || event.offset > to; });
  const auto order = [](const TranscriptEvent& e) { return std::tie(e.offset, e.time, e.kind, e.bound, e.count); };
  std::ranges::sort(out, {}, order);
  out.erase(std::ranges::unique(out).begin(), out.end());  // a crash while sealing leaves a journal beside its segments
  return out;
}

std::vector<std::shared_ptr<JournalFile>> Transcript::take_unsealed() { return std::exchange(unsealed_, {}); }

}  // namespace hilltop::boards
