// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/http_message.hpp"

#include <algorithm>
#include <charconv>

#include "drivers/power/unit/unit_request.hpp"

namespace hilltop::drivers::unit {
namespace {

constexpr std::size_t most_head = 16 * 1024;
constexpr std::size_t most_body = 1024 * 1024;

Error garbled(std::string text) { return {Errc::protocol, Blame::infrastructure, std::move(text)}; }

std::string small(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

/// "HTTP/1.1 200 OK": its number; 0 for what is none.
int status_in(std::string_view line) {
  if (!line.starts_with("HTTP/1.")) return 0;
  const auto space = line.find(' ');
  if (space == line.npos) return 0;
  return static_cast<int>(number(trimmed(line.substr(space + 1)).substr(0, 3), 10).value_or(0));
}

}  // namespace

std::string HttpReply::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

std::optional<std::string> HttpReader::take_line() {
  const auto end = pending_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  auto line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

Result<> HttpReader::read_head() {
  while (!has_head_) {
    const auto line = take_line();
    if (!line)
      return pending_.size() > most_head ? Result<>(garbled("its reply has no end of a line")) : Result<>(ok());
    head_bytes_ += line->size();
    if (head_bytes_ > most_head) return garbled("the head of its reply is too long");
    if (reply_.status == 0) {
      reply_.status = status_in(*line);
      if (reply_.status < 100) return garbled("it does not speak HTTP: '" + shown(*line) + "'");
    } else if (line->empty()) {
      if (reply_.status < 200) {  // an interim answer; the real one follows
        reply_ = {};
        continue;
      }
      has_head_ = true;
    } else if (const auto colon = line->find(':'); colon != std::string::npos) {
      reply_.headers.emplace(small(line->substr(0, colon)), trimmed(std::string_view(*line).substr(colon + 1)));
    }
  }
  chunked_ = small(reply_.header("transfer-encoding")).contains("chunked");
  if (const auto told = reply_.header("content-length"); !chunked_ && !told.empty()) {
    length_ = number(told, 10);
    if (!length_ || *length_ > most_body) return garbled("its reply has a length of '" + told + "'");
  }
  if (reply_.status == 204 || reply_.status == 304) length_ = 0;
  return ok();
}

Result<> HttpReader::read_chunks() {
  while (!done_) {
    if (chunk_ && *chunk_ > 0) {
      const auto n = std::min(*chunk_, pending_.size());
      reply_.body.append(pending_, 0, n);
      pending_.erase(0, n);
      *chunk_ -= n;
      if (*chunk_ > 0) return ok();
      continue;
    }
    const auto line = take_line();
    if (!line)
      return pending_.size() > most_head ? Result<>(garbled("a chunk of its reply has no size")) : Result<>(ok());
    if (last_chunk_) {  // trailers, up to an empty line
      done_ = line->empty();
    } else if (chunk_ && line->empty()) {
      chunk_.reset();  // the line's end behind a chunk
    } else {
      chunk_ = number(trimmed(line->substr(0, line->find(';'))), 16);
      if (!chunk_ || *chunk_ > most_body)
        return garbled("a chunk of its reply has a size of '" + line->substr(0, 20) + "'");
      last_chunk_ = *chunk_ == 0;
    }
    if (reply_.body.size() > most_body) return garbled("its reply is too long");
  }
  return ok();
}

Result<> HttpReader::read_body() {
  if (chunked_) return read_chunks();
  reply_.body += pending_;
  pending_.clear();
  if (reply_.body.size() > most_body) return garbled("its reply is too long");
  if (length_ && reply_.body.size() >= *length_) {
    reply_.body.resize(*length_);
    done_ = true;
  }
  return ok();
}

Result<> HttpReader::add(std::string_view bytes) {
  if (done_) return ok();
  pending_ += bytes;
  if (!has_head_) HILLTOP_CHECK(read_head());
  if (!has_head_) return ok();
  return read_body();
}

Result<> HttpReader::end() {
  if (done_) return ok();
  // Without a length the body ends with the connection.
  if (has_head_ && !chunked_ && !length_) {
    done_ = true;
    return ok();
  }
  return Error(Errc::unavailable, Blame::infrastructure,
               has_head_ || !pending_.empty() || head_bytes_ > 0 ? "it hung up in the middle of its reply"
                                                                 : "it hung up without a word");
}

}  // namespace hilltop::drivers::unit
