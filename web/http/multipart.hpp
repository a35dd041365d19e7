// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop::web {

/// The boundary of a "multipart/form-data; boundary=..." content type. Errors: bad_input (job).
[[nodiscard]] Result<std::string> multipart_boundary(std::string_view content_type);

/// Takes a multipart/form-data body apart as it arrives, in any pieces, with bounded memory. A pure state machine.
/// Source: RFC 7578, RFC 2046 5.1.
class MultipartReader {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    /// `file_name` has no directory part; "" when the part names none.
    virtual Result<> begin(const std::string& field, const std::string& file_name) = 0;
    virtual Result<> data(std::string_view bytes) = 0;
    virtual Result<> end() = 0;
  };

  MultipartReader(std::string boundary, Sink& sink) : delimiter_("\r\n--" + std::move(boundary)), sink_(sink) {}
  /// Errors: bad_input (job) for what is no multipart body; those of the sink.
  Result<> feed(std::string_view bytes);
  /// The body has ended. Errors: bad_input (job) when it ended in the middle.
  Result<> finish() const;

 private:
  enum class At : std::uint8_t { preamble, after_delimiter, header, data, epilogue };
  Result<bool> step();  // true: go on with what is left in pending_
  Result<bool> step_preamble();
  Result<bool> step_after_delimiter();
  Result<bool> step_header();
  Result<bool> step_data();

  static constexpr std::size_t header_limit = 8 * 1024;
  static constexpr std::size_t part_limit = 256;
  std::string delimiter_;
  Sink& sink_;
  At at_ = At::preamble;
  std::string pending_ = "\r\n";  // so that a delimiter at the very start is found like any other
  std::size_t parts_ = 0;
};

}  // namespace hilltop::web
