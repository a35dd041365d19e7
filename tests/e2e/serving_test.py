# SPDX-License-Identifier: Apache-2.0
"""The lab's own boot server, through the whole daemon: a shell of this machine plays a real board that fetches by TFTP and HTTP."""
import os
import pathlib
import shutil
import socket
import tempfile
import unittest

from harness import ROOT, DaemonTest

TYPE = """
description: a shell that plays a board
source: tests/e2e
verified: independent tool
deploy: [tftp, overlay]
boot: [minimal]
prompts: ['desk> ']
newline: lf
"""
LAB = """
lab: served
boot_server: {{address: 127.0.0.1, tftp_port: {tftp}, http_port: {http}}}
boards:
  desk-01:
    type: desk
    network: {{address: 127.0.0.1}}
    power: {{driver: command-power, power_on: [dash, '{base}/on'], power_off: [dash, '{base}/off']}}
    console: {{driver: process, command: [dash, '{base}/board']}}
artifacts: {{file_roots: ['{files}']}}
"""
# Power is a word in a pipe; while it is on, a shell speaks on the board's console.
SCRIPTS = {
    "board": "cd {base}; while read -r on < power; do PS1='desk> ' dash -c 'echo $$ > pid; exec dash -i'; rm -f pid; done",
    "on": "cd {base}; [ -e pid ] || echo on > power",
    "off": "cd {base}; [ ! -e pid ] || kill -9 $(cat pid); rm -f pid",
}
HEAD = """
job_name: served
device_type: desk
visibility: public
timeouts: {{job: {{minutes: 1}}, action: {{seconds: 30}}, connection: {{seconds: 20}}}}
context: {{lava_test_results_dir: '{base}/lava-%s'}}
actions:
"""
OVERLAY = HEAD + """
- deploy: {{to: overlay}}
- boot:
    method: minimal
    prompts: ['desk> ']
    transfer_overlay: {{download_command: 'cd {base}; curl -sSfO', unpack_command: tar --no-same-owner -C / -xzf}}
- test:
    definitions:
    - name: smoke
      path: smoke.yaml
      from: inline
      repository:
        metadata: {{name: smoke, format: Lava-Test Test Definition 1.0}}
        run: {{steps: [lava-test-case fetched --shell ls {base}/overlay-*.tar.gz]}}
"""
TFTP = HEAD + """
- deploy: {{to: tftp, kernel: {{url: 'file://{files}/kernel'}}}}
- boot: {{method: minimal, prompts: ['desk> ']}}
- test:
    interactive:
    - name: fetch
      prompts: ['desk> ']
      script:
      - name: same
        command: curl -sS -o {base}/got tftp://127.0.0.1:{tftp}/kernel/kernel && cmp {base}/got {files}/kernel && echo same-as""-deployed
        successes: [{{message: same-as-deployed}}]
"""


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Serving(DaemonTest):
    def setUp(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="hilltop-served."))
        self.addCleanup(shutil.rmtree, self.base, True)
        shutil.copytree(ROOT / "boards/types", self.base / "types")
        (self.base / "types/desk.yaml").write_text(TYPE)
        files = self.base / "files"
        files.mkdir()
        (files / "kernel").write_bytes(bytes(range(256)) * 400)
        self.words = {"base": self.base, "files": files, "tftp": free_port(socket.SOCK_DGRAM),
                      "http": free_port(socket.SOCK_STREAM)}
        for name, text in SCRIPTS.items():
            (self.base / name).write_text(text.format(**self.words))
        os.mkfifo(self.base / "power")
        self.LAB = self.base / "lab.yaml"
        self.LAB.write_text(LAB.format(**self.words))
        self.ARGS = ("--types", self.base / "types")
        super().setUp()

    def submit(self, text, check):
        job = self.write_job("job.yaml", text.format(**self.words))
        return self.daemon.hilltop("submit", job, "--wait", check=check)

    def test_a_board_fetches_the_test_shell_by_http(self):
        self.submit(OVERLAY, 0)
        log = self.daemon.hilltop("log", "1").stdout
        self.assertRegex(log, r"http: the board fetched /overlay-1-[0-9a-f]{16}\.tar\.gz")
        self.assertRegex(log, r"0_smoke")

    def test_a_board_fetches_its_kernel_by_tftp(self):
        self.submit(TFTP, 0)
        self.assertIn("tftp: the board fetched kernel/kernel: 102400 bytes", self.daemon.hilltop("log", "1").stdout)

    def test_a_lab_that_serves_nothing_refuses(self):
        lab = self.daemon.lab
        lab.write_text("".join(line for line in lab.read_text().splitlines(True) if "boot_server" not in line))
        self.daemon.hilltop("lab", "apply", lab, check=0)
        refused = self.submit(TFTP, 2)
        self.assertIn("deploy to: tftp: the lab has no boot server for tftp", refused.stderr)


if __name__ == "__main__":
    unittest.main()
