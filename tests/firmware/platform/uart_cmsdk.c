// SPDX-License-Identifier: Apache-2.0
// CMSDK APB UART. Registers: Arm DDI 0479 (Cortex-M System Design Kit TRM),
// APB UART, programmers model.
#include "board.h"
#include "cortex_m.h"
#include "uart.h"

#define DATA REGISTER(BOARD_UART_BASE + 0x00)
#define STATE REGISTER(BOARD_UART_BASE + 0x04)
#define STATE_TX_FULL (1u << 0)
#define STATE_RX_FULL (1u << 1)
#define CTRL REGISTER(BOARD_UART_BASE + 0x08)
#define CTRL_TX_RX_RXIRQ (1u << 0 | 1u << 1 | 1u << 3)
#define INTCLEAR REGISTER(BOARD_UART_BASE + 0x0C)
#define INTCLEAR_RX (1u << 1)
#define BAUDDIV REGISTER(BOARD_UART_BASE + 0x10)
#define BAUDDIV_MINIMUM 16u // smaller values switch the UART off

void uart_start(void)
{
    BAUDDIV = BAUDDIV_MINIMUM;
    CTRL = CTRL_TX_RX_RXIRQ;
}

void uart_write(uint8_t byte)
{
    while (STATE & STATE_TX_FULL)
        ;
    DATA = byte;
}

int uart_read(void)
{
    // Cleared before the look: a byte that arrives after it raises the interrupt anew.
    INTCLEAR = INTCLEAR_RX;
    return STATE & STATE_RX_FULL ? (int)(DATA & 0xFF) : -1;
}
