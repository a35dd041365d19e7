// SPDX-License-Identifier: Apache-2.0
#include "console.h"

#include <stdarg.h>
#include <stdio.h>

#include "board.h"
#include "cortex_m.h"
#include "uart.h"

// A pasted line must survive while the application prints; a power of two, so that the indices wrap.
#define RECEIVED_SIZE 256u
static volatile char received[RECEIVED_SIZE];
static volatile uint32_t received_head, received_tail;

void console_start(void)
{
    uart_start();
    NVIC_ISER(BOARD_UART_IRQ) = 1u << (BOARD_UART_IRQ % 32u);
}

void uart_interrupt(void)
{
    for (int byte; (byte = uart_read()) >= 0;) {
        if (received_head - received_tail < RECEIVED_SIZE)
            received[received_head++ % RECEIVED_SIZE] = (char)byte;
    }
}

void console_put(char c)
{
    if (c == '\n')
        uart_write('\r');
    uart_write((uint8_t)c);
}

void console_print(const char *text)
{
    while (*text)
        console_put(*text++);
}

void console_printf(const char *format, ...)
{
    char text[192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    console_print(text);
}

char console_get(void)
{
    // Masked between the look and the sleep: a byte that arrives there still wakes the CPU.
    irq_disable();
    while (received_head == received_tail) {
        wait_for_interrupt();
        irq_enable();
        irq_disable();
    }
    irq_enable();
    return received[received_tail++ % RECEIVED_SIZE];
}
