// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "boards/console/console.hpp"
#include "drivers/api/byte_stream.hpp"

namespace hilltop::boards {

/// Keeps one console of a board on its line: opens the line again whenever it has gone and can come back, so that
/// neither readers nor writers notice more than a silence, and puts what the port counts into the transcript.
/// Thread: the worker's.
class LineKeeper : public std::enable_shared_from_this<LineKeeper> {
 public:
  /// `stream` and `engine` outlive stop().
  LineKeeper(asio::any_io_executor executor, ConsoleEngine& engine, std::string board, std::string name,
             drivers::ByteStream& stream);

  /// Opens the line, and the console on it. Errors: those of ByteStream::open and ConsoleEngine::add.
  static Task<> open(std::shared_ptr<LineKeeper> self, Deadline deadline);
  /// Runs until it is canceled.
  static Task<> keep(std::shared_ptr<LineKeeper> self);
  /// Closes console and line. keep() touches neither afterwards.
  void stop();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::shared_ptr<Console>& console() const { return console_; }
  [[nodiscard]] drivers::ByteStream& stream() const { return stream_; }
  /// Whether bytes wait that the engine has not read yet.
  [[nodiscard]] bool has_unread_bytes() const;

 private:
  static Task<> bring_back(std::shared_ptr<LineKeeper> self);
  static Task<bool> try_again(std::shared_ptr<LineKeeper> self);
  void note_errors();
  [[nodiscard]] ConsoleEngine::OnEnded ended_handler();

  asio::any_io_executor executor_;
  ConsoleEngine& engine_;
  const std::string board_, name_;
  drivers::ByteStream& stream_;
  std::shared_ptr<Console> console_;
  Event changed_;
  std::string why_;  // the line went; "" while it is there
  bool gone_ = false;
  bool stopped_ = false;
  int fd_ = -1;
};

}  // namespace hilltop::boards
