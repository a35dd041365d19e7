// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/read_back.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto between_read_backs = std::chrono::milliseconds(50);
constexpr auto most_read_back_time = std::chrono::seconds(5);

}  // namespace

Task<> switch_and_read_back(std::function<Task<>(bool on)> set, std::function<Task<PowerState>()> get,
                            PowerState wanted, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await set(wanted == PowerState::on));
  const auto until = deadline.at_most(most_read_back_time);
  for (;;) {
    HILLTOP_CO_TRY(const auto now, co_await get());
    if (now == wanted || now == PowerState::unknown) co_return ok();
    if (const auto waited = co_await sleep_for(between_read_backs, until); !waited) {
      if (waited.error().code == Errc::canceled) co_return waited.error();
      co_return Error(
          Errc::mismatch, Blame::infrastructure,
          "it was switched " + std::string(to_string(wanted)) + " and reads back " + std::string(to_string(now)));
    }
  }
}

}  // namespace hilltop::drivers
