#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of scenarios (../scenarios.py) with a real kernel's USB stack. scenarios_test.py FOLDER [DRIVER...]"""
import os
import pathlib
import sys

from guest import Lab, images, need, xhci

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(os.environ["HILLTOP_BIN_DIR"]) / "tests/usb_lab"
JOB = """
begin_udev
busybox modprobe vhci_hcd
USB_LAB_BIN=@BIN@ /usr/bin/python3 -B @TABLE@ --guest @DRIVERS@
"""


def main():
    need("qemu-system-x86_64")
    with Lab(images(), sys.argv[1]) as lab:
        job = JOB.replace("@BIN@", str(BIN)).replace("@TABLE@", str(HERE.parent / "scenarios.py")).replace("@DRIVERS@", " ".join(sys.argv[2:]))
        lab.resume(job, xhci())
        status = lab.finish(600)
        print(lab.stdout())
    return status


if __name__ == "__main__":
    sys.exit(main())
