// SPDX-License-Identifier: Apache-2.0
// CMSDK APB timer. Registers: Arm DDI 0479 (Cortex-M System Design Kit TRM), APB timer,
// programmers model.
#include "reference_timer.h"

#include "board.h"
#include "cortex_m.h"

#ifdef BOARD_REFERENCE_TIMER_BASE
#define CTRL REGISTER(BOARD_REFERENCE_TIMER_BASE + 0x0)
#define CTRL_ENABLE 1u
#define VALUE REGISTER(BOARD_REFERENCE_TIMER_BASE + 0x4)
#define RELOAD REGISTER(BOARD_REFERENCE_TIMER_BASE + 0x8)

bool reference_timer_start(void)
{
    RELOAD = UINT32_MAX;
    VALUE = UINT32_MAX;
    CTRL = CTRL_ENABLE;
    return true;
}

uint32_t reference_timer_cycles(void)
{
    return UINT32_MAX - VALUE; // it counts down
}
#else
bool reference_timer_start(void)
{
    return false;
}

uint32_t reference_timer_cycles(void)
{
    return 0;
}
#endif
