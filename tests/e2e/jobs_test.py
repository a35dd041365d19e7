# SPDX-License-Identifier: Apache-2.0
"""Jobs from the command line to a verdict, on emulated boards that boot real firmware."""
import json
import unittest
import xml.etree.ElementTree as xml

from harness import DEMO_JOBS, DaemonTest, children_of, wait_until

EXIT = {"pass": 0, "fail": 1, "incomplete": 3, "canceled": 4}


def expectations():
    for line in (DEMO_JOBS / "expected").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split()


class Jobs(DaemonTest):
    def test_every_demo_job_comes_to_its_verdict(self):
        for name, verdict in expectations():
            with self.subTest(job=name):
                done = self.daemon.hilltop("submit", self.demo_job(name), "--wait", "--json", "--junit", self.folder / "out.xml")
                self.assertEqual(done.returncode, EXIT[verdict], done.stdout + done.stderr)
                job = json.loads(done.stdout)
                self.assertEqual(job["verdict"], verdict, job["reason"])
                self.assertEqual(job["verdict"] == "pass", job["blame"] is None)
                cases = [case["result"] for suite in job["suites"] for case in suite["cases"]]
                self.assertTrue("fail" not in cases if verdict == "pass" else True)
                self.assertTrue("fail" in cases if verdict == "fail" else True)
                junit = xml.parse(self.folder / "out.xml").getroot()
                self.assertEqual(len(list(junit.iter("testcase"))), len(cases))

    def test_afterwards_the_boards_are_off_and_no_emulator_runs(self):
        self.daemon.hilltop("submit", self.demo_job("first.yaml"), "--wait", check=0)
        boards = self.daemon.json("boards")["items"]
        self.assertEqual({b["power"] for b in boards}, {"off"})
        self.assertEqual({b["state"] for b in boards}, {"idle"})
        self.assertEqual(children_of(self.daemon.process.pid), [])

    def test_a_job_that_cannot_run_is_refused_with_file_line_and_column(self):
        text = self.demo_job("first.yaml").read_text().replace("method: minimal", "method: fastboot")
        job = self.write_job("wrong.yaml", text)
        line = next(n for n, words in enumerate(text.splitlines(), 1) if "fastboot" in words)
        for command in (("submit", job, "--wait"), ("validate", job)):
            done = self.daemon.hilltop(*command, check=2)
            self.assertRegex(done.stdout + done.stderr, rf"wrong\.yaml:{line}:\d+: .*fastboot is not supported yet")
        self.assertEqual(self.daemon.json("jobs")["items"], [])

    def test_cancel_in_the_queue_and_while_it_runs(self):
        hang = self.write_job("hang.yaml", HANG)
        running = [self.daemon.json("submit", hang)["id"] for _ in range(2)]
        for job in running:
            wait_until(lambda: self.daemon.json("job", job)["state"] == "running", 30, "both micro:bits to be busy")
        queued = self.daemon.json("submit", self.demo_job("first.yaml"))["id"]
        self.assertEqual(self.daemon.json("job", queued)["state"], "submitted")
        self.assertIn("microbit", self.daemon.json("job", queued)["waiting_for"])
        for job in (queued, *running):
            self.daemon.hilltop("cancel", job, check=0)
            ended = wait_until(lambda: (j := self.daemon.json("job", job))["state"] == "finished" and j, 30, "the job to end")
            self.assertEqual((ended["verdict"], ended["blame"]), ("canceled", "canceled"))
        wait_until(lambda: {b["state"] for b in self.daemon.json("boards")["items"]} == {"idle"}, 30, "the boards to be free")
        self.assertEqual(children_of(self.daemon.process.pid), [])

    def test_results_in_every_format(self):
        job = self.daemon.json("submit", self.demo_job("an385-ztest.yaml"), "--wait")["id"]
        self.assertIn("test_crc32", self.daemon.hilltop("results", job, check=0).stdout)
        self.assertIn("<testcase", self.daemon.hilltop("results", job, "--format", "junit", check=0).stdout)
        self.assertTrue(self.daemon.hilltop("results", job, "--format", "tap", check=0).stdout.startswith("TAP version 13"))
        self.assertIn("result: pass", self.daemon.hilltop("results", job, "--format", "lava", check=0).stdout)
        log = [json.loads(line) for line in self.daemon.hilltop("log", job, "--format", "jsonl", check=0).stdout.splitlines()]
        self.assertEqual([line["n"] for line in log], list(range(1, len(log) + 1)))
        self.assertTrue(any("PROJECT EXECUTION SUCCESSFUL" in line["msg"] for line in log if line["lvl"] == "target"))


HANG = """
device_type: microbit
job_name: sleeps longer than anybody waits
timeouts: {job: {minutes: 5}, action: {minutes: 4}, connection: {minutes: 4}}
visibility: public
priority: medium
actions:
  - boot: {method: minimal, prompts: ['>>> ']}
  - test:
      interactive:
        - name: wait
          prompts: ['>>> ']
          script:
            - {name: never, command: 'import microbit; microbit.sleep(200000)'}
"""

if __name__ == "__main__":
    unittest.main()
