// SPDX-License-Identifier: Apache-2.0
// The non-secure image of mps2-an521: a small PSA-style regression over the secure services.
#include <stdint.h>
#include <string.h>

#include "cortex_m.h"
#include "regression.h"
#include "services.h"

// Arm DAI 0521: the secure alias of SSRAM2, where the secure image keeps its data.
#define SECURE_RAM 0x38000000u

void regression_print(const char *text)
{
    secure_console_write(text, strlen(text));
}

static bool has_framework_version(void)
{
    return psa_framework_version() == 0x0101u;
}

static bool hashes_known_message(void)
{
    // The FNV-1a check value of "foobar": draft-eastlake-fnv, appendix C.
    uint32_t hash = 0;
    return secure_hash((const uint8_t *)"foobar", 6, &hash) == PSA_SUCCESS && hash == 0xBF9CF968u;
}

static bool secure_pointer_is_refused(void)
{
    uint32_t hash = 0;
    return secure_hash((const uint8_t *)SECURE_RAM, 16, &hash) == PSA_ERROR_INVALID_ARGUMENT && hash == 0;
}

static bool get_before_set_fails(void)
{
    struct storage_value value;
    return secure_storage_get(2, &value) == PSA_ERROR_DOES_NOT_EXIST;
}

static bool value_comes_back(void)
{
    const struct storage_value written = {PSA_STORAGE_FLAG_NONE, "hilltop"};
    struct storage_value read = {0};
    return secure_storage_set(2, &written) == PSA_SUCCESS &&
           secure_storage_get(2, &read) == PSA_SUCCESS && memcmp(&read, &written, sizeof read) == 0;
}

static bool write_once_holds(void)
{
    const struct storage_value first = {PSA_STORAGE_FLAG_WRITE_ONCE, "first"};
    const struct storage_value second = {PSA_STORAGE_FLAG_NONE, "second"};
    struct storage_value read = {0};
    return secure_storage_set(3, &first) == PSA_SUCCESS &&
           secure_storage_set(3, &second) == PSA_ERROR_NOT_PERMITTED &&
           secure_storage_get(3, &read) == PSA_SUCCESS && memcmp(&read, &first, sizeof read) == 0;
}

static const struct regression_test framework_tests[] = {
    {"TFM_NS_SFN_TEST_1001", "Get PSA framework version", has_framework_version},
    {"TFM_NS_SFN_TEST_1002", "Call an RoT Service: hash of a known message", hashes_known_message},
    {"TFM_NS_SFN_TEST_1003", "Secure pointer as an input vector is refused", secure_pointer_is_refused},
};
static const struct regression_test storage_tests[] = {
    {"TFM_NS_ITS_TEST_1001", "Get interface with UID not set", get_before_set_fails},
    {"TFM_NS_ITS_TEST_1002", "Set and get interface", value_comes_back},
    {"TFM_NS_ITS_TEST_1003", "Set interface with write once UID", write_once_holds},
};
static const struct regression_suite suites[] = {
    {"SFN non-secure interface test (TFM_NS_SFN_TEST_1XXX)", framework_tests, 3},
    {"PSA internal trusted storage NS interface tests (TFM_NS_ITS_TEST_1XXX)", storage_tests, 3},
};

_Noreturn void image_main(void)
{
    regression_print("Non-Secure system starting...\r\n");
#ifdef ATTACK
    regression_print("Reading secure memory from non-secure code\r\n");
    (void)*(volatile uint32_t *)SECURE_RAM;
    regression_print("The read succeeded: isolation is broken\r\n");
#endif
    regression_run("Non-secure", suites, 2);
    for (;;)
        wait_for_interrupt();
}
