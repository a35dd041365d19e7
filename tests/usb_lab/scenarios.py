#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What can befall a driver of a USB device, as a table: each driver goes through each scenario, with the same program
(usb_lab_driver) against the same models.

scenarios.py [--guest [--all]] [DRIVER...]   on the host each scenario runs under usbmock; --guest: here is the lab's guest, and the
devices hang at vhci_hcd. Judged by the models' state files and by the kind of error, never by what a driver says it did.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

BIN = pathlib.Path(os.environ["USB_LAB_BIN"])
ELSE = "NOBODY77"  # a serial number that no device has


@dataclass
class Driver:
    """One row: how the driver is named, and what it does to the model when all goes well."""

    model: str
    address: dict
    act: str
    acted: list  # lines of the state file
    ask: str = ""  # an action that reads back
    asked: object = None  # and its value after `act`
    usb_id: str = ""
    serial: str = ""  # of the model, where the driver can go by it
    under: str = ""  # a key of the address that holds serial and path
    reads: bool = True  # it reads answers of the device, so that a wrong one can be noticed
    claims: bool = True  # it claims an interface, so that it can be busy
    in_guest: bool = True
    packs_answers: bool = True  # half an answer lacks something: it is not padding
    transfers: bool = True  # it makes USB transfers itself, so that their faults strike it; otherwise it uses a tty


@dataclass
class Scenario:
    """What the device is like, whom the address means, and what must come of it."""

    faults: str = ""
    by: str = "path"
    devices: int = 1
    same_serial: bool = False
    codes: list = field(default_factory=lambda: [{"ok"}])  # of each action
    state: str = "acted"  # acted | untouched | any
    deadline_ms: int = 8000
    needs: str = ""  # an attribute of the driver that must be true
    host_only: bool = False
    kernel: bool = False  # a real kernel has a part in it: what the guest goes through unless --all is given
    ask: bool = False
    again: bool = False  # the same order at once a second time: it waits for what is on its way back


FIRMWARE = bytes(random.Random(5).randbytes(5000))

DRIVERS = {
    "hid-relay": Driver("hidrelay,relays=4", {"driver": "hid-relay", "outlet": 2}, "power on", ["relays 02"], "power state", "on",
                        usb_id="16c0:05df"),
    "ykush": Driver("ykush,serial=YK77", {"driver": "ykush", "model": "ykush", "outlet": 2}, "power off", ["ports 07", "ports 05"],
                    "power state", "off", usb_id="04d8:f2f7", serial="YK77"),
    "sispm": Driver("sispm", {"driver": "sispm", "outlet": 3}, "power on", ["outlets 04"], "power state", "on", usb_id="04b4:fd15"),
    "ftdi-relay": Driver("ftdi,serial=FT77", {"driver": "ftdi-relay", "outlet": 2}, "power on", ["pins 02"], "power state", "on",
                         usb_id="0403:6001", serial="FT77"),
    "usb-hub-port": Driver("hub,ports=4,serial=HUB77", {"driver": "usb-hub-port", "port": 3}, "power off", ["vbus 3 off"],
                           "power state", "off", usb_id="2109:2813", serial="HUB77", claims=False, in_guest=False),
    "sdwire": Driver("ftdi,vid=04e8,pid=6001,manufacturer=SRPOL,product=sd-wire,serial=sd77", {"driver": "sdwire"}, "mux host",
                     ["cbus 1 dir f"], "mux side", "host", usb_id="04e8:6001", serial="sd77", claims=False),
    "lcus-relay": Driver("ftdi,serial=FT77,relay=lcus", {"driver": "lcus-relay", "outlet": 2, "read_back": "frame"}, "power on", ["relays 02"],
                         "power state", "on", usb_id="0403:6001", serial="FT77", under="usb", transfers=False),
    "numato-relay": Driver("ftdi,serial=FT77,relay=numato", {"driver": "numato-relay", "outlet": 2, "relays": 4}, "power on", ["relays 02"],
                           "power state", "on", usb_id="0403:6001", serial="FT77", under="usb", transfers=False),
    "dfu": Driver("dfu,serial=DFU77", {"driver": "dfu"}, "flash @FILE@", ["dfu image 5000"], usb_id="1209:df11", serial="DFU77"),
    "cmsis-dap": Driver("cmsisdap,serial=DAP77", {"driver": "cmsis-dap"}, "probe halt", ["core halted"], "read 20000000 4",
                        "00000000", usb_id="0d28:0204", serial="DAP77"),
    "cmsis-dap-v1": Driver("cmsisdap,version=1,serial=DAP77", {"driver": "cmsis-dap"}, "probe halt", ["core halted"],
                           "read 20000000 4", "00000000", usb_id="0d28:0204", serial="DAP77", packs_answers=False),
}

