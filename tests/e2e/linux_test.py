# SPDX-License-Identifier: Apache-2.0
"""Linux boards through the whole daemon: U-Boot, UEFI with Secure Boot, a disk image, a power cut."""
import json
import unittest

from harness import DEMO_JOBS, DaemonTest, children_of

EXIT = {"pass": 0, "fail": 1, "incomplete": 3, "canceled": 4}


class LinuxBoards(DaemonTest):
    def test_every_linux_demo_job_comes_to_its_verdict(self):
        for line in (DEMO_JOBS / "expected-linux").read_text().splitlines():
            if line.startswith("#"):
                continue
            name, verdict = line.split()
            with self.subTest(job=name):
                done = self.daemon.hilltop("submit", self.demo_job(name), "--wait", "--json", timeout=400)
                self.assertEqual(done.returncode, EXIT[verdict], done.stdout[-3000:] + done.stderr[-3000:])
                self.assertEqual(json.loads(done.stdout)["verdict"], verdict)
        self.assertEqual(children_of(self.daemon.process.pid), [], "no emulator outlives its job")


if __name__ == "__main__":
    unittest.main()
