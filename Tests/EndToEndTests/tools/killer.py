"""A seeded killer under load.

Writers put, overwrite, delete and multipart-upload objects and remember what was acknowledged; a
killer ends random processes of the network with SIGKILL and has them started again. At the end
every acknowledged object must read back right, nothing that was deleted may return, and
`trellis verify` must agree.

Usage: killer.py TRELLIS DATA SEED SECONDS [WRITERS]

Exit code 0: all held. Every line of a violation begins with VIOLATION.
"""
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

trellis, data, seed, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
writers = int(sys.argv[5]) if len(sys.argv) > 5 else 4
bucket = "killed"
stopping = threading.Event()
violations = []
started = time.monotonic()


def say(text):
    print(f"{time.monotonic() - started:7.2f} {text}", flush=True)


def violation(text):
    violations.append(text)
    say(f"VIOLATION {text}")


def command(*arguments, limit=150):
    done = subprocess.run(
        [trellis, *arguments, "--data", data], capture_output=True, text=True, timeout=limit)
    return done.returncode, done.stdout + done.stderr


def exports():
    code, text = command("env")
    for line in text.splitlines():
        if line.startswith("export "):
            name, value = line[7:].split("=", 1)
            os.environ[name] = value.strip("'\"")


def client():
    return boto3.client("s3", config=Config(
        s3={"addressing_style": "path"}, retries={"total_max_attempts": 1},
        connect_timeout=5, read_timeout=60))


class Writer(threading.Thread):
    """Owns its keys alone, so that what each key may hold is known.

    `states[key]` is the set of values that the key may have: one after an acknowledgement, one
    more for each request whose answer never came. None stands for no object.
    """

    def __init__(self, number):
        super().__init__(daemon=True)
        self.number = number
        self.random = random.Random(f"{seed}/writer/{number}")
        self.states = {}
        self.acknowledged = 0
        self.doubtful = 0
        self.reads = 0
        self.refused = {}
        self.longest_refusal = 0.0
        self.last_success = None

    def run(self):
        s3 = client()
        while not stopping.is_set():
            key = f"w{self.number}/{self.random.randrange(24):02}"
            act = self.random.choices(
                [self.put, self.delete, self.multipart, self.read], [50, 12, 6, 32])[0]
            try:
                act(s3, key)
            except Exception as error:  # a defect of this script must not pass as success
                violation(f"{act.__name__} {key}: {type(error).__name__} {error}")
                time.sleep(1)
            time.sleep(self.random.random() * 0.02)

    def payload(self, key):
        size = self.random.choice([0, 1, 500, 10_000, 65_536, 65_537, 300_000, 1_500_000])
        return f"{key}:{self.random.random()}:".encode() + self.random.randbytes(size)

    def attempt(self, key, value, request):
        before = self.states.setdefault(key, [None])
        try:
            request()
        except (ClientError, BotoCoreError) as error:
            code = type(error).__name__
            if isinstance(error, ClientError):
                code = error.response["Error"]["Code"]
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if status < 500:
                    violation(f"{key}: an answer that blames the client: {error}")
            self.refused[code] = self.refused.get(code, 0) + 1
            self.doubtful += 1
            self.states[key] = before + [value]
            time.sleep(0.2)
            return False
        self.states[key] = [value]
        self.acknowledged += 1
        return True

    def put(self, s3, key):
        body = self.payload(key)
        self.attempt(key, body, lambda: s3.put_object(Bucket=bucket, Key=key, Body=body))

    def delete(self, s3, key):
        self.attempt(key, None, lambda: s3.delete_object(Bucket=bucket, Key=key))

    def multipart(self, s3, key):
        parts = [self.random.randbytes(5 << 20), self.payload(key)]
        try:
            upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
            tags = [
                s3.upload_part(
                    Bucket=bucket, Key=key, UploadId=upload, PartNumber=n, Body=part)["ETag"]
                for n, part in enumerate(parts, 1)]
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError):
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if status < 500:
                    violation(f"multipart {key}: {error}")
            return
        listed = {"Parts": [{"PartNumber": n, "ETag": e} for n, e in enumerate(tags, 1)]}
        self.attempt(key, b"".join(parts), lambda: s3.complete_multipart_upload(
            Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=listed))

    def read(self, s3, key, final=False):
        possible = self.states.get(key, [None])
        try:
            value = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                if final:
                    violation(f"{key} cannot be read: {error}")
                return
            value = None
        except Exception as error:
            if final:
                violation(f"{key} cannot be read: {type(error).__name__} {error}")
            return
        self.reads += 1
        if value in possible:
            self.states[key] = [value]  # an answer that was seen must not change again
            return
        shown = [None if v is None else (len(v), v[:24]) for v in possible]
        got = None if value is None else (len(value), value[:24])
        violation(f"{key} holds {got}, which is none of {shown}")
        self.states[key] = [value]


