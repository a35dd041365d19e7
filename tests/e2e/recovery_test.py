# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment loses nothing that was acknowledged."""
import concurrent.futures
import json
import random
import unittest

from harness import DaemonTest, alive, children_of, wait_until

HANG = """
device_type: microbit
job_name: sleeps longer than anybody waits
timeouts: {{job: {{minutes: 5}}, action: {{minutes: 4}}, connection: {{minutes: 4}}}}
visibility: public
priority: medium
actions:
  - boot: {{method: minimal, prompts: ['>>> ']{retry}}}
  - test:
      interactive:
        - name: wait
          prompts: ['>>> ']
          script:
            - {{name: never, command: 'import microbit; microbit.sleep(200000)'}}
"""


class Recovery(DaemonTest):
    def restart_after_kill(self):
        machines = children_of(self.daemon.process.pid)
        self.daemon.kill9()
        wait_until(lambda: not any(alive(p) for p in machines), 10, "the emulators to die with the daemon")
        self.daemon.start()

    def test_every_acknowledged_submission_is_there_after_kill_9(self):
        job = self.write_job("hang.yaml", HANG.format(retry=""))
        for _ in range(3):
            before = {j["id"] for j in self.daemon.json("jobs", "--limit", "1000")["items"]}
            acknowledged = []

            def submit():
                done = self.daemon.hilltop("submit", job, "--json")
                if done.returncode == 0:
                    acknowledged.append(json.loads(done.stdout)["id"])

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                tasks = [pool.submit(submit) for _ in range(12)]
                wait_until(lambda: len(acknowledged) >= random.randint(1, 6), 30, "submissions")
                self.daemon.kill9()
                concurrent.futures.wait(tasks)
            self.daemon.start()
            after = {j["id"] for j in self.daemon.json("jobs", "--limit", "1000")["items"]}
            self.assertLessEqual(before | set(acknowledged), after)

    def test_a_running_job_ends_incomplete_and_says_why(self):
        job = self.daemon.json("submit", self.write_job("hang.yaml", HANG.format(retry="")))["id"]
        wait_until(lambda: self.daemon.json("job", job)["state"] == "running", 30, "the job to run")
        self.restart_after_kill()
        ended = self.daemon.json("job", job)
        self.assertEqual((ended["state"], ended["verdict"], ended["blame"]), ("finished", "incomplete", "infrastructure"))
        self.assertIn("controller restarted", ended["reason"])

    def test_it_runs_again_by_itself_where_its_failure_retry_allows(self):
        job = self.daemon.json("submit", self.write_job("hang.yaml", HANG.format(retry=", failure_retry: 2")))["id"]
        wait_until(lambda: self.daemon.json("job", job)["state"] == "running", 30, "the job to run")
        self.restart_after_kill()
        again = wait_until(lambda: [j for j in self.daemon.json("jobs")["items"] if j["rerun_of"] == job], 30, "the job to run again")
        self.assertEqual(again[0]["attempt"], 2)
        wait_until(lambda: self.daemon.json("job", again[0]["id"])["state"] == "running", 30, "the second attempt to run")
        self.daemon.hilltop("cancel", again[0]["id"], check=0)

    def test_a_persons_lease_and_what_the_console_said_outlive_the_daemon(self):
        lease = self.daemon.json("lease", "take", "microbit-01", "--for", "30m", "--wait")
        self.daemon.hilltop("power", "microbit-01", "on", check=0)
        banner = wait_until(lambda: b"MicroPython" in (text := self.daemon.get("/api/v1/boards/microbit-01/console?from=0")) and text, 20, "the banner")
        self.restart_after_kill()
        kept = self.daemon.json("lease", "list")["items"]
        self.assertEqual([(l["id"], l["state"], l["board"]) for l in kept], [(lease["id"], "active", "microbit-01")])
        self.assertTrue(self.daemon.get("/api/v1/boards/microbit-01/console?from=0").startswith(banner))


if __name__ == "__main__":
    unittest.main()
