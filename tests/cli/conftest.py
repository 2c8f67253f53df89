"""Running commands, with the plugins of `talkers` installed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli import main

CONFIG = """\
public_url: https://hub.example.com
connectors:
  support: {plugin: parrot, token: hunter2-hunter2}
  offended: {plugin: parrot, token: t, mood: offended}
  asleep: {plugin: parrot, token: t, mood: asleep}
  silent: {plugin: mute, token: t}
"""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def install(folder: Path, distribution: str, points: str) -> None:
    """Makes entry points known, as an installed distribution would."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[onethread.plugins]\n{points}\n")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in an empty folder."""
    kinds = {"parrot": "Parrot", "mute": "Mute", "asking": "Asking", "moulted": "Moulted"}
    points = "\n".join(f"{name} = talkers:{kind}" for name, kind in kinds.items())
    install(tmp_path / "site", "talkers", points)
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def config(run: Run) -> Path:
    """The configuration file the commands find by themselves."""
    path = Path("onethread.yaml")
    path.write_text(CONFIG)
    return path
