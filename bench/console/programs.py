# SPDX-License-Identifier: Apache-2.0
"""Programs of a benchmark: started by argument vector, told go and stop, reaped; and whose CPU time they were."""
import json
import os
import pathlib
import select
import signal
import socket
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("HILLTOP_BENCH_BIN", ROOT / "build/release/bench"))


class Program:
    """A program of ours: says "ready", is told words, ends with a line of JSON."""

    def __init__(self, name, env=None, real_time=False, **arguments):
        argv = [BIN / name, *(str(part) for key, value in arguments.items() for part in ("--" + key.replace("_", "-"), value))]
        if real_time and may_be_real_time():
            argv = ["chrt", "-f", "20", *argv]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def line(self, seconds=90):
        if not select.select([self.process.stdout], [], [], seconds)[0]:  # it says one line at a time: nothing is left in the buffer
            raise RuntimeError(f"{self.process.args[0]} said nothing for {seconds} s")
        text = self.process.stdout.readline()
        if not text:
            raise RuntimeError(f"{self.process.args} ended with {self.process.wait()}")
        return text.strip()

    def ready(self):
        if (said := self.line()) != "ready":
            raise RuntimeError(f"{self.process.args}: {said}")
        return self

    def tell(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self

    def result(self):
        return json.loads(self.line())


def may_be_real_time():
    """Whether this user may run programs before others: it hides other load from what is measured by the clock."""
    return subprocess.run(["chrt", "-f", "20", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


def run_json(name, **arguments):
    """One that needs no telling."""
    with Program(name, **arguments) as program:
        return program.result()


def task_cpu(pid):
    """Seconds on a CPU of all threads of `pid`, also of those that have ended, to 10 ms. Source: proc_pid_stat(5)."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family(pid):
    """`pid` and all its descendants."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            children.setdefault(int(stat.read_text().rsplit(")", 1)[1].split()[1]), []).append(int(stat.parent.name))
        except OSError:
            pass
    found, queue = [pid], [pid]
    while queue:
        more = children.get(queue.pop(), [])
        found += more
        queue += more
    return found


def kworker_times():
    """Nanoseconds of each kernel worker: the terminals' bytes pass through them, and no process is charged."""
    times = {}
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        try:
            if comm.read_text().startswith("kworker"):
                times[comm.parent.name] = int((comm.parent / "schedstat").read_text().split()[0])
        except (OSError, IndexError):
            pass
    return times


def kworker_cpu_since(before):
    """Seconds of all kernel workers since kworker_times() was `before`; what those spent that have ended is not known."""
    return sum(ns - before.get(pid, 0) for pid, ns in kworker_times().items()) * 1e-9


def resident_mb(pids):
    total = 0
    for pid in pids:
        try:
            total += int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
        except OSError:
            pass
    return total * 1e-6


def free_ports(count):
    """The first of `count` consecutive TCP ports that are free now."""
    for first in range(20000 + os.getpid() % 20000, 64000 - count, count):
        sockets = []
        try:
            for port in range(first, first + count):
                one = socket.socket()
                sockets.append(one)
                one.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise RuntimeError("no free ports")


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s for {what}")
        time.sleep(0.005)
    return value


def stop(process, pids=()):
    """Ends `process` (and those of its family that it left behind) and waits for it."""
    pids = set(pids) | set(family(process.pid)) if process.poll() is None else set(pids)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pid in pids - {process.pid}:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


def median(values):
    return statistics.median(values)
