"""Commands on a database: what they say when it is away, and that no password is ever said."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.stores import empty_url_of

PASSWORD = "hunter2-hunter2"
AWAY = f"postgresql://onethread:{PASSWORD}@127.0.0.1:1/hub"
SHOWN = "postgresql://127.0.0.1:1/hub"
SAYS = {
    ("backup", "hub.tar"): f"the store {SHOWN} cannot be used: ",
    ("restore", "some.tar"): "the store cannot be filled: ",
    ("migrate",): f"the store {SHOWN} cannot be migrated: ",
    ("keys", "list"): f"the store {SHOWN} cannot be opened: ",
}


@pytest.mark.parametrize("arguments", SAYS)
def test_a_database_that_is_away_is_told_in_one_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    Path("onethread.yaml").write_text(f"store: {AWAY}\n")
    Path("some.tar").write_bytes(b"whatever")
    ran = run(*arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (74, "", 1)
    assert ran.err.startswith(SAYS[arguments])
    assert "Connection refused" in ran.err
    assert PASSWORD not in ran.err
    assert not Path("hub.tar").exists()


@pytest.fixture
def databases(tmp_path: Path, run: Run) -> None:
    """Two empty ones, with a configuration for each."""
    for name in ("old", "new"):
        url = empty_url_of(tmp_path / name).replace("postgres@", f"postgres:{PASSWORD}@")  # the server trusts us anyway
        Path(f"{name}.yaml").write_text(f"store: {url}\nfiles: ./{name}/files\n")


@pytest.mark.engine("postgresql")
@pytest.mark.usefixtures("databases")
def test_one_database_is_backed_up_and_restored_into_another(run: Run) -> None:
    assert run("keys", "create", "--scope", "admin", "-c", "old.yaml").code == 0
    made = run("backup", "hub.tar", "--json", "-c", "old.yaml")
    assert (made.code, made.err) == (0, "")
    summary = json.loads(made.out)
    assert json.loads(run("backup", "--verify", "hub.tar", "--json").out) == summary
    restored = run("restore", "hub.tar", "--json", "-c", "new.yaml")
    said = json.loads(restored.out)
    assert {**summary, "restored_to": said["restored_to"], "kept": "0", "uncertain": 0} == said
    keys = [run("keys", "list", "--json", "-c", name).out for name in ("old.yaml", "new.yaml")]
    assert keys[0] == keys[1]
    again = run("restore", "hub.tar", "-c", "new.yaml")
    assert again.code == 74
    assert again.err.endswith(" is not empty: move it away, or name an empty one in the configuration\n")
    assert PASSWORD not in "".join(one.out + one.err for one in (made, restored, again))


@pytest.mark.engine("postgresql")
@pytest.mark.usefixtures("databases")
def test_in_an_empty_database_there_is_nothing_to_back_up(run: Run) -> None:
    ran = run("backup", "hub.tar", "-c", "old.yaml")
    assert (ran.code, ran.err) == (74, "the store is empty: there is nothing to back up\n")
    assert not Path("hub.tar").exists()
