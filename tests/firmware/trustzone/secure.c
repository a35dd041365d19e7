// SPDX-License-Identifier: Apache-2.0
// The secure image of mps2-an521: banners and regression as TF-M prints them, then the jump.
#include <arm_cmse.h>
#include <stddef.h>

#include "cortex_m.h"
#include "isolation.h"
#include "regression.h"
#include "services.h"
#include "uart.h"

#define VTOR_NS REGISTER(0xE002ED08u) // the non-secure alias of VTOR: Arm DDI 0553B

void regression_print(const char *text)
{
    while (*text)
        uart_write((uint8_t)*text++);
}

static bool has_framework_version(void)
{
    return psa_framework_version() == 0x0101u;
}

static bool rejects_secure_pointer(void)
{
    static uint32_t secret;
    return cmse_check_address_range(&secret, sizeof secret, CMSE_NONSECURE | CMSE_MPU_READ) == NULL;
}

static bool accepts_nonsecure_pointer(void)
{
    void *const there = (void *)NONSECURE_RAM;
    return cmse_check_address_range(there, 32, CMSE_NONSECURE | CMSE_MPU_READ) == there;
}

static bool range_may_not_cross(void)
{
    void *const last_bytes = (void *)(NONSECURE_RAM_END - 16u);
    return cmse_check_address_range(last_bytes, 32, CMSE_NONSECURE | CMSE_MPU_READ) == NULL;
}

static const struct regression_test framework_tests[] = {
    {"TFM_S_SFN_TEST_1001", "Get PSA framework version", has_framework_version},
};
static const struct regression_test isolation_tests[] = {
    {"TFM_S_ISOLATION_TEST_1001", "SAU and MPC are programmed", isolation_holds},
    {"TFM_S_ISOLATION_TEST_1002", "Secure pointer is rejected", rejects_secure_pointer},
    {"TFM_S_ISOLATION_TEST_1003", "Non-secure pointer is accepted", accepts_nonsecure_pointer},
    {"TFM_S_ISOLATION_TEST_1004", "Range across the border is rejected", range_may_not_cross},
};
static const struct regression_suite suites[] = {
    {"SFN secure interface test (TFM_S_SFN_TEST_1XXX)", framework_tests, 1},
    {"Isolation secure test (TFM_S_ISOLATION_TEST_1XXX)", isolation_tests, 4},
};

_Noreturn void image_main(void)
{
    uart_start();
    regression_print("[INF] Beginning TF-M provisioning\r\n"
                     "[Sec Thread] Secure image initializing!\r\n"
                     "TF-M isolation level is: 0x00000001\r\n"
                     "Booting TF-M v1.8.1 (hilltop test firmware mps2-an521)\r\n");
    isolation_start();
    regression_run("Secure", suites, 2);

    const uint32_t *vectors = (const uint32_t *)NONSECURE_CODE;
    VTOR_NS = NONSECURE_CODE;
    __asm volatile("msr msp_ns, %0" ::"r"(vectors[0]));
    typedef void __attribute__((cmse_nonsecure_call)) nonsecure_entry(void);
    nonsecure_entry *enter = (nonsecure_entry *)cmse_nsfptr_create(vectors[1]);
    enter();
    halt();
}
