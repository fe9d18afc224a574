"""Bad input to every listener of a running network, while a good client goes on working.

Random bytes, huge and endless headers, half requests held open, bodies that never come or never
end, JSON that is deep, huge or broken, TLS hellos that stop or turn to noise. Afterwards every
process must still be the same, healthy, and no bigger than before by more than a bound, and every
answer to a bad request that is HTTP must be a clear error.

Usage: hostile.py DATA SEED SECONDS
Exit code 0: all held. Every line of a violation begins with VIOLATION.
"""
import http.client
import json
import os
import random
import re
import socket
import ssl
import sys
import threading
import time
import urllib.request

import boto3
from botocore.config import Config

data, seed, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
# What a process may grow by, with all caches warm: its buffers are bounded, so this is a constant.
growth_limit = 220 << 20
violations = []
answers = {}
done = threading.Event()
started = time.monotonic()


def say(text):
    print(f"{time.monotonic() - started:7.2f} {text}", flush=True)


def violation(text):
    violations.append(text)
    if len(violations) < 60:
        say(f"VIOLATION {text}")


with open(os.path.join(data, "network.json")) as file:
    manifest = json.load(file)
processes = {p["id"]: p for p in manifest["processes"]}


def port(url):
    return int(url.rstrip("/").rsplit(":", 1)[1].split("/")[0])


s3_port = port(manifest["endpoints"]["s3"])
rpc_port = port(manifest["endpoints"]["rpc"])
page_port = port(manifest["endpoints"]["dashboard"])
link_ports = [port(p["endpoints"]["link"]) for p in processes.values() if p["role"] == "provider"]
health_ports = [port(p["endpoints"]["health"].replace("/health", "")) for p in processes.values()
                if "health" in p["endpoints"]]


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
    return 0


def connect(number, timeout=5):
    return socket.create_connection(("127.0.0.1", number), timeout=timeout)


def exchange(number, payload, wait=5):
    """Sends bytes and returns what came back until the other side closed or `wait` passed."""
    with connect(number) as plug:
        plug.settimeout(wait)
        try:
            plug.sendall(payload)
        except OSError:
            pass  # it may close before it has read all
        received = b""
        try:
            while len(received) < 1 << 20:
                piece = plug.recv(65_536)
                if not piece:
                    break
                received += piece
                if received.startswith(b"HTTP/1.") and b"\r\n\r\n" in received:
                    break
        except OSError:
            pass
        return received


def expect_error(what, received, allowed=(501, 503, 505)):
    """Whatever answers in HTTP answers 4xx or what is allowed, never 2xx."""
    line = received.split(b"\r\n", 1)[0].decode("latin-1")
    answers[f"{what}: {line[:40]}"] = answers.get(f"{what}: {line[:40]}", 0) + 1
    if not received:
        return  # closing without a word is allowed for what is no HTTP
    parts = line.split(" ")
    if len(parts) < 2 or not parts[1].isdigit():
        violation(f"{what}: an answer that is no HTTP: {received[:80]!r}")
    elif not (400 <= int(parts[1]) < 500 or int(parts[1]) in allowed):
        violation(f"{what}: {line}")


def noise(dice):
    number = dice.choice([s3_port, rpc_port, page_port, *link_ports, *health_ports])
    exchange(number, dice.randbytes(dice.choice([1, 100, 5000, 200_000])), wait=1)


def huge_headers(dice):
    number = dice.choice([s3_port, rpc_port, page_port, dice.choice(health_ports)])
    style = dice.randrange(3)
    if style == 0:
        payload = b"GET / HTTP/1.1\r\nHost: x\r\nX-Huge: " + b"a" * (4 << 20) + b"\r\n\r\n"
    elif style == 1:
        lines = b"".join(b"X-%d: y\r\n" % n for n in range(60_000))
        payload = b"GET / HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n"
    else:
        payload = b"GET /" + b"p" * (2 << 20) + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    expect_error(f"huge headers {style} at {name(number)}", exchange(number, payload))


def name(number):
    return {s3_port: "S3", rpc_port: "RPC", page_port: "page"}.get(number, "telemetry")


