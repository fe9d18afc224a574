"""Writes, deletes nine of ten, waits ten epochs, and weighs what is left.

The lock-up and the grace period are set to two epochs and one, so that ten epochs can show what they
are to show: on a devnet the lock-up alone lasts twenty. While the garbage is collected the gateway
and a provider are killed with SIGKILL and come back.

Usage: churn.py TRELLIS DATA SEED [ROUNDS]

Exit code 0: all held. Every line of a violation begins with VIOLATION.
"""
import glob
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

trellis, data, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 1
dice = random.Random(seed)
started = time.monotonic()
violations = []


def say(text):
    print(f"{time.monotonic() - started:7.2f} {text}", flush=True)


def violation(text):
    violations.append(text)
    say(f"VIOLATION {text}")


def command(*arguments, limit=150):
    done = subprocess.run(
        [trellis, *arguments, "--data", data], capture_output=True, text=True, timeout=limit)
    return done.returncode, done.stdout + done.stderr


def status():
    done = subprocess.run([trellis, "status", "--json", "--data", data],
                          capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


def parameter(name, value):
    code, text = command("tx", "parameter", "--name", name, "--value", str(value))
    if code != 0:
        sys.exit(f"{name} could not be set: {text}")


def running(role):
    """The processes of a role, as the system sees them: a restarted one has a new number."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[1:2] == [role] and data in words:
            found.append(int(path.split("/")[2]))
    return sorted(found)


def kill(role):
    limit = time.monotonic() + 60
    while not running(role):
        if time.monotonic() > limit:
            sys.exit(f"no {role} runs within 60 s")
        time.sleep(0.2)
    victim = dice.choice(running(role))
    say(f"kill -9 {role} {victim}")
    os.kill(victim, signal.SIGKILL)


def disk_bytes():
    files = glob.glob(f"{data}/provider-*/shards/**", recursive=True)
    total = 0
    for path in files:
        try:
            if os.path.isfile(path):
                total += os.path.getsize(path)
        except FileNotFoundError:
            pass
    return total


s3 = boto3.client("s3", config=Config(
    s3={"addressing_style": "path"}, retries={"total_max_attempts": 12, "mode": "standard"},
    connect_timeout=5, read_timeout=60))
live = {}
gone = set()


def put(key, size):
    body = dice.randbytes(size)
    s3.put_object(Bucket="churn", Key=key, Body=body)
    live[key] = body
    gone.discard(key)


def check_objects():
    for key, body in live.items():
        back = s3.get_object(Bucket="churn", Key=key)["Body"].read()
        if back != body:
            violation(f"{key} reads back wrong")
    for key in gone:
        try:
            s3.get_object(Bucket="churn", Key=key)["Body"].read()
            violation(f"{key} was deleted and is back")
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                violation(f"{key}: {error}")
    listed = {o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket="churn")
              for o in page.get("Contents", [])}
    if listed != set(live):
        violation(f"the listing differs by {listed ^ set(live)}")


def churn(number):
    for index in range(60):
        put(f"{number}/{index}", dice.choice([3_000, 40_000, 250_000, 600_000]))
    parts = [dice.randbytes(5 << 20), dice.randbytes(1 << 20)]
    upload = s3.create_multipart_upload(Bucket="churn", Key=f"{number}/big")["UploadId"]
    tags = [s3.upload_part(Bucket="churn", Key=f"{number}/big", UploadId=upload, PartNumber=n + 1,
                           Body=part)["ETag"] for n, part in enumerate(parts)]
    s3.complete_multipart_upload(
        Bucket="churn", Key=f"{number}/big", UploadId=upload, MultipartUpload={
            "Parts": [{"PartNumber": n + 1, "ETag": tag} for n, tag in enumerate(tags)]})
    live[f"{number}/big"] = b"".join(parts)
    source = f"{number}/1"
    s3.copy_object(Bucket="churn", Key=f"{number}/copy",
                   CopySource={"Bucket": "churn", "Key": source})
    live[f"{number}/copy"] = live[source]
    written = sum(len(b) for b in live.values())
    say(f"written: {len(live)} objects, {written} bytes, {status()['storage']['storedBytes']} on "
        "the ledger")
    doomed = [k for k in live if not k.endswith("copy")]
    dice.shuffle(doomed)
    doomed = [k for k in doomed if not k.endswith("/big")][:len(doomed) * 9 // 10]
    doomed += [k for k in live if k.endswith("/big") and k not in doomed]
    s3.delete_objects(Bucket="churn", Delete={"Objects": [{"Key": k} for k in doomed]})
    for key in doomed:
        del live[key]
        gone.add(key)


def bound():
    report = status()
    k, n = map(int, re.match(r"RS\((\d+),(\d+)\)", report["storage"]["codeClass"]).groups())
    # A copy shares its source's bytes; here its source may be gone or not.
    bytes_ = sum({id(b): len(b) for b in live.values()}.values())
    return report, 1.5 * n / k * bytes_, bytes_


def weigh(since):
    limit = time.monotonic() + 240
    while True:
        try:
            report, most, bytes_ = bound()
            epochs = report["ledger"]["epoch"] - since
            ledger, disk = report["storage"]["storedBytes"], disk_bytes()
            if epochs >= 10 and ledger <= most and disk <= most:
                break
            if time.monotonic() > limit:
                violation(f"after {epochs} epochs: {ledger} on the ledger, {disk} on disks, "
                          f"{most:.0f} allowed for {bytes_}")
                break
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
            pass  # A process is just coming back.
        time.sleep(1)
    say(f"after {epochs} epochs: {bytes_} live bytes, {ledger} on the ledger, {disk} on disks; "
        f"{most:.0f} allowed; garbage {report['storage']['garbageBytes']}, released "
        f"{report['storage']['releasedBytes']}")
    return report


parameter("storage.lock-up-milliseconds", 10_000)
parameter("storage.grace-milliseconds", 5_000)
s3.create_bucket(Bucket="churn")
for number in range(rounds):
    churn(number)
    since = status()["ledger"]["epoch"]
    for role in ["gateway", "provider"]:
        time.sleep(dice.uniform(3, 12))
        kill(role)
    report = weigh(since)
    check_objects()
passed = report["storage"]["challengesPassed"]
limit = time.monotonic() + 60
while status()["storage"]["challengesPassed"] <= passed:
    if time.monotonic() > limit:
        violation("what is left is not proven")
        break
    time.sleep(1)
code, text = command("verify")
if code != 0 or "agrees at every height" not in text:
    violation(f"verify: {text[-500:]}")
say(f"{len(violations)} violations")
sys.exit(1 if violations else 0)
