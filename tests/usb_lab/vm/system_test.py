#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole system on (nearly) real hardware: hilltopd in the guest, and a board whose power is a port of a USB hub, whose
console is an FTDI adapter, and whose flash is written by OpenOCD through a CMSIS-DAP probe. A job of the demo lab runs on it
unchanged. Judged by the board's own UART, the hub's and the probe's state, and the job's results. system_test.py FOLDER

The board is an STM32F100 that QEMU emulates; it begins with firmware whose tests fail.
"""
import json
import os
import pathlib
import sys

from guest import Lab, hub, images, need, socket_device, xhci

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ["HILLTOP_BIN_DIR"])
FIRMWARE = pathlib.Path(os.environ["HILLTOP_FIRMWARE"])
PORT = 2  # of the hub, the board's

LAB = """
lab: bench
artifacts: {file_roots: ["@FIRMWARE@"]}
boards:
  vl-01:
    type: stm32vldiscovery
    power: {driver: usb-hub-port, path: 1-1, port: 2}
    console: {driver: tty, path: /dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_BOARD01-if00-port0, baud: 115200}
    flash:
      driver: openocd
      serial: DAP0001
      config: [interface/cmsis-dap.cfg, /mnt/before.cfg, target/stm32f1x.cfg]
"""
# The emulated chip's flash takes no writes of a program that runs on it, and its debug port is a Cortex-M3's.
BEFORE = "transport select swd\nset WORKAREASIZE 0\nset CPUTAPID 0x2ba01477\n"
JOB = """
begin_udev @RULES@
await 20 test -e /dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_BOARD01-if00-port0 || fail "no console"
await 20 sh -c 'lsusb | grep -q 0d28:0204' || fail "no probe"
mkdir -p /var/tmp/hilltop
chown @USER@ /var/tmp/hilltop
setpriv --reuid=@USER@ --regid=plugdev --groups=plugdev,dialout @BIN@/hilltopd --lab /mnt/lab.yaml --data /var/tmp/hilltop/data \\
  --listen 127.0.0.1:0 >/mnt/hilltopd.log 2>&1 &
daemon=$!
await 300 test -s /var/tmp/hilltop/data/url || fail "hilltopd does not listen"
HILLTOP_URL=$(cat /var/tmp/hilltop/data/url) HILLTOP_TOKEN=$(cat /var/tmp/hilltop/data/admin.token) XDG_CONFIG_HOME=/var/tmp/config
export HILLTOP_URL HILLTOP_TOKEN XDG_CONFIG_HOME
timeout 360 @BIN@/hilltop submit /mnt/job.yaml --wait --json >/mnt/submit.json 2>/mnt/submit.err
echo $? >/mnt/submit.rc
@BIN@/hilltop events >/mnt/events 2>&1
kill $daemon
wait $daemon
"""


def start_board(lab):
    """The board: UART, debug stub and QMP as sockets; what its UART says is kept in board.uart.log."""
    folder = lab.folder
    words = ["qemu-system-arm", "-M", "stm32vldiscovery", "-nodefaults", "-display", "none", "-monitor", "none"]
    words += ["-chardev", f"socket,id=u,path={folder}/board.uart,server=on,wait=off,logfile={folder}/board.uart.log", "-serial", "chardev:u"]
    words += ["-gdb", f"unix:{folder}/board.gdb,server=on,wait=off"]
    for name in ("power", "probe"):
        words += ["-qmp", f"unix:{folder}/board.{name},server=on,wait=off"]
    lab.start(*words, "-kernel", FIRMWARE / "stm32vldiscovery-fail.elf", name="board")
    here = pathlib.Path(__file__).resolve().parent
    lab.start(sys.executable, here / "board_power.py", f"{folder}/trace", PORT, f"{folder}/board.power", f"{folder}/hub.state", name="power")
    probe = f"cmsisdap,gdb={folder}/board.gdb,qmp={folder}/board.probe,flash=stm32f1,powered={folder}/hub.state:{PORT},state={folder}/probe.state"
    lab.start(BIN / "tests/usb_lab/usbsim", "redir", f"{folder}/probe.sock", probe, name="probe")


def check(condition, text, lab):
    if condition:
        print("ok:", text)
        return
    for name in ("stdout", "hilltopd.log", "submit.err", "submit.json", "events", "probe.log", "power.log", "board.log", "hub.state",
                 "probe.state", "board.uart.log"):
        if lab.path(name).exists():
            print(f"--- {name}\n{lab.path(name).read_text(errors='replace')[-2500:]}")
    sys.exit(f"FAILED: {text}")


def main():
    need("qemu-system-x86_64", "qemu-system-arm", "openocd", "setpriv")
    with Lab(images(), sys.argv[1]) as lab:
        lab.path("lab.yaml").write_text(LAB.replace("@FIRMWARE@", str(FIRMWARE)))
        lab.path("before.cfg").write_text(BEFORE)
        job = (ROOT / "deploy/labs/demo/jobs/stm32vl-ztest.yaml").read_text()
        lab.path("job.yaml").write_text(job.replace("@FIRMWARE@", str(FIRMWARE)))
        start_board(lab)
        folder = lab.folder
        console = ["-chardev", f"socket,id=uart,path={folder}/board.uart,server=off,reconnect=1"]
        console += ["-device", "usb-serial,bus=xhci.0,port=1.1,chardev=uart,serial=BOARD01,always-plugged=on"]
        trace = ["-trace", "usb_hub_set_port_feature", "-trace", "usb_hub_clear_port_feature", "-D", f"{folder}/trace"]
        script = JOB.replace("@BIN@", str(BIN)).replace("@USER@", "65534").replace("@RULES@", str(ROOT / "deploy/udev/70-hilltop.rules"))
        lab.boot(script, xhci(hub(1)) + console + socket_device(folder, "probe", "usb-redir,bus=xhci.0,port=2") + trace)
        status = lab.finish(800)
        check(status == 0, "the guest's script went well", lab)
        uart = lab.path("board.uart.log").read_text(errors="replace")
        check(lab.path("submit.rc").read_text().strip() == "0", "the job passed", lab)
        check("PROJECT EXECUTION SUCCESSFUL" in uart, "the board's UART shows the flashed firmware's tests pass", lab)
        probe = lab.path("probe.state").read_text()
        check("core reset" in probe and "core running" in probe, "the probe reset the core, held it and let it go", lab)
        power = lab.path("hub.state").read_text().split("\n")
        check(f"vbus {PORT} off" in power and power[-2] == f"vbus {PORT} off", "the hub's port was switched, and is off at the end", lab)
        print(json.dumps({"uart_bytes": len(uart), "power": [line for line in power if line]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
