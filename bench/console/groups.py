# SPDX-License-Identifier: Apache-2.0
"""How each group of rows is measured."""
import dataclasses
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

import peers
import whole
from programs import BIN, ROOT, median, run_json
from rows import ROWS
from whole import Bare, Ours, with_options

sys.path.insert(0, str(ROOT / "bench"))
from support import Daemon, resident_mb  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PATTERNS = HERE / "patterns.txt"
FAST, SLOW = 3_000_000, 115_200
LATE_LIMIT = 0.001


@dataclasses.dataclass
class Setting:
    short: bool
    rounds: int
    warm_ups: int
    corpus: pathlib.Path
    small: pathlib.Path
    random_seed: int
    random: pathlib.Path | None = None

    def each_round(self):
        """True for a round that counts."""
        return [False] * self.warm_ups + [True] * self.rounds

    def seconds(self, long):
        return 1 if self.short else long


def put(row_id, value, **details):
    ROWS[row_id].values.append(value)
    for key, one in details.items():
        ROWS[row_id].details.setdefault(key, []).append(one)


def put_void(row_id, reason):
    ROWS[row_id].void = reason


#: Subscribers as live streams are: what a console that talks says is delivered once a frame.
LIVE = with_options(Ours, frame_ms=16)

# What of ours the peer does not do: left out where like is compared with like.
NOT_DONE_BY = {"B6a": ("subscribers", "sealer"), "B6b": ("watch", "subscribers", "sealer"), "B6c": ("watch", "journal", "sync", "sealer"),
               "B6d": ("watch", "journal", "sync", "sealer")}


def by_thread(mine):
    """Seconds of CPU a GB of each of our threads."""
    return {name: round(seconds / mine["delivered"] * 1e9, 3) for name, seconds in mine["report"]["threads"].items()}


def without_digests(report):
    return {key: value for key, value in report.items() if key != "digests"} if report else report


def gates(setting):
    """What must be right whatever it costs: the log's bytes, the cleaned text, the matches."""
    out = {}
    for name, corpus, prompts in (("cleaned text and matches, seed 1", setting.small, 0), (f"the same, seed {setting.random_seed}", setting.random, 0),
                                  ("the same, 1000 patterns", setting.random, 956)):
        done = subprocess.run([BIN / "console_gate", "--corpus", corpus, "--patterns", PATTERNS, "--seed", str(setting.random_seed), "--prompts", str(prompts)],
                              capture_output=True, text=True, check=False)
        try:
            out[name] = {**json.loads(done.stdout), "right": done.returncode == 0}
        except json.JSONDecodeError:
            out[name] = {"right": False, "said": done.stderr[-300:]}
    size = 256 << 10
    got = whole.measure(with_options(Ours, digest=1), setting.corpus, 64, flood=size, digest=1)
    same = got["report"]["digests"] == got["digests"]
    out["SHA-256 of 64 logs is that of what 64 boards sent"] = {"right": same and got["sent"] == 64 * size and got["report"]["all_delivered"], "bytes": got["sent"]}
    return out


def memory_rows(setting):
    """cleaning and matching in memory, beside memcpy, Hyperscan and pexpect"""
    ours = run_json("console_memory", corpus=setting.corpus, patterns=PATTERNS, rounds=setting.rounds + setting.warm_ups)
    rate = {name: [row["bytes"] / cpu for cpu in row["cpu_s"][setting.warm_ups:]] for name, row in ours.items()}
    for row_id, stage, anchor in (("B1", "pipeline-1", "memcpy"), ("B2", "pipeline-512", "memcpy"), ("B3a", "match-44", "hyperscan-44"),
                                  ("B3b", "match-1000", "hyperscan-1000"), ("B4", "clean", "memcpy"),
                                  ("B4b", "clean-utf8", "memcpy")):
        for mine, theirs in zip(rate[stage], rate[anchor]):
            put(row_id, mine / theirs, ours_mb_s=mine * 1e-6, anchor_mb_s=theirs * 1e-6)
        ROWS[row_id].details["found"] = [ours[stage]["found"], ours[anchor]["found"]]
    ROWS["B4"].details["scalar_mb_s"] = [one * 1e-6 for one in rate["clean-scalar"]]
    size = (1 if setting.short else 4) << 20
    for mine in rate["pipeline-1"][:1 if setting.short else 3]:
        done = subprocess.run(["/usr/bin/python3", HERE / "pexpect_reader.py", "--patterns", PATTERNS, "--file", setting.corpus, "--bytes", str(size)],
                              capture_output=True, text=True, check=True)
        theirs = json.loads(done.stdout)
        put("B5", mine / (theirs["bytes"] / theirs["cpu_s"]), pexpect_mb_s=theirs["bytes"] / theirs["cpu_s"] * 1e-6)