def broken_http(dice):
    number = dice.choice([s3_port, rpc_port])
    payload = dice.choice([
        b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n\r\n", b"GET\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"PUT /b/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\nhello\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"ffffffffffffffffffff\r\nhello\r\n",
        b"GET /%zz/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /..%2f..%2f..%2fetc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /?list-type=2&max-keys=-1 HTTP/1.1\r\nHost: x\r\nAuthorization: "
        b"AWS4-HMAC-SHA256 Credential=/////,SignedHeaders=,Signature=\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{{{",
    ])
    received = exchange(number, payload, wait=3)
    if number == rpc_port and received.startswith(b"HTTP/1.1 200"):
        return  # GET / of the RPC lists its methods
    # CometBFT's RPC answers an error in JSON under status 500.
    allowed = (500,) if number == rpc_port else (501, 503, 505)
    expect_error(f"broken HTTP at {name(number)}: {payload[:40]!r}", received, allowed)


def endless_body(dice):
    """A body that goes on far beyond every limit, unsigned."""
    number = dice.choice([s3_port, rpc_port])
    head = b"POST /bucket/key HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"10000\r\n" + b"j" * 65_536 + b"\r\n"
    with connect(number) as plug:
        plug.settimeout(2)
        sent = 0
        try:
            plug.sendall(head)
            while sent < 96 << 20:
                plug.sendall(piece)
                sent += 65_536
        except OSError:
            return
        say(f"{name(number)} took {sent >> 20} MiB of an endless unsigned body")


def bad_rpc(dice):
    payload = dice.choice([
        b"[" * 100_000, b'{"a":' * 50_000, b"[" + b"1," * 400_000 + b"1]",
        b'{"jsonrpc":"2.0","id":1,"method":"block","params":{"height":"' + b"9" * 500_000 + b'"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"broadcast_tx_sync","params":{"tx":"!!!"}}',
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "abci_query",
                    "params": {"path": "/rows", "data": "00" * 100}}).encode(),
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "broadcast_tx_commit",
                    "params": {"tx": "QUFB" * 200_000}}).encode(),
        json.dumps([{"jsonrpc": "2.0", "id": n, "method": "status"} for n in range(5000)]).encode(),
        b"\xff\xfe" * 1000, b'"\\ud800"', b"1e999999", b"-" * 10,
        json.dumps({"jsonrpc": "2.0", "id": {}, "method": 5, "params": "x"}).encode(),
    ])
    plug = http.client.HTTPConnection("127.0.0.1", rpc_port, timeout=20)
    try:
        plug.request("POST", "/", payload, {"Content-Type": "application/json"})
        answer = plug.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return  # closed on us: allowed for oversized bodies
    finally:
        plug.close()
    refused = b'"error"' in body or re.search(rb'"code":[1-9]', body)
    if not refused and not payload.startswith(b'[{"jsonrpc"'):
        violation(f"RPC took {payload[:60]!r}: {answer.status} {body[:100]!r}")


def odd_websocket(dice):
    key = b"GET /websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
          b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    with connect(rpc_port) as plug:
        plug.settimeout(2)
        try:
            plug.sendall(key)
            plug.recv(4096)
            plug.sendall(dice.choice([
                dice.randbytes(5000), b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                b"\x81\x84abcd" + b"{{{{", b"\x89\x05hello",
                b"\x01\xfe\xff\xff" + dice.randbytes(66_000)]))
            plug.recv(4096)
        except OSError:
            pass


def half_tls(dice):
    """TLS to a provider: a hello that stops, noise after a good hello, no certificate."""
    number = dice.choice(link_ports)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["trellis-link/1"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing)
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    style = dice.randrange(3)
    if style == 0:
        exchange(number, hello[:dice.randrange(1, len(hello))], wait=1)
    elif style == 1:
        exchange(number, hello + dice.randbytes(20_000), wait=1)
    else:
        try:
            with connect(number) as raw, context.wrap_socket(raw) as plug:
                plug.settimeout(2)
                plug.sendall(dice.choice([b"\xff" * 100, b"\x00" * 100_000]))
                if plug.recv(100):
                    violation("a link without a certificate was answered")
        except OSError:
            pass


