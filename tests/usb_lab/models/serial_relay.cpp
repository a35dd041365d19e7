// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/serial_relay.hpp"

#include <charconv>
#include <numeric>

namespace hilltop::usb_lab {
namespace {

class Relays : public SerialPeer {
 protected:
  explicit Relays(const Options& options) : count_(options.number("relays", 4)), log_(options.text("state")) {
    if (count_ < 1 || count_ > 8) throw UsageError("such a board has 1 to 8 relays");
  }
  [[nodiscard]] bool has(unsigned relay) const { return relay < count_; }
  [[nodiscard]] bool is_on(unsigned relay) const { return (on_ >> relay & 1) != 0; }
  void set(unsigned relay, bool on) {
    set_all(static_cast<std::uint8_t>(on ? on_ | 1U << relay : on_ & ~(1U << relay)));
  }
  [[nodiscard]] std::uint8_t all() const { return on_; }
  void on_power(bool powered) override {
    if (!powered) set_all(0);
  }

 private:
  void set_all(std::uint8_t on) {
    if (on == on_) return;
    on_ = on;
    log_.put("relays " + to_hex({&on, 1}));
  }

  unsigned count_;
  StateLog log_;
  std::uint8_t on_ = 0;
};

class Lcus final : public Relays {
 public:
  explicit Lcus(const Options& options) : Relays(options) {}

 private:
  void on_bytes(std::span<const std::uint8_t> bytes) override {
    append(frame_, bytes);
    while (frame_.size() >= 4) {
      const auto sum = static_cast<std::uint8_t>(std::accumulate(frame_.begin(), frame_.begin() + 3, 0));
      const bool whole = frame_[0] == 0xa0 && frame_[3] == sum;
      if (whole) obey(frame_[1], frame_[2]);
      frame_.erase(frame_.begin(), frame_.begin() + (whole ? 4 : 1));  // out of step: look for the next beginning
    }
  }
  void obey(std::uint8_t relay, std::uint8_t command) {
    if (relay == 0 || !has(relay - 1U)) return;
    if (command <= 3) set(relay - 1U, (command & 1) != 0);
    if (command < 2) return;
    const auto state = static_cast<std::uint8_t>(is_on(relay - 1U));
    answer(Bytes{0xa0, relay, state, static_cast<std::uint8_t>(0xa0 + relay + state)});
  }

  Bytes frame_;
};

class Numato final : public Relays {
 public:
  explicit Numato(const Options& options) : Relays(options) {}

 private:
  void on_bytes(std::span<const std::uint8_t> bytes) override {
    for (const auto byte : bytes) {
      const auto c = static_cast<char>(byte);
      if (c == '\n') continue;
      answer(std::string_view(&c, 1));  // it echoes
      if (c != '\r') {
        line_ += c;
        continue;
      }
      answer("\n");
      obey();
      line_.clear();
      answer("\n\r>");
    }
  }
  void obey() {
    const auto take = [this](std::string_view prefix) {
      if (!line_.starts_with(prefix)) return false;
      line_.erase(0, prefix.size());
      return true;
    };
    if (line_ == "ver") return answer("00000008\n\r");
    if (line_ == "id get") return answer("00000000\n\r");
    if (line_ == "relay readall") {
      const auto on = all();
      return answer(to_hex({&on, 1}) + "\n\r");
    }
    const bool on = take("relay on ");
    const bool off = !on && take("relay off ");
    const bool read = !on && !off && take("relay read ");
    unsigned relay = 0;
    const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), relay, 16);
    if (line_.empty() || error != std::errc() || end != line_.data() + line_.size() || !has(relay)) return;
    if (on || off) set(relay, on);
    if (read) answer(is_on(relay) ? "on\n\r" : "off\n\r");
  }

  std::string line_;
};

}  // namespace

std::unique_ptr<SerialPeer> make_serial_relay(const Options& options) {
  if (options.text("relay") == "lcus") return std::make_unique<Lcus>(options);
  if (options.text("relay") == "numato") return std::make_unique<Numato>(options);
  throw UsageError("relay=lcus or relay=numato");
}

}  // namespace hilltop::usb_lab
