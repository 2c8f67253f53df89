"""Every module of the hub can be the first that is loaded, as commands load what they need."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent.parent
PACKAGES = ("record", "send", "people", "cli")
"""Those that lean on one another, and what commands load of them."""

EACH_ALONE = """
import importlib, os, sys

OURS = {"gateway", "connectors", "normalizer"}

def beside(work):
    if not (child := os.fork()):
        work()
        os._exit(0)
    os.waitpid(child, 0)

def tell_libraries():
    import gateway.hub
    with open(sys.argv[1], "w") as told:
        told.write(" ".join(name for name in sys.modules if name.split(".")[0] not in OURS))

def load():
    try:
        importlib.import_module(name)
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}", flush=True)

beside(tell_libraries)
for library in open(sys.argv[1]).read().split():  # they take long, and are not what is asked
    try:
        importlib.import_module(library)
    except ImportError:
        pass  # a part that only its own library can load
for name in sys.argv[2:]:
    beside(load)
"""


def names(package: str) -> list[str]:
    files = sorted((FOLDER / "gateway" / package).glob("*.py"))
    return [f"gateway.{package}", *(f"gateway.{package}.{file.stem}" for file in files if file.stem[:2] != "__")]


def test_a_module_needs_no_other_before_it(tmp_path: Path) -> None:
    every = [name for package in PACKAGES for name in names(package)]
    script = (sys.executable, "-c", EACH_ALONE, str(tmp_path / "libraries"), *every)
    loaded = subprocess.run(script, cwd=FOLDER, capture_output=True, text=True, timeout=180, check=False)
    assert (loaded.stdout, loaded.returncode) == ("", 0)
