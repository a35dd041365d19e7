#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a small Linux system of Debian's busybox and a kernel's modules.

ramdisk.py --kernel DIR --busybox DIR --applets FILE --modules NAME,... [--add PATH=FILE]... [--cpio OUT] [--tree OUT]
--cpio writes a compressed initramfs, --tree a folder for `mke2fs -d`. Both depend on their input alone: owners are
root and times are 0. DIRs are unpacked packages; FILE has the output of `busybox --list`.
"""
import argparse
import gzip
import lzma
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent
# openssl passwd -6 -salt hilltop hilltop
PASSWORD = "$6$hilltop$AqdHxkpBXzyaA8PrmLoDgNI7U6Zp00zoTDQ5Q1oci6Jo4eZIXM881gh0papsdXvtexTBgodD60MAVlJedLBjr0"
UDHCPC = """#!/bin/sh
case $1 in
  deconfig) ip addr flush dev $interface; ip link set $interface up ;;
  bound | renew)
    ip addr add $ip/${mask:-24} dev $interface
    [ -n "$router" ] && ip route add default via ${router%% *}
    for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf ;;
esac
"""


class Tree:
    """Files by path: (mode, bytes); the bytes of a link are its target."""

    def __init__(self):
        self.entries = {}

    def folder(self, path, mode=0o755):
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.folder(parent)
        self.entries[path] = (stat.S_IFDIR | mode, b"")

    def file(self, path, data, mode=0o644):
        self.folder_of(path)
        self.entries[path] = (stat.S_IFREG | mode, data if isinstance(data, bytes) else data.encode())

    def link(self, path, target):
        self.folder_of(path)
        self.entries[path] = (stat.S_IFLNK | 0o777, target.encode())

    def folder_of(self, path):
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.folder(parent)

    def cpio(self):
        """newc, as the kernel reads it (Documentation/driver-api/early-userspace/buffer-format.rst)."""
        out = bytearray()

        def add(name, mode, data, inode, device=(0, 0)):
            fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
            out.extend(b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0")
            out.extend(b"\0" * (-len(out) % 4))
            out.extend(data)
            out.extend(b"\0" * (-len(out) % 4))

        for inode, (path, (mode, data)) in enumerate(sorted(self.entries.items()), 1):
            add(path, mode, data, inode)
        # The kernel opens /dev/console before the first program has mounted anything.
        add("dev/console", stat.S_IFCHR | 0o600, b"", len(self.entries) + 1, (5, 1))
        add("TRAILER!!!", 0, b"", 0)
        return bytes(out)

    def write(self, top):
        top = pathlib.Path(top)
        shutil.rmtree(top, ignore_errors=True)
        top.mkdir(parents=True)
        for path, (mode, data) in sorted(self.entries.items()):
            if stat.S_ISDIR(mode):
                (top / path).mkdir()
                (top / path).chmod(stat.S_IMODE(mode))
            elif stat.S_ISLNK(mode):
                (top / path).symlink_to(data.decode())
            else:
                (top / path).write_bytes(data)
                (top / path).chmod(stat.S_IMODE(mode))


def found(package, *paths):
    """The first of the paths that the package has: newer ones have everything below usr."""
    return next(package / path for path in paths if (package / path).exists())


def module_bytes(path):
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def module_name(path):
    return path.name.split(".ko")[0].replace("-", "_")


def with_dependencies(wanted, available):
    """`wanted` and what they need, from the modules' own lists."""
    taken, queue = set(), [name.replace("-", "_") for name in wanted]
    while queue:
        name = queue.pop()
        if name in taken or name not in available:
            continue  # built into the kernel
        taken.add(name)
        match = re.search(rb"\0depends=([^\0]*)\0", module_bytes(available[name]))
        queue += [n.replace("-", "_") for n in match[1].decode().split(",") if n] if match else []
    return taken


def add_modules(tree, kernel, wanted):
    source = next(found(kernel, "lib/modules", "usr/lib/modules").iterdir())
    version = source.name
    available = {module_name(path): path for path in source.rglob("*.ko*")}
    with tempfile.TemporaryDirectory() as scratch:
        top = pathlib.Path(scratch, "lib/modules", version)
        top.mkdir(parents=True)
        for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            if (source / name).exists():
                shutil.copy(source / name, top)
        for name in with_dependencies(wanted, available):
            (top / available[name].name.removesuffix(".xz")).write_bytes(module_bytes(available[name]))
        tool = shutil.which("depmod") or "/sbin/depmod"
        subprocess.run([tool, "-b", scratch, version], check=True, stderr=subprocess.DEVNULL)
        for path in sorted(top.iterdir()):
            if not path.name.endswith(".bin"):  # busybox reads the text
                tree.file(f"lib/modules/{version}/{path.name}", path.read_bytes())


def build(arguments, image):
    tree = Tree()
    for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "dev", "proc", "sys", "run", "mnt", "root", "var", "etc"):
        tree.folder(folder)
    tree.folder("tmp", 0o1777)
    tree.file("bin/busybox", found(arguments.busybox, "bin/busybox", "usr/bin/busybox").read_bytes(), 0o755)
    for applet in arguments.applets.read_text().split():
        if applet not in ("busybox", "init"):
            tree.link(f"bin/{applet}", "busybox")
    tree.link("sbin/modprobe", "../bin/busybox")  # where the kernel looks for it
    init = (HERE / "init").read_bytes()
    tree.file("init" if image == "ramdisk" else "sbin/init", init, 0o755)
    tree.file("etc/image", image + "\n")
    tree.file("etc/hostname", "hilltop-board\n")
    tree.file("etc/passwd", f"root:{PASSWORD}:0:0:root:/root:/bin/sh\n")
    tree.file("etc/group", "root:x:0:\n")
    tree.file("etc/shellrc", "PS1='/ # '\n")
    tree.file("etc/profile", "export PS1='/ # ' PATH=/bin:/sbin:/usr/bin:/usr/sbin\ncd /\n")
    tree.file("etc/issue", "hilltop test system \\l\n")
    tree.file("etc/os-release", "ID=hilltop-test\nNAME='hilltop test system'\nVERSION_ID=1\n")
    tree.file("etc/udhcpc.script", UDHCPC, 0o755)
    for path, file in (words.split("=", 1) for words in arguments.add):
        tree.file(path, pathlib.Path(file).read_bytes(), stat.S_IMODE(os.stat(file).st_mode))
    add_modules(tree, arguments.kernel, arguments.modules.split(","))
    return tree


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", type=pathlib.Path, required=True)
    parser.add_argument("--busybox", type=pathlib.Path, required=True)
    parser.add_argument("--applets", type=pathlib.Path, required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("--add", action="append", default=[])
    parser.add_argument("--cpio")
    parser.add_argument("--tree")
    arguments = parser.parse_args()
    if arguments.cpio:
        data = build(arguments, "ramdisk").cpio()
        pathlib.Path(arguments.cpio).write_bytes(gzip.compress(data, 6, mtime=0))
    if arguments.tree:
        build(arguments, "disk").write(arguments.tree)


if __name__ == "__main__":
    main()
