// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

// A timer beside SysTick, counting the same clock, where the emulated board has one.
bool reference_timer_start(void); // false: there is none
uint32_t reference_timer_cycles(void);
