# SPDX-License-Identifier: Apache-2.0
"""Others at a console's port: console_peers.py pyserial|telnet URL-or-PORT [baud]. The board echoes. Exit 0: all as it should be."""
import subprocess
import sys
import time

EVERY_BYTE = b"\r\n\r\xff\xff\r" + bytes(range(256)) + b"end"


def read_until(read, end, seconds=20):
    out = b""
    deadline = time.monotonic() + seconds
    while not out.endswith(end):
        if time.monotonic() > deadline:
            sys.exit(f"waited for {end!r}, got {out!r}")
        out += read()
    return out


def pyserial(url, baud="115200"):
    import serial

    port = serial.serial_for_url(url, baudrate=int(baud), timeout=0.2)
    port.write(EVERY_BYTE)
    echo = read_until(lambda: port.read(512), b"end")
    if echo != EVERY_BYTE:
        sys.exit(f"the echo differs: {echo!r}")
    if url.startswith("rfc2217"):
        port.baudrate = 57600  # raises when the server does not agree
        port.reset_input_buffer()
        if not port.cts:
            sys.exit("no clear to send")
    port.close()


def telnet(port):
    with subprocess.Popen(["telnet", "127.0.0.1", port], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        read_until(lambda: client.stdout.read1(512)[-1:], b"\n")  # what telnet itself says
        client.stdin.write(b"hello, board\n")
        client.stdin.flush()
        said = b""
        deadline = time.monotonic() + 20
        while b"hello, board" not in said and time.monotonic() < deadline:
            said += client.stdout.read1(512)
        client.kill()
        if b"hello, board" not in said:
            sys.exit(f"telnet shows {said!r}")


if __name__ == "__main__":
    {"pyserial": pyserial, "telnet": telnet}[sys.argv[1]](*sys.argv[2:])
