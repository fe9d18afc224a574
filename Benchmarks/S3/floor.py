"""What a transfer cannot do without, each pass alone in a tight loop on the same cores.

The passes over memory come from `trellis-bench floor` (all cores at once); TLS, writing and reading
are measured here. All but the waiting for a disk is counted in processor time, which other work on
the machine does not change; a floor's seconds are that time over the cores, and a disk's writes as
long as they took.
"""
import os
import socket
import ssl
import statistics
import subprocess
import tempfile
import threading
import time

CORES = os.cpu_count() or 1
CHUNK = 1 << 20


def memory_passes(bench):
    """{pass: bytes a second of all cores}, from one short round."""
    command = [bench, "floor", "rounds=1", "milliseconds=150"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    fields = [line.split() for line in text.splitlines() if line.startswith("floor ")]
    return {name: float(rate) for _, name, rate in fields}


class TLS:
    """A certificate, and the CPU seconds of a byte that goes out through TLS 1.3 and comes in."""

    def __init__(self):
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = f"{folder}/key", f"{folder}/certificate"
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=bench",
                 "-keyout", key, "-out", certificate],
                check=True, capture_output=True)
            self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.server.load_cert_chain(certificate, key)
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client.check_hostname, self.client.verify_mode = False, ssl.CERT_NONE
        for context in (self.server, self.client):
            context.minimum_version = ssl.TLSVersion.TLSv1_3

    def cpu_per_byte(self, size=256 << 20):
        """The receiver is a process of its own, so that the two do not wait for one interpreter."""
        listener = socket.create_server(("127.0.0.1", 0))
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if self._receive(listener, size) else 1)
            finally:
                os._exit(2)
        start = cpu()
        connection = self.client.wrap_socket(socket.create_connection(listener.getsockname()))
        block = memoryview(bytes(CHUNK))
        for _ in range(size // CHUNK):
            connection.sendall(block)
        if os.waitpid(child, 0)[1]:
            raise SystemExit("the TLS pass did not come through")
        connection.close()
        listener.close()
        return (cpu() - start) / size

    def _receive(self, listener, size):
        connection = self.server.wrap_socket(listener.accept()[0], server_side=True)
        buffer, done = bytearray(65_536), 0
        while done < size:
            count = connection.recv_into(buffer)
            if not count:
                return False
            done += count
        return True


def cpu():
    """CPU seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def write_pass(folder, size, files=12):
    """(seconds, CPU seconds) of writing `size` bytes as shard files, all cores at once, with
    fdatasync of each."""
    block = memoryview(os.urandom(CHUNK))
    per_file = size // files // CHUNK
    scale = size / (per_file * files * CHUNK)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        def one(numbers):
            for number in numbers:
                with open(f"{place}/{number}", "wb", buffering=0) as file:
                    for _ in range(per_file):
                        file.write(block)
                    os.fdatasync(file.fileno())
        seconds, used = _together(one, files)
        return seconds * scale, used * scale


def read_pass(folder, size, files=6):
    """(seconds, CPU seconds) of reading `size` bytes that were written just now, all cores at once."""
    part = min(size, 384 << 20)
    per_file = part // files // CHUNK
    scale = size / (per_file * files * CHUNK)
    block = os.urandom(CHUNK)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for number in range(files):
            with open(f"{place}/{number}", "wb", buffering=0) as file:
                for _ in range(per_file):
                    file.write(block)

        def one(numbers):
            buffer = bytearray(CHUNK)
            for number in numbers:
                with open(f"{place}/{number}", "rb", buffering=0) as file:
                    while file.readinto(buffer):
                        pass
        seconds, used = _together(one, files)
        return seconds * scale, used * scale


def _together(work, files):
    threads = [threading.Thread(target=work, args=(range(core, files, CORES),))
               for core in range(CORES)]
    start, used = time.monotonic(), cpu()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - start, cpu() - used


def sync_seconds(folder, rounds=200):
    """The median of appending 4 KiB and one fdatasync."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(rounds):
            start = time.monotonic()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append(time.monotonic() - start)
    return statistics.median(times)


class Floors:
    """The floors of one object on one medium as they are at one moment: {kind: {pass: CPU
    seconds}}, and of PUT on a disk how long writing takes beyond its CPU time."""

    def __init__(self, bench, tls, folder, size, medium, expansion=2.0):
        passes, per_byte = memory_passes(bench), tls.cpu_per_byte()
        stored = int(expansion * size)
        # Each rate is of all cores together, so a pass takes that many times its seconds of CPU.
        cost = {name: CORES * size / rate for name, rate in passes.items()}
        put = {name: cost[name] for name in ["md5", "sha-256", "crc-32", "seal", "encode"]}
        put["leaf trees, twice"] = 2 * expansion * cost["leaf-tree"]
        put["tls"] = stored * per_byte
        seconds, put["write + fdatasync"] = write_pass(folder, stored)
        get = {"read": read_pass(folder, size)[1], "leaf tree": cost["leaf-tree"],
               "tls": size * per_byte, "open": cost["open"]}
        # Six of twelve gone: half of the data's chunks, on average, are rebuilt.
        self.cpu = {"put": put, "get": get, "degraded": {**get, "rebuild half": cost["rebuild"] / 2}}
        self.waiting = {"put": 0.0 if medium == "tmpfs"
                        else max(0.0, seconds - put["write + fdatasync"] / CORES)}

    def cpu_seconds(self, kind):
        return sum(self.cpu[kind].values())

    def seconds(self, kind):
        """How long the passes take one after the other, each on all cores."""
        return self.cpu_seconds(kind) / CORES + self.waiting.get(kind, 0.0)

    def __str__(self):
        return "; ".join(
            f"{kind} {self.seconds(kind):.2f} s (" + ", ".join(
                f"{name} {used / CORES:.2f}" for name, used in self.cpu[kind].items())
            + (f", disk {self.waiting[kind]:.2f}" if self.waiting.get(kind) else "") + ")"
            for kind in ["put", "degraded"])
