// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/gpio_line.hpp"

#include <fcntl.h>
#include <gpiod.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hilltop::drivers {
namespace {

constexpr const char* consumer = "hilltop";

Error line_error(const std::string& what, int code) {
  auto error = system_error(what, code);
  if (code == ENOENT || code == ENODEV) error.code = Errc::not_found;
  if (code == EACCES || code == EPERM) error.code = Errc::denied;
  if (code == EBUSY) error.code = Errc::busy;
  return error;
}

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Source: libgpiod 1.6.3, gpiod.h.
class GpiodLine final : public GpioLine {
 public:
  GpiodLine(std::string chip, std::string line) : chip_name_(std::move(chip)), line_name_(std::move(line)) {}

  Result<bool> is_high() override {
    HILLTOP_CHECK(find());
    if (gpiod_line_is_free(line_) && gpiod_line_request(line_, as_it_is(), 0) != 0) return error("request", errno);
    const int value = gpiod_line_get_value(line_);
    const int code = errno;
    if (!driven_) gpiod_line_release(line_);
    if (value < 0) return lost("read", code);
    return value == 1;
  }

  Result<> drive(bool high) override {
    HILLTOP_CHECK(find());
    if (!driven_ && gpiod_line_request_output(line_, consumer, high ? 1 : 0) != 0) return error("request", errno);
    driven_ = true;
    if (gpiod_line_set_value(line_, high ? 1 : 0) != 0) return lost("drive", errno);
    return ok();
  }

 private:
  static const gpiod_line_request_config* as_it_is() {
    static constexpr gpiod_line_request_config config{consumer, GPIOD_LINE_REQUEST_DIRECTION_AS_IS, 0};
    return &config;
  }

  Result<> find() {
    if (line_ != nullptr) return ok();
    chip_.reset(gpiod_chip_open_lookup(chip_name_.c_str()));
    if (!chip_) return line_error("GPIO chip " + chip_name_, errno);
    line_ = is_number(line_name_) ? gpiod_chip_get_line(chip_.get(), static_cast<unsigned>(std::stoul(line_name_)))
                                  : gpiod_chip_find_line(chip_.get(), line_name_.c_str());
    if (line_ == nullptr) return error("find", errno == EINVAL ? ENOENT : errno);
    return ok();
  }

  [[nodiscard]] Error error(const std::string& what, int code) const {
    return line_error(what + " line " + line_name_ + " of GPIO chip " + chip_name_, code);
  }

  /// A chip may be a USB one: it is looked for anew the next time.
  Error lost(const std::string& what, int code) {
    line_ = nullptr;
    driven_ = false;
    chip_.reset();
    return error(what, code);
  }

  struct Close {
    void operator()(gpiod_chip* chip) const { gpiod_chip_close(chip); }
  };
  std::string chip_name_;
  std::string line_name_;
  std::unique_ptr<gpiod_chip, Close> chip_;
  gpiod_line* line_ = nullptr;  // the chip's
  bool driven_ = false;
};

class SysfsLine final : public GpioLine {
 public:
  explicit SysfsLine(std::string folder) : folder_(std::move(folder)) {}

  Result<bool> is_high() override {
    const auto path = folder_ + "/value";
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return line_error(path, errno);
    char value = 0;
    const auto size = ::read(fd, &value, 1);
    ::close(fd);
    if (size != 1 || (value != '0' && value != '1'))
      return Error(Errc::protocol, Blame::infrastructure, path + " holds neither 0 nor 1");
    return value == '1';
  }

  /// Writing `high` or `low` as the direction makes it an output without a wrong level in between.
  Result<> drive(bool high) override {
    if (auto set = write("direction", high ? "high" : "low"); !set && set.error().code != Errc::not_found) return set;
    return write("value", high ? "1" : "0");
  }

 private:
  [[nodiscard]] Result<> write(const std::string& name, std::string_view text) const {
    const auto path = folder_ + "/" + name;
    const int fd = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0) return line_error(path, errno);
    const auto size = ::write(fd, text.data(), text.size());
    const int code = errno;
    ::close(fd);
    if (size != static_cast<ssize_t>(text.size())) return line_error(path, code);
    return ok();
  }

  std::string folder_;
};

Task<> switch_line(std::shared_ptr<GpioLine> line, std::string title, bool high) {
  if (co_await is_canceled()) co_return canceled_error(title);
  HILLTOP_CO_CHECK(line->drive(high));
  HILLTOP_CO_TRY(const bool now, line->is_high());
  if (now == high) co_return ok();
  co_return Error(
      Errc::mismatch, Blame::infrastructure,
      title + ": it is driven " + (high ? "high" : "low") + " and does not follow: is it an input, or shorted?");
}

Task<PowerState> read_line(std::shared_ptr<GpioLine> line, bool active_low) {
  HILLTOP_CO_TRY(const bool high, line->is_high());
  co_return high != active_low ? PowerState::on : PowerState::off;
}

class GpioPower final : public Device, PowerPort {
 public:
  GpioPower(std::shared_ptr<GpioLine> line, std::string title, bool active_low)
      : line_(std::move(line)), title_(std::move(title)), active_low_(active_low) {}
  PowerPort* power() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> set(PowerState wanted, Deadline) override {
    return switch_line(line_, title_, (wanted == PowerState::on) != active_low_);
  }
  Task<PowerState> state(Deadline) override { return read_line(line_, active_low_); }

  std::shared_ptr<GpioLine> line_;
  std::string title_;
  bool active_low_;
};

}  // namespace

std::unique_ptr<GpioLine> make_gpiod_line(std::string chip, std::string line) {
  return std::make_unique<GpiodLine>(std::move(chip), std::move(line));
}

std::unique_ptr<GpioLine> make_sysfs_line(std::string folder) { return std::make_unique<SysfsLine>(std::move(folder)); }

std::unique_ptr<Device> make_gpio_power(std::shared_ptr<GpioLine> line, std::string title, bool active_low) {
  return std::make_unique<GpioPower>(std::move(line), std::move(title), active_low);
}

}  // namespace hilltop::drivers
