"""S3 speed of a network on this machine against the floor of its mandatory passes, in one run.

Usage: bench_s3.py --trellis PATH --bench PATH [--mib 1024] [--rounds 3] [--medium tmpfs,disk] …
"""
import argparse
import hashlib
import mmap
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import boto3
from botocore.config import Config

import floor
import load
from network import Network

PART = 8 << 20
BUCKET = "bench"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trellis", required=True, help="a release build of the command")
    parser.add_argument("--bench", required=True, help="a release build of trellis-bench")
    parser.add_argument("--mib", type=int, default=1024, help="size of the large object")
    parser.add_argument("--rounds", type=int, default=3, help="repeats of each large transfer")
    parser.add_argument("--objects", type=int, default=10_000, help="how many small objects")
    parser.add_argument("--upload-gib", type=float, default=5, help="size sent by the aws CLI")
    parser.add_argument("--medium", default="tmpfs,disk")
    parser.add_argument("--disk", default=tempfile.gettempdir(), help="a directory on a disk")
    parser.add_argument("--port", type=int, default=21_700)
    return parser.parse_args()


class Report:
    """Lines of the final table."""

    def __init__(self):
        self.rows = []

    def add(self, what, measured, against="", ratio="", goal=""):
        self.rows.append([what, measured, against, ratio, goal])
        print(f"  {what}: {measured} {against} {ratio}", flush=True)

    def __str__(self):
        rows = [["what", "measured", "against", "ratio", "goal"], *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |" for row in rows]
        lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
        return "\n".join(lines)


class Bench:
    def __init__(self, options, medium, folder, passes, tls, source, report):
        self.options, self.medium, self.report, self.source = options, medium, report, source
        self.size = len(source)
        self.floor = floor.Floor(passes, tls, folder, self.size)
        self.data = tempfile.mkdtemp(prefix="trellis-bench-", dir=folder)
        self.network = Network(options.trellis, self.data + "/net", options.port)
        self.environment = {**os.environ, **self.network.environment}
        self.target = load.Target(self.network.environment)
        names = self.network.environment
        self.s3 = boto3.client(
            "s3", endpoint_url=names["AWS_ENDPOINT_URL"], region_name=names["AWS_REGION"],
            aws_access_key_id=names["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=names["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}))
        self.s3.create_bucket(Bucket=BUCKET)

    def close(self):
        self.network.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    # Large objects

    def put(self, key):
        upload = self.s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
        jobs = []
        for number, start in enumerate(range(0, self.size, PART), 1):
            part = self.source[start:start + PART]
            head = load.body_head(
                self.target, f"/{BUCKET}/{key}", f"partNumber={number}&uploadId={upload}", part)
            jobs.append((head, part, None))
        transfers = load.Transfers(self.target, 10)
        before = self.network.cpu()
        start = time.monotonic()
        _, cpu, answers = transfers.run(jobs)
        parts = [{"PartNumber": n, "ETag": a["etag"]} for n, a in enumerate(answers, 1)]
        self.s3.complete_multipart_upload(
            Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
        return time.monotonic() - start, cpu, self.spent(before), transfers.slowed

    def get(self, key, connections=10, verify=False):
        step = PART if connections > 1 else self.size
        hashes, jobs = {}, []
        for start in range(0, self.size, step):
            end = min(start + step, self.size) - 1
            head = self.target.head(
                "GET", f"/{BUCKET}/{key}", extra=[("range", f"bytes={start}-{end}")])
            sink = None
            if verify:
                hashes[start] = hashlib.sha256()
                sink = hashes[start].update
            jobs.append((head, None, sink))
        transfers = load.Transfers(self.target, connections)
        before = self.network.cpu()
        seconds, cpu, _ = transfers.run(jobs)
        for start, found in hashes.items():
            if found.digest() != hashlib.sha256(self.source[start:start + step]).digest():
                raise SystemExit(f"{key} is wrong between {start} and {start + step}")
        return seconds, cpu, self.spent(before), transfers.slowed

    def spent(self, before):
        return {role: seconds - before.get(role, 0) for role, seconds in self.network.cpu().items()}

    def rounds(self, what, passes, goal, transfer):
        runs = []
        for number in range(self.options.rounds):
            runs.append(transfer(number))
            print(f"    {what} {number}: {runs[-1][0]:.2f} s", flush=True)
        seconds, cpu = (statistics.median(run[i] for run in runs) for i in (0, 1))
        apart = seconds - cpu / floor.CORES
        least = sum(passes.values())
        rate = self.size / seconds / 1e6
        roles = ", ".join(f"{role} {used:.1f}" for role, used in sorted(
            {role: statistics.median(run[2].get(role, 0) for run in runs)
             for role in runs[0][2]}.items(), key=lambda item: -item[1]) if used >= 0.05)
        slowed = sum(run[3] for run in runs)
        self.report.add(
            f"{what}, {self.medium}",
            f"{seconds:.2f} s ({rate:.0f} MB/s); CPU s: {roles}, generator {cpu:.1f}"
            + (f"; {slowed} × 503" if slowed else ""),
            f"floor {least:.2f} s", f"{least / apart:.2f} ({least / seconds:.2f} with generator)",
            goal)

    def large(self):
        name = f"{self.size >> 20} MiB"
        self.rounds(f"PUT {name}", self.floor.put, "≥ 0.5", lambda n: self.put(f"large-{n}"))
        self.get("large-0", verify=True)
        self.rounds(f"GET {name}, 10 ranges at once", self.floor.get, "≥ 0.6",
                    lambda n: self.get(f"large-{n}"))
        self.rounds(f"GET {name}, one stream", self.floor.get, "",
                    lambda n: self.get(f"large-{n}", connections=1))

    def degraded(self):
        gone = self.network.kill_providers(6)
        print(f"  killed {', '.join(gone)}")
        self.get("large-0", verify=True)
        self.rounds(f"GET {self.size >> 20} MiB, six down", self.floor.get_degraded, "≥ 0.5",
                    lambda n: self.get(f"large-{n}"))

    # Small objects

    def small(self):
        count, size = self.options.objects, 10 << 10
        time.sleep(5)
        shards, everything = self.network.provider_bytes()
        requests = []
        for number in range(count):
            body = self.source[number * size % (self.size - size):][:size]
            requests.append(
                load.body_head(self.target, f"/{BUCKET}/small/{number:06}", "", body) + body)
        before = self.network.cpu()
        seconds, cpu, latencies, slowed = load.small_objects(self.target, requests, 16)
        spent = self.spent(before)
        time.sleep(8)
        later_shards, later = self.network.provider_bytes()
        latencies.sort()
        allowed = 16 / (2 * self.floor.sync) / 2
        roles = ", ".join(f"{role} {used:.1f}" for role, used in spent.items() if used >= 0.05)
        self.report.add(
            f"PUT {count} × 10 KiB, 16 at once, {self.medium}",
            f"{count / seconds:.0f}/s; median {latencies[count // 2] * 1e3:.1f} ms, 99th "
            f"{latencies[count * 99 // 100] * 1e3:.0f} ms; CPU s: {roles}, generator {cpu:.1f}"
            + (f"; {slowed} × 503" if slowed else ""),
            f"fdatasync {self.floor.sync * 1e3:.2f} ms, so {allowed:.0f}/s",
            f"{count / seconds / min(allowed, 1000):.2f}", "≥ 1000/s or half of two syncs")
        data = count * size * 2
        self.report.add(
            f"  bytes on providers, {self.medium}", f"{(later_shards - shards) / 1e6:.0f} MB",
            f"n/k × data {data / 1e6:.0f} MB", f"{(later_shards - shards) / data:.2f} "
            f"({(later - everything) / data:.2f} with databases and logs)", "≤ 1.15")

    def idle(self):
        time.sleep(5)
        times = []
        body = bytes(self.source[:10 << 10])
        for number in range(60):
            start = time.monotonic()
            self.s3.put_object(Bucket=BUCKET, Key=f"idle/{number}", Body=body)
            times.append((time.monotonic() - start) * 1e3)
            time.sleep(0.05)
        times.sort()
        self.report.add(
            f"boto3 PUT 10 KiB, idle, {self.medium}",
            f"median {statistics.median(times):.1f} ms, 95th {times[57]:.0f} ms", "", "", "≤ 50 ms")

    def upload(self):
        file = pathlib.Path(self.data) / "upload"
        with open(file, "wb") as out:
            out.truncate(int(self.options.upload_gib * (1 << 30)))
        self.network.reset_peak_memory("gateway")
        start = time.monotonic()
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).parent / "aws"), "s3", "cp", "--no-progress",
             str(file), f"s3://{BUCKET}/upload"],
            env=self.environment, capture_output=True, text=True)
        seconds = time.monotonic() - start
        peak = self.network.peak_memory("gateway")
        file.unlink()
        if done.returncode:
            print(f"  aws s3 cp failed: {done.stdout[-500:]}{done.stderr[-500:]}")
        self.report.add(
            f"gateway's peak memory, aws s3 cp of {self.options.upload_gib:g} GiB, {self.medium}",
            f"{peak / (1 << 20):.0f} MiB ({seconds:.0f} s"
            + (", FAILED)" if done.returncode else ")"), "", "", "≤ 300 MiB")