def paced_rows(setting):
    """64 boards at 3 Mbaud: ours and the peers, CPU a GB"""
    theirs = [("B6a", peers.Pexpect, 4), ("B6b", peers.Conserver, 64), ("B6c", peers.Ser2netTuned, 64), ("B6d", peers.Ser2net, 8)]
    for row_id, kind, _ in theirs:
        if not kind.installed():
            ROWS[row_id].missing = f"{kind.title} is not installed"
    for counts in setting.each_round():
        mine = whole.measure(LIVE, setting.corpus, 64, baud=FAST, seconds=setting.seconds(4))
        for row_id, kind, boards in theirs:
            if ROWS[row_id].missing or (row_id in ("B6a", "B6d") and len(ROWS[row_id].values) >= 3):
                continue  # slow ones thrice
            other = whole.measure(kind, setting.corpus, boards, baud=FAST, seconds=setting.seconds(4))
            if counts:
                with_kernel = (other["cpu_s_per_gb"] + other["kworker_s_per_gb"]) / (mine["cpu_s_per_gb"] + mine["kworker_s_per_gb"])
                put(row_id, other["cpu_s_per_gb"] / mine["cpu_s_per_gb"], ours_s_per_gb=mine["cpu_s_per_gb"], theirs_s_per_gb=other["cpu_s_per_gb"],
                    ours_kworker_s_per_gb=mine["kworker_s_per_gb"], theirs_kworker_s_per_gb=other["kworker_s_per_gb"], with_kworker=with_kernel,
                    ours_by_thread=by_thread(mine), like_for_like=other["cpu_s_per_gb"] / (mine["cpu_s_per_gb"] - sum(by_thread(mine)[name] for name in NOT_DONE_BY[row_id])),
                    theirs_lost=other["dropped"] / other["sent"], ours_lost=mine["dropped"] / mine["sent"], report=without_digests(mine["report"]))


def flood_rows(setting):
    """a flood of 64 boards: ours and a loop that only reads"""
    size = (1 << 20) if setting.short else (4 << 20)
    for counts in setting.each_round():
        mine = whole.measure(LIVE, setting.corpus, 64, flood=size)
        engine = "uring" if mine["report"]["engine"] == "io_uring" else "epoll"
        bare = {name: whole.measure(with_options(Bare, engine=name), setting.corpus, 64, flood=size) for name in ("epoll", "uring")}
        if counts:
            put("B7", mine["cpu_s_per_gb"] / bare[engine]["cpu_s_per_gb"], ours_s_per_gb=mine["cpu_s_per_gb"], engine=mine["report"]["engine"],
                epoll_s_per_gb=bare["epoll"]["cpu_s_per_gb"], uring_s_per_gb=bare["uring"]["cpu_s_per_gb"], ours_kworker_s_per_gb=mine["kworker_s_per_gb"],
                bare_kworker_s_per_gb=bare[engine]["kworker_s_per_gb"], ours_by_thread=by_thread(mine),
                without_sealing=(mine["cpu_s_per_gb"] - by_thread(mine)["sealer"]) / bare[engine]["cpu_s_per_gb"], wall_mb_s=mine["wall_mb_s"], report=without_digests(mine["report"]))


