// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/masker.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace hilltop::jobs {
namespace {

constexpr std::size_t shortest_secret = 6;

// The passwords that images are shipped with, and words that Linux and its tools say of themselves.
constexpr std::array usual_words{
    "0penbmc",  "123456",     "1234567",    "12345678",    "123456789", "administrator", "alpine",   "android",
    "beagle",   "beaglebone", "board",      "bootloader",  "buildroot", "busybox",       "changeme", "console",
    "debian",   "default",    "device",     "docker",      "embedded",  "fedora",        "freebsd",  "friendlyarm",
    "hilltop",  "kernel",     "khadas",     "lavatest",    "letmein",   "linaro",        "manager",  "netbsd",
    "openbmc",  "openbsd",    "openwrt",    "operator",    "orangepi",  "passw0rd",      "password", "petalinux",
    "public",   "qwerty",     "raspberry",  "raspberrypi", "rock64",    "rockchip",      "secret",   "server",
    "service",  "support",    "supervisor", "system",      "temppwd",   "testing",       "tester",   "ubuntu",
    "username", "vagrant",    "welcome",    "xilinx",      "zephyr"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

bool is_usual_word(std::string_view secret) {
  return secret.size() < shortest_secret || std::ranges::find(usual_words, lower(secret)) != usual_words.end();
}

void Masker::add(std::string secret) {
  if (secret.empty()) return;
  secrets_.push_back({std::move(secret), std::string(mask)});
  std::ranges::sort(secrets_, std::ranges::greater(), [](const Secret& one) { return one.text.size(); });
}

void Masker::add_behind(const std::string& before, const std::string& secret) {
  if (secret.empty()) return;
  secrets_.push_back({before + secret, before + std::string(mask)});
  std::ranges::sort(secrets_, std::ranges::greater(), [](const Secret& one) { return one.text.size(); });
}

std::string Masker::operator()(std::string text) const {
  for (const auto& [secret, shown] : secrets_)
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + shown.size()))
      text.replace(at, secret.size(), shown);
  return text;
}

std::size_t Masker::begun_at_end(std::string_view text) const {
  std::size_t longest = 0;
  for (const auto& [secret, shown] : secrets_)
    for (auto n = std::min(secret.size() - 1, text.size()); n > longest; --n)
      if (text.ends_with(std::string_view(secret).substr(0, n))) longest = n;
  return longest;
}

}  // namespace hilltop::jobs
