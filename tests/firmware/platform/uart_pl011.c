// SPDX-License-Identifier: Apache-2.0
// PL011 UART, as in TI's Stellaris. Registers: Arm DDI 0183 (PL011 TRM), summary of
// registers.
#include "board.h"
#include "cortex_m.h"
#include "uart.h"

#define DR REGISTER(BOARD_UART_BASE + 0x00)
#define FR REGISTER(BOARD_UART_BASE + 0x18)
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define CR REGISTER(BOARD_UART_BASE + 0x30)
#define CR_UARTEN_TXE_RXE (1u << 0 | 1u << 8 | 1u << 9)
#define IMSC REGISTER(BOARD_UART_BASE + 0x38)
#define IMSC_RX (1u << 4)

void uart_start(void)
{
    // The FIFO stays off (LCR_H.FEN at reset): with it, the interrupt would wait for its level.
    CR = CR_UARTEN_TXE_RXE;
    IMSC = IMSC_RX;
}

void uart_write(uint8_t byte)
{
    while (FR & FR_TXFF)
        ;
    DR = byte;
}

int uart_read(void)
{
    return FR & FR_RXFE ? -1 : (int)(DR & 0xFF);
}
