// SPDX-License-Identifier: Apache-2.0
#include "ztest.h"

#include <string.h>

#include "board.h"
#include "clock.h"
#include "variant.h"

static const char rule[] = "===================================================================\n";
static const char *const outcome_names[] = {"PASS", "FAIL", "SKIP"};

struct result {
    enum outcome outcome;
    uint32_t ms;
};

struct totals {
    uint32_t of[3]; // by outcome
    uint32_t ms;
};

// Zephyr rounds up (k_cyc_to_ms_ceil32).
static uint32_t ms_since(uint64_t start)
{
    uint32_t cycles_per_ms = BOARD_CLOCK_HZ / 1000u;
    return (uint32_t)((clock_cycles() - start + cycles_per_ms - 1) / cycles_per_ms);
}

static void print_result(const struct test_case *test, size_t index, struct result result)
{
    const char *outcome = outcome_names[result.outcome];
    const char *name = test->name;

    if (VARIANT == variant_malformed && index == 2)
        outcome = "PA5S"; // as after a bad byte on the wire

    console_printf(" %s - ", outcome);
    if (VARIANT == variant_cut && index == 2) {
        // As when an interrupt logs while a thread prints.
        size_t half = strlen(name) / 2;
        console_printf("%.*s[00:00:00.%03u,000] <wrn> net_if: link went down\n", (int)half, name,
                       (unsigned)clock_ms() % 1000u);
        name += half;
    }
    console_printf("%s in %u.%03u seconds\n", name, (unsigned)result.ms / 1000u,
                   (unsigned)result.ms % 1000u);
}

static void print_summary(const struct test_suite *suite, const struct result *results,
                          const struct totals *totals)
{
    uint32_t counted = suite->case_count - totals->of[outcome_skip];
    // Hundredths of a per cent, rounded as ztest rounds.
    uint32_t rate = counted ? (totals->of[outcome_pass] * 100000u / counted + 5u) / 10u : 0;
    enum outcome outcome = !counted                      ? outcome_skip
                           : totals->of[outcome_fail] > 0 ? outcome_fail
                                                          : outcome_pass;

    console_print("\n------ TESTSUITE SUMMARY START ------\n\n");
    console_printf("SUITE %s - %3u.%02u%% [%s]: ", outcome_names[outcome], (unsigned)rate / 100u,
                   (unsigned)rate % 100u, suite->name);
    console_printf("pass = %u, fail = %u, skip = %u, total = %u duration = %u.%03u seconds\n",
                   (unsigned)totals->of[outcome_pass], (unsigned)totals->of[outcome_fail],
                   (unsigned)totals->of[outcome_skip], (unsigned)suite->case_count,
                   (unsigned)totals->ms / 1000u, (unsigned)totals->ms % 1000u);
    for (size_t i = 0; i < suite->case_count; i++)
        console_printf(" - %s - [%s.%s] duration = %u.%03u seconds\n",
                       outcome_names[results[i].outcome], suite->name, suite->cases[i].name,
                       (unsigned)results[i].ms / 1000u, (unsigned)results[i].ms % 1000u);
    console_print("\n------ TESTSUITE SUMMARY END ------\n\n");
}

bool ztest_run(const struct test_suite *suite)
{
    struct result results[ZTEST_MAX_CASES];
    struct totals totals = {0};

    console_printf("Running TESTSUITE %s\n%s", suite->name, rule);
    for (size_t i = 0; i < suite->case_count; i++) {
        const struct test_case *test = &suite->cases[i];
        console_printf("START - %s\n", test->name);
        uint64_t start = clock_cycles();
        results[i].outcome = test->run();
        results[i].ms = ms_since(start);
        print_result(test, i, results[i]);
        console_print(rule);
        totals.of[results[i].outcome]++;
        totals.ms += results[i].ms;
    }

    bool good = totals.of[outcome_fail] == 0;
    console_printf("TESTSUITE %s %s\n", suite->name, good ? "succeeded" : "failed.");
    print_summary(suite, results, &totals);
    console_print(rule);
    console_printf("PROJECT EXECUTION %s\n", good ? "SUCCESSFUL" : "FAILED");
    return good;
}
