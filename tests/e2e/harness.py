# SPDX-License-Identifier: Apache-2.0
"""Runs a real hilltopd and the real hilltop command for the end-to-end tests.

HILLTOP_BIN_DIR names the folder of both programs, HILLTOP_FIRMWARE the folder of the test firmware.
Nothing here sleeps for luck: every wait has a condition and a deadline.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("HILLTOP_BIN_DIR", ROOT / "build/release"))
FIRMWARE = pathlib.Path(os.environ.get("HILLTOP_FIRMWARE", ROOT / "build/firmware"))
DEMO_LAB = ROOT / "deploy/labs/demo/lab.yaml"
DEMO_JOBS = ROOT / "deploy/labs/demo/jobs"


def wait_until(condition, seconds=30, what="the condition"):
    """Polls `condition` until it is true; its value. Fails the test at the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def children_of(pid):
    """Pids of all live descendants of `pid` (zombies do not count)."""
    parents, states = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)], states[int(entry.name)] = int(fields[1]), fields[0]
    found, queue = [], [pid]
    while queue:
        parent = queue.pop()
        for child, its_parent in parents.items():
            if its_parent == parent and states[child] != "Z":
                found.append(child)
                queue.append(child)
    return found


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Daemon:
    """One hilltopd on a port of its own choice, with a lab and a data folder."""

    def __init__(self, data, lab=DEMO_LAB, args=()):
        self.data, self.lab, self.args = pathlib.Path(data), lab, list(args)
        self.process = None

    def start(self):
        log = open(self.data.parent / "hilltopd.log", "ab")
        (self.data / "url").unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [BIN / "hilltopd", "--lab", self.lab, "--data", self.data, "--listen", "127.0.0.1:0", *self.args],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()

        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"hilltopd ended with {self.process.returncode}:\n{self.log()}")
            try:
                self.url = (self.data / "url").read_text().strip()
                self.token = (self.data / "admin.token").read_text().strip()
                return bool(self.url)
            except OSError:
                return False

        wait_until(ready, 60, "hilltopd to listen")
        return self

    def log(self):
        return (self.data.parent / "hilltopd.log").read_text(errors="replace")[-4000:]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("hilltopd did not end within 30 s of SIGTERM:\n" + self.log())
        return self.process.returncode if self.process else 0

    def kill9(self):
        self.process.kill()
        self.process.wait()

    def environment(self):
        return {**os.environ, "HILLTOP_URL": self.url, "HILLTOP_TOKEN": self.token, "XDG_CONFIG_HOME": str(self.data.parent / "config")}

    def hilltop(self, *args, check=None, timeout=120, input=None):
        """Runs the command line program; with `check` the exit status must be that."""
        done = subprocess.run([BIN / "hilltop", *map(str, args)], env=self.environment(), capture_output=True, text=True,
                              errors="replace", timeout=timeout, input=input)
        if check is not None and done.returncode != check:
            raise AssertionError(f"hilltop {' '.join(map(str, args))}: exit {done.returncode}, expected {check}\n"
                                 f"stdout: {done.stdout[-3000:]}\nstderr: {done.stderr[-3000:]}\ndaemon: {self.log()}")
        return done

    def json(self, *args, check=0, timeout=120):
        return json.loads(self.hilltop(*args, "--json", check=check, timeout=timeout).stdout)

    def get(self, path):
        request = urllib.request.Request(self.url + path, headers={"Authorization": "Bearer " + self.token})
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.read()


class DaemonTest(unittest.TestCase):
    """A test with a fresh daemon on the demo lab."""

    LAB = DEMO_LAB
    ARGS = ()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilltop-e2e."))
        self.addCleanup(shutil.rmtree, self.folder, True)
        (self.folder / "data").mkdir()
        lab = self.folder / "lab.yaml"  # the demo lab, with the firmware of this build
        lab.write_text(self.LAB.read_text().replace("../../../build/firmware", str(FIRMWARE)))
        self.daemon = Daemon(self.folder / "data", lab, self.ARGS).start()
        self.addCleanup(self.stop_daemon)

    def stop_daemon(self):
        pid = self.daemon.process.pid
        orphans = children_of(pid) if self.daemon.process.poll() is None else []
        status = self.daemon.stop()
        still = [p for p in orphans if alive(p)]
        self.assertEqual(still, [], "processes outlived the daemon")
        self.assertIn(status, (0, -signal.SIGKILL), self.daemon.log())

    def demo_job(self, name):
        """A demo job with the firmware's folder put in, as deploy/quickstart does it."""
        text = (DEMO_JOBS / name).read_text().replace("@FIRMWARE@", str(FIRMWARE))
        path = self.folder / name
        path.write_text(text)
        return path

    def write_job(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path
