#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Question: what do power, flashing, RTT and the polling of power cost, beside the tools that people use for them?
Baselines, in the same run and at the same simulated devices: uhubctl, dfu-util, OpenOCD's RTT server; the same daemon without power units.

    hardware_bench.py [OUT.json] [--only HW1,HW4] [--rounds N] [--seconds N]

Each figure is the median of 5 rounds; HW4 is one look of 60 s. Fails where something is wrong: what a device was told to do, bytes of an
image or of a channel."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "console")]
import farm  # noqa: E402
import lab  # noqa: E402
from rows import Row, machine, table, write_json  # noqa: E402

ROWS = {row.id: row for row in (
    Row("HW1a", "a hub's port off and on, each read back: time", "uhubctl, a run each", "x", 1, None),
    Row("HW1b", "the same: CPU", "the same", "x", 1, None),
    Row("HW1c", "the same, our driver too started for each order: time", "the same", "x", None, None),
    Row("HW1d", "the same: CPU", "the same", "x", None, None),
    Row("HW2a", "DFU, 1 MiB in blocks of 1 KiB, written and read back: time", "dfu-util -D, -U", "x", 1, None),
    Row("HW2b", "the same: CPU", "the same", "x", 1, None),
    Row("HW2c", "the same, not read back: time", "dfu-util -D", "x", 1, None),
    Row("HW2d", "the same: CPU", "the same", "x", 1, None),
    Row("HW3a", "RTT by CMSIS-DAP, buffer of 1 KiB: bytes a second", "OpenOCD's RTT server, polling each 1 ms", "x", 1, None),
    Row("HW3b", "the same: bytes a second of CPU", "the same", "x", 1, None),
    Row("HW3c", "RTT by CMSIS-DAP, buffer of 8 KiB: bytes a second", "the same", "x", 1, None),
    Row("HW3d", "the same: bytes a second of CPU", "the same", "x", 1, None),
    Row("HW4a", "128 boards, power asked each 10 s of 16 units: CPU of hilltopd", "of a core", "%", 2, None, lower=True),
    Row("HW4b", "the same, of 128 units", "of a core", "%", 2, None, lower=True),
    Row("HW4c", "the same boards without power units", "of a core", "%", None, None, lower=True),
)}


def compare(row, ours, theirs, key):
    """How many times less of `key` we take."""
    ROWS[row].values.append(theirs[key] / ours[key])
    ROWS[row].details = {"ours": ours, "theirs": theirs}


def hw1(bench, args):
    found = lab.hub_port(bench, args.rounds)
    for rows, name in (("ab", "running driver"), ("cd", "a program an order")):
        for row, key in zip(rows, ("ms", "cpu_ms")):
            compare("HW1" + row, found[name], found["uhubctl"], key)
    return found


def hw2(bench, args):
    found = lab.dfu(bench, args.rounds)
    for rows, ours, theirs in (("ab", "write and verify", "dfu-util -D, -U"), ("cd", "write", "dfu-util -D")):
        for row, key in zip(rows, ("ms", "cpu_ms")):
            compare("HW2" + row, found[ours], found[theirs], key)
    return found


def hw3(bench, args):
    found = lab.rtt(bench, args.rounds)
    for (rate, cpu), values in zip((("HW3a", "HW3b"), ("HW3c", "HW3d")), found.values()):
        ours, theirs = values["ours"], values["OpenOCD, 1 ms"]
        compare(cpu, ours, theirs, "cpu_s_per_mb")
        ROWS[rate].values.append(ours["bytes_per_s"] / theirs["bytes_per_s"])
        ROWS[rate].details = {"ours": ours, "theirs": theirs}
    return found


def hw4(_bench, args):
    found = farm.measure(args.seconds)
    for row, values in zip(("HW4c", "HW4a", "HW4b"), found.values()):
        ROWS[row].values.append(values["cpu_percent"])
        ROWS[row].details = values
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", nargs="?", default=str(lab.ROOT / "build/bench/hardware_bench.json"))
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    begin, wrong = time.monotonic(), {}
    wanted = set(filter(None, args.only.upper().split(",")))
    for name, run in (("HW1", hw1), ("HW2", hw2), ("HW3", hw3), ("HW4", hw4)):
        if wanted and name not in wanted:
            continue
        try:
            with tempfile.TemporaryDirectory(prefix="hilltop-bench.") as folder:
                print(f"-- {name}: {json.dumps(run(lab.Lab(folder), args))}", flush=True)
        except (RuntimeError, OSError, AssertionError, subprocess.SubprocessError) as error:
            wrong[name] = str(error)
            for row in ROWS.values():
                if row.id.startswith(name):
                    row.missing = f"not measured: {error}"[:160]
    rows = [row for row in ROWS.values() if row.values or row.missing]
    print(f"{machine()}\n{table(rows)}\n{time.monotonic() - begin:.0f} s")
    pathlib.Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    write_json(args.out, rows, wrong, {"rounds": args.rounds, "seconds": args.seconds})
    for name, text in wrong.items():
        print(f"{name}: {text}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
