"""What compare and big share: servers, the load tool, noise, tables. Python's standard library only."""

import hashlib
import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
LOAD_TARGET = os.path.join(TARGET, "load")
LOAD = os.path.join(LOAD_TARGET, "release", "load")
CEILING = os.path.join(LOAD_TARGET, "release", "ceiling")
CAMERAS = 100
NAMES = ["motion", "net", "snapshot", "person", "vehicle", "line_crossing", "sound", "door_open"]
EVENTS = "/api/v2/storage/events/"
# A round is noisy where processes that are none of it, or the hypervisor, took more than this share of the cores.
NOISE_MAX = 0.10
TICKS = os.sysconf("SC_CLK_TCK")


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def run(command, **options):
    """Runs a command that must work; gives its standard output."""
    done = subprocess.run(command, stdout=subprocess.PIPE, **options)
    if done.returncode != 0:
        sys.exit(f"failed ({done.returncode}): {' '.join(map(str, command))}")
    return done.stdout


def build_load():
    say("building the load tool")
    manifest = os.path.join(ROOT, "benches", "load", "Cargo.toml")
    run(["cargo", "build", "--release", "--locked", "--quiet", "--bins",
         "--manifest-path", manifest, "--target-dir", LOAD_TARGET], stdin=subprocess.DEVNULL)


