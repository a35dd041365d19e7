# SPDX-License-Identifier: Apache-2.0
"""Stands in for a flashing tool: fake_tool.py SCENARIO LOG [the tool's own arguments]."""
import sys
import time

scenario, log, *arguments = sys.argv[1:]
with open(log, "a", encoding="utf-8") as out:
    out.write(repr(arguments) + "\n")
if "-?" in arguments:
    print("avrdude version 5.1" if scenario == "old" else "avrdude version 7.1")
    sys.exit(0)
print("avrdude: writing flash")
print("Writing | ", end="", flush=True)
for _ in range(50):
    print("#", end="", flush=True)
print(" | 100% 0.1s")
if scenario == "silent":
    sys.exit(0)
if scenario == "other board":
    print("avrdude: expected signature for ATmega328P is 1E 95 0F")
    sys.exit(1)
if scenario == "differs":
    print("avrdude error: verification mismatch")
    sys.exit(1)
if scenario == "hangs":
    time.sleep(600)
print("avrdude: 10 bytes of flash verified")
sys.exit(3 if scenario == "status" else 0)
