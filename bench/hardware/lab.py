# SPDX-License-Identifier: Apache-2.0
"""HW1 to HW3: our drivers and other people's tools at the same simulated devices (tests/usb_lab, tier A)."""
import contextlib
import json
import os
import pathlib
import random
import select
import socket
import statistics
import subprocess
import sys
import time

from support import children_of, cpu_seconds, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("USB_LAB_BIN", ROOT / "build/release/tests/usb_lab"))
IMAGE_SIZE = 1 << 20
RTT_PERIOD = 251  # rtt_target.hpp: what the firmware says
HUB = {"driver": "usb-hub-port", "path": "1-1", "port": 2}
DFU = {"driver": "dfu", "serial": "DFU0001"}
PROBE = {"driver": "cmsis-dap", "serial": "DAP0001", "rtt": {"start": "0x20000000", "size": "64K"}}


class Lab:
    """A folder, and programs that run on a host with one simulated device."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def lines(self, device, argv, seconds=120):
        """What the program says, an object a line."""
        done = subprocess.run([BIN / "usbmock", device, "--", *argv], cwd=self.folder, capture_output=True, text=True, errors="replace", timeout=seconds)
        said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode != 0 or not said:
            raise RuntimeError(f"{argv}: {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
        return said

    def ours(self, address):
        path = self.folder / f"{address['driver']}.yaml"
        path.write_text(json.dumps(address))
        return [str(BIN / "usb_lab_driver"), str(path), "--deadline-ms", "90000"]

    def drive(self, device, address, *actions):
        return self.lines(device, [*self.ours(address), *actions])

    def timed(self, device, *commands, fine=(0,)):
        said = self.lines(device, [sys.executable, str(pathlib.Path(__file__).with_name("timed.py")), json.dumps(commands)])
        for one in said:
            if one["status"] not in fine:
                raise RuntimeError(f"{commands}: {one}")
        return said

    def fresh(self, name):
        path = self.folder / name
        path.unlink(missing_ok=True)
        return path


def total(said, key):
    return sum(one[key] for one in said)


def medians(rounds):
    """Of a list of {"ms": ..., "cpu_ms": ...}."""
    return {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}


def took(said):
    return {"ms": total(said, "ms"), "cpu_ms": total(said, "cpu_ms")}


def hub_port(lab, rounds):
    """HW1: one port off and on again, each read back."""
    device = "hub,ports=4,state=hub.state"
    state = lab.fresh("hub.state")
    orders = ["power off", "power on"]
    said = lab.drive(device, HUB, *orders * (rounds * 10 + 1))[2:]  # the first pair finds the hub
    if state.read_text().split("\n")[:-1] != ["vbus 2 off", "vbus 2 on"] * (rounds * 10 + 1):
        raise RuntimeError("the port was not switched as often as it was to be")
    running = medians([took(said[at:at + 2]) for at in range(0, len(said), 2)])
    uhubctl = [["uhubctl", "-l", "1-1", "-p", "2", "-a", word] for word in ("off", "on")]
    whole, theirs = [], []
    for _ in range(rounds):
        whole.append(took(lab.timed(device, *([*lab.ours(HUB), order] for order in orders))))
        lab.fresh("hub.state")
        theirs.append(took(lab.timed(device, *uhubctl)))
        if state.read_text() != "vbus 2 off\nvbus 2 on\n":
            raise RuntimeError("uhubctl did not switch the port")
    return {"running driver": running, "a program an order": medians(whole), "uhubctl": medians(theirs)}


def dfu(lab, rounds):
    """HW2: 1 MiB in blocks of 1 KiB, written and read back."""
    image = random.Random(7).randbytes(IMAGE_SIZE)
    source = lab.folder / "firmware.bin"
    source.write_bytes(image)
    tool = ["dfu-util", "-d", "1209:df11", "-a", "0"]
    found = {"write and verify": [], "write": [], "dfu-util -D, -U": [], "dfu-util -D": []}

    def check(*names):
        for name in names:
            if (lab.folder / name).read_bytes() != image:
                raise RuntimeError(f"{name} is not what was written")

    for _ in range(rounds):
        for name, verify in (("write and verify", True), ("write", False)):
            lab.fresh("flash")
            found[name].append(took(lab.timed("dfu,file=flash", [*lab.ours({**DFU, "verify": verify}), f"flash {source}"])))
            check("flash")
        lab.fresh("flash"), lab.fresh("back")
        said = lab.timed("dfu,file=flash", [*tool, "-D", str(source)], [*tool, "-U", "back"])
        check("flash", "back")
        found["dfu-util -D"].append(took(said[:1]))
        found["dfu-util -D, -U"].append(took(said))
    return {name: medians(values) for name, values in found.items()}


def said_right(data):
    return data == (bytes(range(RTT_PERIOD)) * (len(data) // RTT_PERIOD + 1))[:len(data)]


def our_rtt(lab, ring, size):
    path = lab.fresh("said")
    said = lab.drive(f"cmsisdap,rtt={ring}", PROBE, "probe identify", f"console rtt0 {size} {path}")
    if not said_right(path.read_bytes()):
        raise RuntimeError("our RTT lost something")
    return {"bytes_per_s": size / said[1]["ms"] * 1e3, "cpu_s_per_mb": said[1]["cpu_ms"] * 1e3 / size}


@contextlib.contextmanager
def openocd(lab, ring, interval_ms):
    """OpenOCD with its RTT server: its pid, and the server's port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    commands = ["gdb_port disabled; telnet_port disabled; tcl_port disabled; init", 'rtt setup 0x20000000 65536 "SEGGER RTT"']
    commands += [f"rtt polling_interval {interval_ms}"] if interval_ms else []
    commands += ["rtt start", f"rtt server start {port} 0"]
    argv = ["openocd", "-f", "interface/cmsis-dap.cfg", "-c", "transport select swd; set CPUTAPID 0x2ba01477", "-f", "target/stm32f1x.cfg"]
    argv += [word for command in commands for word in ("-c", command)]
    log = lab.folder / "openocd.log"
    with open(log, "w") as file:
        program = subprocess.Popen([BIN / "usbmock", f"cmsisdap,rtt={ring}", "--", *argv], cwd=lab.folder, stdout=file, stderr=file)
    try:
        wait_until(lambda: f"port {port} for rtt" in log.read_text() or program.poll() is not None, 30, "OpenOCD's RTT server")
        if program.poll() is not None:
            raise RuntimeError("OpenOCD: " + log.read_text()[-600:])
        yield children_of(program.pid)[0], port
    finally:
        program.kill()  # usbmock: its child dies with it
        program.wait()


