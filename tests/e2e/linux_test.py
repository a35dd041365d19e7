# SPDX-License-Identifier: Apache-2.0
"""Linux boards through the whole daemon: every board and boot method of the demo lab, power cuts, boards that idle."""
import json
import os
import pathlib
import subprocess
import time
import unittest

from harness import BIN, DEMO_JOBS, DEMO_LAB, FIRMWARE, DaemonTest, children_of, wait_until

EXIT = {"pass": 0, "fail": 1, "incomplete": 3, "canceled": 4}
# What is measured of a board's boot, in the order of the stages.
STAGES = {
    "qemu-arm64-uboot": ["u-boot", "kernel", "userspace"],
    "qemu-armv7-uboot": ["u-boot", "kernel", "userspace"],
    "qemu-riscv64-uboot": ["opensbi", "u-boot", "kernel", "userspace"],
    "qemu-arm64-uefi": ["uefi", "grub", "kernel", "userspace"],
    "orangepi-pc": ["spl", "u-boot", "kernel", "userspace"],
    "x86-64": ["kernel", "userspace"],
}
STAGES_OF_JOB = {"arm64-uefi-shell": ["uefi", "kernel", "userspace"], "arm64-uefi-refused": [], "arm64-kernel-panic": [],
                 "riscv64-uboot": ["opensbi", "u-boot"]}
# One for each board that boots in seconds: with every change. The others at night.
QUICK = ("arm64-uboot-tftp.yaml", "armv7-uboot-tftp.yaml", "riscv64-uboot-tftp.yaml", "arm64-uefi.yaml")
FIRST_BOOT_STOPS_AT_THE_LOADER = ("arm64-power-cut-env", "orangepi-power-cut-env")


def expectations():
    for line in (DEMO_JOBS / "expected-linux").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split()


def stages_of(job):
    """The stages of the job's last measured boot."""
    cases = next(suite["cases"] for suite in job["suites"] if suite["name"] == "lava")
    boots, stages = [], []
    for case in cases:
        if case["name"].startswith("boot-stage-"):
            stages.append(case["name"].removeprefix("boot-stage-"))
        if case["name"] == "boot-time":
            boots.append(stages)
            stages = []
    return boots[0 if job["name"] not in FIRST_BOOT_STOPS_AT_THE_LOADER else -1] if boots else []


def cpu_seconds(pids):
    """User and system time of the processes."""
    ticks = 0
    for pid in pids:
        ticks += sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


class LinuxBoards(DaemonTest):
    def run_jobs(self, wanted):
        for name, verdict in wanted:
            with self.subTest(job=name):
                done = self.daemon.hilltop("submit", self.demo_job(name), "--wait", "--json", timeout=600)
                self.assertEqual(done.returncode, EXIT[verdict], done.stdout[-3000:] + done.stderr[-3000:])
                job = json.loads(done.stdout)
                self.assertEqual(job["verdict"], verdict)
                self.assertEqual(stages_of(job), STAGES_OF_JOB.get(job["name"], STAGES[job["board_type"]]))
        self.assertEqual(children_of(self.daemon.process.pid), [], "no emulator outlives its job")

    def test_quick_boards_run_a_test_shell(self):
        self.run_jobs((name, verdict) for name, verdict in expectations() if name in QUICK)

    def test_every_linux_demo_job_comes_to_its_verdict(self):
        self.run_jobs((name, verdict) for name, verdict in expectations() if name not in QUICK)

    def test_one_image_on_two_boards_side_by_side(self):
        environment = {**self.daemon.environment(), "HILLTOP": str(BIN / "hilltop"), "HILLTOP_FIRMWARE": str(FIRMWARE)}
        done = subprocess.run([DEMO_LAB.parent / "one-image"], env=environment, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rows = {tuple(line.split()[:2]): line.split()[2:] for line in done.stdout.splitlines()}
        self.assertEqual(rows["0_system", "root"], ["pass", "pass"], done.stdout)
        self.assertEqual(rows["0_system", "firmware-is-efi"], ["skip", "pass"], done.stdout)
        self.assertEqual(rows["lava", "boot-stage-grub"][0], "-", done.stdout)


class IdleBoards(DaemonTest):
    BOARD = "arm64-uboot-01"

    def busy(self, seconds=4.0):
        """The share of a core that the board's emulator takes."""
        pids = children_of(self.daemon.process.pid)
        before, begin = cpu_seconds(pids), time.monotonic()
        time.sleep(seconds)  # what is measured is a rate
        return (cpu_seconds(pids) - before) / (time.monotonic() - begin)

    def console(self):
        return self.daemon.get(f"/api/v1/boards/{self.BOARD}/console?from=0")

    def test_a_board_at_its_loaders_prompt_is_rested_and_wakes_up(self):
        lease = self.daemon.json("lease", "take", self.BOARD, "--for", "30m", "--wait")
        self.daemon.hilltop("power", self.BOARD, "on", check=0)
        # Nothing was deployed: U-Boot tries all that it knows, and comes to its prompt.
        wait_until(lambda: self.console().rstrip().endswith(b"=>"), 120, "U-Boot's prompt")
        self.assertGreater(self.busy(), 0.1, "U-Boot polls its console")
        wait_until(lambda: self.busy() < 0.05, 150, "the board to be rested")
        self.assertLess(self.busy(10), 0.05, "it stays so")
        # Power works on a board that rests, and it is the same board afterwards.
        said = len(self.console())
        self.daemon.hilltop("power", self.BOARD, "cycle", check=0)
        wait_until(lambda: b"U-Boot 20" in self.console()[said:], 30, "the board to start anew")
        self.daemon.hilltop("lease", "release", lease["id"], check=0)
        wait_until(lambda: children_of(self.daemon.process.pid) == [], 30, "the emulator to end with the lease")
        done = self.daemon.hilltop("submit", self.demo_job("arm64-uboot-tftp.yaml"), "--wait", "--json", timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:])

    def test_what_a_job_types_to_a_rested_board_is_answered(self):
        job = self.daemon.json("submit", self.write_job("idle.yaml", IDLE))["id"]
        wait_until(lambda: self.daemon.json("job", job)["state"] == "running" and children_of(self.daemon.process.pid), 30, "the job")
        wait_until(lambda: self.console().count(b"U-Boot 20") > 1, 60, "U-Boot's answer")
        self.assertGreater(self.busy(), 0.1, "U-Boot polls its console")
        wait_until(lambda: self.busy() < 0.05, 90, "the board to be rested")
        ended = wait_until(lambda: (j := self.daemon.json("job", job))["state"] == "finished" and j, 120, "the job to end")
        self.assertEqual(ended["verdict"], "pass", ended["reason"])


IDLE = f"""
device_type: qemu-arm64-uboot
device: {IdleBoards.BOARD}
job_name: waits longer than a board is kept awake
timeouts: {{job: {{minutes: 5}}, action: {{minutes: 4}}, connection: {{minutes: 1}}}}
visibility: public
actions:
  - boot: {{method: u-boot, commands: [version], prompts: ['=> ']}}
  - test:
      interactive:
        - name: idle
          prompts: ['=> ']
          script:
            - {{delay: 80}}
            - {{name: wakes, command: version, successes: [{{message: 'U-Boot 20'}}]}}
            - {{name: still, command: printenv kernel_addr_r, successes: [{{message: 'kernel_addr_r=0x'}}]}}
"""

if __name__ == "__main__":
    unittest.main()
