"""Lets a lease run out of money, tops it up, lets it run dry, and watches what people are told.

The network must have been started with a small stream bucket and without top-ups of its own; the
lock-up and the grace periods are set to two and three epochs here.

Usage: money.py TRELLIS DATA

Exit code 0: all held. Every line of a violation begins with VIOLATION.
"""
import json
import subprocess
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

trellis, data = sys.argv[1], sys.argv[2]
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


def must(*arguments):
    code, text = command(*arguments)
    if code != 0:
        sys.exit(f"{arguments}: {text}")
    return text


def status():
    done = subprocess.run([trellis, "status", "--json", "--data", data],
                          capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


def lease():
    return next(entry for entry in status()["leases"] if entry["customer"] == "main")


def until(what, condition, seconds=180):
    limit = time.monotonic() + seconds
    while True:
        try:
            found = condition()
            if found:
                say(what)
                return found
        except (json.JSONDecodeError, KeyError, StopIteration):
            pass
        if time.monotonic() > limit:
            violation(f"never: {what}; the lease: {lease()}")
            say(json.dumps(status()["storage"]))
            sys.exit(1)
        time.sleep(0.5)


s3 = boto3.client("s3", config=Config(
    s3={"addressing_style": "path"}, retries={"total_max_attempts": 1},
    connect_timeout=5, read_timeout=60))


def header(answer, name):
    return answer["ResponseMetadata"]["HTTPHeaders"].get(name)


def refused():
    """The error of a PUT, or None when it is taken."""
    try:
        s3.put_object(Bucket="money", Key="small", Body=b"x" * 1_000)
        return None
    except ClientError as error:
        return error.response


def reads():
    return s3.get_object(Bucket="money", Key="kept")["Body"].read() == body


for name, value in [
        ("storage.lock-up-milliseconds", 10_000), ("storage.grace-milliseconds", 15_000),
        ("ledger.lease-grace-milliseconds", 15_000), ("ledger.low-escrow-milliseconds", 20_000)]:
    must("tx", "parameter", "--name", name, "--value", str(value))
time.sleep(6)  # A gateway believes what it read of the parameters for five seconds.
s3.create_bucket(Bucket="money")
body = bytes(range(256)) * 16_384
s3.put_object(Bucket="money", Key="kept", Body=body)
s3.put_object(Bucket="money", Key="gone", Body=b"y" * 5_000)
number = str(lease()["lease"])

until("the runway is counted", lambda: header(
    s3.head_bucket(Bucket="money"), "x-trellis-runway-seconds"))
until("status warns", lambda: any(f"lease {number} " in w for w in status()["warnings"]))
until("the header warns", lambda: header(s3.head_bucket(Bucket="money"), "x-trellis-warning"))
error = until("writes are refused", refused)
if error["Error"]["Code"] != "InsufficientCredits" or \
        error["ResponseMetadata"]["HTTPStatusCode"] != 403 or \
        "credits" not in error["Error"]["Message"]:
    violation(f"refused with {error}")
say(error["Error"]["Message"])
if not reads():
    violation("what is stored does not read while writes are refused")
s3.delete_object(Bucket="money", Key="gone")

must("tx", "top-up", "--lease", number, "--bucket", "stream", "--credits", "0.0000000002")
until("a top-up lets writes through", lambda: refused() is None)
until("they stop again", refused)
until("the lease is dry", lambda: lease()["level"] == "dry")
if not reads():
    violation("what is stored does not read in the grace period")
must("tx", "top-up", "--lease", number, "--bucket", "stream", "--credits", "0.0000000002")
until("a top-up within the grace restores it", lambda: lease()["level"] in (
    "ample", "low", "writes-stopped"))
if not reads():
    violation("what is stored does not read after the top-up")
until("it is dry again", lambda: lease()["level"] == "dry")
ended = until("the lease ends", lambda: lease() if lease()["level"] == "ended" else None)
if "escrow-exhausted" not in (ended["endReason"] or ""):
    violation(f"it ends without its reason: {ended}")
say(ended["endReason"])
explained = must("earnings", "--explain")
if "lacked" not in explained:
    violation("earnings does not say what the lease lacked")
until("no shard is left on the ledger", lambda: status()["storage"]["storedBytes"] == 0)
code, text = command("verify")
if code != 0 or "agrees at every height" not in text:
    violation(f"verify: {text[-500:]}")
say(f"{len(violations)} violations")
sys.exit(1 if violations else 0)
