// SPDX-License-Identifier: Apache-2.0
// A test runner that prints what Zephyr 3.x's ztest prints, with CONFIG_ZTEST_VERBOSE_OUTPUT and
// CONFIG_ZTEST_VERBOSE_SUMMARY (zephyr: subsys/testsuite/include/zephyr/tc_util.h,
// subsys/testsuite/ztest/src/ztest.c).
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "console.h"

enum outcome { outcome_pass, outcome_fail, outcome_skip };

struct test_case {
    const char *name;
    enum outcome (*run)(void);
};

struct test_suite {
    const char *name;
    const struct test_case *cases;
    size_t case_count;
};

#define ZTEST_MAX_CASES 8

// Zephyr ends its message with an empty line where the caller gave no text of his own.
#define zassert_true(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            console_printf("\n    Assertion failed at %s:%d: %s: %s is false\n\n", __FILE__,       \
                           __LINE__, __func__, #condition);                                        \
            return outcome_fail;                                                                   \
        }                                                                                          \
    } while (0)

#define zassert_equal(a, b)                                                                        \
    do {                                                                                           \
        if ((a) != (b)) {                                                                          \
            console_printf("\n    Assertion failed at %s:%d: %s: %s not equal to %s\n\n",          \
                           __FILE__, __LINE__, __func__, #a, #b);                                  \
            return outcome_fail;                                                                   \
        }                                                                                          \
    } while (0)

bool ztest_run(const struct test_suite *suite); // true: nothing failed
