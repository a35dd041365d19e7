// SPDX-License-Identifier: Apache-2.0
#include "flood.h"

#include "console.h"

void flood(uint32_t lines)
{
    for (uint32_t line = 1; line <= lines; line++)
        console_printf("flood %08lu 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM\n", line);
    console_printf("flood: %lu lines\n", lines);
}
