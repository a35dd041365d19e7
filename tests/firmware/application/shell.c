// SPDX-License-Identifier: Apache-2.0
// A command line that looks like Zephyr's shell on a UART: same prompt, same echo, same complaint.
#include "shell.h"

#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "clock.h"
#include "console.h"
#include "cortex_m.h"
#include "fatal.h"
#include "flood.h"

static void command_help(const char *argument);

static void command_run(const char *argument)
{
    (void)argument;
    ztest_run(&hilltop_basics);
}

static void command_echo(const char *argument)
{
    console_print(argument);
    console_put('\n');
}

static void command_flood(const char *argument)
{
    flood(strtoul(argument, NULL, 10));
}

static void command_hang(const char *argument)
{
    (void)argument;
    halt();
}

static void command_fault(const char *argument)
{
    (void)argument;
    fatal_undefined_instruction();
}

static void command_assert(const char *argument)
{
    fatal_assert("0", *argument ? argument : "asked for");
}

static void command_reboot(const char *argument)
{
    (void)argument;
    system_reset();
}

static void command_uptime(const char *argument)
{
    (void)argument;
    console_printf("Uptime: %lu ms\n", clock_ms());
}

static const struct {
    const char *name;
    const char *help;
    void (*run)(const char *argument);
} commands[] = {
    {"run", "run the test suite", command_run},
    {"echo", "print the rest of the line", command_echo},
    {"flood", "print N numbered lines", command_flood},
    {"hang", "go silent for good", command_hang},
    {"fault", "execute an undefined instruction", command_fault},
    {"assert", "fail an assertion", command_assert},
    {"reboot", "reset the board", command_reboot},
    {"uptime", "milliseconds since the reset", command_uptime},
    {"help", "print this", command_help},
};

static void command_help(const char *argument)
{
    (void)argument;
    console_print("Available commands:\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        console_printf("  %-7s: %s\n", commands[i].name, commands[i].help);
}

static void execute(char *line)
{
    char *argument = strchr(line, ' ');
    if (argument)
        *argument++ = '\0';
    else
        argument = line + strlen(line);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(line, commands[i].name) == 0) {
            commands[i].run(argument);
            return;
        }
    if (*line)
        console_printf("%s: command not found\n", line);
}

static void read_line(char *line, size_t size)
{
    static char previous;
    for (size_t length = 0;;) {
        char c = console_get();
        bool ends_crlf = c == '\n' && previous == '\r';
        previous = c;
        if (ends_crlf)
            continue;
        if (c == '\r' || c == '\n') {
            line[length] = '\0';
            console_put('\n');
            return;
        }
        if ((c == '\b' || c == 0x7F) && length > 0) {
            length--;
            console_print("\b \b");
        } else if (c >= ' ' && c != 0x7F && length + 1 < size) {
            line[length++] = c;
            console_put(c);
        }
    }
}

_Noreturn void shell(void)
{
    static char line[160];
    console_put('\n');
    for (;;) {
        console_print("uart:~$ ");
        read_line(line, sizeof line);
        execute(line);
    }
}
