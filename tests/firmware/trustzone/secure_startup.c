// SPDX-License-Identifier: Apache-2.0
// Vectors, reset and faults of the secure image. A fault is told as TF-M tells it (trusted-firmware-m:
// exception_info.c), shortened.
#include <stdio.h>

#include "cortex_m.h"
#include "regression.h"

// Arm DDI 0553B: fault enables in SHCSR, SecureFault status and address.
#define SHCSR REGISTER(0xE000ED24u)
#define SHCSR_FAULTS (7u << 16 | 1u << 19)
#define SFSR REGISTER(0xE000EDE4u)
#define SFAR REGISTER(0xE000EDE8u)
#define SFSR_SFARVALID (1u << 6)
#define EXC_RETURN_SECURE_STACK (1u << 6)
#define EXC_RETURN_THREAD_MODE (1u << 3)

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
    SHCSR |= SHCSR_FAULTS;
    image_main();
}

static void print_register(const char *name, uint32_t value)
{
    char text[48];
    snprintf(text, sizeof text, "    %-5s 0x%08lX\r\n", name, value);
    regression_print(text);
}

__attribute__((used)) static _Noreturn void on_fault(uint32_t exc_return, const uint32_t *secure_frame,
                                                     const uint32_t *nonsecure_frame)
{
    static const char *const names[] = {"HardFault", "MemManage", "BusFault", "UsageFault", "SecureFault"};
    uint32_t exception = SCB_ICSR & 0x1FFu;
    bool secure = exc_return & EXC_RETURN_SECURE_STACK;
    const uint32_t *frame = secure ? secure_frame : nonsecure_frame;
    char text[112];

    snprintf(text, sizeof text, "FATAL ERROR: %s\r\n",
             exception >= 3 && exception <= 7 ? names[exception - 3] : "Unknown");
    regression_print(text);
    snprintf(text, sizeof text,
             "Here is some context for the exception:\r\n    EXC_RETURN (LR): 0x%08lX\r\n", exc_return);
    regression_print(text);
    snprintf(text, sizeof text, "    Exception came from %s FW in %s mode.\r\n",
             secure ? "secure" : "non-secure",
             exc_return & EXC_RETURN_THREAD_MODE ? "thread" : "handler");
    regression_print(text);
    snprintf(text, sizeof text, "    Exception frame at: 0x%08lX\r\n", (uint32_t)frame);
    regression_print(text);
    print_register("LR:", frame[5]);
    print_register("PC:", frame[6]);
    print_register("xPSR:", frame[7]);
    print_register("CFSR:", SCB_CFSR);
    print_register("HFSR:", SCB_HFSR);
    print_register("SFSR:", SFSR);
    if (SFSR & SFSR_SFARVALID)
        print_register("SFAR:", SFAR);
    else
        regression_print("    SFAR: Not Valid\r\n");
    halt();
}

__attribute__((naked)) static void fault_interrupt(void)
{
    __asm volatile("mov r0, lr\n mov r1, sp\n mrs r2, msp_ns\n b on_fault");
}

union vector {
    uint32_t *stack;
    void (*handler)(void);
};

__attribute__((section(".vectors"), used)) static const union vector vectors[16] = {
    [0].stack = &image_stack_top,
    [1].handler = reset,
    [2].handler = fault_interrupt, // NMI
    [3].handler = fault_interrupt, // HardFault
    [4].handler = fault_interrupt, // MemManage
    [5].handler = fault_interrupt, // BusFault
    [6].handler = fault_interrupt, // UsageFault
    [7].handler = fault_interrupt, // SecureFault
};
