// SPDX-License-Identifier: Apache-2.0
#include "boards/batch_sender.hpp"

#include <liburing.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace hilltop::boards {
namespace {

constexpr int flags = MSG_DONTWAIT | MSG_NOSIGNAL;

std::int64_t outcome(std::int64_t result) { return result == -EAGAIN || result == -EWOULDBLOCK ? 0 : result; }

void send_one(BatchSender::Item& item) {
  ssize_t n = 0;
  do {
    n = ::send(item.descriptor, item.bytes.data(), item.bytes.size(), flags);
  } while (n < 0 && errno == EINTR);
  item.sent = outcome(n < 0 ? -errno : n);
}

class PlainSender final : public BatchSender {
 public:
  void send(std::span<Item> items) override { std::ranges::for_each(items, send_one); }
  [[nodiscard]] std::string_view way() const override { return "send"; }
};

/// A send that may not wait ends within the call that submits it (io_uring_prep_send(3): MSG_DONTWAIT); so nothing is
/// under way when send() returns.
class RingSender final : public BatchSender {
 public:
  static std::unique_ptr<BatchSender> open() {
    auto sender = std::make_unique<RingSender>();
    if (::io_uring_queue_init(entries, &sender->ring_, IORING_SETUP_SINGLE_ISSUER) != 0) return nullptr;
    sender->open_ = true;
    auto* probe = ::io_uring_get_probe_ring(&sender->ring_);
    const bool can = probe != nullptr && ::io_uring_opcode_supported(probe, IORING_OP_SEND) != 0;
    ::io_uring_free_probe(probe);
    if (!can) return nullptr;
    return sender;
  }
  RingSender() = default;
  ~RingSender() override {
    if (open_) ::io_uring_queue_exit(&ring_);
  }
  RingSender(const RingSender&) = delete;
  RingSender& operator=(const RingSender&) = delete;

  void send(std::span<Item> items) override {
    while (!items.empty()) {
      const auto batch = items.first(std::min<std::size_t>(items.size(), entries));
      if (batch.size() < worth_it || failed_) {
        std::ranges::for_each(batch, send_one);
      } else {
        send_batch(batch);
      }
      items = items.subspan(batch.size());
    }
  }
  [[nodiscard]] std::string_view way() const override { return "io_uring"; }

 private:
  void send_batch(std::span<Item> batch) {
    for (auto& item : batch) {
      item.sent = 0;  // what is never submitted has not been sent
      auto* entry = ::io_uring_get_sqe(&ring_);
      ::io_uring_prep_send(entry, item.descriptor, item.bytes.data(), item.bytes.size(), flags);
      ::io_uring_sqe_set_data(entry, &item);
    }
    std::size_t left = batch.size();
    while (left > 0) {
      const int submitted = ::io_uring_submit_and_wait(&ring_, static_cast<unsigned>(left));
      left -= take_completions();
      if (submitted >= 0 || submitted == -EINTR) continue;
      failed_ = true;  // from now on without the ring
      return;
    }
  }

  std::size_t take_completions() {
    io_uring_cqe* completion = nullptr;
    unsigned head = 0, count = 0;
    io_uring_for_each_cqe(&ring_, head, completion) {
      auto& item = *static_cast<Item*>(::io_uring_cqe_get_data(completion));
      item.sent = outcome(completion->res);
      ++count;
    }
    ::io_uring_cq_advance(&ring_, count);
    return count;
  }

  static constexpr unsigned entries = 256;
  static constexpr std::size_t worth_it = 4;  // below it the ring's own call costs as much
  io_uring ring_{};
  bool open_ = false, failed_ = false;
};

}  // namespace

std::unique_ptr<BatchSender> BatchSender::make() {
  auto ring = RingSender::open();
  return ring ? std::move(ring) : plain();
}

std::unique_ptr<BatchSender> BatchSender::plain() { return std::make_unique<PlainSender>(); }

}  // namespace hilltop::boards
