# SPDX-License-Identifier: Apache-2.0
"""People: leases, power, the console's bytes, and who may do what."""
import socket
import subprocess
import unittest

from harness import BIN, DEMO_LAB, FIRMWARE, DaemonTest, wait_until


class Leases(DaemonTest):
    def test_a_board_goes_from_one_holder_to_the_next(self):
        first = self.daemon.json("lease", "take", "microbit-01", "--for", "30m", "--wait")
        second = self.daemon.json("lease", "take", "microbit-01", "--for", "10m")
        self.assertEqual((first["state"], second["state"]), ("active", "waiting"))
        self.assertIn("microbit-01", second["waiting_for"])
        self.daemon.hilltop("power", "microbit-01", "on", check=0)
        self.daemon.hilltop("lease", "release", first["id"], check=0)
        wait_until(lambda: self.lease(second["id"])["state"] == "active", 20, "the second lease")
        self.assertEqual(self.daemon.json("power", "microbit-01", "status")["power"], "off", "the next user gets it clean")

    def lease(self, wanted):
        return next(l for l in self.daemon.json("lease", "list")["items"] if l["id"] == wanted)

    def test_extending_never_shortens(self):
        lease = self.daemon.json("lease", "take", "microbit", "--for", "2h", "--wait")
        self.assertEqual(self.daemon.json("lease", "extend", lease["id"], "--for", "1m")["ends"], lease["ends"])
        self.assertGreater(self.daemon.json("lease", "extend", lease["id"], "--for", "3h")["ends"], lease["ends"])

    def test_a_viewer_sees_and_may_not_touch(self):
        token = self.daemon.json("token", "create", "--user", "eve", "--role", "viewer")["token"]
        viewer = {**self.daemon.environment(), "HILLTOP_TOKEN": token}

        def run(*args):
            return subprocess.run([BIN / "hilltop", *args], env=viewer, capture_output=True, text=True, timeout=60)

        self.assertEqual(run("boards").returncode, 0)
        for command in (("power", "microbit-01", "on"), ("lease", "take", "microbit"), ("submit", str(self.demo_job("first.yaml"))), ("token", "list")):
            done = run(*command)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertRegex(done.stderr, "role|allowed|lease")

    def test_flash_a_leased_board_and_watch_it_boot(self):
        self.daemon.json("lease", "take", "an385-01", "--for", "10m", "--wait")
        self.daemon.hilltop("power", "an385-01", "on", check=0)
        self.daemon.hilltop("flash", "an385-01", FIRMWARE / "mps2-an385-pass.elf", check=0)
        text = wait_until(lambda: b"PROJECT EXECUTION" in (t := self.daemon.get("/api/v1/boards/an385-01/console?from=0")) and t, 20, "the firmware's last words")
        self.assertIn(b"PROJECT EXECUTION SUCCESSFUL", text)
        self.daemon.hilltop("power", "an385-01", "cycle", check=0)
        wait_until(lambda: self.daemon.get("/api/v1/boards/an385-01/console?from=0").count(b"*** Booting") >= 2, 20, "the image to outlive a power cut")

    def test_an_image_of_another_board_is_refused_before_anything_is_touched(self):
        self.daemon.json("lease", "take", "an385-01", "--for", "10m", "--wait")
        done = self.daemon.hilltop("flash", "an385-01", FIRMWARE / "stm32vldiscovery-pass.elf", check=2)
        self.assertIn("0x8000000", done.stderr.lower())


class Listening(unittest.TestCase):
    def test_other_than_loopback_without_tls_is_refused(self):
        done = subprocess.run([BIN / "hilltopd", "--lab", DEMO_LAB, "--data", "/nonexistent/x", "--listen", "0.0.0.0:0"], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--allow-plain-remote", done.stderr)


class Hostile(DaemonTest):
    def test_garbage_on_the_port_does_no_harm(self):
        host, port = self.daemon.url.removeprefix("http://").split(":")
        for garbage in (b"\x00" * 4096, b"GET " + b"a" * 100_000, b"POST /api/v1/jobs HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"):
            with socket.create_connection((host, int(port)), 10) as connection:
                connection.settimeout(10)
                try:
                    connection.sendall(garbage)
                    self.assertNotIn(b"root:", connection.recv(4096))
                except OSError:
                    pass  # refused by closing
        self.assertEqual(self.daemon.get("/healthz").strip(), b"ok")


if __name__ == "__main__":
    unittest.main()
