# SPDX-License-Identifier: Apache-2.0
"""HW4: a daemon with 128 boards, whose power units are simulated ones on this machine."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from support import Daemon, cpu_seconds, resident_mb, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/support"))
from power_unit_lines import PASSWORD, USER  # noqa: E402

BOARDS = 128
INTERVAL = 10  # seconds: the daemon's own
TASMOTA = {"model": "tasmota", "user": USER, "password": PASSWORD}


class Farm:
    """hilltopd, its boards and their units. `outlets`: of each unit; 0: boards without power units."""

    def __init__(self, dialogue, address, outlets):
        self.outlets, self.address = outlets, address
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilltop-bench."))
        (self.folder / "data").mkdir()
        (self.folder / "units").mkdir()
        count = BOARDS // outlets if outlets else 1
        self.units = subprocess.Popen([sys.executable, pathlib.Path(__file__).with_name("silent_units.py"), dialogue, str(count),
                                       str(BOARDS), self.folder / "units"], stdout=subprocess.PIPE, text=True)
        self.ports = json.loads(self.units.stdout.readline())
        lab = self.folder / "lab.yaml"
        lab.write_text(json.dumps({"lab": "bench", "boards": {f"board-{n:03}": self.board(n) for n in range(BOARDS)}}))
        self.daemon = Daemon(self.folder / "data", lab)

    def board(self, n):
        board = {"type": "ssh", "console": {"driver": "unix", "path": str(self.folder / f"units/{n}.sock")}}
        if self.outlets:
            board["power"] = {"driver": "power-unit", "host": "127.0.0.1", "port": self.ports[n // self.outlets], "outlet": n % self.outlets + 1,
                              **self.address}
        return board

    def __enter__(self):
        self.daemon.start()
        return self

    def __exit__(self, *_):
        try:
            self.daemon.stop()
        finally:
            self.units.kill()
            self.units.wait()
            self.units.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def asked(self):
        """Requests until now, and of how many units."""
        logs = [path.read_text().count(" begin ") for path in (self.folder / "units").glob("*.log")]
        return sum(logs), len(logs)

    def settle(self):
        """Until all boards are open, and what was asked meanwhile is answered."""
        wait_until(lambda: not any(one["problem"] for one in self.daemon.json("boards")["items"]), 90, "all boards to be open")
        if self.outlets:
            asked = self.asked()[0]
            wait_until(lambda: self.asked()[0] > asked, 3 * INTERVAL, "the units to be asked")

    def begin(self):
        self.at, self.cpu, self.before = time.monotonic(), cpu_seconds(self.daemon.process.pid), self.asked()[0]

    def end(self):
        pid = self.daemon.process.pid
        took = time.monotonic() - self.at
        return {"cpu_percent": 100 * (cpu_seconds(pid) - self.cpu) / took, "seconds": took, "requests": self.asked()[0] - self.before,
                "resident_mb": resident_mb(pid)}


FARMS = {
    "without polling": ("gude24", {}, 0),
    "16 units of 8 outlets": ("gude24", {"model": "gude24"}, 8),
    "128 units of one outlet": ("tasmota", TASMOTA, 1),
}


def measure(seconds):
    """All at the same time: each daemon's CPU time is its own."""
    farms = {name: Farm(*what) for name, what in FARMS.items()}
    opened = []
    try:
        for farm in farms.values():
            opened.append(farm.__enter__())
        for farm in opened:
            farm.settle()
        for farm in opened:
            farm.begin()
        time.sleep(seconds)
        return {name: farm.end() for name, farm in farms.items()}
    finally:
        for farm in farms.values():
            farm.__exit__()
