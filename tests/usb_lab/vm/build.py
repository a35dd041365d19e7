#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what the USB lab's guest boots: build.py OUT [FOREIGN]

OUT/vmlinux and OUT/initrd.cpio, from Debian's kernel and busybox (deploy/packages/fetch-foreign, FOREIGN is its folder;
they are unpacked, never installed). What is newer than its sources is kept. Ends with 77 (skipped) where the packages are
not to be had.
"""
import fcntl
import lzma
import pathlib
import subprocess
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests/firmware/linux"))
import ramdisk  # noqa: E402

PACKAGES = ("linux-image-amd64:amd64", "busybox-static:amd64")
MODULES = (
    "virtio_pci virtio_net 9p 9pnet_virtio overlay xhci_pci usbhid hid_generic ftdi_sio cp210x ch341 cdc_acm "
    "usb_storage uas sd_mod sg vhci_hcd"
).split()


def vmlinux(image):
    """The ELF file in a bzImage: QEMU starts it directly (PVH), without 5 s of decompression in the guest."""
    unpackers = (
        (b"\xfd7zXZ\0", lambda data: lzma.LZMADecompressor().decompress(data)),
        (b"\x1f\x8b\x08", lambda data: zlib.decompressobj(31).decompress(data)),
        (b"\x28\xb5\x2f\xfd", lambda data: subprocess.run(["zstd", "-dcq"], input=data, capture_output=True).stdout),
    )
    for magic, unpack in unpackers:
        at = image.find(magic)
        while at >= 0:
            try:
                kernel = unpack(image[at:])
            except (lzma.LZMAError, zlib.error):
                kernel = b""
            if kernel.startswith(b"\x7fELF"):
                return kernel
            at = image.find(magic, at + 1)
    raise SystemExit("no ELF file in the kernel's image")


def make_initrd(kernel, busybox):
    tree = ramdisk.Tree()
    for folder in ("bin", "dev", "proc", "sys", "root"):
        tree.folder(folder)
    tree.file("bin/busybox", ramdisk.found(busybox, "bin/busybox", "usr/bin/busybox").read_bytes(), 0o755)
    tree.file("init", (HERE / "init").read_bytes(), 0o755)
    tree.file("first", (HERE / "first").read_bytes(), 0o755)
    ramdisk.add_modules(tree, kernel, MODULES)
    return tree.cpio()


def replace(path, data):
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.rename(path)


def main():
    out = pathlib.Path(sys.argv[1])
    foreign = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "build/foreign")
    out.mkdir(parents=True, exist_ok=True)
    with open(out / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fetch = subprocess.run([ROOT / "deploy/packages/fetch-foreign", foreign, *PACKAGES])
        if fetch.returncode != 0:
            return 77
        kernel, busybox = (foreign / name.replace(":", "-") for name in PACKAGES)
        sources = [HERE / name for name in ("init", "first", "build.py")] + [kernel / ".whole"]
        newest = max(path.stat().st_mtime for path in sources)
        made = [out / "vmlinux", out / "initrd.cpio"]
        if all(path.exists() and path.stat().st_mtime > newest for path in made):
            return 0
        replace(made[0], vmlinux(next((kernel / "boot").glob("vmlinuz-*")).read_bytes()))
        replace(made[1], make_initrd(kernel, busybox))
    return 0


if __name__ == "__main__":
    sys.exit(main())
