// SPDX-License-Identifier: Apache-2.0
#include "regression.h"

#include <stdio.h>

static void run_suite(const struct regression_suite *suite, bool *passed)
{
    char text[192];
    int failures = 0;

    snprintf(text, sizeof text, "Running Test Suite %s...\r\n", suite->name);
    regression_print(text);
    for (size_t i = 0; i < suite->test_count; i++) {
        const struct regression_test *test = &suite->tests[i];
        snprintf(text, sizeof text, "> Executing '%s' \r\n  Description: '%s'\r\n", test->name,
                 test->description);
        regression_print(text);
        bool passes = test->passes();
        failures += !passes;
        snprintf(text, sizeof text, "  TEST: %s - %s!\r\n", test->name, passes ? "PASSED" : "FAILED");
        regression_print(text);
    }
    if (failures) {
        snprintf(text, sizeof text, "Number of failed tests: %d of %d\r\n", failures,
                 (int)suite->test_count);
        regression_print(text);
    }
    *passed = failures == 0;
    regression_print(*passed ? "TESTSUITE PASSED!\r\n" : "TESTSUITE FAILED!\r\n");
}

bool regression_run(const char *area, const struct regression_suite *suites, size_t suite_count)
{
    char text[128];
    bool passed[4] = {false};
    bool all = true;

    snprintf(text, sizeof text, "\r\n#### Execute test suites for the %s area ####\r\n", area);
    regression_print(text);
    for (size_t i = 0; i < suite_count; i++)
        run_suite(&suites[i], &passed[i]);

    snprintf(text, sizeof text, "\r\n*** %s test suites summary ***\r\n", area);
    regression_print(text);
    for (size_t i = 0; i < suite_count; i++) {
        snprintf(text, sizeof text, "Test suite '%s' has %s\r\n", suites[i].name,
                 passed[i] ? "PASSED" : "FAILED");
        regression_print(text);
        all = all && passed[i];
    }
    snprintf(text, sizeof text, "\r\n*** End of %s test suites ***\r\n", area);
    regression_print(text);
    return all;
}
