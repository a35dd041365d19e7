// SPDX-License-Identifier: Apache-2.0
// What it costs to append to the journal: headers, checksums, index, write and sync, in reads of 4 KiB; beside it the
// same bytes by write(2) of 64 KiB. Prints a line of JSON: seconds of CPU a GB.
//   --dir DIR --bytes N --corpus FILE
#include <fcntl.h>
#include <unistd.h>

#include <iostream>

#include "bench/console/support.hpp"
#include "boards/console/journal_writer.hpp"

namespace hilltop::bench {
namespace {

constexpr std::size_t read_bytes = 4096;
constexpr std::size_t block_bytes = 64 * 1024;
constexpr std::size_t consoles = 64;

double cpu_of_write(const std::string& dir, std::string_view corpus, std::uint64_t bytes) {
  auto file = boards::open_file(dir + "/plain", O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) fail(dir);
  const auto cpu = process_cpu();
  for (std::uint64_t done = 0; done < bytes; done += block_bytes) {
    const auto at = done % (corpus.size() - block_bytes);
    if (!boards::write_all(file->get(), corpus.substr(at, block_bytes))) fail(dir);
  }
  return process_cpu() - cpu;
}

std::vector<std::shared_ptr<boards::ByteBlock>> filled_blocks(std::string_view corpus) {
  std::vector<std::shared_ptr<boards::ByteBlock>> out;
  for (std::size_t i = 0; i < consoles; ++i) {
    auto block = std::make_shared<boards::ByteBlock>(0, block_bytes);
    corpus.copy(block->data.get(), block_bytes, i * block_bytes % (corpus.size() - block_bytes));
    block->used = block_bytes;
    out.push_back(std::move(block));
  }
  return out;
}

double cpu_of_journal(const std::string& dir, std::string_view corpus, std::uint64_t bytes) {
  boards::ConsoleEngine::Options options;
  options.dir = dir + "/journal";
  options.segment_bytes = 2 * bytes;  // sealing is another question
  auto transcript = boards::Transcript::open(options.dir, boards::Transcript::Mode::read_write);
  if (!transcript) fail(options.dir);
  boards::Sealer sealer(*transcript, [] { return std::uint64_t{0}; }, {});
  boards::JournalWriter::Counters counters;
  std::atomic<bool> room{true};
  boards::JournalWriter writer(options, *transcript, sealer, counters, [&room] {
    room = true;
    room.notify_all();
  });
  if (!writer.start()) fail(options.dir);
  const auto blocks = filled_blocks(corpus);
  std::vector<std::shared_ptr<boards::ConsoleLog>> logs;
  for (std::uint32_t i = 0; i < consoles; ++i)
    logs.push_back(std::make_shared<boards::ConsoleLog>(boards::ConsoleKey{board_name(i), "main"}, i + 1, 0));
  const auto cpu = process_cpu();
  std::vector<boards::PendingRecord> batch;
  auto last = utc_now();
  for (std::uint64_t done = 0; done < bytes;) {
    for (std::size_t i = 0; i < consoles; ++i, done += read_bytes) {
      const auto now = utc_now();
      const auto offset = done / (read_bytes * consoles) * read_bytes;
      const std::string_view piece(blocks[i]->data.get() + offset % block_bytes, read_bytes);
      batch.push_back({.log = logs[i], .block = blocks[i], .bytes = piece, .mark = {offset, now, last}});
      last = now;
    }
    writer.push(batch);
    room = false;
    if (writer.full()) room.wait(false);
  }
  writer.flush(std::chrono::seconds(30));
  return process_cpu() - cpu;
}

/// What waits until consoles are quiet.
double cpu_of_sealing(const std::string& dir) {
  auto transcript = boards::Transcript::open(dir + "/journal", boards::Transcript::Mode::read_write);
  if (!transcript) fail(dir);
  const auto cpu = process_cpu();
  for (const auto& journal : (*transcript)->take_unsealed())
    if (!(*transcript)->seal(journal)) fail("seal");
  return process_cpu() - cpu;
}

}  // namespace
}  // namespace hilltop::bench

int main(int argc, char** argv) {
  using namespace hilltop::bench;
  const Arguments arguments(argc, argv);
  const auto corpus = read_file(arguments.text("corpus"));
  const auto bytes = arguments.number("bytes", 64 << 20);
  const auto dir = arguments.text("dir");
  const auto write = cpu_of_write(dir, corpus, bytes);
  const auto journal = cpu_of_journal(dir, corpus, bytes);
  const auto sealing = cpu_of_sealing(dir);
  const auto gb = static_cast<double>(bytes) * 1e-9;
  say(nlohmann::json(
          {{"write_s_per_gb", write / gb}, {"journal_s_per_gb", journal / gb}, {"seal_s_per_gb", sealing / gb}})
          .dump());
}
