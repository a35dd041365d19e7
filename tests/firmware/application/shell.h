// SPDX-License-Identifier: Apache-2.0
#pragma once

_Noreturn void shell(void);
