// SPDX-License-Identifier: Apache-2.0
#include "drivers/serial/tty_device.hpp"

namespace hilltop::drivers {
namespace {

Task<> run_steps(std::shared_ptr<TtyStream> stream, ResetSequence sequence, Deadline deadline) {
  for (const auto& step : sequence) {
    HILLTOP_CO_CHECK(stream->drive_modem_lines(step.dtr, step.rts));
    if (step.wait.count() > 0) HILLTOP_CO_CHECK(co_await sleep_for(step.wait, deadline));
  }
  co_return ok();
}

Task<> run_sequence(std::shared_ptr<TtyStream> stream, ResetSequence sequence, Deadline deadline) {
  const bool was_open = stream->is_open();
  HILLTOP_CO_CHECK(co_await stream->open(deadline));
  auto done = co_await run_steps(stream, sequence, deadline);
  // A board must not be left in its reset: the last step is where the lines rest.
  if (!done && stream->is_open()) (void)stream->drive_modem_lines(sequence.back().dtr, sequence.back().rts);
  if (!was_open) stream->close();
  co_return done;
}

Task<> only_hard_resets() {
  co_return Error(Errc::unsupported, Blame::configuration,
                  "DTR and RTS reset the board by its reset line; nothing else is asked of it");
}

Task<> nothing_to_end() { co_return ok(); }

}  // namespace

TtyDevice::TtyDevice(TtyStream::Options options, ResetSequence reset)
    : stream_(std::make_shared<TtyStream>(std::move(options))), sequence_(std::move(reset)) {}

Task<> TtyDevice::shut_down(Deadline) { return nothing_to_end(); }

Task<> TtyDevice::reset(ResetKind kind, Deadline deadline) {
  if (kind != ResetKind::hard) return only_hard_resets();
  return run_sequence(stream_, sequence_, deadline);
}

}  // namespace hilltop::drivers
