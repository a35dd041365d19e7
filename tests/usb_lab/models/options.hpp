// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hilltop::usb_lab {

/// What a user wrote is wrong; the programs of the lab end with its text and status 2.
class UsageError : public std::runtime_error {
 public:
  using runtime_error::runtime_error;
};

/// A simulated device as it is written on a command line: `hidrelay,relays=4,state=FILE`.
class Options {
 public:
  Options() = default;
  /// Throws UsageError.
  explicit Options(std::string_view text);

  [[nodiscard]] const std::string& model() const { return model_; }
  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] std::string text(std::string_view key, std::string_view otherwise = "") const;
  /// Decimal, or hexadecimal after 0x. Throws UsageError.
  [[nodiscard]] unsigned number(std::string_view key, unsigned otherwise) const;
  /// Hexadecimal without 0x, as USB ids are written. Throws UsageError.
  [[nodiscard]] unsigned hex(std::string_view key, unsigned otherwise) const;
  void set(std::string key, std::string value) { values_[std::move(key)] = std::move(value); }
  /// Throws UsageError for a key that nobody has asked for: a fault that was misspelled must not pass for one survived.
  void refuse_others() const;

 private:
  std::string model_;
  std::map<std::string, std::string, std::less<>> values_;
  mutable std::set<std::string, std::less<>> asked_;
};

}  // namespace hilltop::usb_lab
