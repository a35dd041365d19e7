// SPDX-License-Identifier: Apache-2.0
// Vectors and reset of the non-secure image. Its faults are left to the secure one: with
// AIRCR.BFHFNMINS at 0, as after reset, HardFault and BusFault are secure (Arm DDI 0553B).
#include <stdint.h>

extern uint32_t image_data_load, image_data_start, image_data_end, image_bss_start, image_bss_end;
extern uint32_t image_stack_top;
_Noreturn void image_main(void);

_Noreturn void reset(void)
{
    // Volatile keeps the compiler from making calls to memcpy and memset of these loops.
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

__attribute__((section(".vectors"), used)) static const union vector vectors[16] = {
    [0].stack = &image_stack_top,
    [1].handler = reset,
};
