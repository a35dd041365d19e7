#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Simulated power units. What their relays do is in the file STATE ({"1": "on", ...}), whatever they say.

    power_unit.py http DIALOGUE STATE [--tls CERT KEY]     prints "port N"
    power_unit.py telnet DIALOGUE STATE
    power_unit.py tcp DIALOGUE STATE
    power_unit.py tty DIALOGUE STATE                       prints "path /dev/pts/N"
    power_unit.py snmp BASE STATE                          net-snmp's pass_persist on standard input and output

Beside STATE: STATE.log (a line for each connection, request and end) and STATE.fault, read before each request:
silent, garbage, half, slow, hang-up, locked (somebody else's session), stuck (relays do not move), 500, busy N.
"""
import hashlib
import json
import os
import pty
import re
import socketserver
import ssl
import sys
import threading
import time
import tty
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

sys.dont_write_bytecode = True
from power_unit_lines import PASSWORD, USER, File, Line, apc, apc_menu, conrad, eth008, kasa, kshell, modbus  # noqa: E402

lock = threading.Lock()


class Unit:
    def __init__(self, path, outlets=16):
        self.path = path
        if not os.path.exists(path):
            self.store({str(n): "off" for n in range(1, outlets + 1)})

    def store(self, state):
        with open(self.path + ".new", "w") as file:
            json.dump(state, file)
        os.rename(self.path + ".new", self.path)

    def load(self):
        with open(self.path) as file:
            return json.load(file)

    def get(self, outlet):
        return self.load().get(str(outlet), "off") == "on"

    def set(self, outlet, on):
        if self.fault() == "stuck":
            return
        with lock:
            state = self.load()
            state[str(outlet)] = "on" if on else "off"
            self.store(state)

    def log(self, text):
        with lock, open(self.path + ".log", "a") as file:
            file.write(f"{time.monotonic():.4f} {text}\n")

    def fault(self):
        try:
            with open(self.path + ".fault") as file:
                return file.read().strip()
        except FileNotFoundError:
            return ""


def digest_ok(header, method, path, algorithm):
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', header.partition(" ")[2]))
    quoted = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', header))
    fields.update(quoted)
    make = hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5

    def h(text):
        return make(text.encode()).hexdigest()
    a1, a2 = h(f"{USER}:unit:{PASSWORD}"), h(f"{method}:{path}")
    wanted = h(":".join([a1, fields["nonce"], fields["nc"], fields["cnonce"], fields["qop"], a2]))
    return fields.get("username") == USER and fields.get("uri") == path and fields["response"] == wanted


def basic_ok(header):
    import base64
    return header == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    session = None  # energenie: whose it is

    def log_message(self, *_):
        pass

    def reply(self, text, status=200, headers=(), chunked=False):
        unit, data = self.server.unit, text.encode()
        fault = unit.fault()
        time.sleep(0.005)
        unit.log("end")  # before the reply: who has it may ask again at once
        if fault == "garbage":
            self.wfile.write(b"\x00\xff\xfe no HTTP at all\r\n\r\n")
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(data), 7):
                piece = data[at:at + 7]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                if fault == "half" and at:
                    self.close_connection = True
                    return
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(data) + (50 if fault == "half" else 0)))
        self.end_headers()
        self.wfile.write(data)
        if fault == "half":
            self.close_connection = True

    def handle_any(self):
        unit = self.server.unit
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        unit.log(f"begin {self.command} {self.path} {body}")
        fault = unit.fault()
        if fault == "silent":
            time.sleep(30)
            return
        if fault == "slow":
            time.sleep(0.4)
        if fault == "hang-up":
            self.close_connection = True
            return
        if fault == "500":
            self.reply("out of order", 500)
        else:
            getattr(self, self.server.dialogue)(unit, urlparse(self.path), parse_qs(urlparse(self.path).query), body)

    do_GET = do_POST = do_PUT = do_PATCH = handle_any

    def gude24(self, unit, url, query, _body):
        if unit.fault() == "locked":
            return self.reply("<html>blocked by another user with IP 10.1.2.3</html>")
        if query.get("cmd") == ["1"]:
            unit.set(query["p"][0], query["s"] == ["1"])
        rows = "".join(f'<meta http-equiv="powerstate" content="Power Port {n},{int(unit.get(n))}">\n' for n in range(1, 9))
        self.reply("<html>" + rows + "</html>", chunked=True)

    def netio_json(self, unit, _url, _query, body):
        if not basic_ok(self.headers.get("Authorization", "")):
            return self.reply("no", 401, [("WWW-Authenticate", 'Basic realm="unit"')])
        if self.command == "POST":
            for one in json.loads(body)["Outputs"]:
                unit.set(one["ID"], one["Action"] == 1)
        self.reply(json.dumps({"Outputs": [{"ID": n, "State": int(unit.get(n))} for n in range(1, 9)]}))

    def digest(self, algorithm):
        header = self.headers.get("Authorization", "")
        if header and digest_ok(header, self.command, self.path, algorithm):
            return True
        challenge = f'Digest realm="unit", qop="auth", nonce="{os.urandom(8).hex()}", algorithm={algorithm}, opaque="x"'
        self.reply("who?", 401, [("WWW-Authenticate", 'Basic realm="unit"'), ("WWW-Authenticate", challenge)])
        return False

    def digital_loggers(self, unit, url, _query, body):
        if not self.digest("MD5"):
            return
        n = int(re.fullmatch(r"/restapi/relay/outlets/=(\d+)/state/", url.path)[1]) + 1
        if self.command == "PUT":
            if self.headers.get("X-CSRF") is None:
                return self.reply("X-CSRF is missing", 403)
            unit.set(n, parse_qs(body)["value"] == ["true"])
            return self.reply("", 204)
        self.reply(json.dumps([unit.get(n)]))

    def shelly(self, unit, url, _query, body):
        if not self.digest("SHA-256"):
            return
        call = json.loads(body)
        if url.path == "/rpc/Switch.Set":
            was = unit.get(call["id"] + 1)
            unit.set(call["id"] + 1, call["on"])
            return self.reply(json.dumps({"was_on": was}))
        self.reply(json.dumps({"id": call["id"], "output": unit.get(call["id"] + 1)}))

    def energenie(self, unit, url, _query, body):
        form = parse_qs(body)
        if url.path == "/login.html":
            if self.command == "POST" and Web.session is not None:
                return self.reply("there is already an active session")
            Web.session = None
            if form.get("pw") == [PASSWORD]:
                Web.session = time.monotonic()
            return self.reply('<input name="pw">' if Web.session is None else "welcome")
        if Web.session is None:
            return self.reply('<input name="pw">')
        for n in range(1, 5):
            if f"cte{n}" in form:
                unit.set(n, form[f"cte{n}"] == ["1"])
        self.reply("var sockstates = [" + ",".join(str(int(unit.get(n))) for n in range(1, 5)) + "];")

    def pdudaemon(self, unit, url, query, _body):
        word = url.path.rpartition("/")[2]
        if query.get("hostname") != ["acme-1"]:
            return self.reply("no such pdu", 500)
        unit.set(query["port"][0], word == "on")
        self.reply("OK - accepted request\n")

    def tasmota(self, unit, _url, query, _body):
        if query.get("user") != [USER] or query.get("password") != [PASSWORD]:
            return self.reply('{"WARNING":"Need user=<username>&password=<password>"}')
        word = re.fullmatch(r"Power(\d)( on| off)?", query["cmnd"][0])
        if word[2]:
            unit.set(word[1], word[2] == " on")
        self.reply(json.dumps({"POWER" + word[1]: "ON" if unit.get(word[1]) else "OFF"}))


class Server(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = True
    request_queue_size = 64


def serve_stream(dialogue, unit):
    text = {"kshell": kshell, "apc": apc, "apc_menu": apc_menu}
    raw = {"eth008": eth008, "modbus": modbus, "kasa": kasa}

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            unit.log("begin")
            try:
                if dialogue in text:
                    text[dialogue](Line(self.request, unit), unit)
                else:
                    raw[dialogue](self.request, unit)
            except (ConnectionError, OSError):
                pass
            unit.log("end")

    class Tcp(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64
    return Tcp(("127.0.0.1", 0), Handler)


def snmp(base, unit):
    """Source: snmpd.conf(5), pass_persist."""
    def line():
        return sys.stdin.readline().rstrip("\n")

    def say(*lines):
        for one in lines:
            print(one, flush=True)
    while True:
        word = sys.stdin.readline()
        if not word:
            return
        word = word.strip()
        if not word:  # snmpd sends an empty line behind a set
            continue
        if word == "PING":
            say("PONG")
            continue
        oid = line()
        outlet = oid[len(base) + 1:] if oid.startswith(base + ".") else ""
        if word == "set":
            value = line()
            unit.log(f"set {oid} {value}")
            if not outlet.isdigit() or int(outlet) > 16:
                say("not-writable")
            elif value.split()[0] != "integer":
                say("wrong-type")
            else:
                unit.set(outlet, value.split()[1] == "1")
                say("DONE")
        elif word == "get" and outlet.isdigit() and 1 <= int(outlet) <= 16:
            unit.log(f"get {oid}")
            say(oid, "integer", "1" if unit.get(outlet) else "2")
        else:
            say("NONE")


def main():
    kind, dialogue, path = sys.argv[1:4]
    unit = Unit(path)
    if kind == "snmp":
        return snmp(dialogue, unit)
    if kind == "tty":
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        print("path", os.ttyname(theirs), flush=True)
        return conrad(File(ours), unit)
    if kind == "http":
        server = Server(("127.0.0.1", 0), Web)
        server.unit, server.dialogue = unit, dialogue
        if len(sys.argv) > 4:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[5], sys.argv[6])
            server.socket = context.wrap_socket(server.socket, server_side=True)
    else:
        server = serve_stream(dialogue, unit)
    print("port", server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
