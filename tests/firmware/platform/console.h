// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

void console_start(void);
void console_put(char c); // '\n' becomes CR LF, as on Zephyr's UART console
void console_print(const char *text);
__attribute__((format(printf, 1, 2))) void console_printf(const char *format, ...);
char console_get(void); // sleeps until a byte arrives
