#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""corpus.py OUT MIB SEED: what consoles of a board farm say, MIB mebibytes of it; the same bytes for the same seed.

Real boots of the demo lab's boards (templates/: U-Boot, OpenSBI, EDK2 with GRUB, Linux on four architectures, our ztest and TrustZone firmware), each
with other times, addresses and numbers; between them what those boards do not say: TF-A and OP-TEE, systemd in colours, a
test shell's signals, kselftest, Zephyr's coloured log, progress bars that only know \\r, UTF-8; and line noise, one event in about 12 KB."""
import pathlib
import random
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
TEMPLATES = {path.stem: path.read_bytes() for path in sorted((FOLDER / "templates").glob("*.log"))}
NOISE_EVERY = 12 * 1024
MUTABLE = re.compile(rb"\[ *(\d+)\.(\d{6})\]|0x[0-9a-f]{6,16}\b|(?<![\w.\[])\d{3,7}(?![\w.])|(?<=:)[0-9a-f]{2}(?=:[0-9a-f]{2}\b)")
WORDS = (b"timer mutex queue spi i2c gpio dma cache usb clk mmc net fs sched uart flash crypto watchdog adc pwm sensors "
         b"power thermal rtc pinctrl regulator phy").split()
BOARDS = b"rk3399-gru juno-r2 imx8mp-evk hifive-unmatched am625-beagleplay sun50i-h6 meson-g12b qcs404 r8a7796".split()


def mutate(template, rng):
    """`template` with times that drift, and other numbers of the same length."""
    speed = rng.uniform(0.6, 4)
    bits = rng.getrandbits

    def other(match):
        text = match[0]
        if match[1]:
            t = (int(match[1]) + int(match[2]) * 1e-6) * speed + bits(8) * 1e-6
            return b"[%5d.%06d]" % (int(t), int(t % 1 * 1e6))
        if text.startswith(b"0x"):
            return b"0x%0*x" % (len(text) - 2, bits(4 * (len(text) - 2)))
        return b"%0*d" % (len(text), bits(24) % 10 ** len(text)) if text.isdigit() else b"%02x" % bits(8)

    return MUTABLE.sub(other, template)


def board_boot(rng):
    names = list(TEMPLATES)
    weights = [6 if b"Linux version" in TEMPLATES[name] else 3 for name in names]
    return mutate(TEMPLATES[rng.choices(names, weights)[0]], rng)


def trusted_firmware(rng):
    out = [b"NOTICE:  BL1: v2.%d(release):v2.%d-%d" % (rng.randrange(4, 11), rng.randrange(4, 11), rng.randrange(900))]
    for stage in (b"BL1", b"BL2", b"BL31"):
        out.append(b"NOTICE:  %s: Built : %02d:%02d:%02d, Jun %2d 2026" % (stage, rng.randrange(24), rng.randrange(60), rng.randrange(60), rng.randrange(1, 29)))
        for _ in range(rng.randrange(2, 7)):
            out.append(b"INFO:    %s: Loading image id %d at 0x%08x - 0x%08x" % (stage, rng.randrange(40), rng.getrandbits(32), rng.getrandbits(32)))
        if rng.random() < 0.1:
            out.append(b"ERROR:   %s: Failed to load image id %d (-%d)" % (stage, rng.randrange(40), rng.randrange(1, 40)))
    for _ in range(rng.randrange(5, 15)):
        out.append(b"%c/TC:0 %d %s:%d %s" % (rng.choice(b"DIE"), rng.randrange(2), rng.choice(WORDS) + b"_init", rng.randrange(999),
                                            rng.choice((b"Initialized", b"OP-TEE version: 3.%d" % rng.randrange(20), b"Primary CPU switching to normal world boot"))))
    return b"\n".join(out) + b"\n"


def systemd(rng):
    out = [b"Welcome to \x1b[1mDebian GNU/Linux 12 (bookworm)\x1b[0m!", b""]
    for _ in range(rng.randrange(30, 80)):
        unit = rng.choice(WORDS) + b"-" + rng.choice(WORDS)
        kind = rng.random()
        if kind < 0.03:
            out.append(b"[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39m%s.service\x1b[0m." % unit)
        elif kind < 0.5:
            out.append(b"[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39m%s.service\x1b[0m - the %s of this board." % (unit, rng.choice(WORDS)))
        elif kind < 0.7:
            out.append(b"[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39m%s.target\x1b[0m." % unit)
        else:
            out.append(b"         Starting \x1b[0;1;39m%s.service\x1b[0m..." % unit)
    board = rng.choice(BOARDS)
    out += [b"", b"Debian GNU/Linux 12 %s ttyS0" % board, b"", b"%s login: root" % board, b"root@%s:~# " % board]
    return b"\n".join(out)


def test_shell(rng):
    out = [b"<LAVA_SIGNAL_STARTRUN 0_%s %d>" % (rng.choice(WORDS), rng.randrange(100000))]
    for _ in range(rng.randrange(8, 40)):
        name = rng.choice(WORDS) + b"-%d" % rng.randrange(500)
        out += [b"+ ./run-%s.sh --count %d" % (name, rng.randrange(100)),
                b"%s: pass %d of %d, %d.%03d s" % (name, rng.randrange(99), 99, rng.randrange(9), rng.randrange(999)),
                b"<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=%s RESULT=%s MEASUREMENT=%d.%d UNITS=ms>" % (name, rng.choice((b"pass", b"pass", b"fail", b"skip")), rng.randrange(900), rng.randrange(9))]
    return b"\n".join(out) + b"\n<LAVA_SIGNAL_ENDRUN 0_tests %d>\n<LAVA_TEST_RUNNER EXIT>\n/ # " % rng.randrange(9999)


def kselftest(rng):
    out = [b"TAP version 13", b"1..%d" % rng.randrange(4, 60)]
    for number in range(1, rng.randrange(5, 60)):
        name = b"%s: %s_%s.sh" % (rng.choice(WORDS), rng.choice(WORDS), rng.choice(WORDS))
        out += [b"# selftests: " + name, b"# %s: checking %d entries of the table" % (rng.choice(WORDS), rng.randrange(9999))] + [
            b"# ok %d %s is what it was" % (step, rng.choice(WORDS)) for step in range(rng.randrange(3))] + [
            rng.choice((b"ok %d selftests: %s", b"ok %d selftests: %s", b"not ok %d selftests: %s # exit=1", b"ok %d selftests: %s # SKIP")) % (number, name)]
    return b"\n".join(out) + b"\n"


def zephyr(rng):
    colours = {b"dbg": b"", b"inf": b"", b"wrn": b"\x1b[1;33m", b"err": b"\x1b[1;31m"}
    out = [b"*** Booting Zephyr OS build v3.%d.0-%d-g%07x ***" % (rng.randrange(9), rng.randrange(999), rng.getrandbits(28))]
    ms = 0
    for _ in range(rng.randrange(20, 90)):
        ms += rng.randrange(400)
        level = rng.choice((b"dbg", b"inf", b"inf", b"inf", b"wrn", b"err"))
        out.append(b"[00:00:%02d.%03d,%03d] %s<%s> %s: %s %d of %d, state 0x%02x\x1b[0m" % (
            ms // 1000 % 60, ms % 1000, rng.randrange(999), colours[level], level, rng.choice(WORDS), rng.choice(WORDS), rng.randrange(99), rng.randrange(99), rng.getrandbits(8)))
        if rng.random() < 0.08:
            out.append(b"\x1b[1;32muart:~$ \x1b[m%s status %d" % (rng.choice(WORDS), rng.randrange(9)))
    for _ in range(rng.randrange(6)):
        test = b"test_%s_%s" % (rng.choice(WORDS), rng.choice(WORDS))
        out += [b"START - " + test, b" %s - %s in 0.%03d seconds" % (rng.choice((b"PASS", b"PASS", b"FAIL", b"SKIP")), test, rng.randrange(999)), b"=" * 67]
    out.append(rng.choice((b"PROJECT EXECUTION SUCCESSFUL", b"PROJECT EXECUTION FAILED")))
    return b"\n".join(out) + b"\n"


def kernel_failure(rng):
    where = b"%s_%s+0x%x/0x%x" % (rng.choice(WORDS), rng.choice(WORDS), rng.getrandbits(10), rng.getrandbits(12))
    at = b"[%5d.%06d] " % (rng.randrange(4000), rng.randrange(10 ** 6))
    head = rng.choice((
        b"BUG: KASAN: slab-use-after-free in %s" % where, b"Internal error: Oops: %08x [#1] SMP" % rng.getrandbits(32),
        b"WARNING: CPU: %d PID: %d at kernel/%s.c:%d %s" % (rng.randrange(8), rng.randrange(9999), rng.choice(WORDS), rng.randrange(2000), where),
        b"Unable to handle kernel NULL pointer dereference at virtual address %016x" % rng.getrandbits(12),
        b"watchdog: BUG: soft lockup - CPU#%d stuck for %ds! [%s:%d]" % (rng.randrange(8), rng.randrange(20, 90), rng.choice(WORDS), rng.randrange(9999)),
        b"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", b"INFO: task %s:%d blocked for more than 120 seconds." % (rng.choice(WORDS), rng.randrange(9999)),
        b"UBSAN: shift-out-of-bounds in drivers/%s/core.c:%d:%d" % (rng.choice(WORDS), rng.randrange(999), rng.randrange(40))))
    trace = [at + b" %s_%s+0x%x/0x%x" % (rng.choice(WORDS), rng.choice(WORDS), rng.getrandbits(8), rng.getrandbits(10)) for _ in range(rng.randrange(6, 18))]
    tail = [at + b"---[ end trace %016x ]---" % rng.getrandbits(64)] if rng.random() < 0.8 else [at + b"Kernel panic - not syncing: Fatal exception"]
    return b"\n".join([at + head, at + b"Call trace:", *trace, *tail]) + b"\n"


def progress(rng):
    total = rng.randrange(20, 70)
    bar = b"".join(b"\rloading %-12s [%-40s] %3d%%" % (rng.choice(WORDS), b"#" * (40 * i // total), 100 * i // total) for i in range(total + 1))
    return bar + b"\n" + b"T" * rng.randrange(3) + b"#" * rng.randrange(20, 65) + b"\n\t %d.%d MiB/s\ndone\n" % (rng.randrange(30), rng.randrange(10))


def other_scripts(rng):
    texts = ("Prüfung der Größe: %d µs – in Ordnung ✓", "温度センサー %d °C 正常", "тест памяти %d: пройден", "état du bus : %d – prêt")
    return b"".join((rng.choice(texts) % rng.randrange(9999)).encode() + b"\n" for _ in range(rng.randrange(2, 8)))


PARTS = ((board_boot, 14), (trusted_firmware, 4), (systemd, 5), (test_shell, 4), (kselftest, 6), (zephyr, 8), (kernel_failure, 4), (progress, 2), (other_scripts, 3))


def add_noise(block, rng):
    """Random bytes, NULs, flipped top bits and bytes that were lost, one event in about NOISE_EVERY bytes."""
    at = int(rng.expovariate(1 / NOISE_EVERY))
    while at < len(block):
        kind, length = rng.randrange(4), rng.randrange(1, 9)
        if kind == 0:
            block[at:at] = rng.randbytes(length)
        elif kind == 1:
            block[at:at] = bytes(length)
        elif kind == 2:
            block[at:at + length] = bytes(b | 0x80 for b in block[at:at + length])
        else:
            del block[at:at + length]
        at += 1 + int(rng.expovariate(1 / NOISE_EVERY))
    return block


def write_corpus(path, size, seed):
    """Writes exactly `size` bytes to `path`."""
    rng = random.Random(seed)
    makers, weights = zip(*PARTS)
    left = size
    with open(path, "wb") as out:
        while left > 0:
            block = bytearray(b"".join(maker(rng) for maker in rng.choices(makers, weights, k=16)))
            block = add_noise(block.replace(b"\n", b"\r\n"), rng)[:left]
            out.write(block)
            left -= len(block)


if __name__ == "__main__":
    write_corpus(sys.argv[1], int(float(sys.argv[2]) * 1024 * 1024), int(sys.argv[3]))
