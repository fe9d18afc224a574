"""A network of `trellis up` that is measured: its processes, their CPU time and memory, its files."""
import json
import os
import pathlib
import shlex
import signal
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


class Network:
    """Starts a network in `data` and ends it."""

    def __init__(self, trellis, data, port, providers=12):
        self.trellis, self.data = trellis, pathlib.Path(data)
        self.lines = []
        self.process = subprocess.Popen(
            [trellis, "up", "--data", str(data), "--providers", str(providers), "--port", str(port)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ready = threading.Event()
        threading.Thread(target=self._follow, args=(ready,), daemon=True).start()
        if not ready.wait(180) or self.process.poll() is not None:
            raise SystemExit("the network did not start:\n" + "\n".join(self.lines[-20:]))
        text = subprocess.run(
            [trellis, "env", "--data", str(data)], capture_output=True, text=True, check=True).stdout
        self.environment = dict(
            part.split("=", 1) for part in shlex.split(text) if part != "export")

    def _follow(self, ready):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith("ready"):
                ready.set()
        ready.set()

    def processes(self):
        """[(role, id, pid)] of those that live."""
        listed = json.loads((self.data / "network.json").read_text())["processes"]
        return [(p["role"], p["id"], p["pid"]) for p in listed
                if p.get("pid") and pathlib.Path(f"/proc/{p['pid']}").exists()]

    def pid(self, role):
        return next(pid for r, _, pid in self.processes() if r == role)

    def cpu(self):
        """CPU seconds so far, by role."""
        total = {}
        for role, _, pid in self.processes():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            seconds = (int(fields[11]) + int(fields[12])) / TICKS
            total[role] = total.get(role, 0) + seconds
        return total

    def reset_peak_memory(self, role):
        pathlib.Path(f"/proc/{self.pid(role)}/clear_refs").write_text("5")

    def peak_memory(self, role):
        """Bytes: the most that the process has had in memory since the last reset."""
        for line in pathlib.Path(f"/proc/{self.pid(role)}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise SystemExit("no VmHWM in /proc")

    def provider_bytes(self):
        """(bytes of shard files, bytes of all provider files) as the file system lists them."""
        shards = everything = 0
        for folder in self.data.glob("provider-*"):
            for path in folder.rglob("*"):
                try:
                    size = path.stat().st_size if path.is_file() else 0
                except OSError:
                    continue
                everything += size
                if path.parent.name == "shards":
                    shards += size
        return shards, everything

    def kill_providers(self, count):
        """Ends so many providers at once, as a power cut would."""
        victims = [(name, pid) for role, name, pid in self.processes() if role == "provider"]
        for _, pid in victims[:count]:
            os.kill(pid, signal.SIGKILL)
        time.sleep(3)
        return [name for name, _ in victims[:count]]

    def last_words(self, process, lines=40):
        """The end of a process's log."""
        try:
            text = (self.data / "logs" / f"{process}.log").read_text(errors="replace")
        except OSError as error:
            return str(error)
        return "\n".join(line[:400] for line in text.splitlines()[-lines:])

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                subprocess.run([self.trellis, "down", "--data", str(self.data)], timeout=90)
                self.process.kill()
