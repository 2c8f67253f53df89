"""The files of the project, as a checkout has them."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "connectors", "normalizer")
FOLDERS = (*PACKAGES, "tests", "docs", "deploy", "benchmarks", "scripts", "changelog", ".ci")
MADE = ("__pycache__", "round-")


def files(*folders: str) -> Iterator[Path]:
    """Every file of these folders, without what running leaves behind."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not any(part.startswith(MADE) for part in path.relative_to(ROOT).parts):
                yield path


def texts(*folders: str) -> Iterator[tuple[str, str]]:
    """Name and text of every file that is UTF-8 text."""
    for path in files(*folders):
        try:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def everything() -> Iterator[tuple[str, str]]:
    """Name and text of every file of the project, lock files aside."""
    for path in sorted(ROOT.iterdir()):
        known = path.suffix in (".md", ".toml", ".yaml") or path.name in ("Makefile", "LICENSE", ".gitignore")
        if path.is_file() and known and not path.name.startswith("onethread."):
            yield path.name, path.read_text(encoding="utf-8")
    yield from texts(*FOLDERS)