class Killer:
    """Ends processes and starts them again, in an order that the seed gives."""

    def __init__(self):
        self.random = random.Random(f"{seed}/killer")
        self.supervisor = None
        self.kills = 0

    def manifest(self):
        with open(os.path.join(data, "network.json")) as file:
            return json.load(file)

    def living(self, role=None):
        return [p for p in self.manifest()["processes"]
                if p.get("pid") and (role is None or p["role"] == role)]

    def end(self, processes):
        for process in processes:
            try:
                os.kill(process["pid"], signal.SIGKILL)
                self.kills += 1
            except ProcessLookupError:
                pass
        say("killed " + ", ".join(p["id"] for p in processes))
        if "KILLER_WAIT" in os.environ:
            time.sleep(2)

    def up(self):
        """A new `up`: beside the old one, which then starts what is missing, or in its place."""
        if self.supervisor and self.supervisor.poll() is None:
            if self.random.random() < 0.5:
                code, text = command("up")
                say(f"a second up → {code}")
                if code != 0:
                    violation(f"up beside up: {text[-1500:]}")
                return
            self.supervisor.kill()
            self.supervisor.wait()
        for trial in range(3):
            log = open(os.path.join(data, "killer-up.log"), "ab")
            log.write(b"\n=== up\n")
            log.flush()
            begin = log.tell()
            self.supervisor = subprocess.Popen(
                [trellis, "up", "--data", data], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)
            deadline = time.monotonic() + 130
            while time.monotonic() < deadline:
                with open(log.name, "rb") as file:
                    file.seek(begin)
                    text = file.read().decode()
                if "\nready" in text or text.startswith("ready"):
                    say("up is ready")
                    return
                if self.supervisor.poll() is not None:
                    break
                time.sleep(0.1)
            violation(f"up did not become ready: {text[-1500:]}")
        raise SystemExit(f"up never became ready (seed {seed})")

    def strike(self):
        act = self.random.choices(
            [self.everything, self.validator, self.gateway, self.providers, self.only_up,
             self.mixture], [2, 2, 3, 4, 1, 3])[0]
        act()

    def pause(self, most):
        time.sleep(self.random.random() * most)

    def everything(self):
        self.end(self.living() + [{"id": "up", "pid": self.supervisor.pid}])
        self.supervisor.wait()
        self.up()

    def validator(self):
        self.end(self.living("validator"))
        self.pause(4)
        self.up()

    def gateway(self):
        self.end(self.living("gateway"))
        self.pause(1)
        self.up()

    def only_up(self):
        self.supervisor.kill()
        self.supervisor.wait()
        say("killed up")
        self.pause(1)
        self.up()

    def providers(self):
        living = self.living("provider")
        most = max(1, len(living) // 2)
        victims = self.random.sample(living, self.random.randint(1, most))
        self.end(victims)
        self.pause(6)
        chosen = [word for v in victims for word in ("--id", v["id"])]
        code, text = command("provider", "start", *chosen)
        say(f"provider start → {code}")
        if code != 0:
            violation(f"provider start: {text[-800:]}")

    def mixture(self):
        living = self.living()
        victims = self.random.sample(living, self.random.randint(2, len(living)))
        self.end(victims)
        self.pause(2)
        self.up()


def storage_status():
    code, text = command("status", "--json")
    try:
        return json.loads(text)
    except ValueError:
        violation(f"status --json is no JSON: {text[:400]}")
        return {}


def main():
    say(f"seed {seed}")
    killer = Killer()
    killer.up()
    exports()
    client().create_bucket(Bucket=bucket)
    crew = [Writer(number) for number in range(writers)]
    for writer in crew:
        writer.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        killer.pause(6)
        killer.strike()
    killer.pause(4)
    stopping.set()
    for writer in crew:
        writer.join(90)
    killer.everything()  # a last cut while data is staged, so that all is read after a recovery
    code, text = command("provider", "start")
    if code != 0 and "nothing" not in text:
        say(f"provider start: {text}")
    s3 = client()
    for writer in crew:
        for key in sorted(writer.states):
            writer.read(s3, key, final=True)
    expected = {k for w in crew for k, v in w.states.items() if v != [None]}
    listed = set()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        listed |= {entry["Key"] for entry in page.get("Contents", [])}
    if listed != expected:
        violation(f"listing: too many {sorted(listed - expected)}, "
                  f"too few {sorted(expected - listed)}")
    code, text = command("verify")
    if code != 0:
        violation(f"verify: {text}")
    refused = {}
    for writer in crew:
        for code, count in writer.refused.items():
            refused[code] = refused.get(code, 0) + count
    say(f"acknowledged {sum(w.acknowledged for w in crew)}, in doubt "
        f"{sum(w.doubtful for w in crew)} {refused}, reads {sum(w.reads for w in crew)}, "
        f"kills {killer.kills}, violations {len(violations)}")
    code, text = command("down")
    if code != 0:
        violation(f"down: {text}")
    killer.supervisor.wait(30)
    sys.exit(1 if violations else 0)


main()
