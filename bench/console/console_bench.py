#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Question: how much does the console cost, and how exact is it, from the board's byte to its log, its matches and its readers?
Baselines, in the same run: memcpy, Hyperscan, pexpect with LAVA's settings, conserver, ser2net, a loop that only reads, Beast.

    console_bench.py [OUT.json] [--short] [--only B1,B6] [--rounds N]

Each figure is the median of 7 rounds after 2 that warm up. --short (a minute): one round of the smaller rows. Fails only where
something is wrong: bytes of the log, cleaned text, matches."""
import argparse
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import groups  # noqa: E402
from corpus import write_corpus  # noqa: E402
from programs import ROOT  # noqa: E402
from rows import ROWS, machine, table, write_json  # noqa: E402


def corpus_file(mib, seed):
    path = ROOT / f"build/bench/corpus-{mib}-{seed}"
    path.parent.mkdir(parents=True, exist_ok=True)
    source = pathlib.Path(__file__).with_name("corpus.py")
    if not path.exists() or path.stat().st_mtime < source.stat().st_mtime:
        write_corpus(path, int(mib * 1024 * 1024), seed)
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", nargs="?", default=str(ROOT / "build/bench/console_bench.json"))
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int)
    args = parser.parse_args()
    begin = time.monotonic()
    setting = groups.Setting(short=args.short, rounds=args.rounds or (1 if args.short else 7), warm_ups=0 if args.short else min(2, args.rounds or 2),
                             corpus=corpus_file(16 if args.short else 64, 1), small=corpus_file(4, 1), random_seed=int(time.time()))
    setting.random = corpus_file(2, setting.random_seed)
    wanted = set(filter(None, args.only.split(",")))
    gates = groups.gates(setting) if not wanted or "gates" in wanted else {}
    for name, (run, prefixes) in groups.GROUPS.items():
        if (wanted and not wanted & {name, *prefixes}) or (setting.short and not wanted and name in groups.NOT_IN_SHORT):
            continue
        print(f"-- {name}: {run.__doc__}", flush=True)
        try:
            run(setting)
        except (RuntimeError, OSError, subprocess.SubprocessError, json.JSONDecodeError) as error:
            for row in ROWS.values():
                if row.id.startswith(prefixes) and not row.values:
                    row.missing = f"not measured: {error}"[:160]
    setting.random.unlink(missing_ok=True)
    rows = [row for row in ROWS.values() if row.values or row.missing]
    print(f"{machine()}\n{table(rows)}")
    for name, outcome in gates.items():
        print(f"gate {name}: {'right' if outcome['right'] else 'WRONG: ' + json.dumps(outcome)[:400]}")
    print(f"{time.monotonic() - begin:.0f} s")
    write_json(args.out, rows, gates, {"short": args.short, "rounds": setting.rounds})
    return 0 if all(outcome["right"] for outcome in gates.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