def openocd_rtt(lab, ring, size, interval_ms):
    with openocd(lab, ring, interval_ms) as (pid, port), socket.create_connection(("127.0.0.1", port)) as line:
        begin, cpu, data = time.monotonic(), cpu_seconds(pid), b""
        while len(data) < size:
            if not select.select([line], [], [], 10)[0]:
                raise RuntimeError(f"OpenOCD said {len(data)} bytes in {time.monotonic() - begin:.0f} s")
            piece = line.recv(65536)
            if not piece:
                raise RuntimeError("OpenOCD hung up")
            data += piece
        seconds, cpu = time.monotonic() - begin, cpu_seconds(pid) - cpu
    # It may have begun to read before anybody was there.
    start = data[0]
    if not said_right(bytes(range(start)) + data):
        raise RuntimeError("OpenOCD's RTT lost something")
    return {"bytes_per_s": len(data) / seconds, "cpu_s_per_mb": cpu * 1e6 / len(data)}


def rtt(lab, rounds):
    """HW3: an up-channel that is always full, SEGGER's default of 1 KiB and 8 KiB."""
    size = 300_000
    out = {}
    for ring in (1024, 8192):
        found = {"ours": [], "OpenOCD, 1 ms": [], "OpenOCD as it comes": []}
        for _ in range(rounds):
            found["ours"].append(our_rtt(lab, ring, size))
            found["OpenOCD, 1 ms"].append(openocd_rtt(lab, ring, size, 1))
        found["OpenOCD as it comes"].append(openocd_rtt(lab, ring, 30_000, None))
        out[ring] = {name: medians(values) for name, values in found.items()}
    return out
