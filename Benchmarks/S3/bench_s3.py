"""S3 speed of a network on this machine against the floor of its mandatory passes, in one run.

Usage: bench_s3.py --trellis PATH --bench PATH [--only put,get,…] [--medium tmpfs,disk] …
"""
import argparse
import mmap
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import floor
import load
from report import Report
from scene import BUCKET, Run, Scene

STEPS = ["idle", "put", "get", "small", "memory", "degraded"]
SMALL = 10 << 10


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trellis", required=True, help="a release build of the command")
    parser.add_argument("--bench", required=True, help="a release build of trellis-bench")
    parser.add_argument("--only", default=",".join(STEPS),
                        help="which measurements, of " + ", ".join(STEPS))
    parser.add_argument("--mib", type=int, default=1024, help="size of the large object")
    parser.add_argument("--rounds", type=int, default=3, help="repeats of each large transfer")
    parser.add_argument("--objects", type=int, default=10_000, help="how many small objects")
    parser.add_argument("--upload-gib", type=float, default=5, help="size sent by the aws CLI")
    parser.add_argument("--medium", default="tmpfs,disk")
    parser.add_argument("--disk", default=tempfile.gettempdir(), help="a directory on a disk")
    parser.add_argument("--port", type=int, default=21_700)
    parser.add_argument("--json", help="a file for the table's rows")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(STEPS):
        parser.error(f"no measurement is called {', '.join(unknown)}; there are {', '.join(STEPS)}")
    return options


