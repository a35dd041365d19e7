# SPDX-License-Identifier: Apache-2.0
"""Question: how many jobs a second can clients submit, each durable before it is acknowledged?
Baseline: SQLite by itself, one committed row of the same size a transaction (synchronous=FULL, WAL), in the same run.
LAVA's server takes 25 to 36 from one client, 33 to 55 from eight."""
import http.client
import pathlib
import sqlite3
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import Daemon, cpu_seconds, report, resident_mb  # noqa: E402
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "jobs"))
from trivial_job_bench import JOB  # noqa: E402

BUSY = JOB.replace("print(6 * 7)", "import microbit; microbit.sleep(100000)").replace("trivial", "keeps a board busy")


def submit(host, token, text, count, answers):
    connection = http.client.HTTPConnection(host)
    headers = {"Authorization": "Bearer " + token, "Content-Type": "application/yaml"}
    for _ in range(count):
        connection.request("POST", "/api/v1/jobs", text, headers)
        reply = connection.getresponse()
        reply.read()
        answers.append(reply.status)
    connection.close()


def rate(daemon, clients, each):
    host = daemon.url.removeprefix("http://")
    answers = []
    threads = [threading.Thread(target=submit, args=(host, daemon.token, JOB, each, answers)) for _ in range(clients)]
    begin, cpu = time.monotonic(), cpu_seconds(daemon.process.pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, cpu = time.monotonic() - begin, cpu_seconds(daemon.process.pid) - cpu
    if set(answers) != {201}:
        raise SystemExit(f"submissions answered {sorted(set(answers))}")
    return len(answers) / wall, cpu / len(answers) * 1000


def sqlite_alone(folder, rows=300):
    base = sqlite3.connect(folder / "baseline.db", isolation_level=None)
    base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT)")
    begin = time.monotonic()
    for _ in range(rows):
        base.execute("INSERT INTO t(text) VALUES(?)", (JOB,))
    return rows / (time.monotonic() - begin)


def main(out=None):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "data").mkdir()
        daemon = Daemon(folder / "data").start()
        try:
            idle = resident_mb(daemon.process.pid)
            submit(daemon.url.removeprefix("http://"), daemon.token, BUSY, 2, [])  # both micro:bits: what follows only queues
            alone = sqlite_alone(folder)
            one, one_cpu = rate(daemon, 1, 200)
            eight, eight_cpu = rate(daemon, 8, 100)
        finally:
            daemon.process.kill()
            daemon.process.wait()
    report("how many jobs a second can clients submit, each durable?", "SQLite alone, a committed row a transaction", [
        ("SQLite alone", alone, "rows/s"),
        ("hilltop, 1 client (LAVA: 25-36)", one, "jobs/s"),
        ("hilltop, 8 clients (LAVA: 33-55)", eight, "jobs/s"),
        ("ratio to SQLite alone, 1 client", one / alone, "x"),
        ("ratio to SQLite alone, 8 clients", eight / alone, "x"),
        ("CPU of hilltopd a submission, 1 client", one_cpu, "ms"),
        ("CPU of hilltopd a submission, 8 clients", eight_cpu, "ms"),
        ("resident memory of hilltopd, demo lab idle (goal: 40)", idle, "MB"),
    ], out)


if __name__ == "__main__":
    main(*sys.argv[1:])
