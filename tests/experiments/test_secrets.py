"""Keys and passwords are nowhere: not in a record, a report, a manifest or a message."""

import base64
import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.running.runner import run_sweep
from experiments.sweeps.sweep_file import read_sweep
from results.store import open_run
from tests.experiments.conftest import SWEEP_FILE
from topologies.secrets import HIDDEN, hidden, keep, look_again

KEY = 'sesame-"open"-\\x41-7f3a9'
PASSWORD = "p%40ss-w0rd-zz9"
HEADER = "kennwort-abc-123"
LOGIN = base64.b64encode(b"user:p@ss-w0rd-zz9").decode()
ALL = (KEY, json.dumps(KEY)[1:-1], PASSWORD, "p@ss-w0rd-zz9", HEADER, LOGIN)


class Echo(BaseHTTPRequestHandler):
    """An endpoint that sends back whatever it was sent, in a reply or in an error."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        told = f"{dict(self.headers)} {self.path} {ALL}"
        if b"second" in body or self.path.startswith("/error"):
            self._send(400, {"error": {"message": f"bad key: {told}", "code": None}})
            return
        message = {"role": "assistant", "content": told}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
        self._send(200, {"id": "c", "model": "echo", "choices": [choice], "usage": usage})

    def _send(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def endpoint() -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> Generator[str]:
    """A key, a header's value and an address with a login, as a person would set them."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("MY_HEADER", HEADER)
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://user:{PASSWORD}@{endpoint}/v1")
    look_again()
    yield endpoint
    look_again()


def nowhere(folder: Path, *said: str) -> None:
    """No byte of any file, and nothing that was printed, has one of the secrets."""
    texts = {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    texts |= {f"said {number}": text.encode() for number, text in enumerate(said)}
    run = open_run(folder)
    for name in ("trials", "steps"):
        texts[name] = str(getattr(run, name).to_dicts()).encode()
    for where, text in texts.items():
        for secret in ALL:
            assert secret.encode() not in text, where


@pytest.mark.parametrize("path", ["v1", "error"])
def test_what_an_endpoint_echoes_is_hidden(
    environment: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    file = tmp_path / "jars.toml"
    file.write_text(SWEEP_FILE)
    words = ["run", str(file), "--runs", str(tmp_path), "--model", "openai:echo", "--yes"]
    words += ["--set", "trials=1", "--set", "tasks=1", "--set", "models.max_retries=0"]
    words += ["--set", 'topologies=["single_thread"]']
    words += ["--set", 'models.headers={"x-key"="$MY_HEADER"}']
    if path == "error":
        words += ["--set", f'models.base_url="http://{environment}/error"']
        words += ["--set", 'models.api_key_env="OPENAI_API_KEY"']
    main(words)
    run, out = open_run(tmp_path / "jars"), capsys.readouterr()
    assert HIDDEN in str(run.steps.to_dicts()) + str(run.trials.to_dicts())
    main(["show", "jars", run.trials["trial_id"][0], "--full", "--runs", str(tmp_path)])
    main(["report", "jars", "--runs", str(tmp_path)])
    shown = capsys.readouterr()
    nowhere(tmp_path / "jars", out.out, out.err, shown.out, shown.err)


@pytest.mark.usefixtures("environment")
def test_what_is_typed_into_a_command_is_not_kept(tmp_path: Path, sweep_file: Path) -> None:
    command = f"fanout run --set models.base_url=http://user:{PASSWORD}@127.0.0.1/v1"
    changes = ["trials=1", "tasks=1", 'topologies=["single_thread"]']
    sweep = read_sweep(str(sweep_file), changes)
    run_sweep(sweep, tmp_path / "run", engine="here", command=command)
    nowhere(tmp_path / "run")


@pytest.mark.parametrize(
    "text",
    [
        "http://user:hunter22@host/v1",
        "https://token-alone@host",
        "postgres://u:p@h/db",
        "Authorization: Bearer abcdefgh12345678",
        "authorization: bearer abcdefgh12345678",
        "Incorrect API key provided: sk-proj-abcdefgh1234567890",
    ],
)
def test_what_has_the_form_of_a_secret_is_hidden(text: str) -> None:
    shown = hidden(text)
    assert HIDDEN in shown
    assert not any(part in shown for part in ("hunter22", "token-alone", "u:p", "abcdefgh"))


def test_plain_words_stay() -> None:
    for text in (
        "see http://127.0.0.1:8321/v1 and mail@example.org",
        "a task-12 of risk-free bearers",
        '{"key": "C7", "tokens": 12}',
    ):
        assert hidden(text) == text


def test_a_secret_is_hidden_in_json_within_json() -> None:
    keep(KEY)
    nested = json.dumps({"content": json.dumps({"said": KEY})})
    assert json.loads(json.loads(hidden(nested))["content"]) == {"said": HIDDEN}
