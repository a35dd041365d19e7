// SPDX-License-Identifier: Apache-2.0
// Divides mps2-an521 between the two worlds: SAU (by CPU address) and MPC (by memory block).
#include "isolation.h"

#include <arm_cmse.h>

#include "cortex_m.h"

// SAU: Arm DDI 0553B (Armv8-M Architecture Reference Manual), SAU_CTRL to SAU_RLAR.
#define SAU_CTRL REGISTER(0xE000EDD0u)
#define SAU_CTRL_ENABLE 1u
#define SAU_RNR REGISTER(0xE000EDD8u)
#define SAU_RBAR REGISTER(0xE000EDDCu)
#define SAU_RLAR REGISTER(0xE000EDE0u)
#define SAU_RLAR_ENABLE 1u
#define SAU_RLAR_NONSECURE_CALLABLE 2u

// Arm 101104 (SSE-200 TRM), secure privilege control block: NSCCFG lets the code region
// (0x10000000) hold non-secure callable veneers.
#define SPCTRL_NSCCFG REGISTER(0x50080014u)
#define SPCTRL_NSCCFG_CODE 1u

// Memory protection controllers, Arm DDI 0571 (SIE-200 TRM): one look-up bit a block. Their
// addresses: DAI 0521.
#define MPC_SSRAM1 0x58007000u
#define MPC_SSRAM2 0x58008000u
#define MPC_CTRL(mpc) REGISTER((mpc) + 0x00u)
#define MPC_CTRL_AUTOINCREMENT (1u << 8)
#define MPC_BLK_MAX(mpc) REGISTER((mpc) + 0x10u)
#define MPC_BLK_CFG(mpc) REGISTER((mpc) + 0x14u)
#define MPC_BLK_IDX(mpc) REGISTER((mpc) + 0x18u)
#define MPC_BLK_LUT(mpc) REGISTER((mpc) + 0x1Cu)

static void sau_region(uint32_t number, uint32_t first, uint32_t end, uint32_t flags)
{
    SAU_RNR = number;
    SAU_RBAR = first;
    SAU_RLAR = ((end - 1u) & ~31u) | SAU_RLAR_ENABLE | flags;
}

static uint32_t bytes_per_look_up_word(uint32_t mpc)
{
    return (32u << (MPC_BLK_CFG(mpc) & 0xFu)) * 32u;
}

// Everything from `offset` on becomes non-secure.
static void mpc_split(uint32_t mpc, uint32_t offset)
{
    uint32_t first = offset / bytes_per_look_up_word(mpc);
    MPC_CTRL(mpc) &= ~MPC_CTRL_AUTOINCREMENT;
    for (uint32_t word = 0; word <= MPC_BLK_MAX(mpc); word++) {
        MPC_BLK_IDX(mpc) = word;
        MPC_BLK_LUT(mpc) = word < first ? 0u : ~0u;
    }
}

void isolation_start(void)
{
    extern uint32_t image_veneers_start, image_veneers_end;
    sau_region(0, NONSECURE_CODE, NONSECURE_CODE_END, 0);
    sau_region(1, NONSECURE_RAM, NONSECURE_RAM_END, 0);
    sau_region(2, (uint32_t)&image_veneers_start, (uint32_t)&image_veneers_end,
               SAU_RLAR_NONSECURE_CALLABLE);
    SAU_CTRL = SAU_CTRL_ENABLE;
    SPCTRL_NSCCFG |= SPCTRL_NSCCFG_CODE;
    mpc_split(MPC_SSRAM1, NONSECURE_CODE & 0x0FFFFFFFu);
    mpc_split(MPC_SSRAM2, NONSECURE_RAM & 0x00FFFFFFu);
    __asm volatile("dsb\n isb" ::: "memory");
}

static bool mpc_is_split(uint32_t mpc, uint32_t offset)
{
    uint32_t first = offset / bytes_per_look_up_word(mpc);
    MPC_BLK_IDX(mpc) = first - 1u;
    bool below = MPC_BLK_LUT(mpc) == 0u;
    MPC_BLK_IDX(mpc) = first;
    return below && MPC_BLK_LUT(mpc) == ~0u;
}

bool isolation_holds(void)
{
    extern uint32_t image_data_start;
    return mpc_is_split(MPC_SSRAM1, NONSECURE_CODE & 0x0FFFFFFFu) &&
           mpc_is_split(MPC_SSRAM2, NONSECURE_RAM & 0x00FFFFFFu) &&
           cmse_TT((void *)&image_data_start).flags.secure &&
           !cmse_TT((void *)NONSECURE_RAM).flags.secure;
}
