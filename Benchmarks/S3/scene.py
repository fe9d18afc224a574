"""A network that is measured, and a client's requests to it."""
import hashlib
import os
import shutil
import tempfile
import time

import boto3
from botocore.config import Config

import load
from network import Network

PART = 8 << 20
BUCKET = "bench"


class Scene:
    """Twelve providers in a folder, and transfers of one large object in parts and ranges of 8 MiB,
    ten at once."""

    def __init__(self, trellis, folder, port, source):
        self.source, self.size = source, len(source)
        self.data = tempfile.mkdtemp(prefix="trellis-bench-", dir=folder)
        self.network = Network(trellis, self.data + "/net", port)
        names = self.network.environment
        self.environment = {**os.environ, **names}
        self.target = load.Target(names)
        self.s3 = boto3.client(
            "s3", endpoint_url=names["AWS_ENDPOINT_URL"], region_name=names["AWS_REGION"],
            aws_access_key_id=names["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=names["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}))
        self.s3.create_bucket(Bucket=BUCKET)

    def close(self):
        self.network.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def put(self, key):
        """A multipart upload; its parts were hashed and signed before the clock starts."""
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
        return Run(time.monotonic() - start, cpu, self.spent(before), transfers.slowed)

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
        return Run(seconds, cpu, self.spent(before), transfers.slowed)

    def spent(self, before):
        """CPU seconds since then, by role."""
        return {role: seconds - before.get(role, 0)
                for role, seconds in self.network.cpu().items()}


class Run:
    """One transfer: seconds, the generator's CPU seconds, the network's by role, and how many
    answers were 503."""

    def __init__(self, seconds, generator, spent, slowed):
        self.seconds, self.generator, self.spent, self.slowed = seconds, generator, spent, slowed
