# SPDX-License-Identifier: Apache-2.0
"""Question: what does hilltop add to a Linux boot by U-Boot and TFTP, from submission to the shell's prompt?
Baseline: the same emulator with the same files, and the same lines typed at it by a minimal script, in the same run."""
import datetime
import json
import os
import pathlib
import re
import resource
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Daemon, cpu_seconds, median, report  # noqa: E402

FIRMWARE = pathlib.Path(os.environ.get("HILLTOP_FIRMWARE", pathlib.Path(__file__).resolve().parents[2] / "build/firmware"))
ROUNDS = int(os.environ.get("HILLTOP_BENCH_ROUNDS", "5"))
JOB = f"""
device_type: qemu-arm64-uboot
job_name: to the shell
timeouts: {{job: {{minutes: 5}}, action: {{minutes: 2}}, connection: {{seconds: 60}}}}
visibility: public
priority: medium
actions:
  - deploy:
      to: tftp
      kernel: {{url: 'file://{FIRMWARE}/linux/arm64-kernel', type: image}}
      ramdisk: {{url: 'file://{FIRMWARE}/linux/arm64-ramdisk.cpio.gz', compression: gz}}
  - boot: {{method: u-boot, commands: ramdisk, prompts: ['/ # ']}}
"""
LINES = """setenv autoload no
dhcp
setenv serverip 10.0.2.2
tftpboot 0x40400000 kernel/arm64-kernel
tftpboot 0x44000000 ramdisk/arm64-ramdisk.cpio.gz
setenv initrd_size ${filesize}
setenv bootargs 'console=ttyAMA0 ip=dhcp'""".splitlines()
BOOT = "booti 0x40400000 0x44000000:${initrd_size} ${fdtcontroladdr}"


def bare(folder):
    """The same boot; seconds to the prompt."""
    begin = time.monotonic()
    ours, theirs = socket.socketpair()
    machine = subprocess.Popen(
        ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-m", "512M", "-bios", "/usr/lib/u-boot/qemu_arm64/u-boot.bin",
         "-netdev", f"user,id=net0,restrict=on,tftp={folder}", "-device", "virtio-net-pci,netdev=net0", "-nodefaults",
         "-no-user-config", "-display", "none", "-chardev", f"socket,id=c,fd={theirs.fileno()}", "-serial", "chardev:c"],
        pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    theirs.close()
    seen = b""

    def expect(pattern):
        nonlocal seen
        while not (found := re.search(pattern, seen)):
            if not select.select([ours], [], [], 60)[0]:
                raise SystemExit(f"bare run: no {pattern}: {seen[-500:]}")
            seen = seen[-100:] + ours.recv(65536)  # searched once: the board's bytes come one by one
        seen = seen[found.end():]

    expect(rb"Hit any key")
    ours.sendall(b" ")
    expect(rb"=> ")
    for line in LINES:
        ours.sendall(line.encode() + b"\r")
        expect(rb"\n=> ")
    ours.sendall(BOOT.encode() + b"\r")
    expect(rb"/ # ")
    seconds = time.monotonic() - begin
    machine.kill()
    machine.wait()
    ours.close()
    return seconds


def submitted(daemon, job):
    """Seconds from the submission to power-on, the prompt and the verdict, and what the stages took."""
    begin, wall = time.monotonic(), time.time()
    done = daemon.hilltop("submit", job, "--wait", "--json", check=0, timeout=300)
    verdict = time.monotonic() - begin
    result = json.loads(done.stdout)
    at_prompt = at_power = None
    for line in daemon.hilltop("log", result["id"], "--format", "jsonl", check=0).stdout.splitlines():
        entry = json.loads(line)
        if entry["lvl"] == "info" and "powering the board on" in str(entry["msg"]):
            at_power = timestamp(entry["dt"]) - wall
        if entry["lvl"] == "info" and "is at its prompt" in str(entry["msg"]):
            at_prompt = timestamp(entry["dt"]) - wall
    stages = {c["name"]: c["measurement"] for s in result["suites"] if s["name"] == "lava" for c in s["cases"] if c.get("measurement")}
    return at_power, at_prompt, verdict, stages


def timestamp(text):
    """Seconds since 1970 of the log's "2026-01-31T12:00:00.123456Z"."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def served(folder):
    for name, file in (("kernel", "arm64-kernel"), ("ramdisk", "arm64-ramdisk.cpio.gz")):
        (folder / name).mkdir(parents=True)
        shutil.copy(FIRMWARE / "linux" / file, folder / name / file)
    return folder


def own_cpu(pid):
    """User and system time of `pid` alone."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main(out=None):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "data").mkdir()
        files = served(scratch / "tftp")
        lab = scratch / "lab.yaml"
        lab.write_text(f"lab: bench\nboards:\n  board-01: {{type: qemu-arm64-uboot}}\n"
                       f"artifacts: {{file_roots: [{FIRMWARE}]}}\n")
        job = scratch / "job.yaml"
        job.write_text(JOB)
        daemon = Daemon(scratch / "data", lab).start()
        rows, cpu = {"bare": [], "power": [], "prompt": [], "verdict": []}, {"bare": [], "hilltop": [], "own": []}
        try:
            bare(files), submitted(daemon, job)  # warm the file cache
            for i in range(ROUNDS):
                for which in ("bare", "hilltop") if i % 2 == 0 else ("hilltop", "bare"):
                    if which == "bare":
                        before = children_cpu()
                        rows["bare"].append(bare(files))
                        cpu["bare"].append(children_cpu() - before)
                        continue
                    before, own = cpu_seconds(daemon.process.pid), own_cpu(daemon.process.pid)
                    power, prompt, verdict, stages = submitted(daemon, job)
                    rows["power"].append(power)
                    rows["prompt"].append(prompt)
                    rows["verdict"].append(verdict)
                    cpu["hilltop"].append(cpu_seconds(daemon.process.pid) - before)
                    cpu["own"].append(own_cpu(daemon.process.pid) - own)
        finally:
            daemon.stop()
    over = [p - b for p, b in zip(rows["prompt"], rows["bare"])]
    report("what does hilltop add to a Linux boot by U-Boot and TFTP, submission to prompt?",
           "the same lines typed at a bare QEMU by a minimal script",
           [("bare, power-on to prompt, median", median(rows["bare"]), "s"),
            ("hilltop, submission to prompt, median", median(rows["prompt"]), "s"),
            ("of it, submission to power-on (fetching the files), median", median(rows["power"]), "s"),
            ("added, median of pairs (goal: under 0.5)", median(over), "s"),
            ("hilltop, submission to verdict, median", median(rows["verdict"]), "s"),
            *((f"last job: {name}", value, "s") for name, value in stages.items()),
            ("CPU of the bare QEMU", median(cpu["bare"]), "s a boot"),
            ("CPU of hilltopd with its QEMU", median(cpu["hilltop"]), "s a boot"),
            ("of it, hilltopd itself", median(cpu["own"]), "s a boot"),
            ("CPU added", median([h - b for h, b in zip(cpu["hilltop"], cpu["bare"])]), "s a boot")], out)


if __name__ == "__main__":
    os.environ.setdefault("HILLTOP_BIN_DIR", str(pathlib.Path(__file__).resolve().parents[2] / "build/release"))
    main(*sys.argv[1:])
