# SPDX-License-Identifier: Apache-2.0
"""The peers as whole programs on simulated boards: conserver, ser2net (as it comes, and tuned), pexpect with LAVA's settings.
Each is started on free ports with its files in a folder of its own, and reaped."""
import pathlib
import shutil
import subprocess

from programs import Program, family, free_ports, stop, task_cpu, wait_until

HERE = pathlib.Path(__file__).resolve().parent
CORPUS_PATTERNS = HERE / "patterns.txt"


class Peer:
    """Reads the terminals in `ptys`; delivered() says how many bytes came out of it at its other end."""
    program = ""

    def __init__(self, ptys, count, folder):
        self.ptys, self.count, self.folder = pathlib.Path(ptys), count, pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    @classmethod
    def installed(cls):
        return shutil.which(cls.program, path="/usr/bin:/usr/sbin:/bin") is not None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def boards(self):
        return [f"b{i:03}" for i in range(self.count)]

    def pids(self):
        return family(self.process.pid)

    def cpu(self):
        return sum(task_cpu(pid) for pid in self.pids())

    def stop(self):
        if getattr(self, "process", None):
            stop(self.process)

    def _spawn(self, argv):
        self.log = self.folder / "said"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _logged(self):
        return sum(path.stat().st_size for path in self.folder.glob("*.log"))


class Conserver(Peer):
    """Writes a log a console; 16 consoles a process, as it comes."""
    program, title = "conserver", "conserver"

    def start(self):
        config = self.folder / "conserver.cf"
        consoles = "".join(f"console {b} {{ device {self.ptys / b}; }}\n" for b in self.boards())
        config.write_text("config * { defaultaccess trusted; }\n"
                          f"default * {{ type device; baud 115200; parity none; master localhost; rw *; logfile {self.folder}/&.log; "
                          "timestamp \"\"; }\n" + consoles)
        (self.folder / "passwd").write_text("*any*:\n")
        first = free_ports(64)
        self._spawn(["/usr/sbin/conserver", "-M", "127.0.0.1", "-p", str(first), "-b", str(first + 1), "-C", config, "-P", self.folder / "passwd"])

    def wait_open(self, seconds=60):
        wait_until(lambda: len(list(self.folder.glob("b*.log"))) == self.count, seconds, "conserver's logs")

    def wait_first_bytes(self):
        header = 256  # what conserver itself says in a new log
        wait_until(lambda: len(logs := list(self.folder.glob("b*.log"))) == self.count and all(log.stat().st_size > header for log in logs), 120, "512 logs")

    def delivered(self):
        return self._logged()


class Ser2net(Peer):
    """Terminals to TCP; a client of ours reads the ports, its time is not counted."""
    program, title = "ser2net", "ser2net"
    options = ""

    def start(self):
        first = free_ports(self.count)
        config = self.folder / "ser2net.yaml"
        config.write_text("%YAML 1.1\n---\n" + "".join(
            f"connection: &c{i}\n  accepter: tcp,127.0.0.1,{first + i}\n  connector: serialdev,{self.ptys / board},115200n81,local\n{self.options}"
            for i, board in enumerate(self.boards())))
        self._spawn(["/usr/sbin/ser2net", "-n", "-c", config, "-P", self.folder / "pid"])
        self.first = first

    def wait_open(self, seconds=60):
        listening = pathlib.Path("/proc/net/tcp")
        wanted = {f"0100007F:{self.first + i:04X}" for i in range(self.count)}
        wait_until(lambda: wanted <= {line.split()[1] for line in listening.read_text().splitlines()[1:] if line.split()[3] == "0A"},
                   seconds, "ser2net's ports")
        self.client = Program("bare_reader", boards=self.count, tcp=self.first, engine="epoll").ready()

    def delivered(self):
        """Asked for once, at the end: the client stops."""
        got = self.client.tell("stop").result()["bytes"]
        self.client.__exit__()
        return got

    def stop(self):
        super().stop()
        if getattr(self, "client", None):
            self.client.__exit__()


class Ser2netTuned(Ser2net):
    title = "tuned ser2net"
    options = "  options:\n    dev-to-net-bufsize: 65536\n"


class Pexpect(Peer):
    """A process a board, as LAVA has; a log each, 44 patterns."""
    program, title = "python3", "pexpect"

    @classmethod
    def installed(cls):
        return subprocess.run(["/usr/bin/python3", "-c", "import pexpect"], stderr=subprocess.DEVNULL, check=False).returncode == 0

    def start(self):
        self.processes = []
        for board in self.boards():
            argv = ["/usr/bin/python3", HERE / "pexpect_reader.py", "--tty", self.ptys / board, "--patterns", CORPUS_PATTERNS, "--log", self.folder / f"{board}.log"]
            self.processes.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True))

    def wait_open(self, seconds=60):
        del seconds
        for process in self.processes:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("pexpect did not start")

    def pids(self):
        return [process.pid for process in self.processes]

    def delivered(self):
        return self._logged()

    def stop(self):
        for process in getattr(self, "processes", []):
            stop(process)
            process.stdout.close()
