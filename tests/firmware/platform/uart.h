// SPDX-License-Identifier: Apache-2.0
// What a board's UART file gives. Only what the emulated UARTs need is programmed: no baud rate,
// no pins, no clock gates.
#pragma once
#include <stdint.h>

void uart_start(void);        // on, with its receive interrupt
void uart_write(uint8_t byte); // waits for room
int uart_read(void);          // -1: nothing there; taking the last byte ends the interrupt
