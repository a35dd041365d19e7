// SPDX-License-Identifier: Apache-2.0
// The daemon's own way from a console to its viewers: HttpServer, WebSocket, ConsoleFeed. Only the board is not there.
#include <atomic>
#include <memory>
#include <thread>

#include "bench/console/fanout.hpp"
#include "bench/console/support.hpp"
#include "web/http/server.hpp"
#include "web/ws/console_feed.hpp"
#include "web/ws/streams.hpp"

namespace hilltop::bench {
namespace {

using controller::WorkerReply;

/// A board that says so many bytes. Used on the server's one I/O thread, but for the atomics.
struct Board {
  explicit Board(const FanOut& w) : what(w), text(std::max<std::size_t>(w.frame_bytes, 1 << 16), 'x') {}
  const FanOut what;
  const std::string text;
  std::shared_ptr<web::ConsoleFeed> feed;
  std::atomic<std::size_t> attached{0};
  std::atomic<bool> begin{false}, done{false};
  std::chrono::steady_clock::time_point begun;
  double cpu_at_begin = 0;
  FanOutResult result;
};
using BoardPtr = std::shared_ptr<Board>;

void start_clock(Board& board) {
  board.cpu_at_begin = process_cpu();
  board.begun = std::chrono::steady_clock::now();
}

void stop_clock(Board& board) {
  board.result.cpu_s = process_cpu() - board.cpu_at_begin;
  board.result.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - board.begun).count();
  board.done = true;
}

/// How many bytes the board has said by now.
std::uint64_t said(const Board& board) {
  const auto ns = (std::chrono::steady_clock::now() - board.begun).count();
  return std::min<std::uint64_t>(
      board.what.bytes(),
      static_cast<std::uint64_t>(static_cast<double>(ns) * 1e-9 * static_cast<double>(board.what.bytes_per_second)));
}

/// Unpaced, the next frame is there when everybody has the one before. Paced, what the board has said since, and at
/// least a frame: a console wakes its reader at each read of the line.
Task<WorkerReply> read_board(BoardPtr board, std::uint64_t from, std::uint32_t max) {
  WorkerReply reply;
  reply.offset = from == UINT64_MAX ? 0 : from;
  if (from == UINT64_MAX) co_return reply;
  while (!board->begin) HILLTOP_CO_CHECK(co_await sleep_for(1ms));
  if (from == 0) start_clock(*board);
  if (from == board->what.bytes()) {
    while (board->feed->behind() > 0) HILLTOP_CO_CHECK(co_await sleep_for(100us));
    stop_clock(*board);
    HILLTOP_CO_CHECK(co_await sleep_for(1h));
  }
  auto until = std::min<std::uint64_t>(from + board->what.frame_bytes, board->what.bytes());
  if (board->what.bytes_per_second == 0) {
    while (board->feed->behind() > 0) HILLTOP_CO_CHECK(co_await sleep_for(100us));
  } else {
    while (said(*board) < until) HILLTOP_CO_CHECK(co_await sleep_for(500us));
    until = std::min<std::uint64_t>(said(*board), from + max);
  }
  reply.bytes = board->text.substr(0, static_cast<std::size_t>(until - from));
  ++board->result.frames;
  co_return reply;
}

Task<> talk(BoardPtr board, std::shared_ptr<web::WebSocket> socket) {
  const auto place = board->feed->attach(socket, board->feed->end());
  ++board->attached;
  auto ended = co_await web::ignore_incoming(socket);
  board->feed->detach(place);
  co_return ok();
}

class Application final : public web::Application {
 public:
  Application(asio::any_io_executor io, BoardPtr board) : board_(std::move(board)) {
    web::ConsoleFeed::Options options;
    if (board_->what.bytes_per_second == 0) options.frame_clock = 0ns;
    auto read = [b = board_](std::uint64_t from, std::uint32_t max, std::uint32_t) { return read_board(b, from, max); };
    // The ring is made by the thread that uses it.
    asio::post(io, [io, read, options, b = board_] {
      b->feed = std::make_shared<web::ConsoleFeed>(io, read, boards::BatchSender::make(), options);
      b->feed->start();
    });
  }
  asio::awaitable<std::variant<web::Response, web::Admission>> admit(const web::Request&, std::string_view,
                                                                     bool) override {
    return admitted(board_);
  }
  web::Response problem(unsigned status, std::string detail) override { return {status, "text/plain", detail}; }

 private:
  static asio::awaitable<std::variant<web::Response, web::Admission>> admitted(BoardPtr board) {
    web::Admission out;
    out.talk = [board](web::Request, std::shared_ptr<web::WebSocket> socket) { return talk(board, std::move(socket)); };
    co_return out;
  }
  BoardPtr board_;
};

void wait_for(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::sleep_for(1ms);
}

}  // namespace

FanOutResult send_by_feed(const FanOut& what, const Readers& readers) {
  auto board = std::make_shared<Board>(what);
  web::ListenOptions listen;
  listen.port = 0;
  listen.threads = 1;
  listen.max_connections = what.subscribers + 10;
  asio::any_io_executor io;
  auto server = web::HttpServer::start(listen, [&](asio::any_io_executor executor) {
    io = executor;
    return std::make_shared<Application>(executor, board);
  });
  if (!server) fail(server.error().text);
  readers.come_to((*server)->port());
  wait_for([&] { return board->attached == what.subscribers; });
  board->begin = true;
  wait_for([&] { return board->done.load(); });
  TaskScope scope(io, "bench");
  scope.spawn("stop", web::ConsoleFeed::stop(board->feed));
  (*server)->stop();
  return board->result;
}

}  // namespace hilltop::bench
