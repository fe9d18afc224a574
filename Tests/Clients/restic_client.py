"""Backs a folder up with restic; `read` restores it and compares bit for bit.

Usage: restic_client.py write|read DIRECTORY
"""
import filecmp
import os
import random
import shutil
import subprocess
import sys

phase, directory = sys.argv[1:3]
folder = os.path.join(directory, "restic")
environment = dict(
    os.environ, RESTIC_REPOSITORY=f"s3:{os.environ['AWS_ENDPOINT_URL']}/restic/repository",
    RESTIC_PASSWORD="only a test", RESTIC_CACHE_DIR=os.path.join(directory, "restic-cache"))


def restic(*arguments):
    subprocess.run(["restic", *arguments], env=environment, cwd=directory, check=True)


def same(one, other):
    comparison = filecmp.dircmp(one, other)
    if comparison.left_only or comparison.right_only or comparison.funny_files:
        return False
    _, mismatches, errors = filecmp.cmpfiles(
        one, other, comparison.common_files, shallow=False)
    if mismatches or errors:
        return False
    return all(
        same(os.path.join(one, name), os.path.join(other, name))
        for name in comparison.common_dirs)


if phase == "write":
    noise = random.Random(5)
    for number in range(30):
        path = os.path.join(folder, f"d{number % 5}", f"{number}.bin")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(noise.randbytes(noise.randrange(0, 300_000)))
    restic("init")
    restic("backup", "restic")
    restic("check")
restored = os.path.join(directory, "restic-restored")
shutil.rmtree(restored, ignore_errors=True)
restic("restore", "latest", "--target", restored)
if not same(folder, os.path.join(restored, "restic")):
    sys.exit("restic: what came back is not what went in")
