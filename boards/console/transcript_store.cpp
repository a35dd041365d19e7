// SPDX-License-Identifier: Apache-2.0
// How a transcript is loaded from, and sealed to, its folder.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <random>
#include <set>

#include "boards/console/little_endian.hpp"
#include "boards/console/transcript.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view journal_prefix = "journal-";
constexpr std::string_view journal_suffix = ".htj";
constexpr std::string_view segment_suffix = ".zst";
constexpr std::size_t sync_one_by_one_limit = 8;  // beyond it one syncfs() costs less

// A name as a file name: letters, digits, '-', '_' and '.' (not first) as they are, the rest as %XX.
std::string to_file_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || (c == '.' && !out.empty());
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out.empty() ? "%" : out;
}

std::string from_file_name(std::string_view file) {
  std::string out;
  for (std::size_t i = 0; i < file.size(); ++i) {
    unsigned value = 0;
    if (file[i] == '%' && i + 2 < file.size() &&
        std::from_chars(file.data() + i + 1, file.data() + i + 3, value, 16).ptr == file.data() + i + 3) {
      out += static_cast<char>(value);
      i += 2;
    } else if (file[i] != '%') {
      out += file[i];
    }
  }
  return out;
}

std::uint64_t random_salt() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

Result<> write_whole(Disk& disk, int fd, std::string_view bytes) {
  for (std::uint64_t at = 0; at < bytes.size();) {
    const auto left = bytes.substr(at);
    const iovec piece{const_cast<char*>(left.data()), left.size()};  // NOLINT: pwritev only reads
    const auto n = disk.write(fd, {&piece, 1}, at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return system_error("write", n < 0 ? errno : ENOSPC);
    at += static_cast<std::uint64_t>(n);
  }
  return ok();
}

Error in_use(const fs::path& dir) {
  return {Errc::busy, Blame::configuration, dir.string() + ": another process has this transcript open"};
}

/// Makes the names in all of them durable.
Result<> sync_folders(const std::set<fs::path>& folders) {
  if (folders.size() <= sync_one_by_one_limit) {
    for (const auto& folder : folders) HILLTOP_CHECK(sync_directory(folder));
    return ok();
  }
  HILLTOP_TRY(auto fd, open_file(*folders.begin(), O_RDONLY | O_DIRECTORY));
  if (::syncfs(fd.get()) != 0) return system_error("sync " + folders.begin()->string(), errno);
  return ok();
}

std::vector<fs::path> sorted_children(const fs::path& dir) {
  std::vector<fs::path> out;
  std::error_code error;
  for (auto it = fs::directory_iterator(dir, error); !error && it != fs::directory_iterator(); it.increment(error))
    out.push_back(it->path());
  std::ranges::sort(out);
  return out;
}

}  // namespace

Result<std::shared_ptr<Transcript>> Transcript::open(fs::path dir, Mode mode, std::shared_ptr<Disk> disk) {
  if (!disk) disk = std::make_shared<Disk>();
  auto out = std::shared_ptr<Transcript>(new Transcript(std::move(dir), mode, std::move(disk)));
  HILLTOP_CHECK(out->load().within("console transcript"));
  return out;
}

Result<> Transcript::load() {
  if (mode_ == Mode::read_write) {
    std::error_code error;
    fs::create_directories(dir_ / "segments", error);
    if (error) return system_error("create " + (dir_ / "segments").string(), error.value());
    HILLTOP_TRY(lock_, open_file(dir_ / "lock", O_RDWR | O_CREAT));
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
      return errno == EWOULDBLOCK ? in_use(dir_) : system_error("lock " + dir_.string(), errno);
  }
  // Journals first: one that a daemon seals meanwhile stays readable here, or its segments are there afterwards.
  for (const auto& path : sorted_children(dir_)) {
    const auto name = path.filename().string();
    if (!name.starts_with(journal_prefix) || !name.ends_with(journal_suffix)) continue;
    std::uint64_t number = 0;
    std::from_chars(name.data() + journal_prefix.size(), name.data() + name.size(), number);
    HILLTOP_CHECK(load_journal(path, number));
    next_journal_ = std::max(next_journal_.load(), number + 1);
  }
  return load_segments();
}