def find_watchpost(path):
    """The release binary: `path`, or built."""
    if path:
        return os.path.abspath(path)
    say("building the release binary")
    run(["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path",
         os.path.join(ROOT, "Cargo.toml")], stdin=subprocess.DEVNULL)
    return os.path.join(TARGET, "release", "watchpost")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def write_json(path, value):
    """Replaces the file whole, so that an interrupted run can be taken up."""
    with open(path + ".new", "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)


def read_json(path, default):
    try:
        with open(path) as file:
            return json.load(file)
    except (FileNotFoundError, ValueError):
        return default


def request(method, url, body=None, authorization="", timeout=600):
    """One request; gives status, parsed body and headers."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data=data, method=method)
    asked.add_header("Content-Type", "application/json")
    if authorization:
        asked.add_header("Authorization", authorization)
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as answer:
            status, text, headers = answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        status, text, headers = error.code, error.read(), error.headers
    try:
        return status, json.loads(text) if text else None, headers
    except ValueError:
        return status, text.decode(errors="replace"), headers


# ---- Servers ----

class Server:
    """A process that serves; ended when the block is left."""

    def __init__(self, command, log, ready, pattern, address=None):
        self.began = time.monotonic()
        self.log = open(log, "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        self.address = address or self.announced(pattern)
        self.url = "http://" + self.address
        self.wait_ready(ready)

    def announced(self, pattern):
        for line in self.process.stdout:
            found = re.search(pattern, line)
            if found:
                return found.group(1).decode()
        sys.exit(f"the server ended before it listened; see {self.log.name}")

    def wait_ready(self, path):
        while path:
            try:
                with urllib.request.urlopen(self.url + path, timeout=60) as answer:
                    if answer.status == 200:
                        break
            except (urllib.error.URLError, ConnectionError):
                pass
            if self.process.poll() is not None or time.monotonic() - self.began > 120:
                sys.exit(f"the server does not answer; see {self.log.name}")
            time.sleep(0.001)
        self.started_s = time.monotonic() - self.began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(signal.SIGTERM)

    def end(self, how):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.log.close()

    @property
    def pid(self):
        return self.process.pid

    def memory_mb(self):
        """Resident now, and at most so far."""
        with open(f"/proc/{self.pid}/status") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
        return tuple(round(int(lines[name].split()[0]) / 1024, 1) for name in ("VmRSS", "VmHWM"))


def watchpost(binary, data_dir, log):
    command = [binary, "serve", "--data-dir", data_dir, "--listen", "127.0.0.1:0"]
    return Server(command, log, "/readyz", rb"listening on http://(\S+)")


def prepare_watchpost(binary, data_dir, log):
    """A data directory with 100 cameras of 8 types each; gives the key that may do everything."""
    shutil.rmtree(data_dir, ignore_errors=True)
    os.makedirs(data_dir)
    with watchpost(binary, data_dir, log) as server:
        made = run([binary, "key", "create", "--name", "bench", "--data-dir", data_dir, "--json"])
        key = "LKey " + json.loads(made)["license_key"]
        for number in range(1, CAMERAS + 1):
            status, body, _ = request("POST", server.url + "/api/v2/cameras/", {"name": f"camera {number}"}, key)
            assert status in (200, 201) and body["id"] == number, (status, body)
        # An import adds the types that a camera does not have.
        rows = [json.dumps({"camid": camera, "name": name, "time": "2025-10-01T00:00:00Z"})
                for camera in range(1, CAMERAS + 1) for name in NAMES]
        run([binary, "import", "-", "--data-dir", data_dir, "--json"], input="\n".join(rows).encode() + b"\n")
    return key


# ---- Load ----

def load(address, target, profile, authorization="", **options):
    """Runs the load tool; gives its report."""
    command = [LOAD, "run", "--address", address, "--target", target, "--profile", profile]
    for name, value in options.items():
        if value is not None:
            command += ["--" + name.replace("_", "-"), str(value)]
    env = {**os.environ, "LOAD_AUTHORIZATION": authorization}
    report = json.loads(run(command, env=env, stdin=subprocess.DEVNULL))
    if report["failed"]:
        say(f"  {report['failed']} requests failed: {report['failure']}")
    return report


def generate(events, done_percent=0):
    """A process that writes the data set to its standard output."""
    command = [LOAD, "generate", "--events", str(events), "--done-percent", str(done_percent)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def probe_disk(folder):
    return json.loads(run([LOAD, "probe", folder], stdin=subprocess.DEVNULL))


# ---- Noise ----

def pressure(what):
    """Microseconds in which some task waited for `what`; None where the kernel does not tell."""
    try:
        with open(f"/proc/pressure/{what}") as file:
            return int(re.search(r"some .*total=(\d+)", file.read()).group(1))
    except OSError:
        return None


def cpu_of(pid):
    """Seconds of processor time that a process has had."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Noise:
    """Who else used the machine while the block ran: `with Noise(server) as noise: …; noise.seen`."""

    def __init__(self, *servers):
        self.pids = [server.pid for server in servers]

    def read(self):
        with open("/proc/stat") as file:
            values = [int(value) / TICKS for value in file.readline().split()[1:9]]
        user, nice, system, _, _, irq, softirq, steal = values
        usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        ours = sum(part.ru_utime + part.ru_stime for part in usage) + sum(map(cpu_of, self.pids))
        return {"at": time.monotonic(), "busy": user + nice + system + irq + softirq, "steal": steal,
                "ours": ours, "cpu": pressure("cpu"), "io": pressure("io")}

    def __enter__(self):
        self.before = self.read()
        return self

    def __exit__(self, *_):
        after, before = self.read(), self.before
        took = max(after["at"] - before["at"], 1e-3)
        cores = os.cpu_count() * took
        foreign = (after["busy"] - before["busy"]) - (after["ours"] - before["ours"])
        share = max(0.0, foreign + after["steal"] - before["steal"]) / cores
        psi = {what: None if after[what] is None else round((after[what] - before[what]) / took / 1e4, 1)
               for what in ("cpu", "io")}
        self.seen = {"foreign_cpu": round(share, 3), "noisy": share > NOISE_MAX,
                     "psi_cpu_percent": psi["cpu"], "psi_io_percent": psi["io"]}


# ---- Tables ----

def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def number(value):
    """Three digits that count."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def table(head, rows):
    """A Markdown table."""
    cells = [[number(cell) if not isinstance(cell, str) else cell for cell in row] for row in rows]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in cells])


def machine():
    """What the figures were taken on, without naming it."""
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*:\s*(.*)", file.read())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"processor": model.group(1) if model else "?", "cores": os.cpu_count(),
            "memory_gib": round(memory, 1), "kernel": os.uname().release}
