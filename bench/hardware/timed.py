# SPDX-License-Identifier: Apache-2.0
"""timed.py COMMANDS: runs the commands of a JSON list (argument vectors) one after another. A line of JSON for each: by the clock, and the
processor's time of the program. Runs beside them under usbmock."""
import json
import os
import subprocess
import sys
import time


def main():
    for argv in json.loads(sys.argv[1]):
        begin = time.monotonic()
        program = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = program.stderr.read()
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        program.stderr.close()
        took = time.monotonic() - begin
        print(json.dumps({"status": program.returncode, "ms": 1e3 * took, "cpu_ms": 1e3 * (usage.ru_utime + usage.ru_stime), "said": said[-300:]}), flush=True)


if __name__ == "__main__":
    main()