def main():
    options = arguments()
    report = Report()
    passes, tls = floor.memory_passes(options.bench), floor.tls_cpu_per_byte()
    print(f"{floor.CORES} cores; GB/s of all together: " + ", ".join(
        f"{name} {rate / 1e9:.2f}" for name, rate in passes.items())
        + f"; tls {floor.CORES / tls / 1e9:.2f}", flush=True)
    with tempfile.TemporaryFile(dir="/dev/shm") as file:
        size = options.mib << 20
        for _ in range(options.mib):
            file.write(os.urandom(1 << 20))
        file.flush()
        source = memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))
        for medium in options.medium.split(","):
            measure(options, medium, passes, tls, source, report)
    print(f"\n{report}")


def measure(options, medium, passes, tls, source, report):
    folder = "/dev/shm" if medium == "tmpfs" else options.disk
    print(f"{medium}: {folder}", flush=True)
    bench = Bench(options, medium, folder, passes, tls, source, report)
    try:
        for name, floors in [("PUT", bench.floor.put), ("GET", bench.floor.get_degraded)]:
            print(f"  floor of {name}: " + ", ".join(f"{n} {s:.2f} s" for n, s in floors.items()))
        steps = [bench.idle, bench.large, bench.small]
        if medium == "disk":
            steps.append(bench.upload)
        for step in [*steps, bench.degraded]:
            try:
                step()
            except (load.Refused, OSError) as error:
                report.add(f"{step.__name__}, {medium}", f"FAILED: {error}")
                print("  the gateway's last words:\n" + bench.network.last_words("gateway"))
    finally:
        bench.close()


if __name__ == "__main__":
    main()
