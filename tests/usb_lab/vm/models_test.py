#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What only a real kernel can vouch for: usbrelay through hidraw, ftdi_sio and udev with the FTDI model, by usb-redir and by
vhci_hcd. models_test.py FOLDER"""
import os
import pathlib
import sys

from guest import Lab, hub, images, need, socket_device, xhci

BIN = pathlib.Path(os.environ["HILLTOP_BIN_DIR"]) / "tests/usb_lab"
JOB = """
begin_udev
await 20 test -e /dev/hidraw0 || fail "no hidraw node for the relay board"
usbrelay LAB01_2=1 || fail usbrelay
usbrelay | grep -q LAB01_2=1 || fail "usbrelay does not read the relay back"
uhubctl -l 1-1 -p 1 -a off || fail uhubctl
await 10 sh -c '! test -e /dev/hidraw0' || fail "the relay board has no power, and its node is there"
uhubctl -l 1-1 -p 1 -a on || fail uhubctl
await 10 test -e /dev/hidraw0 || fail "the relay board did not come back"
usbrelay LAB01_1=1 || fail "usbrelay after the power cut"
busybox modprobe vhci_hcd
@BIN@/usbsim vhci ftdi,serial=FT77,relay=numato,state=/mnt/numato.state 2>/mnt/ftdi.log &
simulator=$!
await 20 test -e /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_FT77-if00-port0 || fail "no by-id link"
port=/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_FT77-if00-port0
stty -F $port 9600 raw -echo || fail stty
exec 3<>$port
printf 'relay on 3\\r' >&3
timeout 20 head -c 15 <&3 || fail "no answer through ftdi_sio"
exec 3>&-
kill $simulator
await 10 sh -c "! test -e $port" || fail "unplugged, and the link is there"
"""


def main():
    need("qemu-system-x86_64", "usbrelay", "uhubctl")
    with Lab(images(), sys.argv[1]) as lab:
        lab.start(BIN / "usbsim", "redir", lab.path("relay.sock"), f"hidrelay,relays=4,id=LAB01,state={lab.folder}/relay.state", name="relay")
        lab.resume(JOB.replace("@BIN@", str(BIN)), xhci(hub(1)) + socket_device(lab.folder, "relay", "usb-redir,bus=xhci.0,port=1.1"))
        status = lab.finish()
        print(lab.stdout())
        relay, numato = (lab.path(name + ".state").read_text().split("\n")[:-1] for name in ("relay", "numato"))
        print(relay, numato)
        if status == 0 and (relay[0] != "relays 02" or "relays 01" not in relay[-1] and "relays 03" not in relay[-1]):
            sys.exit("FAILED: the relays were not switched so")
        if status == 0 and "relays 08" not in numato:
            sys.exit("FAILED: the serial relay was not switched")
    return status


if __name__ == "__main__":
    sys.exit(main())
