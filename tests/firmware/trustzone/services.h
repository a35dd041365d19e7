// SPDX-License-Identifier: Apache-2.0
// What the secure image of mps2-an521 offers to the non-secure one. The names and status codes are
// those of the PSA APIs (Arm IHI 0097, "Status codes"); the services behind them are toys.
#pragma once
#include <stdint.h>

typedef int32_t psa_status_t;
#define PSA_SUCCESS ((psa_status_t)0)
#define PSA_ERROR_NOT_PERMITTED ((psa_status_t)-133)
#define PSA_ERROR_INVALID_ARGUMENT ((psa_status_t)-135)
#define PSA_ERROR_DOES_NOT_EXIST ((psa_status_t)-140)

#define PSA_STORAGE_FLAG_NONE 0u
#define PSA_STORAGE_FLAG_WRITE_ONCE 1u

struct storage_value {
    uint32_t flags;
    uint8_t bytes[8];
};

uint32_t psa_framework_version(void); // 0x0101: PSA FF-M 1.1
psa_status_t secure_hash(const uint8_t *bytes, uint32_t count, uint32_t *fnv1a);
psa_status_t secure_storage_set(uint32_t uid, const struct storage_value *value);
psa_status_t secure_storage_get(uint32_t uid, struct storage_value *value);
psa_status_t secure_console_write(const char *text, uint32_t count);
