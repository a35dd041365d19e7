#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a machine can hold the source to: each check is a function that yields complaints.

    lint.py            all checks
    lint.py NAME...    some
    lint.py --list     their names, a line each
"""
import re
import subprocess
import sys
from pathlib import Path

import layers

ROOT = Path(__file__).resolve().parents[2]
CODE = {".cpp", ".hpp", ".c", ".h"}


class File:
    """A file of the tree: its path from the root, its lines, and its code without comments."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.splitlines()
        self.suffix = Path(path).suffix

    @property
    def is_code(self):
        return self.suffix in CODE

    def code_lines(self):
        """(number, line) without what stands in comments."""
        in_comment = False
        for number, line in enumerate(self.lines, 1):
            if not in_comment and "/" not in line:
                yield number, line
                continue
            out, at = "", 0
            while at < len(line):
                if in_comment:
                    end = line.find("*/", at)
                    if end < 0:
                        break
                    at, in_comment = end + 2, False
                elif line.startswith("//", at) and not line.startswith("://", at - 1):
                    break
                elif line.startswith("/*", at):
                    at, in_comment = at + 2, True
                else:
                    out, at = out + line[at], at + 1
            yield number, out


def tree():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard"],
                            capture_output=True, check=False)
    if listed.returncode == 0:
        names = sorted(set(filter(None, listed.stdout.decode().split("\0"))))
    else:  # a tarball
        names = sorted(str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and p.parts[len(ROOT.parts)] != "build")
    for name in names:
        path = ROOT / name
        if not path.is_file() or path.suffix not in CODE | {".py", ".yaml", ".cmake", ".txt", ".ts", ".md", ""}:
            continue
        try:
            yield File(name, path.read_text())
        except UnicodeDecodeError:
            continue


def banned(file, pattern, why):
    for number, line in file.code_lines():
        if re.search(pattern, line):
            yield f"{file.path}:{number}: {why}: {line.strip()[:80]}"


def check_layers(file):
    """each folder includes only what stands below it, and the libraries that it may use"""
    if file.is_code:
        yield from layers.complaints(file.path, file.code_lines())


def check_spawn(file):
    """nothing but TaskScope (and undisturbed(), which joins at once) spawns coroutines, and none is detached"""
    if not file.is_code:
        return
    yield from banned(file, r"\bdetached\b", "a coroutine that nobody joins")
    if file.path not in ("drivers/core/task.cpp", "drivers/core/undisturbed.cpp"):
        yield from banned(file, r"\bco_spawn\b(?!\.hpp)", "TaskScope::spawn is for that")


def check_shell(file):
    """tools are run by argument vector, never by a shell"""
    if not file.is_code or file.path.startswith("tests/"):
        return
    yield from banned(file, r"\bstd::system\b|(?<![\w:.>])system\s*\(|\bpopen\s*\(|/bin/(ba)?sh\b|\"(ba)?sh\",\s*\"-c\"|\bwordexp\b",
                      "no shell: drivers/core/process.hpp")


def check_length(file):
    """no file has more than 500 lines"""
    if (file.is_code or file.suffix in {".py", ".ts"}) and len(file.lines) > 500:
        yield f"{file.path}:501: {len(file.lines)} lines: two ideas, two files"


def needs_licence(file):
    if file.path.startswith(("tests/golden/", "tests/fuzz/corpus/")):
        return False
    if file.is_code or file.suffix in {".py", ".ts", ".cmake"} or file.path.endswith("CMakeLists.txt"):
        return True
    if file.suffix == ".yaml":
        return file.path.startswith("boards/")
    return file.suffix == "" and file.text.startswith("#!")


def check_licence(file):
    """the first line is the SPDX line (the second one below #!)"""
    if not needs_licence(file):
        return
    lines = file.lines[1:2] if file.text.startswith("#!") else file.lines[:1]
    if not lines or not re.fullmatch(r"(//|#|/\*) SPDX-License-Identifier: Apache-2\.0( \*/)?", lines[0]):
        yield f"{file.path}:1: 'SPDX-License-Identifier: Apache-2.0' is missing"


def check_unfinished(file):
    """nothing is left for later"""
    if file.suffix == ".md" or file.path.startswith(("tests/lint/", "tests/golden/", "tests/fuzz/corpus/")):
        return
    for number, line in enumerate(file.lines, 1):
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
            yield f"{file.path}:{number}: done now, or in an issue: {line.strip()[:80]}"


def check_headers(file):
    """headers have #pragma once, and say `using namespace` nowhere but for literals"""
    if file.suffix == ".hpp":
        if "#pragma once" not in file.lines[:3]:
            yield f"{file.path}:2: '#pragma once' is missing"
        yield from banned(file, r"\busing namespace (?!std::chrono_literals)", "not in a header")


VAGUE = re.compile(r"(test|works?|basics?|simple|misc|various|stuff|ok|success|failure|foo|bar)_?\d*", re.IGNORECASE)


def check_tests(file):
    """a test's name says what holds; tests wait for conditions; those with threads are *_mt_test.cpp"""
    if not file.path.startswith("tests/") or not file.path.endswith("_test.cpp"):
        return
    for number, line in file.code_lines():
        name = re.match(r"\s*TEST(?:_F|_P)?\(\s*\w+,\s*(\w+)", line)
        if name and VAGUE.fullmatch(name[1]):
            yield f"{file.path}:{number}: '{name[1]}' does not say what holds"
    yield from banned(file, r"this_thread::sleep_|\busleep\(|\bnanosleep\(|[^_\w]::sleep\(", "wait for a condition, with a deadline")
    if not file.path.endswith("_mt_test.cpp"):
        yield from banned(file, r"\bstd::(jthread|thread|async)\b(?!::)", "tests with threads are *_mt_test.cpp, for TSan")


def check_data(file):
    """board types and rule packs are YAML, and name their source"""
    if not re.fullmatch(r"boards/(types|rules)/[\w.-]+\.yaml", file.path):
        return
    import yaml
    try:
        data = yaml.safe_load(file.text)
    except yaml.YAMLError as problem:
        yield f"{file.path}: {problem}"
        return
    if not isinstance(data, dict):
        yield f"{file.path}:1: a map was expected"
    elif file.path.startswith("boards/types/") and not (data.get("source") or data.get("abstract")):
        yield f"{file.path}:1: 'source' is missing: where the facts come from"


CHECKS = {name[len("check_"):]: function for name, function in sorted(globals().items()) if name.startswith("check_")}


def main(arguments):
    if arguments == ["--list"]:
        print("\n".join(CHECKS))
        return 0
    unknown = [name for name in arguments if name not in CHECKS]
    if unknown:
        print(f"lint.py: no such check: {', '.join(unknown)}; there are: {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    files = list(tree())
    if len(files) < 20:
        print(f"lint.py: only {len(files)} files found in {ROOT}", file=sys.stderr)
        return 2
    failed = 0
    for name in arguments or CHECKS:
        found = [complaint for file in files for complaint in CHECKS[name](file)]
        failed += bool(found)
        print(f"{'FAILED' if found else 'ok    '} {name}: {CHECKS[name].__doc__}")
        for complaint in found:
            print("  " + complaint)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
