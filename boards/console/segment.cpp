// SPDX-License-Identifier: Apache-2.0
#include "boards/console/segment.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>

#include "boards/console/crc32c.hpp"
#include "boards/console/file.hpp"
#include "boards/console/little_endian.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t frame_limit = 256 * 1024;
constexpr int compression_level = 1;  // level 3 takes twice the time for a tenth less
// Source: RFC 8878 3.1.2: a frame that decoders skip has a magic of 0x184D2A50 to 0x184D2A5F and a 4-byte size.
constexpr std::uint32_t skippable_magic = 0x184D2A5E;
constexpr std::string_view footer_magic = "HTSEG001";
constexpr std::size_t footer_bytes =
    64;  // [first][end][lines][latest][index position][packed:4][raw:4][crc:4][0:4][magic:8]
constexpr std::size_t frame_entry_bytes = 32;
constexpr std::size_t mark_entry_bytes = 24;
constexpr std::size_t event_entry_bytes = 32;
constexpr std::size_t index_limit = std::size_t{1} << 30;

Error damaged(const std::filesystem::path& path, std::string_view what) {
  return {Errc::io, Blame::infrastructure, path.string() + ": damaged segment: " + std::string(what)};
}

std::uint64_t us(UtcTime time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }
UtcTime from_us(std::uint64_t value) { return UtcTime(std::chrono::microseconds(static_cast<std::int64_t>(value))); }

template <std::unsigned_integral T>
void append(std::string& out, T value) {
  char bytes[sizeof value];
  put_le(bytes, value);
  out.append(bytes, sizeof bytes);
}

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
  template <std::unsigned_integral T>
  T take() {
    const auto value = get_le<T>(bytes_.data());
    bytes_.remove_prefix(sizeof(T));
    return value;
  }
  std::uint64_t u64() { return take<std::uint64_t>(); }
  std::uint32_t u32() { return take<std::uint32_t>(); }

 private:
  std::string_view bytes_;
};

using Index = SegmentReader::Index;

std::string serialise(const Index& index) {
  std::string out;
  append(out, std::uint64_t{index.frames.size()});
  append(out, std::uint64_t{index.marks.size()});
  append(out, std::uint64_t{index.events.size()});
  for (const auto& frame : index.frames) {
    append(out, frame.first);
    append(out, frame.raw_bytes);
    append(out, frame.packed_bytes);
    append(out, frame.position);
    append(out, frame.lines);
  }
  for (const auto& mark : index.marks) {
    append(out, mark.offset);
    append(out, us(mark.time));
    append(out, us(mark.bound));
  }
  for (const auto& event : index.events) {
    append(out, static_cast<std::uint32_t>(event.kind));
    append(out, event.count);
    append(out, event.offset);
    append(out, us(event.time));
    append(out, us(event.bound));
  }
  return out;
}

bool deserialise(std::string_view bytes, Index& index) {
  if (bytes.size() < 24) return false;
  Cursor in(bytes);
  const auto frames = in.u64();
  const auto marks = in.u64();
  const auto events = in.u64();
  if (frames > index_limit || marks > index_limit || events > index_limit) return false;
  if (24 + frames * frame_entry_bytes + marks * mark_entry_bytes + events * event_entry_bytes != bytes.size())
    return false;
  for (std::uint64_t i = 0; i < frames; ++i) {
    Index::Frame frame;
    frame.first = in.u64();
    frame.raw_bytes = in.u32();
    frame.packed_bytes = in.u32();
    frame.position = in.u64();
    frame.lines = in.u64();
    if (frame.raw_bytes > frame_limit || frame.packed_bytes > 2 * frame_limit) return false;
    index.frames.push_back(frame);
  }
  for (std::uint64_t i = 0; i < marks; ++i) {
    const auto offset = in.u64();
    const auto time = from_us(in.u64());
    index.marks.push_back({offset, time, from_us(in.u64())});
  }
  for (std::uint64_t i = 0; i < events; ++i) {
    const auto kind = static_cast<RecordKind>(in.u32());
    const auto count = in.u32();
    const auto offset = in.u64();
    const auto time = from_us(in.u64());
    index.events.push_back({kind, offset, time, from_us(in.u64()), count});
  }
  return true;
}

}  // namespace

