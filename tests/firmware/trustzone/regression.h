// SPDX-License-Identifier: Apache-2.0
// Prints what TF-M's regression prints (tf-m-tests: test_framework.c), in both worlds. A result
// spans three lines, and the first ends in a blank.
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct regression_test {
    const char *name;
    const char *description;
    bool (*passes)(void);
};

struct regression_suite {
    const char *name;
    const struct regression_test *tests;
    size_t test_count;
};

void regression_print(const char *text); // each world has its own

bool regression_run(const char *area, const struct regression_suite *suites, size_t suite_count);