GONE = {"unavailable"}
SCENARIOS = {
    "by path": Scenario(ask=True, kernel=True),
    "by serial number": Scenario(by="serial", needs="serial", ask=True, kernel=True),
    "by both": Scenario(by="both", needs="serial"),
    "missing": Scenario(devices=0, codes=[GONE | {"timeout"}], state="untouched", deadline_ms=1500),
    "another serial number": Scenario(by="else", needs="serial", codes=[GONE | {"timeout", "mismatch"}], state="untouched", deadline_ms=1500),
    "another in its place": Scenario(by="else at path", needs="serial", codes=[GONE | {"timeout", "mismatch"}], state="untouched",
                                     deadline_ms=1500),
    "one of two alike": Scenario(devices=2),
    "two with one serial number": Scenario(by="serial", devices=2, same_serial=True, needs="serial", codes=[{"bad_input"}],
                                           state="untouched", kernel=True),
    "busy": Scenario("busy", codes=[{"busy"}], state="untouched", needs="claims", host_only=True, deadline_ms=3000),
    "stalls": Scenario("stall=1+", codes=[{"io"}], state="untouched", kernel=True),
    "never answers": Scenario("mute=1+", codes=[{"timeout"}], state="untouched", deadline_ms=1500, kernel=True),
    "slow": Scenario("delay_ms=20"),
    "answers half": Scenario("short_reply=1+", codes=[{"protocol", "io", "mismatch"}], state="any", needs="packs_answers", deadline_ms=3000),
    "answers nonsense": Scenario("wrong_reply=1+", codes=[{"protocol", "io", "mismatch", "unavailable", "unsupported", "timeout"}], state="any", needs="reads",
                                 deadline_ms=3000),
    "unplugged in mid-transfer": Scenario("drop_after=0", codes=[GONE | {"timeout"}], state="untouched", deadline_ms=2500, kernel=True),
    "back under another address": Scenario("drop_after=0,back_ms=150", again=True, codes=[GONE | {"ok"}, {"ok"}], kernel=True),
}


class Host:
    """Scenarios under usbmock. The device's place is what usbmock is told."""

    def run(self, driver, scenario, folder, command):
        words = [str(BIN / "usbmock")]
        for n in range(scenario.devices):
            tty = "" if driver.transfers else f",tty=ttyUSB{n}"
            words.append(f"{options(driver, scenario, folder, n)},port={place(n)}{tty}")
        return subprocess.run([*words, "--", *command([place(n) for n in range(max(scenario.devices, 1))])], capture_output=True,
                              text=True, timeout=60)


class Guest:
    """Scenarios with vhci_hcd. The device's place is where the kernel put it."""

    def run(self, driver, scenario, folder, command):
        programs, places = [], []
        try:
            for n in range(scenario.devices):
                before = set(self.places(driver))
                log = open(folder / f"usbsim{n}.log", "w")
                programs.append(subprocess.Popen([BIN / "usbsim", "vhci", options(driver, scenario, folder, n)], stderr=log))
                places += wait_until(lambda: set(self.places(driver)) - before, "the device to be enumerated")
            return subprocess.run(command(places or ["1-1"]), capture_output=True, text=True, timeout=120)
        finally:
            for program in programs:
                program.terminate()
                program.wait()
            wait_until(lambda: not self.places(driver), "the devices to be gone")

    def places(self, driver):
        vendor, product = driver.usb_id.split(":")
        found = []
        for device in pathlib.Path("/sys/bus/usb/devices").iterdir():
            try:
                if (device / "idVendor").read_text().strip() == vendor and (device / "idProduct").read_text().strip() == product:
                    if (device / "bConfigurationValue").read_text().strip() == "1":
                        found.append(device.name)
            except OSError:
                pass
        return found


