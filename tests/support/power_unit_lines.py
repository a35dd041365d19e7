# SPDX-License-Identifier: Apache-2.0
"""Dialogues of simulated power units that are no HTTP: each is called with a connection and the unit (power_unit.py)."""
import json
import os
import re
import time

USER, PASSWORD = "ann", "s3cret pass&word"


class Line:
    """A text dialogue: send(), and lines() as they come."""

    def __init__(self, sock, unit):
        self.sock, self.unit, self.buffer = sock, unit, b""

    def send(self, text):
        fault = self.unit.fault()
        if fault == "silent":
            time.sleep(30)
        if fault == "slow":
            time.sleep(0.3)
        if fault == "hang-up":
            raise ConnectionError
        data = b"\x07\x01 ????\r\n" if fault == "garbage" else text.encode()
        if fault == "half":
            self.sock.sendall(data[: len(data) // 2])
            raise ConnectionError
        self.sock.sendall(data)

    def line(self):
        while True:
            found = re.search(rb"[\r\n]+\0?", self.buffer)
            if found:
                out = self.buffer[: found.start()]
                self.buffer = self.buffer[found.end():]
                out = re.sub(rb"\xff[\xfb-\xfe].", b"", out).strip(b"\0")
                self.unit.log("got " + out.decode("latin1"))
                return out.decode("latin1")
            more = self.sock.recv(4096)
            if not more:
                raise ConnectionError
            self.buffer += more


def kshell(line, unit):
    line.send("100 HELLO 4A6F1C2B - KSHELL V1.5\r\n")
    inside = False
    while True:
        words = line.line().split(" ", 2)
        if words[0] == "quit":
            return line.send("110 BYE\r\n")
        if words[0] == "login":
            inside = words[1:] == [USER, PASSWORD]
            line.send("250 OK\r\n" if inside else "503 INVALID LOGIN\r\n")
        elif not inside:
            line.send("503 FORBIDDEN\r\n")
        elif words[0] == "port" and len(words) == 3:
            unit.set(words[1], words[2] == "1")
            line.send("250 OK\r\n")
        elif words[0] == "port":
            line.send(f"250 {int(unit.get(words[1]))}\r\n")
        else:
            line.send("500 UNKNOWN COMMAND\r\n")


def apc(line, unit):
    line.sock.sendall(b"\xff\xfb\x01\xff\xfb\x03")  # WILL ECHO, WILL SUPPRESS GO AHEAD
    line.send("\r\nUser Name : ")
    while True:
        user = line.line()
        line.send(user + "\r\nPassword  : ")
        if (user, line.line()) == (USER, PASSWORD):
            break
        line.send("****\r\n\r\nUser Name : ")
    if unit.fault() == "locked":
        return line.send("\r\nSomeone is already logged in.\r\n")
    line.send("\r\nAmerican Power Conversion   Network Management Card AOS v6.4.0\r\napc>")
    while True:
        command = line.line()
        words = command.split()
        text = command + "\r\n"
        if words[:1] == ["exit"]:
            return line.send(text + "Bye.\r\n")
        if words and words[0] in ("olOn", "olOff"):
            unit.set(words[1], words[0] == "olOn")
            text += "E000: Success\r\n"
        elif words and words[0] == "olStatus":
            text += f"E000: Success\r\n {words[1]}: Outlet {words[1]}: {'On' if unit.get(words[1]) else 'Off'}\r\n"
        elif words:
            text += "E101: Command Not Found\r\n"
        line.send(text + "\r\napc>")


def apc_menu(line, unit):
    line.send("\r\nUser Name : ")
    user = line.line()
    line.send("\r\nPassword  : ")
    if (user, line.line()) != (USER, PASSWORD):
        return line.send("\r\nUser Name : ")
    main = "\r\n------- Control Console -----\r\n\r\n     1- Device Manager\r\n     2- Network\r\n     3- System\r\n     4- Logout\r\n\r\n> "
    line.send(main)
    path, outlet = [], None
    while True:
        text = line.line()
        if text.startswith("\x1b"):
            return
        if text == "" and path == ["done"]:
            path = []
            line.send(main)
            continue
        path.append(text)
        if path == ["1"]:
            line.send("\r\n------- Device Manager ------\r\n     1- Phase Management\r\n     2- Outlet Management\r\n> ")
        elif path == ["1", "2"]:
            line.send("\r\n------- Outlet Management ---\r\n     1- Outlet Control/Configuration\r\n> ")
        elif path == ["1", "2", "1"]:
            line.send("\r\n------- Outlet Control/Configuration ---\r\n     1- Outlet 1   ON\r\n     2- Outlet 2   OFF\r\n> ")
        elif len(path) == 4:
            outlet = text
            line.send(f"\r\n------- Outlet {text} ---\r\n     1- Control Outlet\r\n     2- Configure Outlet\r\n> ")
        elif len(path) == 5:
            line.send("\r\n------- Control Outlet ---\r\n     1- Immediate On\r\n     2- Immediate Off\r\n> ")
        elif len(path) == 6:
            line.send("\r\n  Immediate\r\n  Enter 'YES' to continue or <ENTER> to cancel : ")
        elif len(path) == 7:
            if text == "YES":
                unit.set(outlet, path[5] == "1")
            path = ["done"]
            line.send("\r\n  Command successfully issued.\r\n  Press <ENTER> to continue...")


def eth008(sock, unit):
    inside = False
    while True:
        data = sock.recv(64)
        if not data:
            return
        unit.log("got " + data.hex())
        fault = unit.fault()
        if fault == "silent":
            time.sleep(30)
        if fault == "hang-up":
            return
        if data[0] == 0x79:
            inside = data[1:].decode() == PASSWORD
            sock.sendall(b"\x01" if inside else b"\x02")
        elif not inside:
            sock.sendall(b"\x00")
        elif data[0] in (0x20, 0x21):
            unit.set(data[1], data[0] == 0x20)
            sock.sendall(b"\x00")
        elif data[0] == 0x24:
            sock.sendall(bytes([sum(int(unit.get(n)) << (n - 1) for n in range(1, 9))]))


def exactly(sock, count):
    out = b""
    while len(out) < count:
        more = sock.recv(count - len(out))
        if not more:
            raise ConnectionError
        out += more
    return out


def modbus(sock, unit):
    while True:
        head = exactly(sock, 6)
        body = exactly(sock, int.from_bytes(head[4:6], "big"))
        coil, value = int.from_bytes(body[2:4], "big"), int.from_bytes(body[4:6], "big")
        unit.log("got " + (head + body).hex())
        if coil >= 16:
            answer = bytes([body[0], body[1] | 0x80, 2])
        elif body[1] == 5:
            unit.set(coil + 1, value == 0xFF00)
            answer = body
        else:
            answer = bytes([body[0], 1, 1, int(unit.get(coil + 1))])
        sock.sendall(head[:4] + len(answer).to_bytes(2, "big") + answer)


def kasa(sock, unit):
    def turn(data, plain):
        key, out = 171, bytearray()
        for byte in data:
            out.append(byte ^ key)
            key = byte if not plain else byte ^ key
        return bytes(out)
    while True:
        text = turn(exactly(sock, int.from_bytes(exactly(sock, 4), "big")), False).decode()
        unit.log("got " + text)
        call = json.loads(text)
        if "get_sysinfo" in call["system"]:
            children = [{"id": f"80AB{n:02}", "state": int(unit.get(n + 1))} for n in range(6)]
            answer = {"system": {"get_sysinfo": {"deviceId": "80AB", "children": children, "err_code": 0}}}
        else:
            unit.set(int(call["context"]["child_ids"][0][-2:]) + 1, call["system"]["set_relay_state"]["state"] == 1)
            answer = {"system": {"set_relay_state": {"err_code": 0}}}
        data = turn(json.dumps(answer).encode(), True)
        sock.sendall(len(data).to_bytes(4, "big") + data)


def conrad(port, unit):
    """Frames of four bytes on a serial port: command, address, data, exclusive or."""
    while True:
        frame = exactly(port, 4)
        unit.log("got " + frame.hex())
        if frame[0] ^ frame[1] ^ frame[2] != frame[3] or unit.fault() == "silent":
            continue

        def answer(command, address, data):
            port.sendall(bytes([255 - command, address, data, (255 - command) ^ address ^ data]))
        command, address, data = frame[:3]
        if command == 1:
            answer(1, address, 0)
            port.sendall(bytes([1, address + 1, 0, 1 ^ (address + 1)]))
            continue
        for n in range(8):
            if command in (6, 7) and data >> n & 1:
                unit.set(n + 1, command == 6)
        answer(command, address, sum(int(unit.get(n + 1)) << n for n in range(8)))


class File:
    """A terminal with a socket's methods."""

    def __init__(self, fd):
        self.fd = fd

    def recv(self, count):
        return os.read(self.fd, count)

    def sendall(self, data):
        os.write(self.fd, data)
