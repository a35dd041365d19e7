# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: the daemon of the tests, CPU time of process trees, medians."""
import json
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))
from harness import Daemon, children_of, wait_until  # noqa: E402,F401  (for the benchmarks)


def cpu_seconds(pid):
    """User and system time of `pid` and of its children that have ended, in seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def median(values):
    return statistics.median(values)


def report(question, baseline, rows, out=None):
    """Prints rows of (name, value, unit) and writes them as JSON where a path is given."""
    print(f"question: {question}\nbaseline: {baseline}")
    for name, value, unit in rows:
        print(f"  {name:<52} {value:10.3f} {unit}")
    if out:
        pathlib.Path(out).write_text(json.dumps({"question": question, "baseline": baseline, "rows": rows}, indent=1) + "\n")