def many_rows(setting, baud, ids):
    """512 consoles at one speed: ingest CPU, loss, latency; a sweeping loop beside it"""
    seconds = setting.seconds(4)
    late = []
    for counts in setting.each_round()[-3:]:
        mine = whole.measure(Ours, setting.corpus, 512, real_time=True, baud=baud, seconds=seconds, stamp=1)
        bare = whole.measure(with_options(Bare, engine="sweep", stamp=1), setting.corpus, 512, real_time=True, baud=baud, seconds=seconds, stamp=1)
        late.append(mine["late"])
        if not counts:
            continue
        latency, anchor = mine["report"]["subscribers"]["latency"], bare["report"]["latency"]
        details = {"late_ticks": mine["late"], "bare_late_ticks": bare["late"], "bare_lost_percent": 100 * bare["dropped"] / (bare["sent"] + bare["dropped"]),
                   "bare_cpu_percent": 100 * bare["cpu_share"], "bare_latency": anchor, "latency": latency, "report": without_digests(mine["report"])}
        values = {"lost": 100 * mine["dropped"] / (mine["sent"] + mine["dropped"]), "cpu": 100 * mine["report"]["threads"]["ingest"] / seconds,
                  "p50": latency["p50_us"] / 1000, "p99": latency["p99_us"] / 1000}
        for name, row_id in ids.items():
            put(row_id, values[name], **details)
    if median(late) > LATE_LIMIT:
        for row_id in ids.values():
            put_void(row_id, f"{100 * median(late):.1f} % of the boards' ticks were late")


def fast_rows(setting):
    """512 boards at 3 Mbaud"""
    many_rows(setting, FAST, {"lost": "B8a", "cpu": "B8b", "p99": "B8c"})


def slow_rows(setting):
    """512 boards at 115200"""
    many_rows(setting, SLOW, {"cpu": "B9a", "p50": "B9b", "p99": "B9c"})


def echo_rows(setting):
    """a key's echo, alone and beside 511 busy consoles"""
    keys = 100 if setting.short else 400
    alone = whole.echo(setting.corpus, 0, keys, 3)
    put("B10a", alone["p50_us"], latency=alone, bare=whole.bare_echo(setting.corpus, keys))
    if setting.short:
        return
    busy = whole.echo(setting.corpus, 511, keys, 6)
    put("B10b", busy["p50_us"], latency=busy)
    put("B10c", busy["p99_us"], latency=busy)
    if busy["late"] > LATE_LIMIT:
        for row_id in ("B10b", "B10c"):
            put_void(row_id, f"{100 * busy['late']:.1f} % of the boards' ticks were late")


def fanout_rows(setting):
    """one console to many WebSocket subscribers, beside Beast's broadcast; each subscriber is checked for its bytes"""
    cases = [("B11a", 100, 0, "deliveries_per_core_s"), ("B11b", 1000, 0, "deliveries_per_core_s")]
    if not setting.short:
        cases += [("B11c", 100, 300_000, "payload_mb_per_core_s"), ("B11d", 1000, 300_000, "payload_mb_per_core_s")]
    for row_id, subscribers, rate, unit in cases:
        frames = 600 if rate else (20_000 if setting.short else 200_000) // subscribers
        for counts in setting.each_round():
            got = {mode: run_json("console_fanout", mode=mode, subscribers=subscribers, frame=1024, frames=frames, rate=rate)
                   for mode in (("feed", "beast") if rate else ("feed", "beast", "send"))}
            if counts:
                put(row_id, got["feed"][unit] / got["beast"][unit], **got)


def overload_rows(setting):
    """subscribers that stand still and a disk that stalls"""
    cases = [("B12a", 64, FAST, 6, 2, 4)] if not setting.short else []
    if not setting.short:
        cases.append(("B12b", 512, SLOW, 256, 10, 12))
    else:
        cases.append(("B12a", 32, SLOW, 3, 0.5, 2))
    for row_id, boards, baud, stopped, stall, seconds in cases:
        got = whole.overload(setting.corpus, boards, baud, stopped, stall, seconds)
        put(row_id, got["peak_rss_mb"], outcome=got)
        if not got["complete"] or not got["delivered"]:
            put_void(row_id, f"log complete: {got['complete']}; all delivered, in order: {got['delivered']}")


