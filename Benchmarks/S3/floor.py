"""What a transfer cannot do without, each pass alone in a tight loop on the same cores.

The passes over memory come from `trellis-bench floor` (all cores at once); TLS, writing and reading
are measured here.
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
    """{pass: bytes a second of all cores}."""
    text = subprocess.run([bench, "floor"], capture_output=True, text=True, check=True).stdout
    fields = [line.split() for line in text.splitlines() if line.startswith("floor ")]
    return {name: float(rate) for _, name, rate in fields}


def tls_cpu_per_byte(size=512 << 20):
    """CPU seconds a byte that goes out through TLS 1.3 over loopback and comes in again."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = f"{folder}/key", f"{folder}/certificate"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=bench", "-keyout", key, "-out", certificate],
            check=True, capture_output=True)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate, key)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        server.minimum_version = client.minimum_version = ssl.TLSVersion.TLSv1_3
        return statistics.median(_tls_run(server, client, size) for _ in range(3))


def _tls_run(server, client, size):
    """The receiver is a process of its own, so that the two do not wait for one interpreter."""
    listener = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if _receive(server, listener, size) else 1)
        finally:
            os._exit(2)
    start = _cpu()
    connection = client.wrap_socket(socket.create_connection(listener.getsockname()))
    block = memoryview(bytes(CHUNK))
    for _ in range(size // CHUNK):
        connection.sendall(block)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the TLS pass did not come through")
    connection.close()
    listener.close()
    return (_cpu() - start) / size


def _receive(server, listener, size):
    connection = server.wrap_socket(listener.accept()[0], server_side=True)
    buffer, done = bytearray(65_536), 0
    while done < size:
        count = connection.recv_into(buffer)
        if not count:
            return False
        done += count
    return True


def _cpu():
    """CPU seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def write_seconds(folder, size, files=12, rounds=3):
    """Seconds for writing `size` bytes as shard files, all cores at once, with fdatasync of each."""
    return statistics.median(_write(folder, size, files) for _ in range(rounds))


def _write(folder, size, files):
    os.sync()
    block = memoryview(os.urandom(CHUNK))
    per_file = size // files // CHUNK
    with tempfile.TemporaryDirectory(dir=folder) as place:
        def one(numbers):
            for number in numbers:
                with open(f"{place}/{number}", "wb", buffering=0) as file:
                    for _ in range(per_file):
                        file.write(block)
                    os.fdatasync(file.fileno())
        return _together(one, files) * size / (per_file * files * CHUNK)


def read_seconds(folder, size, files=6):
    """Seconds for reading `size` bytes that were written just now, all cores at once."""
    per_file = size // files // CHUNK
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
        return statistics.median(
            _together(one, files) for _ in range(3)) * size / (per_file * files * CHUNK)


def _together(work, files):
    threads = [threading.Thread(target=work, args=(range(core, files, CORES),))
               for core in range(CORES)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - start


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


class Floor:
    """The floors of one medium, in seconds, with their passes."""

    def __init__(self, passes, tls, folder, size, expansion=2.0):
        self.size = size
        self.sync = sync_seconds(folder)
        put = {name: size / passes[name] for name in ["md5", "sha-256", "crc-32", "seal", "encode"]}
        put["leaf trees, twice"] = 2 * expansion * size / passes["leaf-tree"]
        put["tls"] = expansion * size * tls / CORES
        put["write + fdatasync"] = write_seconds(folder, int(expansion * size))
        get = {"read": read_seconds(folder, size), "leaf tree": size / passes["leaf-tree"],
               "tls": size * tls / CORES, "open": size / passes["open"]}
        self.put, self.get = put, get
        # Six of twelve gone: half of the data's chunks, on average, are rebuilt.
        self.get_degraded = {**get, "rebuild half": size / 2 / passes["rebuild"]}
