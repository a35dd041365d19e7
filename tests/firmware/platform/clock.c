// SPDX-License-Identifier: Apache-2.0
#include "clock.h"

#include "board.h"
#include "cortex_m.h"

static volatile uint64_t cycles_before; // of the periods that have ended
static volatile uint32_t interrupts;
static uint32_t period;

void systick_interrupt(void)
{
    cycles_before += period;
    interrupts++;
}

static void load_period(uint32_t cycles)
{
    period = cycles;
    SYST_RVR = cycles - 1;
    SYST_CVR = 0; // any write clears it; the reload value follows one cycle later (DDI 0403E, SYST_CVR)
    SYST_CSR = SYST_CSR_ENABLE_IRQ_CPU_CLOCK;
    while (SYST_CVR == 0)
        ;
}

void clock_start(void)
{
    load_period(CLOCK_SLOWEST_PERIOD);
}

// A period begins as the counter reaches 0, which is also what raises the interrupt: 0 means "none of
// this period has gone", and RVR means "one cycle has".
static uint64_t cycles_while_masked(void)
{
    // QEMU shows 0 a little before it raises the interrupt: wait, or the time would jump back.
    while (SYST_CVR == 0 && !(SCB_ICSR & SCB_ICSR_PENDSTSET))
        ;
    uint32_t left = SYST_CVR;
    uint64_t ended = cycles_before;
    if (SCB_ICSR & SCB_ICSR_PENDSTSET) { // wrapped, and the interrupt has not run: count it here
        ended += period;
        left = SYST_CVR;
    }
    return ended + (period - left) % period;
}

void clock_set_period(uint32_t cycles)
{
    irq_disable();
    cycles_before = cycles_while_masked();
    SYST_CSR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    load_period(cycles);
    irq_enable();
}

uint64_t clock_cycles(void)
{
    irq_disable();
    uint64_t cycles = cycles_while_masked();
    irq_enable();
    return cycles;
}

uint32_t clock_interrupts(void)
{
    return interrupts;
}

uint32_t clock_ms(void)
{
    return (uint32_t)(clock_cycles() / (BOARD_CLOCK_HZ / 1000u));
}
