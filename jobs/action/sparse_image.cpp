// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/sparse_image.hpp"

#include <fstream>
#include <string>
#include <vector>

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t magic = 0xed26ff3a;
constexpr std::size_t header_bytes = 28, chunk_header_bytes = 12;
constexpr std::size_t block_bytes = 1 << 20;
enum class Chunk : std::uint16_t { raw = 0xcac1, fill = 0xcac2, skip = 0xcac3, crc = 0xcac4 };

Error damaged(const std::string& how) { return {Errc::bad_input, Blame::job, "damaged sparse image: " + how}; }
Error io_error(const std::string& verb, const fs::path& file) {
  return {Errc::io, Blame::infrastructure, "can't " + verb + " " + file.string()};
}

std::uint64_t little(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Expands one image chunk by chunk.
class Expander {
 public:
  Expander(std::ifstream& in, fs::path to, Deadline deadline)
      : in_(in), to_(std::move(to)), out_(to_, std::ios::binary | std::ios::trunc), deadline_(deadline) {}

  Result<> run(std::uint64_t most_bytes) {
    HILLTOP_TRY(const auto header, take(header_bytes));
    const auto version = little(header, 4, 2), own_bytes = little(header, 8, 2);
    chunk_bytes_ = little(header, 10, 2), block_ = little(header, 12, 4);
    const auto blocks = little(header, 16, 4), chunks = little(header, 20, 4);
    if (version != 1 || own_bytes < header_bytes || chunk_bytes_ < chunk_header_bytes || block_ == 0 ||
        block_ % 4 != 0 || block_ > block_bytes)
      return damaged("its header is none");
    size_ = blocks * block_;
    if (size_ > most_bytes) return damaged("it stands for more than " + std::to_string(most_bytes >> 20U) + " MiB");
    in_.seekg(static_cast<std::streamoff>(own_bytes));
    for (std::uint64_t i = 0; i < chunks; ++i) HILLTOP_CHECK(take_chunk());
    if (written_ != size_)
      return damaged("its chunks make " + std::to_string(written_) + " bytes, not " + std::to_string(size_));
    out_.close();
    if (!out_) return io_error("write", to_);
    std::error_code wrong;
    fs::resize_file(to_, size_, wrong);  // a hole at the end
    return wrong ? Result<>(io_error("write", to_)) : Result<>(ok());
  }

 private:
  Result<std::string> take(std::uint64_t count) {
    std::string bytes(count, '\0');
    in_.read(bytes.data(), static_cast<std::streamsize>(count));
    if (static_cast<std::uint64_t>(in_.gcount()) != count) return damaged("it ends early");
    return bytes;
  }

  Result<> take_chunk() {
    if (deadline_.passed()) return Error(Errc::timeout, Blame::infrastructure, "expanding the image took too long");
    HILLTOP_TRY(const auto header, take(chunk_header_bytes));
    in_.seekg(static_cast<std::streamoff>(chunk_bytes_ - chunk_header_bytes), std::ios::cur);
    const auto kind = static_cast<Chunk>(little(header, 0, 2));
    const auto bytes = little(header, 4, 4) * block_, total = little(header, 8, 4);
    if (total < chunk_bytes_ || bytes > size_ - written_) return damaged("a chunk does not fit");
    const auto data = total - chunk_bytes_;
    if (kind == Chunk::raw && data == bytes) return copy(bytes);
    if (kind == Chunk::fill && data == 4) return fill(bytes);
    if (kind == Chunk::crc && data == 4 && bytes == 0) {
      in_.seekg(4, std::ios::cur);
      return ok();
    }
    if (kind != Chunk::skip || data != 0) return damaged("a chunk of an unknown kind");
    written_ += bytes;
    return ok();
  }

  Result<> copy(std::uint64_t bytes) {
    out_.seekp(static_cast<std::streamoff>(written_));
    for (auto left = bytes; left > 0;) {
      HILLTOP_TRY(const auto piece, take(std::min<std::uint64_t>(left, block_bytes)));
      if (!out_.write(piece.data(), static_cast<std::streamsize>(piece.size()))) return io_error("write", to_);
      left -= piece.size();
    }
    written_ += bytes;
    return ok();
  }

  Result<> fill(std::uint64_t bytes) {
    HILLTOP_TRY(const auto pattern, take(4));
    const auto from = written_;
    written_ += bytes;
    if (pattern == std::string(4, '\0')) return ok();
    std::string piece;
    while (piece.size() < block_) piece += pattern;
    out_.seekp(static_cast<std::streamoff>(from));
    for (auto at = from; at < written_; at += block_)
      if (!out_.write(piece.data(), static_cast<std::streamsize>(block_))) return io_error("write", to_);
    return ok();
  }

  std::ifstream& in_;
  fs::path to_;
  std::ofstream out_;
  Deadline deadline_;
  std::uint64_t chunk_bytes_ = 0, block_ = 0, size_ = 0, written_ = 0;
};

}  // namespace

Result<bool> expand_sparse_image(const fs::path& file, Deadline deadline, std::uint64_t most_bytes) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return io_error("read", file);
  std::string begin(4, '\0');
  in.read(begin.data(), 4);
  if (in.gcount() != 4 || little(begin, 0, 4) != magic) return false;
  in.seekg(0);
  auto beside = file;
  beside += ".raw";
  HILLTOP_CHECK(Expander(in, beside, deadline).run(most_bytes));
  std::error_code wrong;
  fs::rename(beside, file, wrong);
  if (wrong) return io_error("replace", file);
  return true;
}

}  // namespace hilltop::jobs
