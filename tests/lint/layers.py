# SPDX-License-Identifier: Apache-2.0
"""Who may include what: the table of DESIGN.md 1 ("The house")."""
import re

BASE = ["drivers/core"]
DEVICES = ["drivers/" + name for name in ("power", "serial", "probe", "flash", "storage", "usb", "net", "emulator")]
DRIVER_SEAM = ["drivers/api", "drivers/core", "drivers/protocol"]

# Folder -> folders that it may include, besides itself. The longest folder that a path begins with counts.
MAY_INCLUDE = {
    "drivers/core": [],
    "drivers/api": BASE,
    "drivers/protocol": BASE,
    "drivers/fake": DRIVER_SEAM + ["drivers/tables.hpp"],  # where each driver is declared
    **{folder: ["drivers"] for folder in DEVICES},
    "drivers": ["drivers"],  # tables.hpp
    "boards": DRIVER_SEAM,
    "jobs": ["boards"] + DRIVER_SEAM,
    "controller": ["jobs", "boards"] + DRIVER_SEAM,
    "controller/bin": ["drivers", "boards", "jobs", "controller", "web"],
    "web": ["controller", "jobs", "boards"] + DRIVER_SEAM,
    "web/cli/bin": ["drivers", "boards", "jobs", "controller", "web"],
    "tests": ["drivers", "boards", "jobs", "controller", "web", "bench"],
    "bench": ["drivers", "boards", "jobs", "controller", "web", "tests"],
}
HOUSE = ("drivers", "boards", "jobs", "controller", "web", "tests", "bench")
NOBODY_INCLUDES = ("controller/bin/", "web/cli/bin/")

# Header of a library -> the folders that may use it. What is not here (std, Asio, nlohmann-json, fmt, spdlog, POSIX) is free.
LIBRARIES = [
    (r"yaml\.h", ["drivers/core"]),
    (r"libusb.*|ftdi\.h|libserialport\.h|net-snmp/.*|gpiod\.h(pp)?", DEVICES),
    (r"pcre2\.h|hwy/.*|zstd\.h|liburing\.h", ["boards"]),
    (r"archive(_entry)?\.h", ["jobs"]),
    (r"sqlite3\.h|libpq-fe\.h|postgresql/.*", ["controller/store"]),
    (r"nats/.*|nats\.h", ["controller/bus"]),
    (r"curl/.*|sodium(/.*)?(\.h)?", ["controller"]),
    (r"boost/beast/.*|boost/beast\.hpp", ["web/http"]),
    (r"openssl/.*|boost/asio/ssl/.*|boost/asio/ssl\.hpp", ["web", "drivers/net", "drivers/power/unit", "drivers/protocol"]),
    (r"CLI/.*", ["web/cli", "controller/bin"]),
    (r"g(test|mock)/.*", ["tests"]),
    (r"benchmark/.*", ["bench"]),
    (r"boost/asio\.hpp", []),  # costs seconds in every file
    (r"iostream", ["web/cli", "controller/bin"]),  # a constructor before main
]
FREE_FOR_LIBRARIES = ("tests/", "bench/", "cmake/")


def under(path, folder):
    return path == folder or path.startswith(folder + "/")


def folder_of(path):
    return max((folder for folder in MAY_INCLUDE if under(path, folder)), key=len, default=None)


def complaint_about_house(path, included):
    home = folder_of(path)
    if home is None:
        return None
    if included.startswith(NOBODY_INCLUDES) and not under(path, included.rsplit("/", 1)[0]):
        return "nothing includes that folder"
    top = included.split("/")[0]
    if top not in HOUSE or "/" not in included:
        return "an include names its folder, from the root"
    if folder_of(included) == home or any(under(included, folder) for folder in MAY_INCLUDE[home]):
        return None
    return f"{home} may include only {', '.join(MAY_INCLUDE[home]) or 'itself'}"


def complaint_about_library(path, included):
    if path.startswith(FREE_FOR_LIBRARIES):
        return None
    for pattern, folders in LIBRARIES:
        if re.fullmatch(pattern, included) and not any(under(path, folder) for folder in folders):
            return f"{'only ' + ', '.join(folders) if folders else 'nobody'} may use it"
    return None


def complaints(path, lines):
    if path.startswith("tests/firmware/"):  # bare-metal C of its own
        return
    for number, line in lines:
        include = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if not include:
            continue
        about = complaint_about_house if include[1] == '"' else complaint_about_library
        problem = about(path, include[2])
        if problem:
            yield f"{path}:{number}: {include[2]}: {problem}"
