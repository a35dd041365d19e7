// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/console/transcript.hpp"
#include "tests/boards/console/console_fixture.hpp"

namespace hilltop::test {

/// Writes a transcript as an engine does, without its threads: a read each millisecond of 1970.
class TranscriptWriter {
 public:
  explicit TranscriptWriter(const std::filesystem::path& dir)
      : transcript(boards::Transcript::open(dir, boards::Transcript::Mode::read_write).value()) {}

  void begin_journal() {
    journal_ = transcript->create_journal().value();
    sequence_ = 0;
    size_ = boards::journal_header_bytes;
    numbers_.clear();
  }
  [[nodiscard]] const std::shared_ptr<boards::JournalFile>& journal() const { return journal_; }
  void seal() {
    ASSERT_TRUE(transcript->seal(journal_));
    journal_.reset();
  }
  /// One read.
  void say(const boards::ConsoleKey& key, const std::string& bytes) {
    ++ms;
    append(key, boards::RecordKind::data, bytes, 0);
    ends[key] += bytes.size();
  }
  void note(const boards::ConsoleKey& key, boards::RecordKind kind, std::uint32_t count = 0) {
    ++ms;
    append(key, kind, "", count);
  }
  static UtcTime at_ms(std::int64_t time) { return UtcTime(std::chrono::milliseconds(time)); }

  std::shared_ptr<boards::Transcript> transcript;
  std::int64_t ms = 0;
  std::map<boards::ConsoleKey, std::uint64_t> ends;

 private:
  void append(const boards::ConsoleKey& key, boards::RecordKind kind, const std::string& bytes, std::uint32_t count) {
    if (!journal_) begin_journal();
    const auto [number, is_new] = numbers_.emplace(key, static_cast<std::uint32_t>(numbers_.size() + 1));
    if (is_new) write(number->second, boards::RecordKind::console, key.board + '\0' + key.name, 0);
    write(number->second, kind, bytes, ends[key]);
    const boards::Transcript::Published one{
        &key, 0, kind, {mark(ends[key]), static_cast<std::uint32_t>(bytes.size()), size_ - bytes.size()}, count};
    transcript->publish(journal_, {&one, 1});
  }
  [[nodiscard]] boards::TimeMark mark(std::uint64_t offset) const { return {offset, at_ms(ms), at_ms(ms - 1)}; }
  void write(std::uint32_t number, boards::RecordKind kind, const std::string& bytes, std::uint64_t offset) {
    std::string out(boards::record_header_bytes, '\0');
    boards::encode_record(
        {kind, number, static_cast<std::uint32_t>(bytes.size()), sequence_++, offset, at_ms(ms), at_ms(ms - 1)}, bytes,
        journal_->salt, out.data());
    out += bytes;
    ASSERT_TRUE(boards::write_all(journal_->file.get(), out));
    size_ += out.size();
  }

  std::shared_ptr<boards::JournalFile> journal_;
  std::map<boards::ConsoleKey, std::uint32_t> numbers_;
  std::uint64_t sequence_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace hilltop::test
