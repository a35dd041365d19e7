// SPDX-License-Identifier: Apache-2.0
// The few Cortex-M system registers used here. Addresses and bits: Armv7-M Architecture Reference
// Manual (Arm DDI 0403E), chapter B3: system control block, SysTick, NVIC.
#pragma once
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)
#define SYST_CSR_ENABLE_IRQ_CPU_CLOCK 7u

#define NVIC_ISER(irq) REGISTER(0xE000E100u + 4u * ((irq) / 32u))
#define NVIC_ICER(irq) REGISTER(0xE000E180u + 4u * ((irq) / 32u))

#define SCB_ICSR REGISTER(0xE000ED04u)
#define SCB_ICSR_PENDSTCLR (1u << 25)
#define SCB_ICSR_PENDSTSET (1u << 26)
#define SCB_VTOR REGISTER(0xE000ED08u)
#define SCB_AIRCR REGISTER(0xE000ED0Cu)
#define SCB_AIRCR_SYSRESETREQ 0x05FA0004u
#define SCB_CFSR REGISTER(0xE000ED28u)
#define SCB_CFSR_UNDEFINSTR (1u << 16)
#define SCB_HFSR REGISTER(0xE000ED2Cu)
#define SCB_HFSR_FORCED (1u << 30)

static inline void irq_disable(void) { __asm volatile("cpsid i" ::: "memory"); }
static inline void irq_enable(void) { __asm volatile("cpsie i" ::: "memory"); }

// Wakes on a pending interrupt even while interrupts are masked (DDI 0403E, "Wait For Interrupt").
static inline void wait_for_interrupt(void) { __asm volatile("dsb\n wfi" ::: "memory"); }

static inline _Noreturn void halt(void)
{
    // Masked is not enough: a tick or a typed byte would stay pending, and no sleep would last.
    irq_disable();
    SYST_CSR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    NVIC_ICER(0) = ~0u;
    NVIC_ICER(32) = ~0u; // no board here uses more than 64
    for (;;)
        wait_for_interrupt();
}

static inline _Noreturn void system_reset(void)
{
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
    for (;;)
        ;
}
