"""Providers whose disks lie: flipped bytes, truncated and lost shard files, a full disk, and one
that stands still. Every object must read right all the time, the damage must come to the ledger
(declared or faulted), and the columns must be whole again elsewhere.

Usage: corrupt.py TRELLIS DATA SEED [flipped] [truncated] [lost] [full] [still]
"""
import json
import os
import random
import signal
import subprocess
import sys
import time

import boto3
from botocore.config import Config

trellis, data, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
chosen = sys.argv[4:] or ["flipped", "truncated", "lost", "full", "still"]
dice = random.Random(seed)
started = time.monotonic()
violations = []
bucket = "corrupt"


def say(text):
    print(f"{time.monotonic() - started:7.2f} {text}", flush=True)


def violation(text):
    violations.append(text)
    say(f"VIOLATION {text}")


def command(*arguments, limit=150):
    done = subprocess.run(
        [trellis, *arguments, "--data", data], capture_output=True, text=True, timeout=limit)
    if done.returncode != 0 and arguments[0] != "status":
        violation(f"{arguments}: {done.stdout[-600:]}{done.stderr[-600:]}")
    return done.stdout


def status():
    return json.loads(command("status", "--json"))


def process(identifier):
    with open(os.path.join(data, "network.json")) as file:
        return [p for p in json.load(file)["processes"] if p["id"] == identifier][0]


def shard_files(identifier):
    found = []
    for root, _, names in os.walk(os.path.join(data, identifier, "shards")):
        found += [os.path.join(root, name) for name in names]
    return sorted(path for path in found if os.path.getsize(path) > 0)


class Objects:
    def __init__(self):
        self.s3 = boto3.client("s3", config=Config(
            s3={"addressing_style": "path"}, retries={"max_attempts": 8, "mode": "standard"}))
        self.s3.create_bucket(Bucket=bucket)
        self.kept = {}

    def put(self, name, size):
        body = dice.randbytes(size)
        self.s3.put_object(Bucket=bucket, Key=name, Body=body)
        self.kept[name] = body

    def check(self, what):
        slowest = 0.0
        for name, body in self.kept.items():
            begin = time.monotonic()
            try:
                if self.s3.get_object(Bucket=bucket, Key=name)["Body"].read() != body:
                    violation(f"{what}: {name} reads wrong")
            except Exception as error:
                violation(f"{what}: {name} cannot be read: {error}")
            slowest = max(slowest, time.monotonic() - begin)
        say(f"{what}: {len(self.kept)} objects read right, the slowest in {slowest:.1f} s")


def flip(path):
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        for _ in range(max(8, size // 4096)):
            place = dice.randrange(size)
            file.seek(place)
            byte = file.read(1)
            file.seek(place)
            file.write(bytes([byte[0] ^ 0xFF]))


def whole():
    """No column is vacant of a bundle that is wanted: nobody rebuilds what was released."""
    return status()["storage"]["degradedBundles"] == 0


def await_whole(what, within=75):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if whole():
            say(f"{what}: all columns are whole")
            return
        time.sleep(0.5)
    violation(f"{what}: not whole after {within} s: {status()['storage']} "
              + command("query", "bundles"))


def events(kinds, since):
    """The heights at which events of some kinds came, from a height on."""
    import urllib.request
    with open(os.path.join(data, "network.json")) as file:
        rpc = json.load(file)["endpoints"]["rpc"]
    found = []
    for height in range(since + 1, status()["ledger"]["height"] + 1):
        with urllib.request.urlopen(f"{rpc}/block_results?height={height}") as answer:
            text = answer.read().decode()
        found += [f"{kind}@{height}" for kind in kinds if f'"{kind}"' in text]
    return found


def await_event(what, kinds, since, within=60):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = events(kinds, since)
        if found:
            say(f"{what}: {found[:4]}")
            return
        time.sleep(1)
    violation(f"{what}: the ledger never heard of it")


def height():
    return status()["ledger"]["height"]


NOTICED = ["storage.corruption-declared", "storage.provider-fault", "storage.provider-wrong-step"]


def damaged(what, identifier, change, objects):
    since = height()
    files = shard_files(identifier)
    if not files:
        violation(f"{what}: {identifier} keeps no shard files")
    for path in files:
        change(path)
    objects.check(what)
    await_event(what, NOTICED, since)
    await_whole(what)


def truncate(path):
    os.truncate(path, os.path.getsize(path) // 3)


def full_disk(objects):
    """A provider's directory on a file system of a few MiB."""
    identifier = "provider-4"
    place = os.path.join(data, identifier)
    os.kill(process(identifier)["pid"], signal.SIGKILL)
    time.sleep(1)
    aside = place + ".aside"
    os.rename(place, aside)
    os.mkdir(place, 0o700)
    size = sum(os.path.getsize(os.path.join(r, n)) for r, _, ns in os.walk(aside) for n in ns)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size + (6 << 20)}", "tmpfs", place],
                          capture_output=True, text=True)
    if done.returncode != 0:
        os.rmdir(place)
        os.rename(aside, place)
        command("provider", "start", "--id", identifier)
        say("no right to mount: the full disk is left out")
        return
    try:
        subprocess.run(["cp", "-a", aside + "/.", place], check=True)
        command("provider", "start", "--id", identifier)
        for number in range(6):
            objects.put(f"full-{number}", 9 << 20)
        objects.check("a disk is full")
        if not process(identifier).get("pid"):
            violation("the provider whose disk is full is gone")
        await_whole("a disk is full")
    finally:
        os.kill(process(identifier)["pid"], signal.SIGKILL)
        time.sleep(1)
        subprocess.run(["umount", "-l", place], check=False)


def lost(objects):
    """Files that are gone are noticed when they are opened anew: after a restart."""
    since = height()
    for path in shard_files("provider-3"):
        os.unlink(path)
    os.kill(process("provider-3")["pid"], signal.SIGKILL)
    command("provider", "start", "--id", "provider-3")
    objects.check("files lost")
    await_event("files lost", NOTICED, since)
    await_whole("files lost")


def stands_still(objects):
    since = height()
    pid = process("provider-5")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        objects.check("a provider stands still")
        objects.put("while-one-stands-still", 2_000_000)
        await_event("a provider stands still", ["storage.provider-fault"], since)
    finally:
        os.kill(pid, signal.SIGCONT)


def main():
    say(f"seed {seed}")
    for line in command("env").splitlines():
        if line.startswith("export "):
            name, value = line[7:].split("=", 1)
            os.environ[name] = value.strip("'\"")
    objects = Objects()
    for number, size in enumerate([1, 10_000, 300_000, 3_000_000, 9_000_000]):
        objects.put(f"object-{number}", size)
    # Someone must be there to repair to.
    command("provider", "start", "--count", "2")
    deadline = time.monotonic() + 40
    while status()["storage"]["bundles"] == 0 and time.monotonic() < deadline:
        time.sleep(0.5)
    if "flipped" in chosen:
        damaged("bytes flipped", "provider-1", flip, objects)
    if "truncated" in chosen:
        damaged("files truncated", "provider-2", truncate, objects)
    if "lost" in chosen:
        lost(objects)
    if "full" in chosen:
        full_disk(objects)
    if "still" in chosen:
        stands_still(objects)
    objects.check("at last")
    command("verify")
    say(f"{len(violations)} violations")
    sys.exit(1 if violations else 0)


main()
