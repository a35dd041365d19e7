// SPDX-License-Identifier: Apache-2.0
// The secure services. Every pointer that comes from the other world is checked before its use.
#include "services.h"

#include <arm_cmse.h>
#include <stddef.h>

#include "uart.h"

#define VENEER __attribute__((cmse_nonsecure_entry))
#define MAY_READ (CMSE_NONSECURE | CMSE_MPU_READ)
#define MAY_WRITE (CMSE_NONSECURE | CMSE_MPU_READWRITE)

static struct {
    uint32_t uid; // 0: free
    struct storage_value value;
} slots[4];

VENEER uint32_t psa_framework_version(void)
{
    return 0x0101u;
}

VENEER psa_status_t secure_hash(const uint8_t *bytes, uint32_t count, uint32_t *fnv1a)
{
    bytes = cmse_check_address_range((void *)bytes, count, MAY_READ);
    fnv1a = cmse_check_address_range(fnv1a, sizeof *fnv1a, MAY_WRITE);
    if (!bytes || !fnv1a)
        return PSA_ERROR_INVALID_ARGUMENT;
    uint32_t hash = 2166136261u; // FNV-1a: draft-eastlake-fnv
    while (count--)
        hash = (hash ^ *bytes++) * 16777619u;
    *fnv1a = hash;
    return PSA_SUCCESS;
}

VENEER psa_status_t secure_storage_set(uint32_t uid, const struct storage_value *value)
{
    value = cmse_check_address_range((void *)value, sizeof *value, MAY_READ);
    if (!value || uid == 0)
        return PSA_ERROR_INVALID_ARGUMENT;
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        if (slots[i].uid != 0 && slots[i].uid != uid)
            continue;
        if (slots[i].uid == uid && slots[i].value.flags & PSA_STORAGE_FLAG_WRITE_ONCE)
            return PSA_ERROR_NOT_PERMITTED;
        slots[i].uid = uid;
        slots[i].value = *value;
        return PSA_SUCCESS;
    }
    return PSA_ERROR_NOT_PERMITTED;
}

VENEER psa_status_t secure_storage_get(uint32_t uid, struct storage_value *value)
{
    value = cmse_check_address_range(value, sizeof *value, MAY_WRITE);
    if (!value || uid == 0)
        return PSA_ERROR_INVALID_ARGUMENT;
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
        if (slots[i].uid == uid) {
            *value = slots[i].value;
            return PSA_SUCCESS;
        }
    return PSA_ERROR_DOES_NOT_EXIST;
}

VENEER psa_status_t secure_console_write(const char *text, uint32_t count)
{
    text = cmse_check_address_range((void *)text, count, MAY_READ);
    if (!text)
        return PSA_ERROR_INVALID_ARGUMENT;
    while (count--)
        uart_write((uint8_t)*text++);
    return PSA_SUCCESS;
}
