# SPDX-License-Identifier: Apache-2.0
"""hilltop demux, without a server: what it finds, that the chunks do not matter, and that bad input costs little."""
import base64
import binascii
import json
import random
import resource
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import harness

SIGNAL = b"<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=usb RESULT=pass>"
PRINTK = b"[   12.345678] usb 1-1: new high-speed USB device\r\n"


def smp(packet):
    body = struct.pack(">H", len(packet) + 2) + packet + struct.pack(">H", binascii.crc_hqx(packet, 0))
    return b"".join((b"\x06\x09" if at == 0 else b"\x04\x14") + base64.b64encode(body[at:at + 93]) + b"\n"
                    for at in range(0, len(body), 93))


def demux(raw, *options, code=0):
    done = subprocess.run([harness.BIN / "hilltop", "demux", *map(str, options)], input=raw, capture_output=True, timeout=120)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done


def objects(raw, *options):
    return [json.loads(line) for line in demux(raw, *options, "--format", "jsonl").stdout.splitlines()]


def summary(raw, *options):
    return json.loads(demux(raw, *options, "--format", "summary").stdout)


class Demux(unittest.TestCase):
    def test_a_kernel_message_at_each_place_of_a_signal_leaves_the_signal(self):
        pieces, at = [], 0
        for cut in range(len(SIGNAL) + 1):
            pieces.append(SIGNAL[:cut] + PRINTK + SIGNAL[cut:] + b"\r\n")
        found = objects(b"".join(pieces), "--type", "x86-64", "--pattern", r"<LAVA_SIGNAL_(\S+) ([^>]+)>")
        signals = [one for one in found if one["kind"] == "match" and one["rule"].startswith("<LAVA")]
        self.assertEqual([one["text"].encode() for one in signals], [SIGNAL] * len(pieces))
        self.assertEqual({one["channel"] for one in signals}, {"shell"})
        for cut, one in enumerate(signals):
            self.assertEqual(one["offset"], at if cut else at + len(PRINTK))
            at += len(pieces[cut])
        kernel = [one["text"].encode() for one in found if one["kind"] == "line" and one["channel"] == "kernel"]
        self.assertEqual(kernel, [PRINTK.rstrip()] * len(pieces))

    def test_chunks_do_not_change_a_byte_of_the_output(self):
        chance = random.Random(4)
        raw = b"".join(chance.choice([PRINTK, SIGNAL + b"\r\n", SIGNAL[:9], smp(bytes(150)), b"NOTICE:  BL31: x\r\n", b"\xc3", b"\0",
                                      b"\x1b[1m", b"I/TC: y\n", b"U-Boot 2023.01\n", b"# ", b"\r", b"Kernel panic - not syncing: z\n"])
                       for _ in range(2000))
        options = ("--decoders", "smp,worlds,kernel", "--rules", "linux,tf-a", "--format", "jsonl")
        whole = demux(raw, *options).stdout
        self.assertIn(b'"kind":"frame"', whole.replace(b" ", b""))
        for chunk in (1, 7, 64, 300, 4096):
            self.assertEqual(demux(raw, *options, "--chunk", chunk).stdout, whole, chunk)

    def test_raw_out_is_what_went_in(self):
        raw = random.Random(5).randbytes(300_000)
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "raw"
            demux(raw, "--decoders", "smp,slip,cobs,cmux,kernel", "--raw-out", out, "--format", "summary")
            self.assertEqual(out.read_bytes(), raw)

    def test_the_summary_counts(self):
        counted = summary(b"a\nKernel panic - not syncing: x\n" + smp(b"12345678"), "--decoders", "smp", "--rules", "linux")
        self.assertEqual((counted["bytes"], counted["lines"], counted["frames"]), (32 + len(smp(b"12345678")), 2, 1))
        self.assertEqual(sum(counted["matches"].values()), 1)
        self.assertIn("mb_per_s_per_core", counted)
        self.assertNotIn("nuls_dropped", counted)
        self.assertEqual(summary(b"a\0b\0\0\r\n[    1.000000] x\0\n", "--decoders", "kernel")["nuls_dropped"], 4)

    def test_log_lines_have_level_and_module(self):
        lines = objects(b"[00:00:01.234,000] \x1b[1;31m<err> os: fault\x1b[0m\r\nuart:~$ ", "--decoders", "zephyr")
        self.assertEqual((lines[0]["channel"], lines[0]["level"], lines[0]["module"]), ("log", "err", "os"))
        self.assertEqual((lines[1]["channel"], lines[1]["text"]), ("shell", "uart:~$ "))

    def test_mistakes_are_2_with_what_to_do(self):
        for options, text in ((("--decoders", "kernl"), b"did you mean 'kernel'"), (("--type", "microbitt"), b"microbit"),
                              (("--rules", "linus"), b"did you mean 'linux'"), (("--pattern", "("), b"("), (("--chunk", "0"), b"chunk"),
                              (("--decoders", "dictlog=/proc/none.json"), b"/proc/none.json"), (("--decoders", "dictlog=/"), b"cannot be read")):
            self.assertIn(text, demux(b"", *options, code=2).stderr)

    def test_bad_input_takes_bounded_memory_and_time(self):
        sanitized = self.sanitized()
        kilo = 100 if sanitized else 1000
        mega = kilo * 1000
        truncated = b"\x06\x09QUJD" + b"\xf9\x05\xef\x02\x08" + b"\xc0\xdb" + b"~\x05\xef" + b"\x00\x30\x00\x10"
        hostile = {
            "nothing but zeros": bytes(20 * mega),
            "100 MB without a line end": b"x" * (100 * mega),
            "escape sequences": b"\x1b[1;31m\x1b]0;" * mega,
            "one endless escape sequence": b"\x1b]" + b"9" * (20 * mega),
            "invalid UTF-8": b"\xff\xc3\x28\xf0\x9f" * (2 * mega),
            "truncated frames": truncated * (mega // 2),
            "flags": b"\xf9~\xc0" * (2 * mega),
            "begins of messages": b"[    1.00000" * mega,
            "made to backtrack": (b"a" * 5000 + b"!\n") * (kilo // 10),
        }
        limit = resource.RLIM_INFINITY if sanitized else 400 << 20  # sanitizers reserve terabytes of addresses
        for what, raw in hostile.items():
            with self.subTest(what):
                begun = time.monotonic()
                used = subprocess.run([harness.BIN / "hilltop", "demux", "--decoders", "smp,slip,cobs,cmux,rtt,worlds,kernel",
                                       "--rules", "linux", "--pattern", "(a+)+$", "--format", "summary"],
                                      input=raw, capture_output=True, timeout=300,
                                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
                self.assertEqual(used.returncode, 0, used.stderr[-500:])
                self.assertEqual(json.loads(used.stdout)["bytes"], len(raw))
                self.assertLess(time.monotonic() - begun, 60, what)

    @staticmethod
    def sanitized():
        symbols = subprocess.run(["nm", harness.BIN / "hilltop"], capture_output=True).stdout
        return b"__asan_init" in symbols or b"__tsan_init" in symbols


if __name__ == "__main__":
    unittest.main()
