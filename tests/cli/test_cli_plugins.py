"""Installed plugins, and making one's own."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import install

HUB = Path(__file__).parents[2]


def test_plugins_are_listed_with_channel_abilities_and_source(run):
    listed = {plugin["name"]: plugin for plugin in json.loads(run("plugins", "list", "--json").out)}
    parrot = listed["parrot"]
    assert (parrot["channel"], parrot["source"], parrot["abilities"]) == ("cage", "talkers", ["checks", "registers"])
    assert parrot["capability"]["text"] == {"most": 9, "unit": "code_points"}
    assert listed["moulted"]["problem"].startswith("plugin 'moulted' cannot be loaded: ")
    assert "mute  " in run("plugins", "list").out
    assert listed["telegram"]["capability"]["media"]["kinds"] == sorted(
        listed["telegram"]["capability"]["media"]["kinds"]
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A plugin as `plugin new` writes it, installed."""
    into = tmp_path_factory.mktemp("made")
    hub(into, "plugin", "new", "carrier_pigeon", "--into", str(into))
    folder = into / "onethread-carrier-pigeon"
    published = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["entry-points"]["onethread.plugins"]
    install(folder, "onethread-carrier-pigeon", "\n".join(f"{name} = {value}" for name, value in published.items()))
    return folder


def hub(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(HUB), str(folder)])
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )


def test_a_new_plugin_keeps_the_contract(made):
    told = hub(made, "plugin", "test", "carrier_pigeon", "--json")
    assert told.stderr == ""
    result = json.loads(told.stdout)
    assert (told.returncode, result["plugin"], result["conforms"], result["broken"]) == (0, "carrier_pigeon", True, [])
    assert result["passed"] > 20


def test_a_new_plugin_tests_itself(made):
    path = os.pathsep.join([str(HUB), str(made)])
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "genuine or wire", str(made)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        cwd=made,
        check=False,
    )
    assert told.returncode == 0, told.stdout
    assert " passed" in told.stdout


def test_a_new_plugin_is_listed_as_its_own_distribution(made):
    [listed] = [
        plugin
        for plugin in json.loads(hub(made, "plugins", "list", "--json").stdout)
        if plugin["name"] == "carrier_pigeon"
    ]
    assert (listed["channel"], listed["source"]) == ("carrier_pigeon", "onethread-carrier-pigeon")


def test_a_new_plugin_that_is_data_keeps_the_contract(tmp_path):
    hub(tmp_path, "plugin", "new", "--declared", "paper_plane", "--into", str(tmp_path))
    folder = tmp_path / "onethread-paper-plane"
    assert sorted(path.name for path in folder.rglob("*.yaml")) == ["channel.yaml", "quality.yaml"]
    install(folder, "onethread-paper-plane", "paper_plane = onethread_paper_plane.paper_plane:PaperPlane")
    told = hub(folder, "plugin", "test", "paper_plane", "--json")
    assert told.stderr == ""
    result = json.loads(told.stdout)
    assert (told.returncode, result["conforms"], result["broken"]) == (0, True, [])
    assert result["passed"] > 40


def test_two_runs_of_a_new_plugins_simulator_make_two_messages(made):
    module = "onethread_carrier_pigeon.carrier_pigeon.simulator"
    code = f"from {module} import Simulator; print(Simulator({{}}).message().decode())"
    path = os.pathsep.join([str(HUB), str(made)])
    ask = [sys.executable, "-c", code]
    told = [subprocess.check_output(ask, env={**os.environ, "PYTHONPATH": path}) for _ in range(2)]
    assert json.loads(told[0])["id"] != json.loads(told[1])["id"]


def test_a_plugin_that_breaks_its_word_is_told_which(made, tmp_path):
    folder = tmp_path / "broken"
    subprocess.run(["cp", "-r", str(made), str(folder)], check=True)
    plugin = folder / "onethread_carrier_pigeon" / "carrier_pigeon" / "__init__.py"
    plugin.write_text(plugin.read_text().replace('raise BadSignature("not the provider\'s signature")', "return"))
    told = hub(folder, "plugin", "test", "carrier_pigeon", "--json")
    assert (told.returncode, told.stderr) == (1, "the plugin carrier_pigeon does not conform\n")
    broken = {promise["check"] for promise in json.loads(told.stdout)["broken"]}
    assert broken == {
        f"test_forged_request_is_refused[{forgery}]"
        for forgery in ("body extended", "body flipped", "signature cut", "signature flipped")
    }


def test_testing_a_plugin_that_is_not_there_is_wrong_usage(run):
    ran = run("plugin", "test", "parot")
    assert (ran.code, ran.err) == (2, "there is no plugin 'parot'; did you mean 'parrot'?\n")


@pytest.mark.parametrize("name", ["Pigeon", "a-b", "1a", "", "a__b", "../up", "class", "parrot", "x" * 41])
def test_a_name_that_does_not_do_is_refused_and_nothing_written(run, name):
    ran = run("plugin", "new", "--", name)
    assert (ran.code, ran.out) == (2, "")
    assert list(Path().iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(run):
    assert run("plugin", "new", "owl").code == 0
    ran = run("plugin", "new", "owl")
    assert (ran.code, ran.err) == (1, "onethread-owl is there already; nothing is overwritten\n")
