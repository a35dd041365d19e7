# SPDX-License-Identifier: Apache-2.0
"""Whole programs on simulated boards: ours, the peers and the bare reader, all measured from outside in the same way."""
import contextlib
import os
import pathlib
import shutil
import signal
import tempfile
import time

from peers import Peer
from programs import Program, kworker_cpu_since, kworker_times, may_be_real_time, resident_mb, run_json

ONE_GB = 1e9
TICK = 0.01  # the resolution of what processes are charged
PATTERNS = pathlib.Path(__file__).with_name("patterns.txt")
ENGINE = os.environ.get("HILLTOP_BENCH_ENGINE", "auto")  # or epoll, io_uring


def first(real_time):
    """The option that lets our threads between board and subscriber run before all else, where that is allowed."""
    return {"real_time_threads": 1} if real_time and may_be_real_time() else {}


class OwnProgram(Peer):
    """A program of this benchmark: it says when it is ready, and what it delivered when it is told to stop."""
    @classmethod
    def installed(cls):
        return True

    def started(self, name, **options):
        self.host = Program(name, boards=self.count, dir=self.ptys, **options)
        self.process = self.host.process

    def wait_open(self, seconds=60):
        del seconds
        self.host.ready()

    def pids(self):
        return [self.process.pid]

    def delivered(self):
        self.report = self.host.tell("stop").result()
        return self.report["bytes"]

    def stop(self):
        self.host.__exit__()


class Ours(OwnProgram):
    """The console engine with its journal, 44 patterns watched for, and a subscriber to every console."""
    title, options, real_time = "hilltop", {"patterns": PATTERNS, "engine": ENGINE}, False

    def start(self):
        self.started("engine_host", journal=self.folder / "journal", **first(self.real_time), **self.options)

    def wait_first_bytes(self):
        self.host.ready()
        if self.host.tell("first").line() != "logged":
            raise RuntimeError("consoles stayed silent")


class Bare(OwnProgram):
    """A loop that only reads."""
    title, options = "bare read loop", {"engine": "epoll"}
    real_time = False

    def start(self):
        self.started("bare_reader", real_time=self.real_time, **self.options)


def with_options(kind, title=None, **options):
    """The same program with these options."""
    return type(kind.__name__, (kind,), {"options": {**kind.options, **options}, "title": title or kind.title})


@contextlib.contextmanager
def scratch():
    """A folder on a real disk where there is one (build/bench), removed at the end."""
    base = pathlib.Path(os.environ.get("HILLTOP_BENCH_TMP", tempfile.gettempdir()))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hilltop-bench-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def simulator(folder, corpus, boards, **arguments):
    return Program("board_simulator", boards=boards, dir=folder / "ptys", corpus=corpus, **arguments).ready()


def measure(kind, corpus, boards, settle=0.3, real_time=False, **sim):
    """Runs `kind` on `boards` simulated boards: seconds of CPU per GB that came out of it, of kernel workers, what was lost.
    With `real_time` boards and program run before all else, where that is allowed: other load is not what is measured."""
    kind = type(kind.__name__, (kind,), {"real_time": real_time})
    with scratch() as folder, simulator(folder, corpus, boards, real_time=real_time, **sim) as boards_sim, kind(folder / "ptys", boards, folder / "peer") as peer:
        peer.wait_open()
        cpu, kernel, wall = peer.cpu(), kworker_times(), time.monotonic()
        sent = boards_sim.tell("go").result()
        wall = time.monotonic() - wall
        time.sleep(settle)  # what is in buffers comes out
        cpu, kernel = max(peer.cpu() - cpu, TICK), kworker_cpu_since(kernel)
        resident = resident_mb(peer.pids())
        delivered = peer.delivered()
        return {"cpu_s_per_gb": cpu / max(delivered, 1) * ONE_GB, "kworker_s_per_gb": kernel / max(delivered, 1) * ONE_GB,
                "cpu_share": cpu / wall, "wall_mb_s": sent["sent"] / wall * 1e-6, "sent": sent["sent"], "dropped": sent["dropped"],
                "delivered": delivered, "rss_mb": resident, "late": sent["late_ticks"] / max(sent["ticks"], 1),
                "report": getattr(peer, "report", None), "digests": sent.get("digests")}