class Bench:
    """One medium's measurements."""

    def __init__(self, options, medium, tls, source, report):
        self.options, self.medium, self.report, self.tls = options, medium, report, tls
        self.folder = "/dev/shm" if medium == "tmpfs" else options.disk
        self.sync = floor.sync_seconds(self.folder)
        self.scene = Scene(options.trellis, self.folder, options.port, source)
        self.network = self.scene.network
        self.size_name = f"{len(source) >> 20} MiB"

    def run(self):
        for step in STEPS:
            if step not in self.options.only or (step == "memory" and self.medium == "tmpfs"):
                continue
            try:
                getattr(self, step)()
            except (load.Refused, OSError) as error:
                self.report.add(f"{step}, {self.medium}", f"FAILED: {error}", met=False)
                print("  the gateway's last words:\n" + self.network.last_words("gateway"))

    # Large objects

    def floors(self):
        found = floor.Floors(
            self.options.bench, self.tls, self.folder, self.scene.size, self.medium)
        print(f"    floor: {found}", flush=True)
        return found

    def rounds(self, what, kind, goal, transfer):
        """The floor before, between and after the transfers; each is compared with its neighbours,
        so that a machine that slows down slows both."""
        floors, runs = [self.floors()], []
        for number in range(self.options.rounds):
            runs.append(transfer(number))
            print(f"    {what} {number}: {self.describe(runs[-1])}", flush=True)
            floors.append(self.floors())
        pairs = list(zip(runs, zip(floors, floors[1:])))
        ratio = statistics.median(
            sum(f.seconds(kind) for f in near) / 2 / (run.seconds - run.generator / floor.CORES)
            for run, near in pairs)
        cpu_ratio = statistics.median(
            sum(f.cpu_seconds(kind) for f in near) / 2 / max(1e-9, sum(run.spent.values()))
            for run, near in pairs)
        middle = sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]
        self.report.add(
            f"{what}, {self.medium}", self.describe(middle),
            f"floor {statistics.median(f.seconds(kind) for f in floors):.2f} s, "
            f"{statistics.median(f.cpu_seconds(kind) for f in floors):.1f} CPU s",
            f"{ratio:.2f} (of CPU time {cpu_ratio:.2f})", f"≥ {goal}" if goal else "",
            ratio >= goal if goal else None)

    def describe(self, run: Run):
        roles = ", ".join(
            f"{role} {used:.1f}" for role, used in sorted(run.spent.items(), key=lambda i: -i[1])
            if used >= 0.05)
        return (f"{run.seconds:.2f} s ({self.scene.size / run.seconds / 1e6:.0f} MB/s); CPU s: "
                f"{roles}, generator {run.generator:.1f}"
                + (f"; {run.slowed} × 503" if run.slowed else ""))

    def put(self):
        self.rounds(
            f"PUT {self.size_name}", "put", 0.5, lambda n: self.scene.put(f"large-{n}"))

    def stored(self):
        """A large object that is there, and reads right."""
        try:
            self.scene.s3.head_object(Bucket=BUCKET, Key="large-0")
        except self.scene.s3.exceptions.ClientError:
            self.scene.put("large-0")
        self.scene.get("large-0", verify=True)

    def get(self):
        self.stored()
        self.rounds(f"GET {self.size_name}, 10 ranges at once", "get", 0.6,
                    lambda n: self.scene.get("large-0"))
        self.rounds(f"GET {self.size_name}, one stream", "get", None,
                    lambda n: self.scene.get("large-0", connections=1))

    def degraded(self):
        self.stored()
        print("  killed " + ", ".join(self.network.kill_providers(6)))
        self.scene.get("large-0", verify=True)
        self.rounds(f"GET {self.size_name}, six down", "degraded", 0.5,
                    lambda n: self.scene.get("large-0"))

    # Small objects

    def small(self):
        count, source = self.options.objects, self.scene.source
        time.sleep(5)
        shards, everything = self.network.provider_bytes()
        requests = []
        for number in range(count):
            body = source[number * SMALL % (len(source) - SMALL):][:SMALL]
            path = f"/{BUCKET}/small/{number:06}"
            requests.append(load.body_head(self.scene.target, path, "", body) + body)
        before = self.network.cpu()
        seconds, cpu, latencies, slowed = load.small_objects(self.scene.target, requests, 16)
        spent = self.scene.spent(before)
        time.sleep(8)
        later_shards, later = self.network.provider_bytes()
        latencies.sort()
        # Two syncs one after the other, 16 writers: what a disk allows, and half of it the goal.
        allowed = 16 / (2 * self.sync)
        goal = 1000 if self.medium == "tmpfs" else min(1000, allowed / 2)
        roles = ", ".join(f"{role} {used:.1f}" for role, used in spent.items() if used >= 0.05)
        used = sum(spent.values())
        self.report.add(
            f"PUT {count} × 10 KiB, 16 at once, {self.medium}",
            f"{count / seconds:.0f}/s; median {latencies[count // 2] * 1e3:.1f} ms, 99th "
            f"{latencies[count * 99 // 100] * 1e3:.0f} ms; CPU s: {roles}, generator {cpu:.1f}; "
            f"{used / count * 1e3:.2f} CPU ms a PUT" + (f"; {slowed} × 503" if slowed else ""),
            f"fdatasync {self.sync * 1e3:.2f} ms: two allow {allowed:.0f}/s",
            f"{count / seconds / goal:.2f}", f"≥ {goal:.0f}/s", count / seconds >= goal)
        data = count * SMALL * 2
        grown = (later_shards - shards) / data
        self.report.add(
            f"  bytes on providers, {self.medium}", f"{(later_shards - shards) / 1e6:.0f} MB",
            f"n/k × data {data / 1e6:.0f} MB",
            f"{grown:.2f} ({(later - everything) / data:.2f} with databases and logs)", "≤ 1.15",
            grown <= 1.15)

    def idle(self):
        time.sleep(5)
        times = []
        body = bytes(self.scene.source[:SMALL])
        for number in range(60):
            start = time.monotonic()
            self.scene.s3.put_object(Bucket=BUCKET, Key=f"idle/{number}", Body=body)
            times.append((time.monotonic() - start) * 1e3)
            time.sleep(0.05)
        times.sort()
        median = statistics.median(times)
        self.report.add(
            f"boto3 PUT 10 KiB, idle, {self.medium}",
            f"median {median:.1f} ms, 95th {times[57]:.0f} ms", "", "", "median ≤ 50 ms",
            median <= 50)

    def memory(self):
        """The gateway's peak while the aws CLI sends a large file with its ten parts at once."""
        size = int(self.options.upload_gib * (1 << 30))
        file = pathlib.Path(self.scene.data) / "upload"
        with open(file, "wb") as out:
            out.truncate(size)
        self.network.reset_peak_memory("gateway")
        start = time.monotonic()
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).parent / "aws"), "s3", "cp", "--no-progress",
             str(file), f"s3://{BUCKET}/upload"],
            env=self.scene.environment, capture_output=True, text=True)
        seconds = time.monotonic() - start
        peak = self.network.peak_memory("gateway") / (1 << 20)
        file.unlink()
        if done.returncode:
            print(f"  aws s3 cp failed: {done.stdout[-500:]}{done.stderr[-500:]}")
        else:
            self.scene.s3.delete_object(Bucket=BUCKET, Key="upload")
        self.report.add(
            f"gateway's peak memory, aws s3 cp of {self.options.upload_gib:g} GiB, {self.medium}",
            f"{peak:.0f} MiB ({seconds:.0f} s" + (", FAILED)" if done.returncode else ")"), "", "",
            "≤ 300 MiB", peak <= 300 and done.returncode == 0)


def main():
    options = arguments()
    report = Report()
    tls = floor.TLS()
    with tempfile.TemporaryFile(dir="/dev/shm") as file:
        size = options.mib << 20
        for _ in range(options.mib):
            file.write(os.urandom(1 << 20))
        file.flush()
        source = memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))
        for medium in options.medium.split(","):
            print(f"{medium}:", flush=True)
            bench = Bench(options, medium, tls, source, report)
            try:
                bench.run()
            finally:
                bench.scene.close()
    print(f"\n{floor.CORES} cores, load of the machine at the end {os.getloadavg()[0]:.1f}\n\n{report}")
    if options.json:
        report.save(options.json)


if __name__ == "__main__":
    main()
