// SPDX-License-Identifier: Apache-2.0
#pragma once

void fatal_undefined_instruction(void);                    // ends in Zephyr's fault dump
void fatal_assert(const char *condition, const char *why); // ends in Zephyr's panic dump
