// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/core/task.hpp"

namespace hilltop {

/// Runs `task` to its end, whether or not the caller is canceled meanwhile: for what must not stop half-way, a board's
/// power being cut. Unlike after ignore_cancellation(), whoever waits for it goes on being cancelable: a cancellation
/// that came meanwhile is there afterwards (is_canceled()).
Task<> undisturbed(Task<> task);

}  // namespace hilltop
