"""The tutorial, step by step, as it is printed: its commands are run, and what it promises is looked for."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import requests

from tests.project.tree import ROOT

PAGE = (ROOT / "docs" / "tutorial" / "first-message.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
INSTALL, ACTIVATE, SIMULATOR, INIT, CONFIGURE, RUN, WRITE, FORGE, READ, ANSWER, SEND = BLOCKS
SECONDS = 30


@pytest.fixture
def environ(tmp_path):
    """A shell in which `onethread` and `python` are those under test."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, module in (("onethread", " -m gateway.cli"), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        (tools / name).chmod(0o755)
    return {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


@contextmanager
def in_the_background(command, folder, environ):
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {command.strip()}"], cwd=folder, env=environ, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def wait_for(url):
    until = time.monotonic() + SECONDS
    while True:
        try:
            return requests.get(url, timeout=SECONDS).status_code
        except requests.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def test_the_tutorial_begins_with_what_the_makefile_has():
    assert INSTALL.splitlines()[-1] == "make install"
    assert RUN == "make run\n"
    assert "$(BIN)/onethread serve --config $(CONFIG)" in (ROOT / "Makefile").read_text()


@pytest.mark.skipif(shutil.which("curl") is None and "CI" not in os.environ, reason="the tutorial uses curl")
def test_the_tutorial_works(tmp_path, environ):
    folder, port = tmp_path / "onethread", free_port()
    folder.mkdir()

    def run(script):
        printed = script.replace("8080", port)
        done = subprocess.run(
            ["/bin/sh", "-ec", printed], cwd=folder, env=environ, capture_output=True, text=True, timeout=SECONDS
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    with in_the_background(SIMULATOR, folder, environ) as simulator:
        telegram = simulator.stdout.readline().decode().strip()
        run(INIT)
        config = folder / "onethread.yaml"
        config.write_text(config.read_text().replace("8080", port))
        assert "support: good" in run(CONFIGURE.replace("http://127.0.0.1:40001", telegram))
        with in_the_background("onethread serve", folder, environ):
            assert wait_for(f"http://127.0.0.1:{port}/readyz") == 200
            written = run(WRITE)
            assert "message.received" in written
            assert "Where is my order?" in written
            assert run(FORGE).strip() == "401"
            heard = run(READ)
            assert '"text":"Where is my order?"' in heard
            assert heard.count("onethread.message.received.v1") == 1
            answers = run("\n".join([READ, ANSWER, ANSWER])).splitlines()[-1]
            assert answers.count("It left this morning.") == 2  # one answer, told twice
            told = run(SEND)
            assert told.count("It left this morning.") == 1
            assert told.count("accepted") >= 2