struct SegmentPacker::Context {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd{ZSTD_createCCtx(), &ZSTD_freeCCtx};
  std::vector<char> packed;  // kept: a fresh one for each frame costs more than compressing it
};

SegmentPacker::SegmentPacker() : context_(std::make_unique<Context>()) {
  ZSTD_CCtx_setParameter(context_->zstd.get(), ZSTD_c_compressionLevel, compression_level);
  ZSTD_CCtx_setParameter(context_->zstd.get(), ZSTD_c_checksumFlag, 1);
}

SegmentPacker::~SegmentPacker() = default;

std::size_t SegmentPacker::pack(std::string_view bytes, std::string& out) {
  auto& memory = context_->packed;
  memory.resize(std::max(memory.size(), ZSTD_compressBound(bytes.size())));
  // Cannot fail: the output has room for the worst case, and memory exhaustion throws elsewhere first.
  const auto packed = ZSTD_compress2(context_->zstd.get(), memory.data(), memory.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(packed) != 0) return 0;
  out.append(memory.data(), packed);
  return packed;
}

struct SegmentBuilder::State {
  explicit State(SegmentPacker& p) : packer(p) {}
  SegmentPacker& packer;
  std::string file;
  std::string raw;  // of the frame being filled
  std::uint64_t raw_first = 0;
  Index index;
  SegmentInfo info;
  bool empty = true;

  void end_frame() {
    if (raw.empty()) return;
    Index::Frame frame;
    frame.first = raw_first;
    frame.raw_bytes = static_cast<std::uint32_t>(raw.size());
    frame.position = file.size();
    frame.lines = static_cast<std::uint64_t>(std::count(raw.begin(), raw.end(), '\n'));
    frame.packed_bytes = static_cast<std::uint32_t>(packer.pack(raw, file));
    info.lines += frame.lines;
    index.frames.push_back(frame);
    raw_first += raw.size();
    raw.clear();
  }

  void note(std::uint64_t offset, std::uint64_t end, UtcTime time) {
    info.first = empty ? offset : std::min(info.first, offset);  // events are added before the bytes
    info.end = std::max(empty ? end : info.end, end);
    info.latest = empty ? time : std::max(info.latest, time);
    empty = false;
  }
};

SegmentBuilder::SegmentBuilder(SegmentPacker& packer) : state_(std::make_unique<State>(packer)) {}
SegmentBuilder::~SegmentBuilder() = default;
SegmentBuilder::SegmentBuilder(SegmentBuilder&&) noexcept = default;

void SegmentBuilder::add(std::string_view bytes, TimeMark mark) {
  auto& s = *state_;
  s.note(mark.offset, mark.offset + bytes.size(), mark.time);
  if (mark.offset != s.raw_first + s.raw.size()) {  // a hole, or the first
    s.end_frame();
    s.raw_first = mark.offset;
  }
  s.index.marks.push_back(mark);
  while (!bytes.empty()) {
    const auto take = std::min(bytes.size(), frame_limit - s.raw.size());
    s.raw.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    if (s.raw.size() == frame_limit) s.end_frame();
  }
}

void SegmentBuilder::add_event(const TranscriptEvent& event) {
  state_->note(event.offset, event.offset, event.time);
  state_->index.events.push_back(event);
}

SegmentInfo SegmentBuilder::info() const { return state_->info; }

std::string SegmentBuilder::finish() {
  auto& s = *state_;
  s.end_frame();
  const auto raw_index = serialise(s.index);
  const auto skippable = s.file.size();
  append(s.file, skippable_magic);
  append(s.file, std::uint32_t{0});
  const auto index_position = s.file.size();
  const auto packed = s.packer.pack(raw_index, s.file);
  const std::string_view packed_index(s.file.data() + index_position, packed);
  const auto crc = crc32c(packed_index);
  append(s.file, s.info.first);
  append(s.file, s.info.end);
  append(s.file, s.info.lines);
  append(s.file, us(s.info.latest));
  append(s.file, std::uint64_t{index_position});
  append(s.file, static_cast<std::uint32_t>(packed));
  append(s.file, static_cast<std::uint32_t>(raw_index.size()));
  append(s.file, crc);
  append(s.file, std::uint32_t{0});
  s.file += footer_magic;
  put_le(s.file.data() + skippable + 4, static_cast<std::uint32_t>(s.file.size() - index_position));
  return std::move(s.file);
}

