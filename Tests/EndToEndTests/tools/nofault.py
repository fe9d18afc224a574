"""Nobody is faulted for what it did not cause.

On a running network that keeps one bundle: the validator stands still and is killed, the gateway is
down, the whole machine is suspended, clocks jump by an hour. After each, proofs must go on, and in
the end there must be no slash, no vacant column and no pay for the gaps.

Usage: nofault.py TRELLIS DATA [SCENARIO...]
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import boto3
from botocore.config import Config

trellis, data = sys.argv[1:3]
chosen = sys.argv[3:]
started = time.monotonic()
violations = []
own = []
tools = os.path.dirname(os.path.abspath(__file__))
shifter = os.path.join(data, "clockshift.so")


def say(text):
    print(f"{time.monotonic() - started:7.2f} {text}", flush=True)


def violation(text):
    violations.append(text)
    say(f"VIOLATION {text}")


def command(*arguments, limit=150):
    done = subprocess.run(
        [trellis, *arguments, "--data", data], capture_output=True, text=True, timeout=limit)
    if done.returncode != 0:
        violation(f"{arguments}: {done.stdout[-600:]}{done.stderr[-600:]}")
    return done.stdout


def status():
    done = subprocess.run(
        [trellis, "status", "--json", "--data", data], capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


def pids(*roles):
    with open(os.path.join(data, "network.json")) as file:
        return [p["pid"] for p in json.load(file)["processes"] if p.get("pid") and p["role"] in roles]


def send(number, *roles):
    for pid in pids(*roles):
        os.kill(pid, number)


def await_passes(what, within=60):
    """Waits until every provider's proof of a whole window has been taken once more."""
    before = status()["storage"]["challengesPassed"]
    providers = len(pids("provider"))
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        storage = status()["storage"]
        if storage["challengesPassed"] >= before + providers:
            say(f"{what}: proofs go on ({storage['challengesPassed']} passed, "
                f"{storage['challengesMissed']} missed)")
            return
        time.sleep(0.5)
    violation(f"{what}: no proofs any more after {within} s: {status()['storage']}")


def look(what):
    storage = status()["storage"]
    if storage["degradedBundles"]:
        violation(f"{what}: degraded: {storage}")
    slashes = json.loads(command("earnings", "--json", "--epochs", "1000")).get("slashes", [])
    if slashes:
        violation(f"{what}: {slashes}")
    if "vacant" in command("query", "bundles"):
        violation(f"{what}: a column was taken away")
    if storage["challengesMissed"]:
        say(f"{what}: {storage['challengesMissed']} challenges missed so far")


def ledger_milliseconds():
    return status()["ledger"]["timeMilliseconds"]


def check_gap(what, before, running_seconds):
    """The ledger's clock, by which all pay accrues, must not have run through the gap."""
    elapsed = ledger_milliseconds() - before
    if elapsed > running_seconds * 1000 + 6000:
        violation(f"{what}: the ledger's clock ran {elapsed} ms in {running_seconds:.1f} s of work")


def stood_still(what, seconds, *roles):
    before, begin = ledger_milliseconds(), time.monotonic()
    send(signal.SIGSTOP, *roles)
    time.sleep(seconds)
    send(signal.SIGCONT, *roles)
    stopped = time.monotonic() - begin
    await_passes(what)
    check_gap(what, before, time.monotonic() - begin - stopped + 1)
    look(what)


def validator_stops():
    stood_still("the validator stood still", 9, "validator")


def machine_suspended():
    stood_still("the machine was suspended", 9, "validator", "provider", "gateway", "dashboard")


def validator_killed():
    before, begin = ledger_milliseconds(), time.monotonic()
    send(signal.SIGKILL, "validator")
    time.sleep(9)
    gap = time.monotonic() - begin
    command("up")
    await_passes("the validator was killed")
    check_gap("the validator was killed", before, time.monotonic() - begin - gap + 1)
    look("the validator was killed")


def gateway_down():
    send(signal.SIGKILL, "gateway")
    await_passes("the gateway is down")
    time.sleep(3)
    look("the gateway is down")
    command("up")


def faked(shift, *arguments):
    """One process of the network with a wall clock that is off; its steady clock is not."""
    if not os.path.exists(shifter):
        compiler = shutil.which("cc") or shutil.which("clang") or "gcc"
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", shifter,
             os.path.join(tools, "clockshift.c"), "-ldl"], check=True)
    log = open(os.path.join(data, "clockshift.log"), "ab")
    process = subprocess.Popen(
        [trellis, *arguments, "--data", data], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"LD_PRELOAD": shifter, "CLOCK_SHIFT": str(shift)})
    own.append(process)
    return process


def await_alive(identifier, wanted=True):
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        found = [p for p in status()["processes"] if p["id"] == identifier]
        if found and bool(found[0].get("isHealthy")) == wanted:
            return
        time.sleep(0.2)
    violation(f"{identifier} did not become {'healthy' if wanted else 'dead'}")


def restarted(identifier, role, shift, *arguments):
    with open(os.path.join(data, "network.json")) as file:
        process = [p for p in json.load(file)["processes"] if p["id"] == identifier][0]
    os.kill(process["pid"], signal.SIGKILL)
    await_alive(identifier, wanted=False)
    if shift:
        faked(shift, *arguments)
    else:
        command("up")
    await_alive(identifier)


def providers_clocks():
    """Two providers' clocks are an hour off, one each way, from before the first bundle on."""
    restarted("provider-1", "provider", 3600, "provider", "run", "--id", "provider-1")
    restarted("provider-2", "provider", -3600, "provider", "run", "--id", "provider-2")


def validator_clock():
    """The validator's clock is an hour ahead, and then is set right."""
    before, begin = ledger_milliseconds(), time.monotonic()
    restarted("validator", "validator", 3600, "validator")
    await_passes("the validator's clock is an hour ahead")
    put_and_get("with clocks an hour off")
    check_gap("the validator's clock is an hour ahead", before, time.monotonic() - begin)
    restarted("validator", "validator", None)
    await_passes("the validator's clock was set back by an hour")
    check_gap("the validator's clock was set back", before, time.monotonic() - begin)
    look("clocks an hour off")


def put_and_get(what):
    s3 = boto3.client("s3", config=Config(
        s3={"addressing_style": "path"}, retries={"max_attempts": 6, "mode": "standard"}))
    body = os.urandom(700_000)
    s3.put_object(Bucket="nofault", Key=what.replace(" ", "-"), Body=body)
    if s3.get_object(Bucket="nofault", Key=what.replace(" ", "-"))["Body"].read() != body:
        violation(f"{what}: read something else")


def main():
    for line in command("env").splitlines():
        if line.startswith("export "):
            name, value = line[7:].split("=", 1)
            os.environ[name] = value.strip("'\"")
    boto3.client("s3").create_bucket(Bucket="nofault")
    scenarios = [
        validator_clock, validator_stops, validator_killed, gateway_down, machine_suspended]
    providers_clocks()
    put_and_get("before")
    await_passes("at first")
    for scenario in scenarios:
        if not chosen or scenario.__name__ in chosen:
            say(scenario.__name__.replace("_", " "))
            scenario()
    put_and_get("after")
    await_passes("at last")
    look("at last")
    command("verify")
    say(f"{len(violations)} violations")
    sys.exit(1 if violations else 0)


main()