def kill(corpus, boards, seconds, baud):
    """kill -9 in the middle of the stream: how long before it the last stored byte was written, in ms; the same for a power
    cut, which leaves of each file only what was synced."""
    with scratch() as folder, simulator(folder, corpus, boards, baud=baud, seconds=seconds + 1, stamp=1) as sim:
        host = Program("engine_host", boards=boards, dir=folder / "ptys", journal=folder / "journal", synced=folder / "synced", subscribers=0, engine=ENGINE)
        with host:
            host.ready()
            sim.tell("go")
            time.sleep(seconds)
            killed = time.monotonic_ns()
            host.process.send_signal(signal.SIGKILL)
            host.process.wait()
        power = folder / "power"
        shutil.copytree(folder / "journal", power)
        synced = {pathlib.Path(path): int(size) for size, path in (line.split(" ", 1) for line in (folder / "synced").read_text().splitlines())}
        for path in power.glob("*.htj"):
            os.truncate(path, synced.get((folder / "journal").resolve() / path.name, 0))
        lost = {}
        for name, journal in (("kill", folder / "journal"), ("power", power)):
            stored = run_json("engine_host", verify=journal)["consoles"]
            stamps = [one["last_stamp_ns"] for one in stored.values()]
            lost[name + "_ms"] = (killed - min(stamps)) * 1e-6 if len(stamps) == boards and min(stamps) > 0 else float("inf")
        return lost


def overload(corpus, boards, baud, stopped, stall_seconds, seconds):
    """Some subscribers stand still and the disk stalls: is the log complete, is every gap marked and refetched, how much memory?"""
    with scratch() as folder, simulator(folder, corpus, boards, baud=baud, seconds=seconds, stamp=1, digest=1) as sim:
        with Program("engine_host", boards=boards, dir=folder / "ptys", journal=folder / "journal", stopped=stopped, digest=1, engine=ENGINE) as host:
            host.ready()
            sim.tell("go")
            time.sleep(0.5)
            host.tell("stall")
            time.sleep(stall_seconds)
            host.tell("unstall")
            sent = sim.result()
            host.tell("resume")
            report = host.tell("stop").result()
            peak = int(next(line.split()[1] for line in pathlib.Path(f"/proc/{host.process.pid}/status").read_text().splitlines() if line.startswith("VmHWM"))) / 1000
        return {"complete": report["digests"] == sent["digests"], "delivered": report["all_delivered"] and report["subscribers"]["disordered_stamps"] == 0,
                "gaps": report["subscribers"]["gaps"], "refetched": report["subscribers"]["refetched"], "missing": report["subscribers"]["missing_stamps"],
                "dropped": sent["dropped"], "sent": sent["sent"], "pauses": report["pauses"], "peak_rss_mb": peak, "late": sent["late_ticks"] / max(sent["ticks"], 1)}


def echo(corpus, busy, count, seconds):
    """Keys typed into board 0 while `busy` others talk: how long until their echo is at a subscriber."""
    arguments = {"baud": 115200, "seconds": seconds} if busy else {}
    with scratch() as folder, Program("board_simulator", real_time=True, boards=busy + 1, dir=folder / "ptys", corpus=corpus, echo=1, **arguments).ready() as sim:
        with Program("engine_host", **first(True), boards=busy + 1, dir=folder / "ptys", journal=folder / "journal", subscribers=0, echo=count, engine=ENGINE) as host:
            host.ready()
            sim.tell("go")
            latency = host.tell("echo").result()
            if not busy:
                sim.tell("stop")
            late = sim.result()
            host.tell("stop").result()
            return {**latency, "late": late["late_ticks"] / max(late["ticks"], 1)}


def bare_echo(corpus, count):
    """The same with nothing between: write, poll, read."""
    with scratch() as folder, Program("board_simulator", real_time=True, boards=1, dir=folder / "ptys", corpus=corpus, echo=1).ready() as sim:
        sim.tell("go")
        with Program("bare_reader", real_time=True, boards=1, dir=folder / "ptys", engine="echo", keys=count) as reader:
            return reader.ready().result()["latency"]


def start_up(corpus, kind, boards):
    """Seconds from the start of a program to the first byte of every console in its log; its memory then."""
    with scratch() as folder, simulator(folder, corpus, boards, baud=115200, seconds=1) as sim:
        sim.tell("go")
        sim.result()  # every terminal holds bytes now
        begin = time.monotonic()
        with kind(folder / "ptys", boards, folder / "peer") as peer:
            peer.wait_first_bytes()
            return {"seconds": time.monotonic() - begin, "rss_mb": resident_mb(peer.pids())}


def memory(corpus, boards, **sim):
    """Resident MB a console: of `boards` idle ones (less what one console costs), and while they talk."""
    def resident(count):
        with scratch() as folder, simulator(folder, corpus, count, **sim) as boards_sim, Ours(folder / "ptys", count, folder / "peer") as peer:
            peer.wait_open()
            idle = peer.host.tell("rss").result()["rss_mb"]
            boards_sim.tell("go").result()
            return idle, peer.host.tell("rss").result()["rss_mb"]
    (idle, busy), (one, one_busy) = resident(boards), resident(1)
    return {"idle_mb": (idle - one) / (boards - 1), "busy_mb": (busy - one_busy) / (boards - 1), "rss_mb": busy}


__all__ = ["Bare", "Ours", "bare_echo", "echo", "kill", "measure", "memory", "overload", "scratch", "start_up", "with_options"]
