// SPDX-License-Identifier: Apache-2.0
// How fast a sealed, compressed transcript is searched. Writes the corpus as the engine does (a read is 4 KiB), seals
// it, and searches it. Prints a line of JSON: seconds of CPU and of the clock of every round, what was found, and how
// much is on disk.
//   --corpus FILE --dir EMPTY_FOLDER --pattern RE --rounds N [--bytes N]
#include <iostream>

#include "bench/console/support.hpp"
#include "boards/console/journal.hpp"
#include "boards/console/record.hpp"
#include "boards/console/search.hpp"

namespace hilltop::bench {
namespace {

constexpr std::size_t read_bytes = 4096;
constexpr std::size_t journal_bytes = 16 << 20;

const boards::ConsoleKey console{"b000", "main"};

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::cerr << result.error().text << '\n';
  std::exit(1);
}
void must(Result<> result) {
  if (result) return;
  std::cerr << result.error().text << '\n';
  std::exit(1);
}

/// One journal, sealed.
class OneJournal {
 public:
  explicit OneJournal(boards::Transcript& transcript)
      : transcript_(transcript), file_(must(transcript.create_journal())) {
    append(boards::RecordKind::console, console.board + '\0' + console.name, 0);
  }
  void read(std::string_view bytes, std::uint64_t offset) {
    append(boards::RecordKind::data, bytes, offset);
    const boards::Transcript::Published one{
        &console,
        0,
        boards::RecordKind::data,
        {{offset, last_, last_}, static_cast<std::uint32_t>(bytes.size()), size_ - bytes.size()},
        0};
    transcript_.publish(file_, {&one, 1});
  }
  void seal() { must(transcript_.seal(file_)); }

 private:
  void append(boards::RecordKind kind, std::string_view bytes, std::uint64_t offset) {
    last_ = utc_now();
    std::string out(boards::record_header_bytes, '\0');
    boards::encode_record({kind, 1, static_cast<std::uint32_t>(bytes.size()), sequence_++, offset, last_, last_}, bytes,
                          file_->salt, out.data());
    out += bytes;
    must(boards::write_all(file_->file.get(), out));
    size_ += out.size();
  }
  boards::Transcript& transcript_;
  std::shared_ptr<boards::JournalFile> file_;
  std::uint64_t sequence_ = 0, size_ = boards::journal_header_bytes;
  UtcTime last_;
};

std::shared_ptr<const boards::Transcript> written(const std::string& dir, std::string_view corpus,
                                                  std::uint64_t bytes) {
  auto transcript = must(boards::Transcript::open(dir, boards::Transcript::Mode::read_write));
  for (std::uint64_t at = 0; at < bytes;) {
    OneJournal journal(*transcript);
    for (const auto end = std::min<std::uint64_t>(at + journal_bytes, bytes); at < end; at += read_bytes)
      journal.read(corpus.substr(at % (corpus.size() - read_bytes), std::min<std::uint64_t>(read_bytes, end - at)), at);
    journal.seal();
  }
  return transcript;
}

int run(const Arguments& arguments) {
  const auto corpus = read_file(arguments.text("corpus"));
  const auto bytes = arguments.number("bytes", corpus.size() / read_bytes * read_bytes);
  const auto transcript = written(arguments.text("dir"), corpus, bytes);
  const auto what =
      std::make_shared<const boards::SearchFor>(must(boards::SearchFor::compile(arguments.text("pattern"), {}, "")));
  nlohmann::json out{{"bytes", bytes}, {"stored", transcript->stored_bytes()}};
  for (std::uint64_t round = 0; round < arguments.number("rounds", 1); ++round) {
    const auto wall = monotonic_ns();
    const auto cpu = process_cpu();
    auto search = must(boards::TranscriptSearch::open(transcript, console, 0, UINT64_MAX, what, {}));
    std::uint64_t hits = 0;
    while (!search.done()) hits += must(search.step()).size();
    out["cpu_s"].push_back(process_cpu() - cpu);
    out["wall_s"].push_back(static_cast<double>(monotonic_ns() - wall) * 1e-9);
    out["hits"] = hits;
  }
  say(out.dump());
  return 0;
}

}  // namespace
}  // namespace hilltop::bench

int main(int argc, char** argv) { return hilltop::bench::run(hilltop::bench::Arguments(argc, argv)); }
