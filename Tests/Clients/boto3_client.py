"""Stores, lists, copies, range-reads, multiparts and deletes with boto3; `read` reads all again.

Usage: boto3_client.py write|read DIRECTORY
"""
import hashlib
import os
import random
import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

phase, directory = sys.argv[1:3]
s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
bucket = "boto3"
noise = random.Random(3)
small = noise.randbytes(10_000)
large = noise.randbytes(24 << 20)
large_path = os.path.join(directory, "large.bin")


def check(condition, what):
    if not condition:
        sys.exit(f"boto3: {what}")


def read_all():
    check(s3.get_object(Bucket=bucket, Key="small")["Body"].read() == small, "small differs")
    part = s3.get_object(Bucket=bucket, Key="large", Range="bytes=1000000-1999999")
    check(part["ContentRange"] == f"bytes 1000000-1999999/{len(large)}", "content range")
    check(part["Body"].read() == large[1_000_000:2_000_000], "range differs")
    back = os.path.join(directory, "large.back")
    s3.download_file(bucket, "large", back)
    with open(back, "rb") as file:
        check(hashlib.sha256(file.read()).digest() == hashlib.sha256(large).digest(), "large")


if phase == "write":
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="small", Body=small, Metadata={"colour": "blue"})
    head = s3.head_object(Bucket=bucket, Key="small")
    check(head["Metadata"] == {"colour": "blue"}, "metadata")
    check(head["ContentLength"] == len(small), "length")
    with open(large_path, "wb") as file:
        file.write(large)
    s3.upload_file(large_path, bucket, "large", Config=TransferConfig(multipart_chunksize=8 << 20))
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "small"})
    check(s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == small, "copy differs")
    for number in range(12):
        s3.put_object(Bucket=bucket, Key=f"list/{number:02}/x", Body=b"x")
    page = s3.list_objects_v2(Bucket=bucket, Prefix="list/", Delimiter="/", MaxKeys=5)
    check(len(page["CommonPrefixes"]) == 5 and page["IsTruncated"], "first page")
    keys = [
        entry["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": 3})
        for entry in page.get("Contents", [])
    ]
    check(keys == sorted(keys) and len(keys) == 15, f"listing {keys}")
    gone = [{"Key": f"list/{number:02}/x"} for number in range(12)] + [{"Key": "copy"}]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": gone})
    check(len(answer["Deleted"]) == 13, "multi-delete")
    try:
        s3.get_object(Bucket=bucket, Key="copy")
        sys.exit("boto3: a deleted object was read")
    except ClientError as error:
        check(error.response["Error"]["Code"] == "NoSuchKey", "code of a missing key")
    other = boto3.client(
        "s3", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="wrong")
    try:
        other.list_buckets()
        sys.exit("boto3: a wrong secret was accepted")
    except ClientError as error:
        check(error.response["Error"]["Code"] == "SignatureDoesNotMatch", "code of a wrong secret")
read_all()
