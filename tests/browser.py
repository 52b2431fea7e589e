"""A notebook served on loopback, and a headless browser that writes down what a page asks for.

with served(NOTEBOOK, "--run", str(folder)) as address, visited(address) as visit:
    visit.page.get_by_text("What can be said").wait_for()
visit.assert_clean()
"""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

ROOT = Path(__file__).parents[1]
LOOPBACK = ("127.0.0.1", "localhost", "::1")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
STARTS_WITHIN = 60.0
"""Seconds that a notebook's server may take to come up on a busy machine."""


@dataclass
class Visit:
    """A page, with the addresses it asked for and the errors it made."""

    page: Page
    asked: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])

    def assert_clean(self) -> None:
        """Nothing went outside of this machine, and nothing went wrong in the page."""
        assert self.asked
        assert [address for address in self.asked if outside(address)] == []
        assert self.errors == [], "\n".join(self.errors)


def outside(address: str) -> bool:
    """Whether asking for it leaves this machine."""
    parts = urlsplit(address)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in LOOPBACK


def chromium() -> str:
    """The browser's path; without one the test is skipped, and says so."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("NOT TESTED: there is no chromium; install it to drive notebooks in a browser")
    return path


@contextmanager
def served(notebook: Path, *arguments: str) -> Generator[str]:
    """`marimo run` of the notebook on a free port of loopback; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "marimo", "run", str(notebook), "--headless", "--no-token"]
    words += ["--host", "127.0.0.1", "--port", str(port), "--", *arguments]
    server = subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(address, server)
        yield address
    finally:
        server.terminate()
        try:
            server.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.communicate()


@contextmanager
def visited(address: str, width: int = 1400, height: int = 1000) -> Generator[Visit]:
    """The page at an address in a fresh browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            visit = Visit(page)

            def asked(request: Request) -> None:
                visit.asked.append(request.url)

            def said(message: ConsoleMessage) -> None:
                if message.type == "error":
                    visit.errors.append(f"console: {message.text} ({message.location})")

            page.on("request", asked)
            page.on("websocket", lambda socket: visit.asked.append(socket.url))
            page.on("console", said)
            page.on("pageerror", lambda error: visit.errors.append(f"page: {error}"))
            page.goto(address)
            yield visit
        finally:
            browser.close()


def _await(address: str, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if server.poll() is not None:
            said = server.stdout.read().decode() if server.stdout else ""
            raise RuntimeError(f"the notebook's server ended: {said}")
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the notebook's server was not up within {STARTS_WITHIN:.0f} s")
