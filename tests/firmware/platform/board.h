// SPDX-License-Identifier: Apache-2.0
// What differs between the boards that run the application: three numbers and a UART driver.
// The memory map stands in ../build, because the linker needs it too.
#pragma once

#if defined(BOARD_MPS2_AN385)
// Arm DAI 0385 "AN385", clocks, memory map and interrupt assignments: 25 MHz, UART0 at 0x40004000,
// its receive interrupt is number 0. QEMU agrees (hw/arm/mps2.c, SYSCLK_FRQ and mps2_common_init).
#define BOARD_NAME "mps2-an385"
#define BOARD_CLOCK_HZ 25000000u
#define BOARD_UART_BASE 0x40004000u
#define BOARD_UART_IRQ 0
// CMSDK APB timer 0, same memory map. A second clock, so that SysTick need not testify for itself.
#define BOARD_REFERENCE_TIMER_BASE 0x40000000u

#elif defined(BOARD_LM3S6965EVB)
// TI LM3S6965 data sheet, memory map and interrupts: UART0 at 0x4000C000, interrupt 5. QEMU derives
// 12.5 MHz from the reset value of RCC: 200 MHz / 16 (hw/arm/stellaris.c, ssys_calculate_system_clock).
#define BOARD_NAME "lm3s6965evb"
#define BOARD_CLOCK_HZ 12500000u
#define BOARD_UART_BASE 0x4000C000u
#define BOARD_UART_IRQ 5

#elif defined(BOARD_STM32VLDISCOVERY)
// ST RM0041, memory map and vector table: USART1 at 0x40013800, position 37.
// 24 MHz is the part's top speed, and QEMU's fixed one (hw/arm/stm32vldiscovery.c, SYSCLK_FRQ).
#define BOARD_NAME "stm32vldiscovery"
#define BOARD_CLOCK_HZ 24000000u
#define BOARD_UART_BASE 0x40013800u
#define BOARD_UART_IRQ 37

#elif defined(BOARD_MPS2_AN521)
// Arm DAI 0521 "AN521", memory map: UART0, secure alias. The secure image alone uses it, and polls.
#define BOARD_NAME "mps2-an521"
#define BOARD_UART_BASE 0x50200000u

#else
#error "define BOARD_MPS2_AN385, BOARD_MPS2_AN521, BOARD_LM3S6965EVB or BOARD_STM32VLDISCOVERY"
#endif