Result<> Transcript::load_segments() {
  for (const auto& board : sorted_children(dir_ / "segments")) {
    for (const auto& console : sorted_children(board)) {
      const ConsoleKey key{from_file_name(board.filename().string()), from_file_name(console.filename().string())};
      for (const auto& file : sorted_children(console)) {
        if (file.extension() == ".tmp" && mode_ == Mode::read_write)
          ::unlink(file.c_str());  // a sealing that a crash cut short
        if (file.extension() == segment_suffix) load_segment(key, file);
      }
    }
  }
  return ok();
}

void Transcript::load_segment(const ConsoleKey& key, const fs::path& file) {
  auto reader = SegmentReader::open(file);
  if (!reader) {  // one damaged file must not keep the lab from starting; its bytes are then said to be missing
    log::error("console {}/{}: {}", key.board, key.name, reader.error().text);
    return;
  }
  const auto& info = (*reader)->info();
  auto& shelf = shelves_[key];
  shelf.segments.emplace(SegmentName(info.first, info.end, file.filename().string()), *reader);
  shelf.end = std::max(shelf.end, info.end);
  if (info.end > info.first) shelf.last_time = shelf.last_time ? std::max(*shelf.last_time, info.latest) : info.latest;
  // Numbers of journals are never used twice, for they are part of segments' names.
  const auto name = file.filename().string();
  std::uint64_t number = 0;
  if (const auto dash = name.rfind('-'); dash != std::string::npos)
    std::from_chars(name.data() + dash + 1, name.data() + name.size(), number);
  next_journal_ = std::max(next_journal_.load(), number + 1);
}

Result<> Transcript::load_journal(const fs::path& path, std::uint64_t number) {
  auto journal = std::make_shared<JournalFile>();
  journal->path = path;
  journal->number = number;
  auto file = open_file(path, mode_ == Mode::read_write ? O_RDWR : O_RDONLY);
  if (!file && ::access(path.c_str(), F_OK) != 0) return ok();  // sealed a moment ago
  HILLTOP_TRY(journal->file, std::move(file));
  HILLTOP_TRY(const auto mapped, MappedFile::map(journal->file.get()));
  HILLTOP_CHECK(index_journal(journal, mapped.bytes()));
  unsealed_.push_back(std::move(journal));
  return ok();
}

Result<> Transcript::index_journal(const std::shared_ptr<JournalFile>& journal, std::string_view bytes) {
  JournalReader reader(bytes);
  std::map<std::uint32_t, ConsoleKey> names;
  while (const auto record = reader.next()) {
    const auto& h = record->header;
    if (h.kind == RecordKind::console) {
      const auto zero = record->payload.find('\0');
      names[h.console] = {std::string(record->payload.substr(0, zero)),
                          zero == std::string_view::npos ? "" : std::string(record->payload.substr(zero + 1))};
      continue;
    }
    auto name = names.find(h.console);
    if (name == names.end())
      name = names.emplace(h.console, ConsoleKey{"unnamed", fmt::format("{}-{}", journal->number, h.console)}).first;
    const bool is_data = h.kind == RecordKind::data;
    const auto count = !is_data && h.length >= 4 ? get_le<std::uint32_t>(record->payload.data()) : 0;
    add_record(journal, {&name->second,
                         0,
                         h.kind,
                         {{h.offset, h.time, h.bound}, h.length, record->position + record_header_bytes},
                         count});
  }
  for (const auto& damage : reader.damage())
    log::error("{}: {} bytes at {} are damaged and were skipped", journal->path.string(), damage.bytes,
               damage.position);
  if (reader.torn_bytes() == 0 || mode_ == Mode::read_only) return ok();
  log::warn("{}: torn tail of {} bytes cut at {}", journal->path.string(), reader.torn_bytes(), reader.good_bytes());
  if (::ftruncate(journal->file.get(), static_cast<off_t>(reader.good_bytes())) != 0)
    return system_error("cut " + journal->path.string(), errno);
  return ok();
}

