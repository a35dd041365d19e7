// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Where the non-secure world lives. Arm DAI 0521 "AN521", memory map: SSRAM1 (4 MiB) at 0x00000000
// and, as secure alias, at 0x10000000; SSRAM2 (2 MiB) at 0x28000000 and 0x38000000. The secure image
// keeps the first MiB of each. ../build links by the same numbers.
#define NONSECURE_CODE 0x00100000u
#define NONSECURE_CODE_END 0x00400000u
#define NONSECURE_RAM 0x28100000u
#define NONSECURE_RAM_END 0x28200000u

void isolation_start(void);
bool isolation_holds(void); // reads the hardware back
