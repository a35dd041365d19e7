// SPDX-License-Identifier: Apache-2.0
// STM32F1 USART. Registers: ST RM0041, USART registers.
#include "board.h"
#include "cortex_m.h"
#include "uart.h"

#define SR REGISTER(BOARD_UART_BASE + 0x00)
#define SR_RXNE (1u << 5)
#define SR_TXE (1u << 7)
#define DR REGISTER(BOARD_UART_BASE + 0x04)
#define CR1 REGISTER(BOARD_UART_BASE + 0x0C)
#define CR1_RE_TE_RXNEIE_UE (1u << 2 | 1u << 3 | 1u << 5 | 1u << 13)

void uart_start(void)
{
    CR1 = CR1_RE_TE_RXNEIE_UE;
}

void uart_write(uint8_t byte)
{
    while (!(SR & SR_TXE))
        ;
    DR = byte;
}

int uart_read(void)
{
    return SR & SR_RXNE ? (int)(DR & 0xFF) : -1;
}
