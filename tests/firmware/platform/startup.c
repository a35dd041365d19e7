// SPDX-License-Identifier: Apache-2.0
// Vector table and reset. Table layout: Arm DDI 0403E, "Exception number definition".
#include <stdint.h>

#include "board.h"

extern uint32_t image_data_load, image_data_start, image_data_end, image_bss_start, image_bss_end;
extern uint32_t image_stack_top;

_Noreturn void image_main(void);
void fault_interrupt(void);
void system_call_interrupt(void);
void systick_interrupt(void);
void uart_interrupt(void);

_Noreturn void reset(void)
{
    // Volatile, or the compiler would see two memcpy-like loops and call a libc that isn't ready yet.
    volatile uint32_t *from = &image_data_load;
    for (volatile uint32_t *to = &image_data_start; to < &image_data_end;)
        *to++ = *from++;
    for (volatile uint32_t *to = &image_bss_start; to < &image_bss_end;)
        *to++ = 0;
    image_main();
}

union vector {
    uint32_t *stack;
    void (*handler)(void);
};

__attribute__((section(".vectors"), used)) static const union vector vectors[16 + BOARD_UART_IRQ + 1] = {
    [0].stack = &image_stack_top,
    [1].handler = reset,
    [2].handler = fault_interrupt, // NMI
    [3].handler = fault_interrupt, // HardFault; MemManage, BusFault and UsageFault escalate to it
    [11].handler = system_call_interrupt,
    [15].handler = systick_interrupt,
    [16 + BOARD_UART_IRQ].handler = uart_interrupt,
};
