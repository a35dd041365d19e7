# SPDX-License-Identifier: Apache-2.0
"""What OpenOCD's TCL server may do wrong: fake_openocd.py SCENARIO LOG [OpenOCD's own arguments]."""
import socket
import sys

scenario, log = sys.argv[1:3]


def note(text):
    with open(log, "a", encoding="utf-8") as out:
        out.write(text + "\n")


note("started " + " ".join(sys.argv[3:]))
if scenario == "ends":
    print("Error: no such file: board.cfg", flush=True)
    sys.exit(1)
server = socket.create_server(("127.0.0.1", 0))
if scenario == "mute":
    print("Info : still thinking", flush=True)
    server.accept()
print(f"Info : Listening on port {server.getsockname()[1]} for tcl connections", flush=True)
connection = server.accept()[0]
rest = b""
while True:
    piece = connection.recv(4096)
    if not piece:
        sys.exit(0)
    rest += piece
    while b"\x1a" in rest:
        request, rest = rest.split(b"\x1a", 1)
        text = request.decode().replace("\\", "")
        note(text.split("[catch ", 1)[-1].rsplit(" hilltop_said]", 1)[0])
        answer = "0\n"
        if "flash list" in text:
            answer = "0\n{name f driver x base 0 size 65536 bus_width 0 chip_width 0 target t}"
        if "verify_image" in text:
            answer = "0\nverified 4 bytes in 0.1s (1 KiB/s)"
        if "verify_image" in text and scenario == "differs":
            answer = "-4\ndiff 0 address 0x00000000. Was 0x74 instead of 0x61\n"
        if "init" in text and "reset" not in text and scenario == "no target":
            print("Error: Error connecting DP: cannot read IDR", flush=True)
            answer = "1\n"
        if "reset init" in text and scenario == "dies":
            print("Error: libusb went away", flush=True)
            sys.exit(1)
        if "reset init" in text and scenario == "hangs":
            continue
        connection.sendall(answer.encode() + b"\x1a")
