#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An emulated board's power follows a port of an emulated hub.

board_power.py TRACE PORT QMP STATE: TRACE is the log of the guest's QEMU (-trace usb_hub_*_port_feature), PORT the hub's port that the board
hangs at, QMP the board's own QEMU. Without power the board stands still; when it comes, the board begins from its reset vector. STATE
gets a line `vbus PORT on|off` for each change, as the hub model of the lab writes it.
"""
import pathlib
import re
import sys
import time

from guest import Qmp

FEATURE = re.compile(r"usb_hub_(set|clear)_port_feature dev \d+, port (\d+), feature (\S+)")


def lines(path):
    """The lines of a file that grows."""
    while not path.exists():
        time.sleep(0.01)
    with open(path) as file:
        rest = ""
        while True:
            more = file.read()
            if not more:
                time.sleep(0.005)
                continue
            *whole, rest = (rest + more).split("\n")
            yield from whole


def main():
    trace, port, qmp, state = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], pathlib.Path(sys.argv[4])
    board = Qmp(qmp)
    on = True
    for line in lines(trace):
        match = FEATURE.search(line)
        if not match or int(match[2]) != port or match[3] != "power" or (match[1] == "set") == on:
            continue
        on = not on
        if on:
            board.ask("system_reset")
            board.ask("cont")
        with open(state, "a") as file:
            file.write(f"vbus {port} {'on' if on else 'off'}\n")
        if not on:
            board.ask("stop")


if __name__ == "__main__":
    main()
