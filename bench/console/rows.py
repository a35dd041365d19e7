# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: what is measured, against what, and how good it has to be."""
import dataclasses
import json
import pathlib
import platform
import statistics
import subprocess


@dataclasses.dataclass
class Row:
    """`goal` and `moonshot` are figures that `value` has to reach: from below, or from above where `lower`."""
    id: str
    what: str
    anchor: str
    unit: str
    goal: float | None
    moonshot: float | None
    lower: bool = False
    values: list = dataclasses.field(default_factory=list)
    void: str = ""       # why it counts for nothing
    missing: str = ""    # why it was not measured
    details: dict = dataclasses.field(default_factory=dict)

    @property
    def value(self):
        return statistics.median(self.values) if self.values else None

    def verdict(self):
        if self.missing:
            return self.missing
        if self.void:
            return "void: " + self.void
        reached = (lambda wanted: self.value <= wanted) if self.lower else (lambda wanted: self.value >= wanted)
        if self.moonshot is not None and reached(self.moonshot):
            return "moonshot"
        if self.goal is None:
            return ""
        return "goal" if reached(self.goal) else "below the goal"


ROWS = {row.id: row for row in (
    Row("B1", "time + clean + lines + 44 patterns, one console, 4 KiB reads", "memcpy", "x", 0.08, 0.13),
    Row("B2", "the same, 512 consoles, 300 B reads", "memcpy", "x", 0.055, 0.085),
    Row("B3a", "matching only, 44 patterns", "Hyperscan, stream, 4 KiB", "x", 2, 4),
    Row("B3b", "matching only, 1000 patterns", "Hyperscan, stream, 4 KiB", "x", 1, 2),
    Row("B4", "cleaning only", "memcpy", "x", 0.35, 0.6),
    Row("B4b", "cleaning only, half of the characters of three bytes", "memcpy", "x", None, None),
    Row("B5", "B1's pipeline, bytes a second of CPU", "pexpect, LAVA's settings", "x", 200, 300),
    Row("B6a", "64 boards at 3 Mbaud, CPU a GB: times less than", "pexpect, LAVA's settings, 4 boards", "x", 45, 80),
    Row("B6b", "the same", "conserver (moonshot: both with kernel workers)", "x", 3, 5),
    Row("B6c", "the same", "ser2net, tuned", "x", 1.8, 2.5),
    Row("B6d", "the same", "ser2net as it comes, 8 boards", "x", None, None),
    Row("B7", "flood of 64 boards, CPU a GB", "a loop that only reads", "x", 1.5, 1.15, lower=True),
    Row("B8a", "512 boards at 3 Mbaud: bytes lost", "of the bytes sent", "%", 0, 0, lower=True),
    Row("B8b", "the same: CPU of the ingest thread", "of a core", "%", 95, 70, lower=True),
    Row("B8c", "the same: p99 from board to subscriber", "sweeping loop that only reads: see JSON", "ms", 8, 4, lower=True),
    Row("B9a", "512 boards at 115200: CPU of the ingest thread", "of a core", "%", 18, 14, lower=True),
    Row("B9b", "the same: p50 from board to subscriber", "sweeping loop that only reads: see JSON", "ms", None, 0.3, lower=True),
    Row("B9c", "the same: p99", "", "ms", 5, 2, lower=True),
    Row("B10a", "a key's echo at a subscriber, p50, alone", "", "us", 200, None, lower=True),
    Row("B10b", "the same, p50, 511 others at 115200", "", "us", 200, 80, lower=True),
    Row("B10c", "the same, p99, 511 others at 115200", "", "us", None, 1000, lower=True),
    Row("B11a", "the daemon's feed to 100 subscribers, 1 KiB frames, deliveries a second of CPU", "Beast async_write, the same frames", "x", 3, 5),
    Row("B11b", "the same, 1000 subscribers", "Beast async_write, the same frames", "x", 3, 5),
    Row("B11c", "a console at 3 Mbaud to 100 subscribers, payload a second of CPU: frame clock of 16 ms", "Beast async_write of each 1 KiB as it comes", "x", None, None),
    Row("B11d", "the same, 1000 subscribers", "Beast async_write of each 1 KiB as it comes", "x", None, None),
    Row("B12a", "10 % of subscribers stand still, disk stalls 2 s: peak memory", "log complete, gaps refetched, or the row is void", "MB", 256, 256, lower=True),
    Row("B12b", "50 % of subscribers stand still, disk stalls 10 s: peak memory", "the same, 512 boards at 115200", "MB", None, 256, lower=True),
    Row("B13a", "journal with index and checksums, CPU a GB", "write() of 64 KiB: see JSON", "s", 0.5, 0.3, lower=True),
    Row("B13b", "bytes lost by kill -9, in time", "", "ms", 100, 20, lower=True),
    Row("B13c", "bytes lost by a power cut (what was not synced), in time", "", "ms", 100, 20, lower=True),
    Row("B14", "512 consoles: start to the first byte of each in the log", "conserver: see JSON", "s", 2, 0.25, lower=True),
    Row("B15a", "memory a console, idle", "", "MB", 0.1, 0.02, lower=True),
    Row("B15b", "memory a console, busy", "", "MB", 0.3, 0.15, lower=True),
    Row("G1", "hilltop grep over a compressed transcript, bytes of it a second of CPU", "zstd -dc, grep -E", "x", None, None),
    Row("R1", "resident memory of hilltopd, demo lab idle", "", "MB", None, None, lower=True),
)}


def figure(value, unit):
    if value is None:
        return "–"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f} {unit}" if unit != "x" else f"{value:.{digits}f}x"


def table(rows):
    lines = ["| id | what | anchor | value | goal | moonshot | |", "|---|---|---|---:|---:|---:|---|"]
    for row in rows:
        lines.append(f"| {row.id} | {row.what} | {row.anchor} | {figure(row.value, row.unit)} | {figure(row.goal, row.unit)} | "
                     f"{figure(row.moonshot, row.unit)} | {row.verdict()} |")
    return "\n".join(lines)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), platform.machine())
    cores = subprocess.run(["nproc"], capture_output=True, text=True, check=False).stdout.strip()
    return {"cpu": model, "cores": cores, "kernel": platform.release(), "load": pathlib.Path("/proc/loadavg").read_text().split()[0]}


def write_json(path, rows, gates, extra):
    out = {"machine": machine(), "gates": gates, "rows": {row.id: {**dataclasses.asdict(row), "value": row.value, "verdict": row.verdict()} for row in rows}, **extra}
    pathlib.Path(path).write_text(json.dumps(out, indent=1) + "\n")
