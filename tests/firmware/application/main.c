// SPDX-License-Identifier: Apache-2.0
#include "board.h"
#include "cases.h"
#include "clock.h"
#include "console.h"
#include "cortex_m.h"
#include "flood.h"
#include "shell.h"
#include "variant.h"

_Noreturn void image_main(void)
{
    // A debugger that wrote this image may have left VTOR elsewhere, or interrupts masked.
    extern const uint32_t image_start;
    SCB_VTOR = (uint32_t)&image_start;
    clock_start();
    console_start();
    irq_enable();

    console_print("*** Booting hilltop test firmware " BOARD_NAME " ***\n");
    if (VARIANT == variant_shell)
        shell();
    if (VARIANT == variant_flood)
        flood(20000);
    ztest_run(&hilltop_basics);
    for (;;)
        wait_for_interrupt();
}
