"""A load generator that costs little: requests are hashed and signed before the clock starts."""
import datetime
import hashlib
import hmac
import selectors
import socket
import base64
import threading
import time
import urllib.parse
import zlib

EMPTY = hashlib.sha256(b"").hexdigest()


class Refused(Exception):
    """An answer other than success."""


class Target:
    """Where requests go, and who signs them."""

    def __init__(self, environment):
        url = urllib.parse.urlsplit(environment["AWS_ENDPOINT_URL"])
        self.host, self.port = url.hostname, url.port
        self.key = environment["AWS_ACCESS_KEY_ID"]
        self.secret = environment["AWS_SECRET_ACCESS_KEY"]
        self.region = environment["AWS_REGION"]

    def connect(self):
        connection = socket.create_connection((self.host, self.port), timeout=120)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def head(self, method, path, query="", payload_hash=EMPTY, length=0, extra=()):
        """A whole signed request head (SigV4); `query` is canonical already."""
        moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": f"{self.host}:{self.port}", "x-amz-content-sha256": payload_hash,
                   "x-amz-date": moment, **dict(extra)}
        names = ";".join(sorted(headers))
        canonical = "\n".join(
            [method, urllib.parse.quote(path), query]
            + [f"{name}:{headers[name]}" for name in sorted(headers)] + ["", names, payload_hash])
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        text = "\n".join(
            ["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.secret).encode()
        for step in [moment[:8], self.region, "s3", "aws4_request"]:
            key = hmac.digest(key, step.encode(), "sha256")
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}")
        headers["content-length"] = str(length)
        address = urllib.parse.quote(path) + (f"?{query}" if query else "")
        lines = [f"{method} {address} HTTP/1.1"] + [f"{n}: {v}" for n, v in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def body_head(target, path, query, body):
    """A PUT's head as an SDK makes it over HTTP: signed payload hash and a CRC-32."""
    crc = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    return target.head(
        "PUT", path, query, hashlib.sha256(body).hexdigest(), len(body),
        [("x-amz-checksum-crc32", crc)])


def response(connection, scratch, sink=None):
    """Reads an answer into `scratch`; returns (status, headers, length of body)."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65_536)
        if not more:
            raise Refused("the connection was closed")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
    status, length = int(lines[0].split()[1]), int(headers.get("content-length", 0))
    done = len(rest)
    if sink:
        sink(rest)
    while done < length:
        count = connection.recv_into(scratch, min(len(scratch), length - done))
        if not count:
            raise Refused(f"the body ended after {done} of {length} bytes")
        if sink:
            sink(scratch[:count])
        done += count
    if status >= 300 and length and length == len(rest):
        headers["error"] = rest.decode(errors="replace")
    return status, headers, length


class Transfers:
    """Runs jobs on so many connections at once. A 503 is waited out and counted."""

    def __init__(self, target, connections):
        self.target, self.connections = target, connections
        self.slowed = 0

    def run(self, jobs):
        """`jobs`: [(head, body or None, sink or None)]. Returns (seconds, CPU seconds, headers)."""
        answers, failures = [None] * len(jobs), []
        numbers = iter(range(len(jobs)))
        lock = threading.Lock()
        links = [self.target.connect() for _ in range(self.connections)]

        def work(connection):
            scratch = memoryview(bytearray(1 << 20))
            while not failures:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                try:
                    answers[number] = self.one(connection, scratch, *jobs[number])
                except (OSError, Refused) as error:
                    failures.append(f"request {number}: {error}")

        cpu, start = time.process_time(), time.monotonic()
        threads = [threading.Thread(target=work, args=(link,)) for link in links]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - start, time.process_time() - cpu
        for link in links:
            link.close()
        if failures:
            raise Refused(failures[0])
        return *took, answers

    def one(self, connection, scratch, head, body, sink):
        for _ in range(120):
            connection.sendall(head)
            if body is not None:
                connection.sendall(body)
            status, headers, _ = response(connection, scratch, sink)
            if status < 300:
                return headers
            if status != 503:
                raise Refused(f"status {status}: {headers.get('error', '')[:300]}")
            self.slowed += 1
            time.sleep(0.5)
        raise Refused("503 for a minute")


def small_objects(target, heads_and_bodies, connections):
    """PUTs whole requests, so many at once, on one thread.

    Returns (seconds, CPU seconds, latencies, how many 503)."""
    waiting = iter(heads_and_bodies)
    chooser = selectors.DefaultSelector()
    latencies, slowed = [], 0

    def send(connection, request):
        connection.sendall(request)
        return request, time.monotonic()

    cpu, start = time.process_time(), time.monotonic()
    active = 0
    for _ in range(connections):
        request = next(waiting, None)
        if request is None:
            break
        connection = target.connect()
        chooser.register(connection, selectors.EVENT_READ, send(connection, request))
        active += 1
    while active:
        for ready, _ in chooser.select():
            connection, (request, sent) = ready.fileobj, ready.data
            data = connection.recv(65_536)
            status = data[9:12]
            if status == b"200":
                latencies.append(time.monotonic() - sent)
                request = next(waiting, None)
            elif status == b"503":
                slowed += 1
                time.sleep(0.05)
            else:
                raise Refused(data[:600].decode(errors="replace") or "closed")
            if request is None:
                chooser.unregister(connection)
                connection.close()
                active -= 1
            else:
                chooser.modify(connection, selectors.EVENT_READ, send(connection, request))
    return time.monotonic() - start, time.process_time() - cpu, latencies, slowed
