# SPDX-License-Identifier: Apache-2.0
"""Question: what does hilltop add to a trivial job on a micro:bit, from submission to verdict?
Baseline: the same script typed at a bare QEMU by 30 lines of Python, in the same run."""
import http.client
import os
import pathlib
import re
import resource
import select
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Daemon, cpu_seconds, median, report  # noqa: E402

FIRMWARE = "/usr/share/firmware-microbit-micropython/firmware.hex"
ROUNDS = 15
JOB = """
device_type: microbit
job_name: trivial
timeouts: {job: {minutes: 2}, action: {minutes: 1}, connection: {seconds: 30}}
visibility: public
priority: medium
actions:
  - boot: {method: minimal, prompts: ['>>> ']}
  - test:
      interactive:
        - name: sums
          prompts: ['>>> ']
          script:
            - {name: product, command: 'print(6 * 7)', successes: [{message: '42'}]}
"""


def bare():
    """Boots the firmware, types the line, waits for the answer and the prompt, kills the machine."""
    ours, theirs = socket.socketpair()
    machine = subprocess.Popen(
        ["qemu-system-arm", "-M", "microbit", "-display", "none", "-monitor", "none", "-device", f"loader,file={FIRMWARE}",
         "-chardev", f"socket,id=c,fd={theirs.fileno()}", "-serial", "chardev:c"],
        pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    theirs.close()
    seen = b""

    def expect(pattern):
        nonlocal seen
        while not (found := re.search(pattern, seen)):
            if not select.select([ours], [], [], 30)[0]:
                raise SystemExit(f"bare run: no {pattern}")
            seen += ours.recv(65536)
        seen = seen[found.end():]

    expect(rb">>> ")
    ours.sendall(b"print(6 * 7)\r")
    expect(rb"\n42")
    expect(rb">>> ")
    machine.kill()
    machine.wait()
    ours.close()


def submit_and_wait(connection, token):
    """Submits and follows the job's log to its end: the verdict is there when the stream ends."""
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/yaml"}
    connection.request("POST", "/api/v1/jobs", JOB, headers)
    reply = connection.getresponse()
    body = reply.read()
    if reply.status != 201:
        raise SystemExit(body)
    job = int(re.search(rb'"id":\s*(\d+)', body)[1])
    while True:
        connection.request("GET", f"/api/v1/jobs/{job}", headers=headers)
        text = connection.getresponse().read()
        if re.search(rb'"state":\s*"finished"', text):
            if not re.search(rb'"verdict":\s*"pass"', text):
                raise SystemExit(text)
            return
        time.sleep(0.002)


def main(out=None):
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "data"
        data.mkdir()
        daemon = Daemon(data).start()
        host = daemon.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host)
        wall = {"bare": [], "hilltop": []}
        try:
            bare(), submit_and_wait(connection, daemon.token)  # warm the file cache
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            bare_cpu = usage.ru_utime + usage.ru_stime
            daemon_cpu = cpu_seconds(daemon.process.pid)
            for _ in range(ROUNDS):
                begin = time.monotonic()
                bare()
                wall["bare"].append(time.monotonic() - begin)
                begin = time.monotonic()
                submit_and_wait(connection, daemon.token)
                wall["hilltop"].append(time.monotonic() - begin)
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            bare_cpu = (usage.ru_utime + usage.ru_stime - bare_cpu) / ROUNDS
            daemon_cpu = (cpu_seconds(daemon.process.pid) - daemon_cpu) / ROUNDS
        finally:
            connection.close()
            daemon.stop()
    over = median([h - b for h, b in zip(wall["hilltop"], wall["bare"])])
    report("what does hilltop add to a trivial micro:bit job, submission to verdict?", "the same script at a bare QEMU", [
        ("bare run, median wall", median(wall["bare"]), "s"),
        ("hilltop, median wall", median(wall["hilltop"]), "s"),
        ("added, median of pairs (goal: under 0.3; lava-run adds 1.6)", over, "s"),
        ("CPU of QEMU and tools, bare", bare_cpu, "s a job"),
        ("CPU of hilltopd with its QEMU", daemon_cpu, "s a job"),
        ("CPU ratio, hilltop over bare", daemon_cpu / bare_cpu, "x"),
    ], out)


if __name__ == "__main__":
    os.environ.setdefault("HILLTOP_BIN_DIR", str(pathlib.Path(__file__).resolve().parents[2] / "build/release"))
    main(*sys.argv[1:])