Result<std::shared_ptr<JournalFile>> Transcript::create_journal() {
  auto journal = std::make_shared<JournalFile>();
  journal->number = next_journal_++;
  journal->salt = random_salt();
  journal->path = dir_ / fmt::format("{}{:010}{}", journal_prefix, journal->number, journal_suffix);
  HILLTOP_TRY(journal->file, disk_->create(journal->path));
  HILLTOP_CHECK(write_whole(*disk_, journal->file.get(), journal_header(journal->salt)).within(journal->path.string()));
  if (::lseek(journal->file.get(), journal_header_bytes, SEEK_SET) < 0) return system_error("seek", errno);
  HILLTOP_CHECK(sync_directory(dir_));
  return journal;
}

Result<Transcript::Sealed> Transcript::write_segment(const ConsoleKey& key, const Part& part, std::string_view journal,
                                                     SegmentPacker& packer) {
  SegmentBuilder builder(packer);
  for (const auto& event : part.events) builder.add_event(event);
  for (const auto& entry : part.entries) {
    if (entry.position > journal.size() || entry.length > journal.size() - entry.position)
      return Error(Errc::io, Blame::infrastructure, part.journal->path.string() + ": the file is shorter than it was");
    builder.add(journal.substr(entry.position, entry.length), entry.mark);
  }
  const auto info = builder.info();
  const auto contents = builder.finish();
  const auto dir = dir_ / "segments" / to_file_name(key.board) / to_file_name(key.name);
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return system_error("create " + dir.string(), error.value());
  const auto file = fmt::format("{:016x}-{:016x}-{:010}{}", info.first, info.end, part.journal->number, segment_suffix);
  Sealed sealed{key, SegmentName(info.first, info.end, file), dir / (file + ".tmp"), dir / file};
  HILLTOP_TRY(auto fd, disk_->create(sealed.temporary));
  if (auto written = write_whole(*disk_, fd.get(), contents); !written) {
    ::unlink(sealed.temporary.c_str());  // of a full disk it is the last that has to stay
    return std::move(written).within(sealed.temporary.string()).error();
  }
  return sealed;
}

Result<> Transcript::seal(const std::shared_ptr<JournalFile>& journal) {
  std::vector<std::pair<ConsoleKey, std::shared_ptr<Part>>> parts;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, shelf] : shelves_)
      for (const auto& part : shelf.parts)
        if (part->journal == journal) parts.emplace_back(key, part);
  }
  // Mapped, not read record by record: with many consoles a record is some 300 bytes.
  HILLTOP_TRY(const auto mapped, MappedFile::map(journal->file.get()));
  SegmentPacker packer;
  std::vector<Sealed> sealed;
  for (const auto& [key, part] : parts) {  // nothing is appended to them any more, so no lock is needed
    HILLTOP_TRY(auto one, write_segment(key, *part, mapped.bytes(), packer));
    sealed.push_back(std::move(one));
  }
  return finish_segments(sealed, journal);
}

Result<> Transcript::finish_segments(const std::vector<Sealed>& sealed, const std::shared_ptr<JournalFile>& journal) {
  std::set<fs::path> folders{dir_ / "segments"};
  for (const auto& one : sealed) {
    HILLTOP_TRY(auto fd, open_file(one.temporary, O_RDONLY));
    const bool all_at_once = sealed.size() > sync_one_by_one_limit;
    if ((all_at_once ? ::syncfs(fd.get()) : ::fsync(fd.get())) != 0)
      return system_error("sync " + one.temporary.string(), errno);
    if (all_at_once) break;
  }
  std::vector<std::shared_ptr<const SegmentReader>> readers;
  for (const auto& one : sealed) {
    if (::rename(one.temporary.c_str(), one.final.c_str()) != 0)
      return system_error("rename " + one.temporary.string(), errno);
    folders.insert({one.final.parent_path(), one.final.parent_path().parent_path()});
    HILLTOP_TRY(auto reader, SegmentReader::open(one.final));
    readers.push_back(std::move(reader));
  }
  HILLTOP_CHECK(sync_folders(folders));
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
      auto& shelf = shelves_[sealed[i].key];
      shelf.segments[sealed[i].name] = readers[i];
      std::erase_if(shelf.parts, [&](const auto& part) { return part->journal == journal; });
    }
    std::erase_if(places_, [&](const auto& place) { return place.first >> 32 == journal->number; });
  }
  if (::unlink(journal->path.c_str()) != 0) return system_error("delete " + journal->path.string(), errno);
  return ok();
}

}  // namespace hilltop::boards
