// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/tftp_transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace hilltop::drivers::tftp {
namespace {

std::optional<std::uint64_t> number_from(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

void append_netascii(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') out += '\r';
    out += c;
    if (c == '\r') out += '\0';
  }
}

ReadTransfer::ReadTransfer(const Request& request, std::uint64_t file_bytes, const Limits& limits, Time now)
    : mode_(request.mode), limits_(limits), timeout_(limits.timeout), wake_at_(now + limits.timeout) {
  accept_options(request, file_bytes, limits);
  wake_at_ = now + timeout_;
  option_ack_open_ = option_ack_due_ = !accepted_.empty();
}

void ReadTransfer::accept_options(const Request& request, std::uint64_t file_bytes, const Limits& limits) {
  for (const auto& option : request.options) {
    const bool again = std::ranges::any_of(accepted_, [&](const auto& known) { return known.name == option.name; });
    if (!again) accept_option(option, file_bytes, limits);  // each at most once (RFC 2347): the first counts
  }
  const auto fitting = std::max<std::size_t>(1, limits.window_bytes / block_bytes_);
  if (window_blocks_ <= fitting) return;
  window_blocks_ = fitting;
  for (auto& [name, value] : accepted_)
    if (name == "windowsize") value = std::to_string(window_blocks_);
}

/// An option that is unknown or out of its range is left out of the answer, as RFC 2347 has it.
void ReadTransfer::accept_option(const Option& option, std::uint64_t file_bytes, const Limits& limits) {
  const auto value = number_from(option.value);
  if (!value) return;
  if (option.name == "blksize" && *value >= block_bytes_least && *value <= block_bytes_most) {
    block_bytes_ = std::min<std::size_t>(*value, limits.block_bytes);
    accepted_.push_back({option.name, std::to_string(block_bytes_)});
  } else if (option.name == "windowsize" && *value >= 1 && *value <= 65535) {
    window_blocks_ = std::min<std::size_t>(*value, limits.window_blocks);
    accepted_.push_back({option.name, std::to_string(window_blocks_)});
  } else if (option.name == "timeout" && *value >= 1 && *value <= 255) {
    timeout_ = std::chrono::seconds(*value);
    accepted_.push_back({option.name, std::to_string(*value)});
  } else if (option.name == "tsize" && mode_ == Mode::octet) {
    accepted_.push_back({option.name, std::to_string(file_bytes)});  // netascii: not known before the end
  }
}

std::size_t ReadTransfer::wanted() const {
  if (state_ != State::running || file_ended_) return 0;
  const auto room = (window_blocks_ - std::min(window_blocks_, window_.size())) * block_bytes_;
  return room > pending_.size() ? room - pending_.size() : 0;
}

void ReadTransfer::feed(std::string_view bytes, bool last) {
  if (file_ended_) return;
  if (mode_ == Mode::netascii)
    append_netascii(pending_, bytes);
  else
    pending_ += bytes;
  file_ended_ = last;
  make_blocks();
}

void ReadTransfer::make_blocks() {
  std::size_t used = 0;
  while (window_.size() < window_blocks_ && !final_made_) {
    const auto left = pending_.size() - used;
    if (left < block_bytes_ && !file_ended_) break;
    final_made_ = left < block_bytes_;  // the short (or empty) block says that the file is over
    window_.push_back(pending_.substr(used, block_bytes_));
    used += window_.back().size();
  }
  pending_.erase(0, used);
}

void ReadTransfer::receive(std::string_view bytes, Time now) {
  if (state_ != State::running) return;
  const auto packet = read_packet(bytes);
  if (!packet) return odd_packet(packet.error().text);
  if (const auto* failure = std::get_if<Failure>(&*packet)) {
    state_ = State::failed;
    error_ = Error(Errc::unavailable, Blame::dut,
                   fmt::format("the board ended the transfer: error {}: {}", failure->code, failure->text));
  } else if (const auto* ack = std::get_if<Ack>(&*packet)) {
    acknowledge(ack->block, now);
  } else {
    odd_packet("neither an acknowledgement nor an error");
  }
}

void ReadTransfer::acknowledge(std::uint16_t block, Time now) {
  if (option_ack_open_) {
    if (block != 0 || option_ack_due_) return;
    option_ack_open_ = false;
    return made_progress(now);
  }
  const auto fresh = static_cast<std::uint16_t>(block - static_cast<std::uint16_t>(base_ - 1));
  if (fresh == 0 || fresh > sent_) return;  // an old one, or one for what was never sent
  for (std::size_t i = 0; i < fresh; ++i) {
    acknowledged_bytes_ += window_.front().size();
    window_.pop_front();
  }
  base_ += fresh;
  sent_ -= fresh;
  next_ = 0;  // where blocks are left, the peer has lost the first of them (RFC 7440 4)
  make_blocks();
  made_progress(now);
  if (final_made_ && window_.empty()) state_ = State::done;
}

void ReadTransfer::made_progress(Time now) {
  tries_ = 0;
  wake_at_ = now + timeout_;
}

void ReadTransfer::odd_packet(std::string_view what) {
  if (++odd_packets_ <= limits_.odd_packets) return;
  fail(ErrorCode::illegal, Error(Errc::protocol, Blame::dut, fmt::format("too many odd packets, the last: {}", what)));
}

void ReadTransfer::elapse(Time now) {
  if (state_ != State::running || now < wake_at_) return;
  if (++tries_ > limits_.retries) {
    const auto what = option_ack_open_ ? std::string("the options") : fmt::format("block {}", base_);
    return fail(ErrorCode::undefined,
                Error(Errc::timeout, Blame::dut,
                      fmt::format("the board has not acknowledged {} after {} tries", what, tries_)));
  }
  if (option_ack_open_) option_ack_due_ = true;
  next_ = 0;
  wake_at_ = now + timeout_ * (1 << std::min(tries_, 2));
}

std::vector<std::string> ReadTransfer::take_packets(Time now) {
  if (state_ == State::running && option_ack_due_) {
    option_ack_due_ = false;
    if (tries_ > 0) ++sent_again_;
    out_.push_back(write_packet(OptionAck{accepted_}));
  }
  if (state_ == State::running && !option_ack_open_) {
    for (; next_ < window_.size(); ++next_) {
      if (next_ < sent_) ++sent_again_;
      out_.push_back(data_packet(static_cast<std::uint16_t>(base_ + next_), window_[next_]));
    }
    sent_ = std::max(sent_, next_);
  }
  if (!out_.empty() && tries_ == 0) wake_at_ = now + timeout_;
  return std::exchange(out_, {});
}

void ReadTransfer::fail(ErrorCode code, Error error) {
  if (state_ != State::running) return;
  out_.push_back(write_packet(Failure{static_cast<std::uint16_t>(code), error.text}));
  state_ = State::failed;
  error_ = std::move(error);
}

}  // namespace hilltop::drivers::tftp
