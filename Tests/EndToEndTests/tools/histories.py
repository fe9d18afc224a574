"""Concurrent histories of few keys, across the death, the recovery, or the fencing of a gateway.

Clients put, create (If-None-Match: *), delete and read the same keys at once and write down what
they asked, what they were told, and when; a test checks the histories per key for
linearizability. Other clients own buckets, tags and uploads, which are compared one by one.

Usage: histories.py TRELLIS DATA SEED SECONDS kill|recover|fence OUT

kill:    the gateway is ended with SIGKILL under load and started again, several times.
recover: the gateway is ended and its directory removed under load; `trellis gateway recover`, itself
         killed in the middle, brings it back.
fence:   the gateway is stopped (SIGSTOP) under load, another one recovered in another directory; the
         old one then wakes, and clients ask both.

OUT gets one JSON line an operation. Exit code 0: nothing was wrong. Every line of a violation
begins with VIOLATION.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

trellis, data, seed, seconds, scenario, out = sys.argv[1:7]
seed, seconds = int(seed), float(seconds)
bucket = "histories"
keys = [f"shared/{n}" for n in range(6)]
stopping = threading.Event()
violations = []
started = time.monotonic()
lock = threading.Lock()
history = open(out, "w")
endpoints = []
pids = []


def say(text):
    print(f"{time.monotonic() - started:7.2f} {text}", flush=True)


def violation(text):
    violations.append(text)
    say(f"VIOLATION {text}")


def command(*arguments, limit=150, check=True):
    done = subprocess.run(
        [trellis, *arguments, "--data", data], capture_output=True, text=True, timeout=limit)
    if check and done.returncode != 0:
        violation(f"trellis {' '.join(arguments)} → {done.returncode}: {done.stderr[-1500:]}")
    return done


def exports():
    for line in command("env").stdout.splitlines():
        if line.startswith("export "):
            name, value = line[7:].split("=", 1)
            os.environ[name] = value.strip("'\"")
    endpoints.append(os.environ["AWS_ENDPOINT_URL"])


def client(endpoint, attempts=1):
    return boto3.client("s3", endpoint_url=endpoint, config=Config(
        s3={"addressing_style": "path"}, retries={"total_max_attempts": attempts},
        connect_timeout=3, read_timeout=40))


def body_of(value):
    size = random.Random(value).choice([0, 10, 3_000, 70_000, 400_000])
    return value.encode() + b"\n" + random.Random(value + "!").randbytes(size)


def note(key, kind, value, invoked, returned):
    with lock:
        history.write(json.dumps({
            "key": key, "kind": kind, "value": value, "invoked": invoked, "returned": returned,
        }) + "\n")


class Client(threading.Thread):
    """Asks for shared keys, one request at a time."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.number = number
        self.random = random.Random(f"{seed}/client/{number}")
        self.count = 0
        self.answers = {}
        self.reasons = {}

    def run(self):
        connections = {}
        while not stopping.is_set():
            endpoint = self.random.choice(endpoints)
            if endpoint not in connections:
                connections[endpoint] = client(endpoint)
            try:
                self.step(connections[endpoint], endpoint, self.random.choice(keys))
            except Exception as error:
                violation(f"client {self.number}: {type(error).__name__} {error}")
                time.sleep(1)
            time.sleep(self.random.random() * 0.05)

    def step(self, s3, endpoint, key):
        kind = self.random.choices(["write", "delete", "create", "read"], [30, 10, 15, 45])[0]
        self.count += 1
        value = f"c{self.number}.{self.count}"
        invoked = time.monotonic_ns()
        try:
            if kind == "write":
                s3.put_object(Bucket=bucket, Key=key, Body=body_of(value))
            elif kind == "create":
                s3.put_object(Bucket=bucket, Key=key, Body=body_of(value), IfNoneMatch="*")
            elif kind == "delete":
                kind, value = "write", None
                s3.delete_object(Bucket=bucket, Key=key)
            else:
                value = self.read(s3, key)
            note(key, kind, value, invoked, time.monotonic_ns())
            self.answers[(endpoint, "ok")] = self.answers.get((endpoint, "ok"), 0) + 1
            return
        except ClientError as error:
            code = error.response["Error"]["Code"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if kind == "create" and status == 412:
                note(key, "refusedCreate", value, invoked, time.monotonic_ns())
                return
            if status < 500:
                violation(f"{kind} {key}: an answer that blames the client: {error}")
            self.reasons[endpoint] = error.response["Error"].get("Message", "")
        except (BotoCoreError, OSError) as error:
            code = type(error).__name__
        self.answers[(endpoint, code)] = self.answers.get((endpoint, code), 0) + 1
        if kind != "read":
            note(key, kind, value, invoked, None)
        time.sleep(0.1)

    def read(self, s3, key):
        try:
            found = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        value = found.split(b"\n", 1)[0].decode()
        if found != body_of(value):
            violation(f"{key} holds other bytes than {value}'s")
        return value


class Owner(threading.Thread):
    """Makes buckets, tags and uploads of its own, and remembers what was acknowledged."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.number = number
        self.random = random.Random(f"{seed}/owner/{number}")
        self.count = 0
        self.buckets = {}
        self.tags = {}
        self.uploads = {}

    def run(self):
        s3 = client(endpoints[0])
        while not stopping.is_set():
            self.count += 1
            try:
                self.random.choice([self.bucket, self.tag, self.upload])(s3)
            except (ClientError, BotoCoreError, OSError):
                time.sleep(0.2)
            time.sleep(self.random.random() * 0.1)

    def bucket(self, s3):
        name = f"own-{self.number}-{self.random.randrange(4)}"
        present = self.buckets.get(name)
        self.buckets[name] = None
        if present:
            s3.delete_bucket(Bucket=name)
        else:
            try:
                s3.create_bucket(Bucket=name)
            except s3.exceptions.BucketAlreadyOwnedByYou:
                pass
        self.buckets[name] = not present

    def tag(self, s3):
        key = f"tagged/{self.number}/{self.random.randrange(4)}"
        value = str(self.count)
        self.tags[key] = None
        s3.put_object(Bucket=bucket, Key=key, Body=value.encode(), Tagging=f"n={value}")
        self.tags[key] = value

    def upload(self, s3):
        key = f"parts/{self.number}/{self.count}"
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        parts = []
        self.uploads[(key, upload)] = parts
        for number in range(1, self.random.randrange(1, 4)):
            tag = s3.upload_part(
                Bucket=bucket, Key=key, UploadId=upload, PartNumber=number,
                Body=self.random.randbytes(2_000))["ETag"]
            parts.append((number, tag))
        if self.random.random() < 0.3:
            self.uploads[(key, upload)] = None
            s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
            self.uploads[(key, upload)] = "gone"

    def check(self, s3):
        have = {b["Name"] for b in s3.list_buckets()["Buckets"]}
        for name, present in self.buckets.items():
            if present is not None and (name in have) != present:
                violation(f"bucket {name}: {'lost' if present else 'returned'}")
        for key, value in self.tags.items():
            if value is None:
                continue
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
            tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
            if body != value or tags != [{"Key": "n", "Value": value}]:
                violation(f"{key} holds {body} {tags}, not {value}")
        for (key, upload), parts in self.uploads.items():
            if parts is None:
                continue
            try:
                listed = s3.list_parts(Bucket=bucket, Key=key, UploadId=upload).get("Parts", [])
                found = [(part["PartNumber"], part["ETag"]) for part in listed]
                # The last part may have been acknowledged to nobody.
                if parts == "gone" or found[:len(parts)] != parts:
                    violation(f"upload {key}: parts {found}, not {parts}")
            except ClientError as error:
                if parts != "gone" or error.response["Error"]["Code"] != "NoSuchUpload":
                    violation(f"upload {key}: {error}")


def gateway_pid():
    with open(os.path.join(data, "network.json")) as file:
        processes = json.load(file)["processes"]
    return next((p["pid"] for p in processes if p["role"] == "gateway"), None)


def wait_until_served(endpoint, limit=120):
    s3 = client(endpoint)
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        try:
            s3.list_objects_v2(Bucket=bucket, MaxKeys=1)
            return
        except (ClientError, BotoCoreError, OSError) as error:
            last = error
            time.sleep(0.2)
    violation(f"{endpoint} does not serve: {last}")


def start_again():
    command("up", limit=200)
    wait_until_served(endpoints[0])


def kill_scenario():
    generator = random.Random(f"{seed}/kill")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(generator.uniform(2, 5))
        os.kill(gateway_pid(), signal.SIGKILL)
        say("the gateway was killed")
        start_again()
        say("it serves again")
    time.sleep(3)


def recover(*arguments):
    """Recovers, killed in the middle once; returns the summary."""
    generator = random.Random(f"{seed}/recover")
    line = [trellis, "gateway", "recover", "--json", "--data", data, *arguments]
    first = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(generator.uniform(0.3, 4))
    first.kill()
    first.wait()
    say("the recovery was killed in the middle")
    deadline = time.monotonic() + 200
    while True:
        done = subprocess.run(line, capture_output=True, text=True, timeout=200)
        if done.returncode == 0:
            summary = json.loads(done.stdout.splitlines()[-1])
            say(f"recovered: {summary}")
            return summary
        if time.monotonic() > deadline:
            violation(f"recover → {done.returncode}: {done.stdout[-500:]} {done.stderr[-1500:]}")
            return {}
        time.sleep(1)


def recover_scenario():
    time.sleep(seconds / 2)
    pid = gateway_pid()
    os.kill(pid, signal.SIGKILL)
    while os.path.exists(f"/proc/{pid}") and "Z" not in open(f"/proc/{pid}/stat").read().split(")")[1][:3]:
        time.sleep(0.05)
    shutil.rmtree(os.path.join(data, "gateway"))
    say("the gateway was killed and its directory removed")
    for identity in ["main", "alt"]:
        recover("--identity", identity)
    start_again()
    say("it serves again")
    time.sleep(seconds / 2)


def fence_scenario():
    time.sleep(seconds / 3)
    old = gateway_pid()
    os.kill(old, signal.SIGSTOP)
    say("the gateway was stopped")
    directory, port = os.path.join(data, "gateway-2"), int(endpoints[0].rsplit(":", 1)[1]) + 700
    recover("--identity", "main", "--directory", directory, "--port", str(port))
    log = open(os.path.join(data, "logs", "gateway-2.log"), "ab")
    new = subprocess.Popen(
        [trellis, "gateway", "serve", "--data", data, "--directory", directory, "--port", str(port)],
        stdout=log, stderr=log)
    pids.append(new)
    second = f"http://127.0.0.1:{port}"
    wait_until_served(second)
    endpoints.append(second)
    say("another gateway serves")
    time.sleep(seconds / 3)
    os.kill(old, signal.SIGCONT)
    say("the old gateway wakes")
    time.sleep(max(seconds / 3, 8))
    health = urllib.request.Request(endpoints[0].rsplit(":", 1)[0] + ":" + str(
        int(endpoints[0].rsplit(":", 1)[1]) + 3) + "/health")
    try:
        text = urllib.request.urlopen(health, timeout=5).read().decode()
    except urllib.error.HTTPError as error:
        text = error.read().decode()
    if "fenced" not in text:
        violation(f"the old gateway does not say that it is fenced: {text}")
    status = command("status", check=False).stdout
    if "fenced" not in status:
        violation(f"status does not say that the old gateway is fenced: {status}")
    with open(os.path.join(data, "logs", "gateway.log")) as file:
        if "is fenced" not in file.read():
            violation("the old gateway's log does not say that it is fenced")
    try:
        client(endpoints[0]).put_object(Bucket=bucket, Key="late", Body=b"late")
        violation("the old gateway took a write")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 503:
            violation(f"the old gateway answers {error}")
        say(f"the old gateway answers: {error}")
    del endpoints[0]


exports()
client(endpoints[0], 10).create_bucket(Bucket=bucket)
clients = [Client(n) for n in range(6)]
owners = [Owner(n) for n in range(2)] if scenario != "fence" else []
for thread in clients + owners:
    thread.start()
try:
    {"kill": kill_scenario, "recover": recover_scenario, "fence": fence_scenario}[scenario]()
finally:
    stopping.set()
for thread in clients + owners:
    thread.join(60)
s3 = client(endpoints[0], 5)
last = Client(99)
for key in keys:
    invoked = time.monotonic_ns()
    note(key, "read", last.read(s3, key), invoked, time.monotonic_ns())
for owner in owners:
    owner.check(s3)
for one in pids:
    one.terminate()
history.close()
totals = {}
for one in clients:
    for answer, count in one.answers.items():
        totals[answer] = totals.get(answer, 0) + count
say(f"{sum(c.count for c in clients)} operations: {totals}")
if sum(c for (_, code), c in totals.items() if code == "ok") < 50:
    violation("too little was done to show anything")
sys.exit(1 if violations else 0)
