"""What trials had used that were interrupted: it was paid for, so it counts."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from experiments.running.runner import run_sweep
from experiments.sweeps.sweep_file import read_sweep
from results.journal import Journal, Spent
from results.store import open_run
from tests.experiments.test_usage import ONCE, submitting

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ENOUGH = Event()
ANSWERED: list[int] = []


class Talker(BaseHTTPRequestHandler):
    """A model that looks things up for ever; after ten replies it only holds the line."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if len(ANSWERED) >= 10:
            ENOUGH.set()
            time.sleep(60)
            return
        ANSWERED.append(1)
        reply = submitting(ONCE)
        call = {"name": "get_order", "arguments": '{"order_id": "O1"}'}
        reply["choices"][0]["message"]["tool_calls"][0]["function"] = call
        told = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@pytest.fixture
def sweep_file(tmp_path: Path) -> Iterator[Path]:
    ENOUGH.clear()
    ANSWERED.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Talker)
    server.daemon_threads = True
    server.block_on_close = False
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    file = tmp_path / "mine.toml"
    file.write_text(
        'topologies = ["single_thread"]\ntrials = 2\n[task_sets.orders]\nwidth = 1\ntasks = 1\n'
        f'[models.default]\nname = "openai:m"\nmax_retries = 0\n'
        f'base_url = "http://127.0.0.1:{server.server_address[1]}/v1"\n'
        "input_price = 1.0\noutput_price = 10.0\n"
        "[limits.sweep]\ntokens = 5000\n"
    )
    yield file
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_answered_calls_of_interrupted_trials_count_towards_the_limits_of_the_sweep(
    sweep_file: Path, tmp_path: Path, sign: signal.Signals
) -> None:
    command = [sys.executable, "-m", "experiments.cli", "run", str(sweep_file), "--workers", "2"]
    process = subprocess.Popen(
        [*command, "--runs", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "LANGCHAIN_OPENAI_TCP_KEEPALIVE": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert ENOUGH.wait(120)
        time.sleep(0.5)
        process.send_signal(sign)
        process.wait(60)
    finally:
        process.kill()
        process.wait()
    folder = tmp_path / "mine"
    run = open_run(folder)
    assert run.manifest["recorded"] == 0
    used = run.manifest["interrupted"]
    assert (used["calls"], used["tokens"]) == (10, 11_000)
    assert used["dollars"] == pytest.approx(10 * 0.002)
    # The limit of the sweep was reached by them: the same command starts nothing.
    again = run_sweep(read_sweep(str(sweep_file)), folder)
    assert "11,000 of 5,000 tokens" in again.outcome
    assert len(ANSWERED) == 10


def test_a_record_takes_the_place_of_the_calls_counted_for_it(tmp_path: Path) -> None:
    with Journal(tmp_path, write=True) as book:
        book.begin("then")
        book.spend("a", 100, 0.5)
        book.spend("a", 10, None)
        book.begin("now")
        book.spend("a", 7, 0.25)
        book.spend("b", None, 0.25)
        book.spend("b", 3, 0.25)
        book._db.execute(  # pyright: ignore[reportPrivateUsage]
            "INSERT INTO records (trial_id, attempt, position, topology, ended, record) "
            "VALUES ('a', 0, 0, 't', 'completed', x'')"
        )
        assert book.interrupted() == [Spent("a", 2, 110, None), Spent("b", 2, None, 0.5)]