Result<std::shared_ptr<const SegmentReader>> SegmentReader::open(const std::filesystem::path& path) {
  HILLTOP_TRY(auto fd, open_file(path, O_RDONLY));
  const auto size = ::lseek(fd.get(), 0, SEEK_END);
  if (size < static_cast<off_t>(footer_bytes)) return damaged(path, "too short");
  char footer[footer_bytes];
  const auto footer_at = static_cast<std::uint64_t>(size) - footer_bytes;
  HILLTOP_CHECK(read_exactly(fd.get(), footer, footer_bytes, footer_at).within(path.string()));
  if (std::string_view(footer, footer_bytes).substr(56) != footer_magic) return damaged(path, "no footer");
  Cursor in({footer, footer_bytes});
  auto reader = std::shared_ptr<SegmentReader>(new SegmentReader());
  reader->path_ = path;
  reader->bytes_ = static_cast<std::uint64_t>(size);
  reader->info_.first = in.u64();
  reader->info_.end = in.u64();
  reader->info_.lines = in.u64();
  reader->info_.latest = from_us(in.u64());
  reader->index_position_ = in.u64();
  reader->index_packed_ = in.u32();
  reader->index_bytes_ = in.u32();
  if (reader->index_bytes_ > index_limit || reader->index_position_ + reader->index_packed_ != footer_at ||
      reader->info_.end < reader->info_.first)
    return damaged(path, "a footer that does not fit");
  std::string packed(reader->index_packed_, '\0');
  HILLTOP_CHECK(read_exactly(fd.get(), packed.data(), packed.size(), reader->index_position_).within(path.string()));
  if (crc32c(packed) != in.u32()) return damaged(path, "the index has another checksum");
  return std::shared_ptr<const SegmentReader>(std::move(reader));
}

// A segment that retention has deleted meanwhile.
Result<FileHandle> SegmentReader::open_again() const {
  auto fd = open_file(path_, O_RDONLY);
  if (!fd && ::access(path_.c_str(), F_OK) != 0)
    return Error(Errc::not_found, Blame::infrastructure, path_.string() + " has been deleted");
  return fd;
}

Result<SegmentReader::Index> SegmentReader::read_index() const {
  HILLTOP_TRY(auto fd, open_again());
  std::string packed(index_packed_, '\0');
  HILLTOP_CHECK(read_exactly(fd.get(), packed.data(), packed.size(), index_position_).within(path_.string()));
  std::string raw(index_bytes_, '\0');
  const auto got = ZSTD_decompress(raw.data(), raw.size(), packed.data(), packed.size());
  Index index;
  if (got != raw.size() || !deserialise(raw, index)) return damaged(path_, "its index");
  return index;
}

Result<> SegmentReader::fetch(std::uint64_t from, std::uint64_t to, std::string& out) const {
  HILLTOP_TRY(auto index, read_index());
  HILLTOP_TRY(auto fd, open_again());
  auto frame = std::upper_bound(index.frames.begin(), index.frames.end(), from,
                                [](std::uint64_t at, const Index::Frame& f) { return at < f.first + f.raw_bytes; });
  std::string packed;
  std::string raw;
  for (; from < to; ++frame) {
    if (frame == index.frames.end() || frame->first > from)
      return Error(Errc::not_found, Blame::infrastructure,
                   path_.string() + ": bytes from " + std::to_string(from) + " on are missing");
    packed.resize(frame->packed_bytes);
    raw.resize(frame->raw_bytes);
    HILLTOP_CHECK(read_exactly(fd.get(), packed.data(), packed.size(), frame->position).within(path_.string()));
    if (ZSTD_decompress(raw.data(), raw.size(), packed.data(), packed.size()) != raw.size())
      return damaged(path_, "a frame");
    const auto end = std::min(to, frame->first + frame->raw_bytes);
    out.append(raw, from - frame->first, end - from);
    from = end;
  }
  return ok();
}

}  // namespace hilltop::boards
