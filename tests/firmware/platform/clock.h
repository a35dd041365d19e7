// SPDX-License-Identifier: Apache-2.0
// SysTick as a free-running clock. It interrupts only when its 24 bits wrap (about every 0.7 s), so
// that an idle board costs its host almost nothing: a 1 kHz tick costs about 4 % of a core in QEMU.
#pragma once
#include <stdint.h>

#define CLOCK_SLOWEST_PERIOD (1u << 24)

void clock_start(void);
void clock_set_period(uint32_t cycles); // how often SysTick interrupts; time goes on
uint64_t clock_cycles(void);
uint32_t clock_interrupts(void);
uint32_t clock_ms(void);
