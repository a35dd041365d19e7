// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/options.hpp"

#include <charconv>

namespace hilltop::usb_lab {
namespace {

unsigned to_number(std::string_view key, std::string_view text, int base) {
  if (base == 10 && text.starts_with("0x")) return to_number(key, text.substr(2), 16);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    throw UsageError(std::string(key) + "=" + std::string(text) + " is no number");
  return value;
}

}  // namespace

Options::Options(std::string_view text) {
  model_ = text.substr(0, text.find(','));
  for (auto comma = text.find(','); comma != text.npos;) {
    const auto next = text.find(',', comma + 1);
    const auto pair = text.substr(comma + 1, next == text.npos ? next : next - comma - 1);
    const auto equals = pair.find('=');
    if (pair.empty()) throw UsageError("an option of '" + std::string(text) + "' is empty");
    values_[std::string(pair.substr(0, equals))] = equals == pair.npos ? "1" : pair.substr(equals + 1);
    comma = next;
  }
}

bool Options::has(std::string_view key) const {
  asked_.emplace(key);
  return values_.contains(key);
}

std::string Options::text(std::string_view key, std::string_view otherwise) const {
  return has(key) ? values_.find(key)->second : std::string(otherwise);
}

unsigned Options::number(std::string_view key, unsigned otherwise) const {
  return has(key) ? to_number(key, values_.find(key)->second, 10) : otherwise;
}

unsigned Options::hex(std::string_view key, unsigned otherwise) const {
  return has(key) ? to_number(key, values_.find(key)->second, 16) : otherwise;
}

void Options::refuse_others() const {
  for (const auto& [key, value] : values_)
    if (!asked_.contains(key)) throw UsageError("the model '" + model_ + "' has no option '" + key + "'");
}

}  // namespace hilltop::usb_lab
