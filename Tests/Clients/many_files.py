"""What a team moves first: ten thousand small files by `rclone sync` and back, and a git repository
with its history by restic, with prune, twice. All of it comes back bit for bit.

Usage: many_files.py rclone|restic DIRECTORY [FILES]
"""
import hashlib
import os
import random
import shutil
import subprocess
import sys
import time

what, directory = sys.argv[1:3]
files = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
started = time.monotonic()


def say(text):
    print(f"{time.monotonic() - started:7.2f} {text}", flush=True)


def run(*arguments, cwd=directory, more=None):
    subprocess.run(arguments, cwd=cwd, check=True, env=dict(environment, **(more or {})),
                   stdout=sys.stderr)


def digests(folder):
    """Every file under a folder with what it holds; of a link, where it points."""
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if os.path.islink(path):
                held = os.readlink(path).encode()
            else:
                with open(path, "rb") as file:
                    held = file.read()
            found[os.path.relpath(path, folder)] = (
                hashlib.sha256(held).hexdigest(), os.lstat(path).st_mode)
    return found


def must_equal(one, other, name):
    before, after = digests(one), digests(other)
    differing = [path for path in before.keys() | after.keys()
                 if before.get(path) != after.get(path)]
    if differing:
        sys.exit(f"{name}: {len(differing)} files differ, the first {sorted(differing)[:5]}")
    say(f"{name}: {len(before)} files are the same")


environment = dict(os.environ)


def rclone():
    environment.update(
        RCLONE_CONFIG_NET_TYPE="s3", RCLONE_CONFIG_NET_PROVIDER="Other",
        RCLONE_CONFIG_NET_ENV_AUTH="true", RCLONE_CONFIG_NET_REGION="us-east-1",
        RCLONE_CONFIG_NET_ENDPOINT=os.environ["AWS_ENDPOINT_URL"], RCLONE_CONFIG="/dev/null",
        RCLONE_RETRIES="1", RCLONE_TRANSFERS="16", RCLONE_CHECKERS="16")
    environment.pop("AWS_CA_BUNDLE", None)
    here, back = os.path.join(directory, "many"), os.path.join(directory, "many-back")
    noise = random.Random(6)
    for number in range(files):
        folder = os.path.join(here, f"d{number % 97}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"{number}.bin"), "wb") as file:
            file.write(noise.randbytes(10 << 10))
    say(f"{files} files of 10 KiB")
    run("rclone", "mkdir", "net:many")
    run("rclone", "sync", here, "net:many/tree")
    say("synced there")
    # A second sync after changes: some files changed, some gone, some new.
    for number in range(0, files, 100):
        path = os.path.join(here, f"d{number % 97}", f"{number}.bin")
        if number % 300 == 0:
            os.unlink(path)
        else:
            with open(path, "wb") as file:
                file.write(noise.randbytes(noise.randrange(20_000)))
    run("rclone", "sync", here, "net:many/tree")
    say("synced again")
    run("rclone", "sync", "net:many/tree", back)
    say("synced back")
    must_equal(here, back, "rclone")


def restic():
    environment.update(
        RESTIC_REPOSITORY=f"s3:{os.environ['AWS_ENDPOINT_URL']}/history/repository",
        RESTIC_PASSWORD="only a test", RESTIC_CACHE_DIR=os.path.join(directory, "history-cache"),
        GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@example.org", GIT_COMMITTER_NAME="a",
        GIT_COMMITTER_EMAIL="a@example.org", GIT_CONFIG_GLOBAL="/dev/null")
    here = os.path.join(directory, "history")
    noise = random.Random(7)
    run("git", "init", "-q", here)

    def commits(count):
        for number in range(count):
            for _ in range(6):
                path = os.path.join(here, f"s{noise.randrange(8)}", f"{noise.randrange(200)}.txt")
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "a") as file:
                    for _ in range(noise.randrange(200)):
                        file.write(f"{noise.random()}\n")
            run("git", "add", "-A", cwd=here)
            run("git", "commit", "-q", "-m", f"change {number}", cwd=here)

    def cycle(name):
        run("restic", "backup", "--quiet", "history")
        run("restic", "forget", "--quiet", "--keep-last", "1", "--prune")
        run("restic", "check", "--read-data", "--quiet")
        back = os.path.join(directory, "history-back")
        shutil.rmtree(back, ignore_errors=True)
        run("restic", "restore", "--quiet", "latest", "--target", back)
        must_equal(here, os.path.join(back, "history"), name)
        run("git", "fsck", "--full", "--strict", cwd=os.path.join(back, "history"))
        say(f"{name}: git finds its history sound")

    commits(25)
    run("restic", "init", "--quiet")
    cycle("restic, first prune")
    commits(15)
    # History rewritten and packed anew: what prune takes away is most of the repository.
    run("git", "gc", "--quiet", "--prune=now", cwd=here)
    run("restic", "backup", "--quiet", "history")
    cycle("restic, second prune")


{"rclone": rclone, "restic": restic}[what]()