class Held(threading.Thread):
    """Slowloris: many connections that send a byte now and then and never finish."""

    def __init__(self, number, count):
        super().__init__(daemon=True)
        self.number, self.count, self.refused, self.closed = number, count, 0, 0

    def run(self):
        plugs = []
        for _ in range(self.count):
            try:
                plug = connect(self.number)
                plug.sendall(b"PUT /bucket/slow HTTP/1.1\r\nHost: x\r\nX-")
                plugs.append(plug)
            except OSError:
                self.refused += 1
        while not done.wait(1):
            for plug in list(plugs):
                try:
                    plug.sendall(b"a")
                except OSError:
                    plugs.remove(plug)
                    self.closed += 1
        for plug in plugs:
            plug.close()


class GoodClient(threading.Thread):
    """A client that means well: it must be served all the time."""

    def __init__(self):
        super().__init__(daemon=True)
        self.s3 = boto3.client("s3", config=Config(
            s3={"addressing_style": "path"}, retries={"max_attempts": 5, "mode": "standard"},
            connect_timeout=10, read_timeout=60))
        self.slowest, self.count = 0.0, 0

    def run(self):
        body = random.Random(seed).randbytes(50_000)
        while not done.is_set():
            begin = time.monotonic()
            try:
                self.s3.put_object(Bucket="hostile", Key="good", Body=body)
                back = self.s3.get_object(Bucket="hostile", Key="good")["Body"].read()
                if back != body:
                    violation("the good client read something else")
            except Exception as error:
                violation(f"the good client was not served: {type(error).__name__} {error}")
            self.slowest = max(self.slowest, time.monotonic() - begin)
            self.count += 1
            time.sleep(0.2)


def attack(number, end):
    dice = random.Random(f"{seed}/{number}")
    ways = [noise, noise, huge_headers, broken_http, broken_http, bad_rpc, bad_rpc, odd_websocket,
            half_tls, half_tls, endless_body]
    while time.monotonic() < end:
        way = dice.choice(ways)
        try:
            way(dice)
        except ConnectionRefusedError:
            violation(f"{way.__name__}: nobody listens any more")
            time.sleep(1)
        except OSError:
            pass


def sizes():
    found = {}
    for key, process in processes.items():
        try:
            found[key] = resident(process["pid"])
        except OSError:
            violation(f"{key} is gone")
    return found


def healthy():
    for key, process in processes.items():
        url = process["endpoints"].get("health")
        if not url:
            continue
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                if answer.status != 200:
                    violation(f"{key} is not healthy: {answer.status}")
        except Exception as error:
            violation(f"{key} is not healthy: {error}")


def main():
    say(f"seed {seed}")
    good = GoodClient()
    good.s3.create_bucket(Bucket="hostile")
    good.s3.put_object(Bucket="hostile", Key="warm", Body=b"x" * (9 << 20))
    before = sizes()
    good.start()
    held = [Held(n, 150) for n in (s3_port, rpc_port, page_port, link_ports[0], health_ports[0])]
    for thread in held:
        thread.start()
    end = time.monotonic() + seconds
    crew = [threading.Thread(target=attack, args=(n, end), daemon=True) for n in range(4)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join(seconds + 60)
    done.set()
    good.join(90)
    time.sleep(2)
    healthy()
    after = sizes()
    for key in sorted(after):
        grown = after[key] - before.get(key, 0)
        if grown > growth_limit:
            violation(f"{key} grew by {grown >> 20} MiB to {after[key] >> 20} MiB")
    say("grown, MiB: " + ", ".join(
        f"{k} {(after[k] - before[k]) >> 20}" for k in sorted(after) if k in before))
    for line, count in sorted(answers.items()):
        say(f"{count:5} × {line}")
    for thread in held:
        say(f"slow connections at {thread.number}: {thread.refused} refused, "
            f"{thread.closed} closed by the other side")
    say(f"the good client made {good.count} rounds, the slowest {good.slowest:.1f} s; "
        f"{len(violations)} violations")
    sys.exit(1 if violations else 0)


main()
