// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

void flood(uint32_t lines); // numbered lines of 64 characters, then "flood: N lines"
