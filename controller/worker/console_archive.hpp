// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>

#include "boards/board_type.hpp"
#include "boards/console/search.hpp"
#include "boards/console/transcript_page.hpp"
#include "controller/worker/dictionary_book.hpp"
#include "controller/worker/worker_link.hpp"
#include "drivers/core/lane.hpp"

namespace hilltop::controller {

/// What a worker's consoles have said: pages, places and searches, on a lane of its own, for boards that are open and
/// for those that are not.
/// Thread: the worker's.
class ConsoleArchive {
 public:
  /// How a console is taken apart, from its begin to its end. Called on the worker's thread.
  using DecodersOf =
      std::function<std::vector<DictionaryBook::Stretch>(const std::string& board, const std::string& console)>;

  ConsoleArchive(std::shared_ptr<const boards::Transcript> transcript, std::shared_ptr<const boards::BoardTypes> types,
                 DecodersOf decoders_of);

  static Task<WorkerReply> list(std::shared_ptr<ConsoleArchive> archive, TranscriptList command);
  static Task<WorkerReply> find(std::shared_ptr<ConsoleArchive> archive, TranscriptFind command);
  static Task<WorkerReply> page(std::shared_ptr<ConsoleArchive> archive, TranscriptPageRead command);
  static Task<WorkerReply> grep(std::shared_ptr<ConsoleArchive> archive, TranscriptGrep command);

 private:
  struct Search;
  Result<std::shared_ptr<Search>> begin(const TranscriptGrep& command);
  void forget_old();

  std::shared_ptr<const boards::Transcript> transcript_;
  std::shared_ptr<const boards::BoardTypes> types_;
  DecodersOf decoders_of_;
  std::shared_ptr<Lane> lane_ = std::make_shared<Lane>();
  std::map<std::uint64_t, std::shared_ptr<Search>> searches_;
  std::uint64_t next_search_ = 1;
};

/// A page as it travels in WorkerReply: `text` holds marks and records.
[[nodiscard]] WorkerReply to_reply(boards::TranscriptPage page);
[[nodiscard]] Result<boards::TranscriptPage> page_from(WorkerReply reply);

}  // namespace hilltop::controller
