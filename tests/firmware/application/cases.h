// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "ztest.h"

extern const struct test_suite hilltop_basics;
