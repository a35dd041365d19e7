# SPDX-License-Identifier: Apache-2.0
"""The USB lab's guest: Debian's kernel under QEMU (TCG), the host's own / by 9p, simulated and emulated USB devices."""
import ctypes
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
APPEND = (
    "console=ttyS0 quiet loglevel=4 panic=-1 tsc=reliable nokaslr mitigations=off rcupdate.rcu_expedited=1 "
    "usbcore.autosuspend=-1"
)


def end_with_parent():
    """In a child: what a test started ends with it, when it is killed too (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Qmp:
    """QEMU's machine protocol on a Unix socket."""

    def __init__(self, path, limit=20):
        end = time.monotonic() + limit
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def close(self):
        self.socket.close()


class Lab:
    """A folder, the programs that were started for it, and a guest. Use it with `with`: it reaps all of them."""

    def __init__(self, images, folder):
        self.images, self.folder = pathlib.Path(images), pathlib.Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.programs = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.terminate()
            try:
                program.wait(5)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()

    def path(self, name):
        return self.folder / name

    def start(self, *command, name):
        with open(self.path(name + ".log"), "w") as log:
            program = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       preexec_fn=end_with_parent)
        self.programs.append(program)
        return program

    def command(self, extra, append=APPEND):
        out = self.folder
        words = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-M", "q35", "-accel", "tcg,thread=multi"]
        words += ["-cpu", "max", "-m", "1024M", "-smp", "1", "-display", "none", "-no-reboot"]
        words += ["-kernel", self.images / "vmlinux", "-initrd", self.images / "initrd.cpio", "-append", append]
        words += ["-chardev", f"socket,id=con,path={out}/con.sock,server=on,wait=off,logfile={out}/console"]
        words += ["-serial", "chardev:con", "-device", "isa-debug-exit,iobase=0x501,iosize=0x04"]
        words += ["-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"]
        words += ["-device", "virtio-9p-pci,fsdev=root,mount_tag=root"]
        words += ["-fsdev", f"local,id=out,path={out},security_model=none"]
        words += ["-device", "virtio-9p-pci,fsdev=out,mount_tag=out", "-qmp", f"unix:{out}/qmp.sock,server=on,wait=off"]
        return [str(word) for word in words + list(extra)]

    def boot(self, job, extra):
        """Starts the guest on `job` (text of a shell script, after prelude.sh); finish() waits for it."""
        self.path("job.sh").write_text((HERE / "prelude.sh").read_text() + job)
        self.guest = self.start(*self.command(extra), name="qemu")

    def resume(self, job, extra):
        """The same from a snapshot, 3 CPU seconds cheaper. `extra` is what xhci() and the like give: it is plugged in while the guest
        stands still. The guest's clock goes on from when the snapshot was made."""
        self.path("job.sh").write_text((HERE / "prelude.sh").read_text() + job)
        saved = self.snapshot()
        words = self.command(xhci(), APPEND + " lab.wait") + ["-incoming", "defer"]
        self.guest = self.start(*words, name="qemu")
        qmp = Qmp(self.path("qmp.sock"))
        qmp.ask("migrate-incoming", uri=f"exec:cat {saved}")
        while qmp.ask("query-status")["status"] == "inmigrate":
            time.sleep(0.005)
        for option, value in zip(extra[::2], extra[1::2]):
            if value.startswith("qemu-xhci"):
                continue
            said = qmp.ask("human-monitor-command", **{"command-line": {"-device": "device_add ", "-chardev": "chardev-add "}[option] + value})
            if said:
                raise RuntimeError(f"{value}: {said}")
        qmp.ask("cont")
        qmp.close()
        self.console = self.connect("con.sock")
        self.console.sendall(b"go\n")

    def connect(self, name):
        end = socket.socket(socket.AF_UNIX)
        end.connect(str(self.path(name)))
        return end

    def snapshot(self):
        """The state of a guest that has loaded its modules and mounted nothing yet, kept beside the images."""
        version = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True).stdout
        stamps = [(self.images / name).stat().st_mtime_ns for name in ("vmlinux", "initrd.cpio")]
        kept = self.images / f"snapshot-{hashlib.sha256(repr((version, stamps, APPEND)).encode()).hexdigest()[:16]}"
        if kept.exists():
            return kept
        for old in self.images.glob("snapshot-*"):
            old.unlink()
        guest = self.start(*self.command(xhci(), APPEND + " lab.wait"), name="snapshot")
        qmp = Qmp(self.path("qmp.sock"))
        console, said = self.connect("con.sock"), b""
        while b"lab-ready" not in said:
            more = console.recv(4096)
            if not more:
                raise RuntimeError("the guest that was to be saved has ended")
            said += more
        part = kept.with_suffix(".part")
        qmp.ask("stop")
        qmp.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        qmp.ask("migrate", uri=f"exec:cat > {part}")
        while (status := qmp.ask("query-migrate").get("status")) != "completed":
            if status == "failed":
                raise RuntimeError("the guest cannot be saved")
            time.sleep(0.01)
        qmp.ask("quit")
        guest.wait()
        for name in ("qmp.sock", "con.sock"):
            self.path(name).unlink(missing_ok=True)
        part.rename(kept)
        return kept

    def finish(self, limit=240):
        """The job's exit status. Ends this test when the guest died on its way."""
        try:
            status = self.guest.wait(limit)
        except subprocess.TimeoutExpired:
            self.guest.send_signal(signal.SIGKILL)
            status = self.guest.wait()
        said = self.path("rc").read_text().strip() if self.path("rc").exists() else ""
        if said == "" or status != int(said) * 2 + 1:
            for name in ("console", "stdout", "qemu.log"):
                if self.path(name).exists():
                    print(f"--- {name}\n{self.path(name).read_text(errors='replace')[-3000:]}")
            sys.exit(f"the guest did not end well: QEMU's status {status}, the job's '{said}'")
        return int(said)

    def stdout(self):
        return self.path("stdout").read_text(errors="replace")


def need(*programs):
    """Ends with `skipped` where one of them is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            print(f"skipped: no {program}")
            sys.exit(SKIPPED)


def images():
    """The folder of build.py's work, from the environment that CTest sets."""
    folder = pathlib.Path(os.environ["USB_LAB_IMAGES"])
    if not (folder / "vmlinux").exists():
        print("skipped: no kernel for the guest")
        sys.exit(SKIPPED)
    return folder


def xhci(*devices):
    """Arguments for a USB host controller and what is plugged into it, each device as `driver,key=value`."""
    words = ["-device", "qemu-xhci,id=xhci,p2=8,p3=4"]
    for device in devices:
        words += ["-device", device]
    return words


def hub(port, ports=4):
    return f"usb-hub,id=hub{port},bus=xhci.0,port={port},ports={ports},port-power=on"


def socket_device(folder, name, device):
    """A device with a character device of its own, a Unix socket `name`.sock."""
    return ["-chardev", f"socket,id={name},path={folder}/{name}.sock,server=on,wait=off", "-device", f"{device},chardev={name}"]
