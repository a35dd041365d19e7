# SPDX-License-Identifier: Apache-2.0
"""The hilltop command against a real hilltopd on the demo lab: what scripts rely on, and what people see."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest
import xml.etree.ElementTree as ElementTree

import harness

SLOW_JOB = """job_name: slow
device_type: microbit
visibility: public
timeouts: {job: {minutes: 2}, action: {seconds: 60}, connection: {seconds: 30}}
actions:
- boot: {method: minimal, prompts: ['>>> '], failure_retry: 2}
- test:
    interactive:
    - name: slow
      prompts: ['>>> ']
      script:
      - {name: wait, command: "import microbit; microbit.sleep(4000); print('done')", successes: [{message: done}]}
"""


class Terminal:
    """A person at a terminal that runs the command."""

    def __init__(self, daemon, *args, columns=80):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen([harness.BIN / "hilltop", *args], stdin=slave, stdout=slave, stderr=slave,
                                        env={**daemon.environment(), "TERM": "xterm"}, start_new_session=True)
        os.close(slave)
        self.seen = b""

    def expect(self, text, seconds=30):
        end = time.monotonic() + seconds
        while text not in self.seen:
            ready = select.select([self.master], [], [], max(0.0, end - time.monotonic()))[0]
            if not ready:
                raise AssertionError(f"no {text!r} in {self.seen!r}")
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                piece = b""
            if not piece:
                raise AssertionError(f"ended without {text!r}: {self.seen!r}")
            self.seen += piece
        self.seen = self.seen.split(text, 1)[1]

    def rest(self):
        """All that it says until it ends."""
        while True:
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # EIO: the other side has ended
                piece = b""
            if not piece:
                return self.seen
            self.seen += piece

    def type(self, keys):
        os.write(self.master, keys)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


class CommandLine(harness.DaemonTest):
    def test_submit_wait_gives_verdict_results_and_files(self):
        ids, junit = self.folder / "ids", self.folder / "out.xml"
        done = self.daemon.hilltop("submit", self.demo_job("first.yaml"), self.demo_job("microbit-broken.yaml"), "--wait",
                                   "--ids-out", ids, "--junit", junit, check=1)
        self.assertIn("(first) on microbit-", done.stdout)
        self.assertIn(": pass", done.stdout)
        self.assertIn("CASE", done.stdout)
        self.assertNotIn("\x1b", done.stdout + done.stderr)
        first, second = ids.read_text().split()
        job = self.daemon.json("job", first)
        self.assertEqual((job["verdict"], job["state"], job["blame"]), ("pass", "finished", None))
        self.assertEqual(self.daemon.json("job", second)["verdict"], "fail")
        names = {suite.get("name") for suite in ElementTree.parse(junit).getroot().iter("testsuite")}
        self.assertIn("first.0_arithmetic", names)
        self.assertTrue(re.search(r'^ *"verdict": "pass",$', self.daemon.hilltop("job", first, "--json").stdout, re.M))
        for form, mark in (("junit", "<testsuites"), ("tap", "TAP version"), ("json", "{"), ("lava", "-"), ("table", "CASE")):
            self.assertIn(mark, self.daemon.hilltop("results", first, "--format", form, check=0).stdout)
        self.assertIn("start: ", self.daemon.hilltop("log", first, check=0).stdout)
        followed = self.daemon.hilltop("log", first, "--follow", "--format", "jsonl", check=0).stdout.splitlines()
        self.assertEqual(followed, self.daemon.hilltop("log", first, "--json", check=0).stdout.splitlines())
        self.assertEqual([json.loads(line)["n"] for line in followed], list(range(1, len(followed) + 1)))

    def test_a_refused_job_is_2_with_the_place(self):
        bad = self.write_job("bad.yaml", "job_name: bad\ndevice_type: microbitt\n")
        self.assertIn(str(bad) + ":", self.daemon.hilltop("submit", bad, "--wait", check=2).stderr)
        self.assertIn(str(bad) + ":", self.daemon.hilltop("validate", bad, check=2).stderr)
        self.assertIn("OK", self.daemon.hilltop("validate", self.demo_job("first.yaml"), check=0).stdout)
        self.assertIn("auto-login-action", self.daemon.hilltop("plan", self.demo_job("first.yaml"), check=0).stdout)

    def test_out_of_reach_is_5(self):
        done = self.daemon.hilltop("boards", "--server", "http://127.0.0.1:1", check=5)
        self.assertIn("is hilltopd running?", done.stderr)

    def test_a_lease_a_console_and_power(self):
        lease = self.daemon.json("lease", "take", "microbit", "--for", "10m", "--wait")
        self.assertEqual(lease["state"], "active")
        board = lease["board"]
        self.daemon.hilltop("power", board, "on", check=0)
        self.assertEqual(self.daemon.json("power", board, "status")["power"], "on")
        terminal = Terminal(self.daemon, "console", board, "--from", "0")
        self.addCleanup(terminal.close)
        terminal.expect(b"Ctrl-] leaves")
        terminal.expect(b">>> ")
        terminal.type(b"print(6 * 7)\r")
        terminal.expect(b"42")
        terminal.type(b"\x1d")
        terminal.expect(b"left the console")
        self.assertEqual(terminal.process.wait(20), 0)
        self.daemon.hilltop("lease", "release", lease["id"], check=0)
        harness.wait_until(lambda: self.daemon.json("board", "show", board)["power"] == "off", what="the board to be off")

    def test_ctrl_c_leaves_the_job_running_and_says_how_to_cancel(self):
        job = self.write_job("slow.yaml", SLOW_JOB)
        terminal = Terminal(self.daemon, "submit", str(job), "--wait")
        self.addCleanup(terminal.close)
        terminal.expect(b"running")
        terminal.process.send_signal(signal.SIGINT)
        terminal.expect(b"hilltop cancel ")
        self.assertEqual(terminal.process.wait(20), 130)
        number = self.daemon.json("jobs")["items"][0]["id"]
        self.assertNotEqual(self.daemon.json("job", number)["state"], "finished")
        self.daemon.hilltop("cancel", number, check=0)
        harness.wait_until(lambda: self.daemon.json("job", number)["verdict"] == "canceled", what="the job to end")

    def test_submit_wait_outlives_the_daemon(self):
        job = self.write_job("slow.yaml", SLOW_JOB)
        waiting = subprocess.Popen([harness.BIN / "hilltop", "submit", job, "--wait", "--json"], env=self.daemon.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(waiting.kill)
        harness.wait_until(lambda: any(j["state"] == "running" for j in self.daemon.json("jobs")["items"]), what="the job to run")
        listen = self.daemon.url.removeprefix("http://")
        self.daemon.kill9()
        self.daemon.process = subprocess.Popen(
            [harness.BIN / "hilltopd", "--lab", self.daemon.lab, "--data", self.daemon.data, "--listen", listen],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        out, err = waiting.communicate(timeout=90)
        self.assertEqual(waiting.returncode, 0, err)
        self.assertIn("connected again", err)
        self.assertIn("is repeated as job", err)
        self.assertEqual(json.loads(out)["verdict"], "pass")

    def test_tables_fit_the_terminal(self):
        terminal = Terminal(self.daemon, "boards", "--color", "never", columns=50)
        self.addCleanup(terminal.close)
        lines = terminal.rest().decode().splitlines()
        self.assertEqual(len(lines), 1 + len(self.daemon.json("boards")["items"]), lines)
        self.assertLessEqual(max(map(len, lines)), 50, lines)
        self.assertTrue(any(line.endswith("…") for line in lines), lines)

    def test_lists_tokens_and_lab(self):
        self.assertEqual({board["type"] for board in self.daemon.json("boards", "--type", "microbit")["items"]}, {"microbit"})
        self.assertIn("qemu", [driver["name"] for driver in self.daemon.json("drivers")["items"]])
        self.assertEqual(self.daemon.json("board-types", "microbit")["name"], "microbit")
        token = self.daemon.json("token", "create", "--user", "ci", "--role", "viewer")
        viewer = ("--token", token["token"])
        self.daemon.hilltop("boards", *viewer, check=0)
        self.daemon.hilltop("submit", self.demo_job("first.yaml"), *viewer, check=2)
        self.daemon.hilltop("token", "revoke", token["id"], check=0)
        self.daemon.hilltop("boards", *viewer, check=2)
        self.daemon.hilltop("lab", "export", check=0)
        self.assertEqual(self.daemon.json("lab", "apply"), {"added": [], "changed": [], "removed": []})
        self.daemon.hilltop("lab", "check", harness.DEMO_LAB, check=0)
        self.daemon.hilltop("health", "qemu-01", "maintenance", "--reason", "new cable", check=0)
        self.assertEqual(self.daemon.json("board", "show", "qemu-01")["health_reason"], "new cable")

    def test_login_and_completion(self):
        environment = {k: v for k, v in self.daemon.environment().items() if k not in ("HILLTOP_URL", "HILLTOP_TOKEN")}
        run = lambda *args: subprocess.run([harness.BIN / "hilltop", *args], env=environment, capture_output=True, text=True,
                                           timeout=30, stdin=subprocess.DEVNULL)
        self.assertEqual(run("login", self.daemon.url, "--token", self.daemon.token).returncode, 0)
        config = self.folder / "config/hilltop/config.yaml"
        self.assertEqual(config.stat().st_mode & 0o777, 0o600)
        self.assertEqual(run("boards").returncode, 0)
        self.assertEqual(run("__complete", "console", "microbit-").stdout, "microbit-01\nmicrobit-02\n")
        script = f'PATH={harness.BIN}:$PATH; eval "$(hilltop completion bash)"; COMP_WORDS=(hilltop power an385-01 c); ' \
                 'COMP_CWORD=3; _hilltop; echo "${COMPREPLY[@]}"'
        shell = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=30)
        self.assertEqual(shell.stdout, "cycle\n", shell.stderr)


if __name__ == "__main__":
    unittest.main()
