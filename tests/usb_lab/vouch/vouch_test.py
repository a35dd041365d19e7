#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other people's programs, unmodified, against the lab's models: they vouch for the simulation. Under usbmock."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["USB_LAB_BIN"])
FIRMWARE = pathlib.Path(os.environ["HILLTOP_FIRMWARE"])
SCRIPT = "set -e\n"


class MockTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="usb-lab-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def need(self, *programs):
        for program in programs:
            if shutil.which(program) is None:
                self.skipTest(f"no {program}")

    def mock(self, *devices, command, limit=240):
        """Runs a program (words, or a shell script) with the devices; its output."""
        words = ["sh", "-c", SCRIPT + command] if isinstance(command, str) else command
        done = subprocess.run([BIN / "usbmock", *devices, "--", *words], capture_output=True, text=True, errors="replace", timeout=limit,
                              cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def state(self, name="state"):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


class Vouching(MockTest):
    def test_lsusb_lists_what_is_plugged_in(self):
        self.need("lsusb")
        said = self.mock("hidrelay", "hub,port=1-2", "ykush,port=1-2.1", command=["lsusb"])
        for usb_id in ("16c0:05df", "04d8:f2f7", "2109:2813", "1d6b:0002", "1d6b:0003"):
            self.assertIn(usb_id, said)

    def test_uhubctl_switches_one_port_and_reads_it_back(self):
        self.need("uhubctl", "lsusb")
        off = "uhubctl -l 1-1 -p 2 -a off; lsusb > off; uhubctl -l 1-1 -p 2 -a on; "
        on = "for i in $(seq 100); do lsusb > on; grep -q f2f7 on && break; sleep 0.02; done"
        said = self.mock("hub,state=state", "ykush,port=1-1.2", "hidrelay,port=1-1.3", command=off + on)
        self.assertIn("Port 2: 0000 off", said)
        self.assertNotIn("04d8:f2f7", (self.folder / "off").read_text())
        self.assertIn("16c0:05df", (self.folder / "off").read_text())
        self.assertIn("04d8:f2f7", (self.folder / "on").read_text())
        self.assertEqual(self.state(), ["vbus 2 off", "vbus 2 on"])

    def test_uhubctl_knows_the_two_halves_of_a_box(self):
        self.need("uhubctl")
        said = self.mock("hub,pair=2-1,state=state", command=["uhubctl", "-l", "1-1", "-p", "2", "-a", "off"])
        self.assertIn("USB3.0 Hub", said)
        self.assertEqual(self.state(), ["vbus 2 off"])

    def test_uhubctl_leaves_a_ganged_hub_alone(self):
        self.need("uhubctl")
        done = subprocess.run([BIN / "usbmock", "hub,switching=ganged,state=state", "--", "uhubctl", "-l", "1-1"], cwd=self.folder,
                              capture_output=True, text=True, timeout=60)
        self.assertIn("No compatible devices", done.stdout + done.stderr)

    def test_dfu_util_writes_and_reads_back(self):
        self.need("dfu-util")
        image = random.Random(1).randbytes(5000)
        (self.folder / "in").write_bytes(image)
        self.mock("dfu,file=flash,state=state,slow", command="dfu-util -d 1209:df11 -a 0 -D in; dfu-util -d 1209:df11 -a 0 -U out")
        self.assertEqual((self.folder / "flash").read_bytes(), image)
        self.assertEqual((self.folder / "out").read_bytes(), image)
        self.assertEqual(self.state(), ["dfu image 5000"])

    def test_dfu_util_detaches_an_application(self):
        self.need("dfu-util")
        (self.folder / "in").write_bytes(b"x" * 3000)
        self.mock("dfu,file=flash,state=state,runtime=1209:0001", command="dfu-util -d 1209:0001,1209:df11 -a 0 -D in || test $? = 74")  # EX_IOERR: the loader left
        self.assertEqual(self.state(), ["dfu detach", "dfu image 3000"])

    def test_dfu_util_speaks_dfuse(self):
        self.need("dfu-util")
        image = random.Random(2).randbytes(50000)
        (self.folder / "in").write_bytes(image)
        self.mock("dfuse,file=flash,state=state", command="dfu-util -a 0 -s 0x08004000:leave -D in")
        self.assertEqual((self.folder / "flash").read_bytes()[0x4000 : 0x4000 + len(image)], image)
        self.assertEqual(self.state()[0], "erase 08004000")
        self.assertTrue(self.state()[-1].startswith("dfu leave"), self.state()[-1])

    def test_libftdi_moves_pins_and_bytes(self):
        self.mock("ftdi,state=state", command=[BIN / "ftdi_pins"])
        self.assertEqual(self.state()[:2], ["pins 5a", "cbus 1 dir f"])

    def board(self, firmware):
        """An emulated STM32F100, and the options of a probe at its end."""
        self.need("qemu-system-arm", "openocd")
        words = ["qemu-system-arm", "-M", "stm32vldiscovery", "-nodefaults", "-display", "none", "-monitor", "none"]
        words += ["-serial", f"file:{self.folder}/uart", "-kernel", FIRMWARE / firmware]
        words += ["-gdb", f"unix:{self.folder}/gdb,server=on,wait=off", "-qmp", f"unix:{self.folder}/qmp,server=on,wait=off"]
        board = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        self.addCleanup(board.wait)
        self.addCleanup(board.kill)
        end = time.monotonic() + 20
        while not ((self.folder / "qmp").exists() and (self.folder / "gdb").exists()):
            self.assertLess(time.monotonic(), end, "QEMU does not start")
            time.sleep(0.01)
        return f"gdb={self.folder}/gdb,qmp={self.folder}/qmp,flash=stm32f1,state=state"

    def openocd(self, probe, *commands, interface="cmsis-dap", transport="swd"):
        begin = ["openocd", "-f", f"interface/{interface}.cfg", "-c", f"transport select {transport}; set WORKAREASIZE 0; set CPUTAPID 0x2ba01477"]
        rest = [word for command in commands for word in ("-c", command)]
        return self.mock(probe, command=[*begin, "-f", "target/stm32f1x.cfg", *rest])

    def test_openocd_programs_and_verifies_through_cmsis_dap(self):
        options = self.board("stm32vldiscovery-fail.elf")
        said = self.openocd("cmsisdap," + options, f"program {FIRMWARE}/stm32vldiscovery-pass.elf verify reset exit")
        self.assertIn("Verified OK", said)
        end = time.monotonic() + 20
        while "PROJECT EXECUTION SUCCESSFUL" not in (self.folder / "uart").read_text(errors="replace"):
            self.assertLess(time.monotonic(), end, "the board does not run what was flashed")
            time.sleep(0.02)
        self.assertIn("core reset", self.state())

    def test_openocd_halts_and_steps(self):
        options = self.board("stm32vldiscovery-shell.elf")
        said = self.openocd("cmsisdap," + options, "init", "reset halt", "bp 0x08000100 2 hw", "step", "mdw 0x08000000 2", "shutdown")
        self.assertIn("0x08000000: ", said)
        self.assertIn("core reset", self.state())

    def test_openocd_programs_and_verifies_through_st_link(self):
        options = self.board("stm32vldiscovery-fail.elf")
        said = self.openocd("stlink," + options, f"program {FIRMWARE}/stm32vldiscovery-pass.elf verify reset exit", interface="stlink",
                            transport="hla_swd")
        self.assertIn("Verified OK", said)

    def test_openocd_loads_and_verifies_through_st_link_as_a_plain_probe(self):
        options = self.board("stm32vldiscovery-shell.elf")
        (self.folder / "bytes").write_bytes(random.Random(3).randbytes(1024))
        said = self.openocd("stlink," + options, "init", "reset halt", "load_image bytes 0x20000400 bin", "verify_image bytes 0x20000400 bin",
                            "shutdown", interface="stlink-dap", transport="dapdirect_swd")
        self.assertIn("verified 1024 bytes", said)
        self.assertIn("core reset", self.state())

    def test_openocd_finds_the_probe_by_its_serial_number(self):
        self.need("openocd")
        words = ["openocd", "-f", "interface/cmsis-dap.cfg", "-c", "transport select swd; adapter serial DAP2; set CPUTAPID 0x2ba01477"]
        words += ["-f", "target/stm32f1x.cfg", "-c", "init; halt; shutdown"]
        self.mock("cmsisdap,serial=DAP1,state=one", "cmsisdap,serial=DAP2,state=two", command=words)
        self.assertEqual(self.state("one"), [])
        self.assertIn("core halted", self.state("two"))


class Plugging(MockTest):
    """Not of any one tool: what usbmock does between."""

    def test_a_device_comes_back_under_another_address(self):
        self.need("lsusb")
        wait = "for i in $(seq 200); do lsusb > now; {} && break; sleep 0.02; done; "
        script = "lsusb > before; echo 'unplug 1-1' > ctl; " + wait.format("! grep -q f2f7 now")
        script += "echo 'tell 1-1 serial YK9' > ctl; echo 'plug 1-1' > ctl; " + wait.format("grep -q f2f7 now")
        self.mock("ykush,state=state", "ctl,fifo=ctl,log=log", command=script)
        log = [line for line in self.state("log") if "1-1 " in line]
        self.assertEqual(log, ["plug 1-1 as 001/002", "unplug 1-1 as 001/002", "plug 1-1 as 001/003"])

    def test_serial_relays_are_reached_through_their_tty(self):
        script = "exec 3<>/dev/ttyUSB0; stty -F /dev/ttyUSB0 raw -echo; printf 'relay on 1\\r' >&3; head -c 15 <&3"
        self.mock("ch340,relay=numato,tty=ttyUSB0,state=state", command=script)
        self.assertEqual(self.state(), ["relays 02"])


if __name__ == "__main__":
    sys.exit(unittest.main())
