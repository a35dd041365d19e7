# SPDX-License-Identifier: Apache-2.0
"""silent_units.py DIALOGUE COUNT BOARDS FOLDER: COUNT simulated power units (tests/support/power_unit.py, HTTP) in one process, and the
consoles of BOARDS boards, at which nobody says anything: unix sockets FOLDER/N.sock. Prints the units' ports; what they are asked is
in FOLDER/N.log."""
import json
import pathlib
import socket
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/support"))
from power_unit import Server, Unit, Web  # noqa: E402


def main():
    dialogue, count, boards, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), pathlib.Path(sys.argv[4])
    ports = []
    for n in range(count):
        server = Server(("127.0.0.1", 0), Web)
        server.unit, server.dialogue = Unit(str(folder / str(n))), dialogue
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 3600}, daemon=True).start()
        ports.append(server.server_address[1])
    consoles = []
    for n in range(boards):
        consoles.append(socket.socket(socket.AF_UNIX))
        consoles[-1].bind(str(folder / f"{n}.sock"))
        consoles[-1].listen()  # who connects waits for ever, connected
    print(json.dumps(ports), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
