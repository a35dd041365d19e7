#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lab itself, in the guest: a hub that really switches, ftdi_sio and its by-id link, bytes through the adapter.
Held against the kernel, uhubctl, lsusb and udev. hub_test.py FOLDER"""
import socket
import sys
import threading
import time

from guest import Lab, hub, images, need, socket_device, xhci

JOB = """
begin_udev
await 20 test -e /dev/ttyUSB0 || fail "ftdi_sio made no tty"
ls /dev/serial/by-id | grep -q LABFT001 || fail "no by-id link"
lsusb | grep -q 0403:6001 || fail "lsusb does not see the adapter"
uhubctl -l 1-1 -p 1 -a off || fail "uhubctl"
await 10 sh -c '! test -e /dev/ttyUSB0' || fail "the port has no power, and the tty is there"
lsusb | grep -q 0403:6001 && fail "the port has no power, and lsusb sees the adapter"
uhubctl -l 1-1 -p 1 -a on || fail "uhubctl"
await 10 test -e /dev/ttyUSB0 || fail "the tty did not come back"
stty -F /dev/ttyUSB0 115200 raw -echo
exec 3<>/dev/ttyUSB0
echo over-the-wire >&3
read -r answer <&3
test "$answer" = OVER-THE-WIRE || fail "the adapter's other end said: $answer"
"""


def shout_back(path):
    end = socket.socket(socket.AF_UNIX)
    end.connect(str(path))
    while data := end.recv(100):
        end.sendall(data.upper())


def main():
    need("qemu-system-x86_64", "uhubctl", "lsusb")
    with Lab(images(), sys.argv[1]) as lab:
        adapter = socket_device(lab.folder, "uart", "usb-serial,bus=xhci.0,port=1.1,serial=LABFT001,always-plugged=on")
        lab.resume(JOB, xhci(hub(1)) + adapter)
        while not lab.path("uart.sock").exists():
            time.sleep(0.01)
        threading.Thread(target=shout_back, args=(lab.path("uart.sock"),), daemon=True).start()
        status = lab.finish()
        print(lab.stdout())
        return status


if __name__ == "__main__":
    sys.exit(main())