def wait_until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.01)
    return value


def place(n):
    return f"1-{n + 2}"


def options(driver, scenario, folder, n):
    text = driver.model
    if n > 0 and driver.serial and not scenario.same_serial:
        text = text.replace(driver.serial, driver.serial + "b")
    if scenario.faults:
        text += "," + scenario.faults
    return f"{text},state={folder}/state{n}"


def address(driver, scenario, places):
    where = {}
    if scenario.by in ("serial", "both"):
        where["serial"] = driver.serial
    if scenario.by.startswith("else"):
        where["serial"] = ELSE
    if "path" in scenario.by or scenario.by == "both":
        where["path"] = places[-1]  # of two, the second
    return {**driver.address, **where} if not driver.under else {**driver.address, driver.under: where}


def lines(path):
    """The state file without DTR and RTS, which the kernel moves when a tty is opened."""
    return [line for line in path.read_text().splitlines() if not line.startswith("modem ")] if path.exists() else []


def judge(driver, scenario, folder, done):
    """What is wrong, or nothing."""
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    wanted = list(scenario.codes) + ([{"ok"}] if scenario.ask and driver.ask else [])
    codes = ["ok" if one["ok"] else one["code"] for one in said]
    if len(codes) != len(wanted) or any(code not in allowed for code, allowed in zip(codes, wanted)):
        return f"expected {[sorted(one) for one in wanted]}, was {codes}"
    if scenario.ask and driver.ask and said[-1]["value"] != driver.asked:
        return f"{driver.ask} says {said[-1]['value']}"
    for one in said:
        if not one["ok"] and (not one["text"] or one["blame"] == "bug"):
            return "an error without a text, or blamed on hilltop"
    power_on = driver.acted[:1] if len(driver.acted) > 1 else []  # what plugging it in does
    last = max(scenario.devices, 1) - 1
    for n in range(scenario.devices):
        is_meant = n == last and scenario.state == "acted"
        state = lines(folder / f"state{n}")
        if scenario.state == "any":
            continue
        if is_meant and state[-1:] != driver.acted[-1:]:
            return f"device {n} was to end with {driver.acted[-1]}, its state is {state}"
        if not is_meant and any(line not in power_on and not line.endswith(" 00") for line in state):
            return f"device {n} was to be left alone, its state is {state}"
    return ""


def run_one(tier, driver, scenario):
    with tempfile.TemporaryDirectory(prefix="usb-lab-") as name:
        folder = pathlib.Path(name)
        (folder / "firmware.bin").write_bytes(FIRMWARE)

        def command(places):
            (folder / "address.yaml").write_text(json.dumps(address(driver, scenario, places)))
            act = driver.act.replace("@FILE@", str(folder / "firmware.bin"))
            acts = [act, act] if scenario.again else [act]
            actions = acts + ([driver.ask] if scenario.ask and driver.ask else [])
            return [str(BIN / "usb_lab_driver"), str(folder / "address.yaml"), "--deadline-ms", str(scenario.deadline_ms), *actions]

        done = tier.run(driver, scenario, folder, command)
        wrong = judge(driver, scenario, folder, done)
        return wrong and f"{wrong}\n{done.stdout[-1500:]}{done.stderr[-1500:]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--guest", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("drivers", nargs="*")
    arguments = parser.parse_args()
    tier = Guest() if arguments.guest else Host()
    failed = passed = 0
    for name in arguments.drivers or DRIVERS:
        driver = DRIVERS[name]
        if arguments.guest and not driver.in_guest:
            continue
        for title, scenario in SCENARIOS.items():
            if scenario.needs and not getattr(driver, scenario.needs) or (scenario.host_only and arguments.guest):
                continue
            if scenario.faults and not driver.transfers or (arguments.guest and not (scenario.kernel or arguments.all)):
                continue
            wrong = run_one(tier, driver, scenario)
            failed, passed = failed + bool(wrong), passed + (not wrong)
            print(f"{'FAILED' if wrong else 'ok    '} {name}: {title}" + (f": {wrong}" if wrong else ""), flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
