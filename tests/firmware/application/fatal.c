// SPDX-License-Identifier: Apache-2.0
// The end of a Zephyr application without threads: the texts are those of Zephyr 3.x with minimal
// logging (zephyr: arch/arm/core/cortex_m/fault.c, arch/arm/core/fatal.c, kernel/fatal.c,
// include/zephyr/sys/__assert.h).
#include "fatal.h"

#include "console.h"
#include "cortex_m.h"

// What the CPU pushes when it takes an exception (Arm DDI 0403E, "Exception entry behavior").
struct exception_frame {
    uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

static _Noreturn void die(int reason, const char *reason_name, const struct exception_frame *frame)
{
    console_printf("E: r0/a1:  0x%08lx  r1/a2:  0x%08lx  r2/a3:  0x%08lx\n", frame->r0, frame->r1,
                   frame->r2);
    console_printf("E: r3/a4:  0x%08lx r12/ip:  0x%08lx r14/lr:  0x%08lx\n", frame->r3, frame->r12,
                   frame->lr);
    console_printf("E:  xpsr:  0x%08lx\n", frame->xpsr);
    console_printf("E: Faulting instruction address (r15/pc): 0x%08lx\n", frame->pc);
    console_printf("E: >>> ZEPHYR FATAL ERROR %d: %s on CPU 0\n", reason, reason_name);
    console_print("E: Current thread: (nil) (unknown)\n");
    console_print("E: Halting system\n");
    halt();
}

__attribute__((used)) _Noreturn static void on_fault(const struct exception_frame *frame)
{
    console_print("E: ***** HARD FAULT *****\n");
    if (SCB_HFSR & SCB_HFSR_FORCED)
        console_print("E:   Fault escalation (see below)\n");
    if (SCB_CFSR & SCB_CFSR_UNDEFINSTR)
        console_print("E: ***** USAGE FAULT *****\nE:   Attempt to execute undefined instruction\n");
    die(0, "CPU exception", frame);
}

__attribute__((used)) _Noreturn static void on_system_call(const struct exception_frame *frame)
{
    die(4, "Kernel panic", frame);
}

// Naked: the stack pointer must still be the one that points to the frame.
__attribute__((naked)) void fault_interrupt(void)
{
    __asm volatile("mov r0, sp\n b on_fault");
}

__attribute__((naked)) void system_call_interrupt(void)
{
    __asm volatile("mov r0, sp\n b on_system_call");
}

void fatal_undefined_instruction(void)
{
    __asm volatile("udf #0");
}

void fatal_assert(const char *condition, const char *why)
{
    console_printf("ASSERTION FAIL [%s] @ %s:%d\n\t%s\n", condition, __FILE__, __LINE__, why);
    __asm volatile("svc #2" ::: "memory"); // _SVC_CALL_RUNTIME_EXCEPT: how Zephyr panics
}
