// SPDX-License-Identifier: Apache-2.0
// The kexec of the test system for a PC, without a C library: what kexec-tools' `kexec` does with these options.
//   kexec --load KERNEL [--initrd FILE] [--reuse-cmdline | --command-line TEXT]
//   kexec -e
// Source: kexec_file_load(2), reboot(2); system call numbers: Linux, arch/x86/entry/syscalls/syscall_64.tbl.
typedef unsigned long ulong;

enum {
  read_file = 0,
  write_file = 1,
  open_file = 2,
  exit_program = 60,
  sync_files = 162,
  reboot_system = 169,
  kexec_file_load = 320
};
enum { standard_error = 2, no_initramfs = 4 };
enum { magic_1 = 0xfee1dead, magic_2 = 672274793, command_kexec = 0x45584543 };

static long call(long number, ulong a, ulong b, ulong c, ulong d, ulong e) {
  register ulong r10 __asm__("r10") = d;
  register ulong r8 __asm__("r8") = e;
  __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return number;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");

static ulong length(const char* text) {
  ulong n = 0;
  while (text[n]) ++n;
  return n;
}

static int is(const char* a, const char* b) {
  while (*a && *a == *b) ++a, ++b;
  return *a == *b;
}

static void leave(const char* why, long error) {
  if (why) {
    char text[] = "kexec: error 000: ";
    for (int i = 15; error && i > 12; --i, error /= 10) text[i] = (char)('0' + -(error % 10));
    call(write_file, standard_error, (ulong)text, sizeof text - 1, 0, 0);
    call(write_file, standard_error, (ulong)why, length(why), 0, 0);
    call(write_file, standard_error, (ulong) "\n", 1, 0, 0);
  }
  call(exit_program, why ? 1 : 0, 0, 0, 0, 0);
  __builtin_unreachable();
}

static long opened(const char* path) {
  const long fd = call(open_file, (ulong)path, 0, 0, 0, 0);
  if (fd < 0) leave(path, fd);
  return fd;
}

static char running[4096];

static const char* running_command_line(void) {
  const long got = call(read_file, (ulong)opened("/proc/cmdline"), (ulong)running, sizeof running - 1, 0, 0);
  if (got <= 0) leave("/proc/cmdline", got);
  running[running[got - 1] == '\n' ? got - 1 : got] = 0;
  return running;
}

__attribute__((used)) void begin(long* stack) {
  const long count = stack[0];
  char** words = (char**)(stack + 1);
  const char *kernel = 0, *ramdisk = 0, *line = "";
  for (long i = 1; i < count; ++i) {
    if (is(words[i], "-e")) {
      call(sync_files, 0, 0, 0, 0, 0);
      leave("nothing is loaded", call(reboot_system, magic_1, magic_2, command_kexec, 0, 0));
    }
    if (is(words[i], "--reuse-cmdline")) line = running_command_line();
    if (i + 1 == count) break;
    if (is(words[i], "--load"))
      kernel = words[++i];
    else if (is(words[i], "--initrd"))
      ramdisk = words[++i];
    else if (is(words[i], "--command-line"))
      line = words[++i];
  }
  if (!kernel) leave("usage: kexec --load KERNEL [--initrd FILE] [--reuse-cmdline | --command-line TEXT] | -e", 0);
  const long done = call(kexec_file_load, (ulong)opened(kernel), ramdisk ? (ulong)opened(ramdisk) : 0, length(line) + 1,
                         (ulong)line, ramdisk ? 0 : no_initramfs);
  leave(done < 0 ? kernel : 0, done);
}
