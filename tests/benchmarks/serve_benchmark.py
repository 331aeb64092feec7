"""The server beside an empty endpoint of the same framework: request rate, p99, memory.

python tests/benchmarks/serve_benchmark.py [--model remission] [--requests 100000]

Both servers are one process behind the same HTTP settings, the empty one without our gate and
without a log. One client sends both the same request over the same number of connections, in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measuring import machine

from predictor.fitted.bundle import load_bundle

CONNECTIONS = 8
WARM_UP = 500
PARTS = ("rate", "p50", "p99", "cpu")

EMPTY = """
import socket, sys
import uvicorn
from fastapi import FastAPI

app = FastAPI()

@app.post("/predict")
async def empty():
    return {}

listener = socket.create_server(("127.0.0.1", 0))
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print(f"at http://127.0.0.1:{listener.getsockname()[1]}/", file=sys.stderr, flush=True)
settings = {"http": "h11", "ws": "none", "lifespan": "off", "log_config": None}
config = uvicorn.Config(app, access_log=False, server_header=False, **settings)
uvicorn.Server(config).run(sockets=[listener])
"""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of requests took.

    Parameters
    ----------
    rate
        Requests a second.
    p50, p99
        Seconds.
    cpu
        Seconds of the server for one request.
    """

    rate: float
    p50: float
    p99: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    pid: int
    port: int


@contextmanager
def running(command: list[str], log: Path) -> Iterator[Server]:
    """A server in a process of its own; what it logs goes to a file, as it would."""
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        deadline = time.monotonic() + 60
        found = None
        while found is None and time.monotonic() < deadline:
            time.sleep(0.05)
            found = re.search(r"at http://127\.0\.0\.1:(\d+)/", log.read_text())
        if found is None:
            raise RuntimeError(log.read_text())
        yield Server(process.pid, int(found[1]))
    finally:
        process.kill()
        process.wait()


async def ask(port: int, request: bytes, count: int, took: list[float]) -> None:
    """Send a request again and again over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(count):
        start = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None
        await reader.readexactly(int(length[1]))
        took.append(time.perf_counter() - start)
    writer.close()
    await writer.wait_closed()


async def load(server: Server, request: bytes, count: int) -> Round:
    """Send so many requests over all connections."""
    took: list[float] = []
    before = cpu(server.pid)
    start = time.perf_counter()
    each = count // CONNECTIONS
    await asyncio.gather(*(ask(server.port, request, each, took) for _ in range(CONNECTIONS)))
    wall = time.perf_counter() - start
    took.sort()
    spent = (cpu(server.pid) - before) / len(took)
    return Round(len(took) / wall, took[len(took) // 2], took[int(len(took) * 0.99)], spent)


def cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def request_of(model: str) -> bytes:
    """A request with every predictor of a model, so that nothing is drawn."""
    bundle = load_bundle(model)
    patient = {
        variable.name: float(fill) if variable.kind == "continuous" else variable.states[int(fill)]
        for variable, fill in zip(bundle.variables, bundle.preparation.fill, strict=True)
    }
    body = json.dumps({"patient": {"patient": "P07", **patient}}).encode()
    head = (
        "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def memory(pid: int) -> float:
    """Resident memory in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="remission")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=100_000, help="for the memory")
    given = parser.parse_args()
    request = request_of(given.model)
    folder = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - two logs, removed at the end
    logs = [folder / f"serve_benchmark_{os.getpid()}_{name}.log" for name in ("empty", "ours")]
    ours = [sys.executable, "-m", "predictor", "serve", given.model, "--port", "0"]
    try:
        with (
            running([sys.executable, "-c", EMPTY], logs[0]) as empty,
            running(ours, logs[1]) as served,
        ):
            measure(empty, served, request, given.rounds, given.requests)
    finally:
        for log in logs:
            log.unlink(missing_ok=True)


def middle(figures: Iterable[float]) -> float:
    """The median."""
    return statistics.median(figures)


def measure(empty: Server, served: Server, request: bytes, rounds: int, requests: int) -> None:
    """Print rates in turns, then memory over many requests."""
    for server in (empty, served):
        asyncio.run(load(server, request, WARM_UP))
    found: dict[Server, list[Round]] = {empty: [], served: []}
    for _ in range(rounds):
        for server in (empty, served):
            found[server].append(asyncio.run(load(server, request, 2000)))
    print(
        f"{machine('sle-ivig-predictor', 'fastapi', 'uvicorn', 'numpy')}; {rounds} rounds of 2000"
    )
    print(f"{CONNECTIONS} connections\n")
    print("| endpoint | requests a second | p50, ms | p99, ms | CPU of the server, ms |")
    print("|---|---:|---:|---:|---:|")
    for server, name in ((empty, "empty"), (served, "`POST /predict`")):
        rate, *times = (middle(getattr(r, part) for r in found[server]) for part in PARTS)
        print(f"| {name} | {rate:.0f} | {' | '.join(f'{1000 * part:.2f}' for part in times)} |")
    # Of each pair of rounds, which the same moment has seen.
    pairs = list(zip(found[empty], found[served], strict=True))
    ratios = (middle(getattr(b, part) / getattr(a, part) for a, b in pairs) for part in PARTS)
    print(f"| ratio | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |\n")

    steps = [memory(served.pid)]
    for _ in range(10):
        asyncio.run(load(served, request, requests // 10))
        steps.append(memory(served.pid))
    print(f"Memory over {requests} requests, MB: {', '.join(f'{step:.1f}' for step in steps)}")


if __name__ == "__main__":
    main()
