#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a console as LAVA's dispatcher does: pexpect with maxread 2000, a search window of 4000, UTF-8, a list of patterns.
--tty PATH --log FILE reads until it is ended; --file FILE --bytes N reads what is in memory, and says how long that took."""
import argparse
import os
import sys
import time

import pexpect
import pexpect.fdpexpect
from pexpect.spawnbase import SpawnBase

SETTINGS = {"maxread": 2000, "searchwindowsize": 4000, "encoding": "utf-8", "codec_errors": "replace"}


class FromMemory(SpawnBase):
    """Gives pexpect what is in memory: nothing is measured but pexpect."""

    def __init__(self, data):
        super().__init__(timeout=None, **SETTINGS)
        self.data, self.at = data, 0

    def read_nonblocking(self, size=1, timeout=None):
        del timeout
        if self.at >= len(self.data):
            self.flag_eof = True
            raise pexpect.EOF("the end")
        piece = self.data[self.at:self.at + size]
        self.at += size
        return self._decoder.decode(piece, final=False)


def watch(spawn, patterns, log=None):
    """Waits for one pattern after the other until the end; how many were found."""
    spawn.logfile_read = log
    compiled = spawn.compile_pattern_list([*patterns, pexpect.TIMEOUT, pexpect.EOF])
    found = 0
    while True:
        index = spawn.expect_list(compiled, timeout=spawn.timeout)
        if index == len(patterns) + 1:
            return found
        found += index < len(patterns)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--patterns", required=True)
    parser.add_argument("--tty")
    parser.add_argument("--log")
    parser.add_argument("--file")
    parser.add_argument("--bytes", type=int, default=-1)
    args = parser.parse_args()
    with open(args.patterns, encoding="utf-8") as file:
        patterns = [line.rstrip("\n").split("\t", 1)[1] for line in file if "\t" in line and not line.startswith("#")]
    if args.file:
        with open(args.file, "rb") as file:
            spawn = FromMemory(file.read(args.bytes))
        begin = time.process_time()
        found = watch(spawn, patterns)
        print(f'{{"cpu_s": {time.process_time() - begin}, "bytes": {len(spawn.data)}, "found": {found}}}')
        return
    spawn = pexpect.fdpexpect.fdspawn(os.open(args.tty, os.O_RDWR | os.O_NOCTTY), timeout=3600, **SETTINGS)
    with open(args.log, "w", encoding="utf-8", newline="") as log:
        print("ready", flush=True)
        watch(spawn, patterns, log)


if __name__ == "__main__":
    sys.exit(main())