def journal_rows(setting):
    """the journal: CPU a GB, and what a kill and a power cut lose"""
    size = (64 if setting.short else 512) << 20
    for counts in setting.each_round():
        with whole.scratch() as folder:
            got = run_json("journal_append", dir=folder, bytes=size, corpus=setting.corpus)
        if counts:
            put("B13a", got["journal_s_per_gb"], write_s_per_gb=got["write_s_per_gb"], times_write=got["journal_s_per_gb"] / got["write_s_per_gb"],
                seal_s_per_gb=got["seal_s_per_gb"])
    for _ in range(1 if setting.short else 5):
        lost = whole.kill(setting.corpus, 64, 1 if setting.short else 2, FAST)
        put("B13b", lost["kill_ms"])
        put("B13c", lost["power_ms"])


def start_rows(setting):
    """from the start to the first byte of 512 consoles in the log"""
    for counts in setting.each_round()[-3:]:
        got = whole.start_up(setting.corpus, with_options(Ours, subscribers=0), 512)
        if counts:
            put("B14", got["seconds"])
    if not setting.short and peers.Conserver.installed():
        ROWS["B14"].details["conserver_s"] = [whole.start_up(setting.corpus, peers.Conserver, 512)["seconds"]]


def memory_of_consoles(setting):
    """memory a console"""
    boards = 512
    got = whole.memory(setting.corpus, boards, baud=SLOW, seconds=setting.seconds(4))
    put("B15a", got["idle_mb"], **got)
    got = whole.memory(setting.corpus, boards, flood=(64 << 10) if setting.short else (512 << 10))
    put("B15b", got["busy_mb"], **got)


def cpu_of(*commands):
    """seconds of CPU of programs in a pipe, and what the last one printed"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    programs, given = [], None
    for command in commands:
        programs.append(subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"}))
        if given:
            given.close()
        given = programs[-1].stdout
    printed = given.read()
    given.close()
    if any(program.wait() for program in programs):
        raise RuntimeError(f"{commands} failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, printed


def grep_rows(setting):
    """hilltop grep over a compressed transcript"""
    pattern = r"Kernel panic|Oops: |WARNING: CPU: [0-9]+ PID: [0-9]+ at |watchdog: BUG"
    with whole.scratch() as folder:
        ours = run_json("console_grep", corpus=setting.corpus, dir=folder, pattern=pattern, rounds=setting.rounds + setting.warm_ups)
        packed = pathlib.Path(folder) / "corpus.zst"
        subprocess.run(["zstd", "-q", "-1", setting.corpus, "-o", packed], check=True)
        for cpu in ours["cpu_s"][setting.warm_ups:]:
            piped, lines = cpu_of(["zstd", "-dc", packed], ["grep", "-aEc", pattern])
            zstdgrep, _ = cpu_of(["zstdgrep", "-aEc", pattern, packed])
            only_zstd, _ = cpu_of(["zstd", "-dqt", packed])
            put("G1", piped / cpu, mb_s=ours["bytes"] / cpu * 1e-6, zstd_grep_mb_s=ours["bytes"] / piped * 1e-6,
                zstdgrep_mb_s=ours["bytes"] / zstdgrep * 1e-6, zstd_alone_mb_s=ours["bytes"] / only_zstd * 1e-6)
    ROWS["G1"].details.update(hits=ours["hits"], lines_of_grep=int(lines), stored_bytes=ours["stored"])


def daemon_row(setting):
    """hilltopd itself, demo lab idle"""
    del setting
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(pathlib.Path(folder) / "data").start()
        try:
            put("R1", resident_mb(daemon.process.pid))
        finally:
            daemon.stop()


#: name of a group: how it is measured, and the rows that it fills
GROUPS = {"memory": (memory_rows, ("B1", "B2", "B3", "B4", "B5")), "B6": (paced_rows, ("B6",)), "B7": (flood_rows, ("B7",)), "B8": (fast_rows, ("B8",)),
          "B9": (slow_rows, ("B9",)), "B10": (echo_rows, ("B10",)), "B11": (fanout_rows, ("B11",)), "B12": (overload_rows, ("B12",)),
          "B13": (journal_rows, ("B13",)), "B14": (start_rows, ("B14",)), "B15": (memory_of_consoles, ("B15",)), "G1": (grep_rows, ("G1",)), "R1": (daemon_row, ("R1",))}
NOT_IN_SHORT = {"B8", "B9", "R1"}
