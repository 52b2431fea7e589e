"""Who may come to a notebook that `fanout notebook` serves, and how it ends; real sockets."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from experiments.cli import main
from experiments.notebook_parts.controls import Choices
from experiments.notebook_parts.suggestions import chosen
from tests.browser import ROOT, visited

pytestmark = pytest.mark.slow

WITHIN = 90.0
"""Seconds for a server to come up, or to end, on a busy machine."""
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def command(*words: str) -> Generator[tuple["subprocess.Popen[bytes]", int]]:
    """The real command on a free port, once it listens."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "experiments.cli", *words, "--port", str(port)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + WITHIN
        while not listens(port):
            assert server.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        yield server, port
    finally:
        server.kill()
        server.wait()


def listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def status(port: int, path: str = "/", host: str | None = None, *lines: str) -> int:
    """The status of a request's answer, with this Host and these lines more in its head."""
    head = f"GET {path} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{port}'}\r\n"
    head += "".join(f"{line}\r\n" for line in lines if not line.endswith("\n"))
    head += "".join(line for line in lines if line.endswith("\n"))
    with socket.create_connection(("127.0.0.1", port), timeout=WITHIN) as asked:
        asked.sendall(f"{head}\r\n".encode())
        return int(asked.recv(64).split()[1])


@pytest.fixture(scope="module")
def port() -> Generator[int]:
    with command("notebook", "compare", "--no-browser") as (_, port):
        yield port


@pytest.fixture(scope="module")
def model_port() -> Generator[int]:
    with command("model", "serve") as (_, port):
        yield port


FOREIGN_HOSTS = ["evil.example", "evil.example:{}", "127.0.0.1.evil.example:{}", "192.0.2.1:{}", ""]
FOREIGN_ORIGINS = ["http://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil"]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_is_not_answered(port: int, model_port: int, host: str) -> None:
    for served, path in ((port, "/"), (model_port, "/v1/models")):
        assert status(served, path, host.format(served) or " ") in (400, 403)


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_foreign_origin_is_not_answered(port: int, model_port: int, origin: str) -> None:
    line = f"Origin: {origin}"
    assert status(port, "/", None, line) == 403
    assert status(port, "/ws?session_id=s", None, line, UPGRADE) == 403
    assert status(model_port, "/v1/models", None, line) == 403


def test_a_page_of_its_own_is_answered(port: int, model_port: int) -> None:
    own = f"Origin: http://127.0.0.1:{port}"
    assert status(port) == 200
    assert status(port, "/", f"localhost:{port}") == 200
    assert status(port, "/ws?session_id=s", None, own, UPGRADE) == 101
    assert status(model_port, "/v1/models") == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "evil.example"])
@pytest.mark.parametrize("more", [[], ["--edit"]])
def test_other_machines_are_let_in_only_with_a_token(
    capsys: pytest.CaptureFixture[str], host: str, more: list[str]
) -> None:
    assert main(["notebook", "compare", "--no-browser", "--host", host, *more]) == 2
    assert "--token" in capsys.readouterr().err


def test_a_token_is_asked_for_where_one_is_set() -> None:
    words = ("notebook", "compare", "--no-browser", "--host", "0.0.0.0")
    with command(*words, "--token", "sesame-open") as (_, port):
        for token, path in (("", "/auth/login"), ("wrong", "/auth/login"), ("sesame-open", "/")):
            jar = urllib.request.HTTPCookieProcessor()
            address = f"http://127.0.0.1:{port}/?access_token={token}"
            with urllib.request.build_opener(jar).open(address, timeout=WITHIN) as page:
                assert urlsplit(page.url).path == path
        assert status(port, "/ws?session_id=s", None, UPGRADE) in (401, 403)
        assert status(port, "/?access_token=sesame-open", "evil.example") == 403


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("more", [(), ("--edit",)])
def test_a_signal_ends_the_server_and_whatever_it_started(
    number: signal.Signals, more: tuple[str, ...]
) -> None:
    with command("notebook", "compare", "--no-browser", *more) as (server, port):
        os.kill(server.pid, number)
        if more and number == signal.SIGINT:
            os.kill(server.pid, signal.SIGTERM)  # the editor asks back on a terminal's Ctrl-C
        server.wait(WITHIN)
        assert not listens(port)


def test_the_notebook_opens_what_the_command_line_names(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(
        'topologies = ["single_thread"]\ntrials = 1\n[task_sets.ledger]\ntasks = 1\n'
    )
    ran = ["run", str(tmp_path / "sweep.toml"), "--runs", str(tmp_path), "--engine", "here"]
    assert main([*ran, "--name", "mine", "--json"]) == 0
    words = ("notebook", "compare", "--no-browser", "--run", "mine", "--runs", str(tmp_path))
    with command(*words) as (_, port), visited(f"http://127.0.0.1:{port}") as visit:
        visit.page.get_by_text("single_thread").first.wait_for(timeout=1000 * WITHIN)
        assert visit.page.get_by_label("another model").count() == 0
    visit.assert_clean()


@pytest.mark.parametrize(
    "typed",
    ["os:system", "my_module:build", "tests.toy_topologies:dies:x", "nothing", ":", "a:b:c"],
)
def test_a_page_names_no_import_path(typed: str) -> None:
    with pytest.raises(ValueError, match="start with --model"):
        chosen(Choices(), {"other_model": typed})


def test_a_page_names_what_is_offered_and_what_the_command_line_named() -> None:
    for typed in ("openai:gpt-5-mini", "simulated:typical?slip=0.1"):
        assert chosen(Choices(), {"other_model": typed}).model == typed
    mine = Choices(model="my_module:build")
    assert chosen(mine, {"other_model": "my_module:build"}).model == "my_module:build"
