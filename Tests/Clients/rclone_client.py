"""Copies a folder with rclone and checks it; `read` checks it again.

Usage: rclone_client.py write|read DIRECTORY
"""
import os
import random
import subprocess
import sys

phase, directory = sys.argv[1:3]
folder = os.path.join(directory, "rclone")
environment = dict(
    os.environ, RCLONE_CONFIG_NET_TYPE="s3", RCLONE_CONFIG_NET_PROVIDER="Other",
    RCLONE_CONFIG_NET_ENV_AUTH="true", RCLONE_CONFIG_NET_REGION="us-east-1",
    RCLONE_CONFIG_NET_ENDPOINT=os.environ["AWS_ENDPOINT_URL"], RCLONE_CONFIG="/dev/null")
environment.pop("AWS_CA_BUNDLE", None)


def rclone(*arguments):
    subprocess.run(
        ["rclone", "--retries", "1", "--low-level-retries", "3", *arguments], env=environment,
        check=True)


if phase == "write":
    noise = random.Random(4)
    for number in range(20):
        path = os.path.join(folder, f"d{number % 4}", f"file {number} ü.bin")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(noise.randbytes(noise.randrange(0, 200_000)))
    rclone("mkdir", "net:rclone")
    rclone("copy", folder, "net:rclone/tree")
rclone("check", "--download", folder, "net:rclone/tree")
