// SPDX-License-Identifier: Apache-2.0
// The test cases: each checks the CPU, the memory or a timer for real.
#include "cases.h"

#include <stdint.h>
#include <string.h>

#include "board.h"
#include "clock.h"
#include "cortex_m.h"
#include "fatal.h"
#include "reference_timer.h"
#include "variant.h"

// Polynomial and check value: the catalogue of CRC algorithms (reveng), CRC-32/ISO-HDLC.
static uint32_t crc32(const char *bytes, size_t count)
{
    // The bug that the variant `fail` has: the polynomial has lost its lowest bit.
    const uint32_t polynomial = VARIANT == variant_fail ? 0xEDB88321u : 0xEDB88320u;
    uint32_t crc = ~0u;
    while (count--) {
        crc ^= (uint8_t)*bytes++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1u ? crc >> 1 ^ polynomial : crc >> 1;
    }
    return ~crc;
}

static enum outcome hilltop_basics_test_crc32(void)
{
    zassert_equal(crc32("", 0), 0u);
    zassert_equal(crc32("123456789", 9), 0xCBF43926u);
    return outcome_pass;
}

// Schoolbook division, so that the CPU's UDIV is compared with something other than itself.
static uint32_t divide_by_shifting(uint32_t dividend, uint32_t divisor)
{
    uint32_t quotient = 0;
    uint64_t remainder = 0;
    for (int bit = 31; bit >= 0; bit--) {
        remainder = remainder << 1 | (dividend >> bit & 1u);
        if (remainder >= divisor) {
            remainder -= divisor;
            quotient |= 1u << bit;
        }
    }
    return quotient;
}

static enum outcome hilltop_basics_test_division(void)
{
    static const uint32_t values[] = {1, 2, 3, 7, 97, 65535, 65536, 1000000007u, 0x80000000u, 0xFFFFFFFFu};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            volatile uint32_t dividend = values[i], divisor = values[j];
            zassert_equal(dividend / divisor, divide_by_shifting(dividend, divisor));
        }
    return outcome_pass;
}

static enum outcome hilltop_basics_test_memory_walk(void)
{
    static volatile uint32_t words[256];
    const size_t count = sizeof words / sizeof *words;

    for (uint32_t bit = 1; bit; bit <<= 1) { // a stuck or shorted data line
        words[0] = bit;
        zassert_equal(words[0], bit);
    }
    for (size_t i = 0; i < count; i++) // an address line that goes nowhere
        words[i] = (uint32_t)&words[i];
    for (size_t i = 0; i < count; i++)
        zassert_equal(words[i], (uint32_t)&words[i]);
    return outcome_pass;
}

// The variants that misbehave do so here, in the middle of a run that was going well.
static void misbehave(void)
{
    // Never set at power-on, and kept by a reset, which leaves the RAM alone.
    static const uint32_t been_here = 0x48544F50u;
    __attribute__((section(".noinit"))) static volatile uint32_t mark;

    if (VARIANT == variant_fault)
        fatal_undefined_instruction();
    if (VARIANT == variant_hang)
        halt();
    if (VARIANT == variant_reset && mark != been_here) {
        mark = been_here;
        system_reset();
    }
    mark = 0; // the next reset from outside starts from the beginning
}

static enum outcome hilltop_basics_test_strings(void)
{
    char text[16] = "hilltop";
    misbehave();
    zassert_equal(strlen(text), 7u);
    memmove(text + 1, text, 8);
    zassert_true(strcmp(text, "hhilltop") == 0);
    zassert_true(strstr(text, "ill") == text + 2);
    return outcome_pass;
}

static enum outcome hilltop_basics_test_systick_interrupt(void)
{
    const uint32_t wanted = 20;
    clock_set_period(BOARD_CLOCK_HZ / 1000u);
    uint64_t start_cycles = clock_cycles(); // before the interrupts: one that comes in between must not count twice
    uint32_t start = clock_interrupts();
    while (clock_interrupts() - start < wanted)
        wait_for_interrupt();
    uint64_t cycles = clock_cycles() - start_cycles;
    clock_set_period(CLOCK_SLOWEST_PERIOD);
    zassert_true(cycles >= (wanted - 1) * (BOARD_CLOCK_HZ / 1000u));
    return outcome_pass;
}

struct instant {
    uint64_t clock;
    uint32_t reference;
};

// Both timers at one time: a busy host may stop the emulator between two reads, so that a reading counts only
// when the reference has hardly moved around it.
static bool read_both(struct instant *at, uint32_t error)
{
    for (int attempt = 0; attempt < 1000; attempt++) {
        at->reference = reference_timer_cycles();
        at->clock = clock_cycles();
        if (reference_timer_cycles() - at->reference < error)
            return true;
    }
    return false;
}

static bool agree_over(uint32_t interval)
{
    struct instant begin, end;
    if (!read_both(&begin, interval / 100u))
        return false;
    while (reference_timer_cycles() - begin.reference < interval)
        ;
    if (!read_both(&end, interval / 100u))
        return false;
    int64_t by_reference = end.reference - begin.reference;
    int64_t difference = (int64_t)(end.clock - begin.clock) - by_reference;
    return difference > -by_reference / 20 && difference < by_reference / 20;
}

static enum outcome hilltop_basics_test_timers_agree(void)
{
    if (!reference_timer_start())
        return outcome_skip;
    bool agree = false; // an emulator that was stopped for longer than a period has lost interrupts: try again
    for (int attempt = 0; attempt < 5 && !agree; attempt++)
        agree = agree_over(BOARD_CLOCK_HZ / 100u); // 10 ms
    zassert_true(agree);
    return outcome_pass;
}

static const struct test_case cases[] = {
    {"test_crc32", hilltop_basics_test_crc32},
    {"test_division", hilltop_basics_test_division},
    {"test_memory_walk", hilltop_basics_test_memory_walk},
    {"test_strings", hilltop_basics_test_strings},
    {"test_systick_interrupt", hilltop_basics_test_systick_interrupt},
    {"test_timers_agree", hilltop_basics_test_timers_agree},
};
_Static_assert(sizeof cases / sizeof *cases <= ZTEST_MAX_CASES, "raise ZTEST_MAX_CASES");

const struct test_suite hilltop_basics = {"hilltop_basics", cases, sizeof cases / sizeof *cases};
