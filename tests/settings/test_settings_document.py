"""The part of YAML that is read, and the part that is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings import SettingsError
from gateway.settings.document import read


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "hub.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(folder: Path, content: str | bytes) -> str:
    with pytest.raises(SettingsError) as refused:
        read(written(folder, content), {})
    return str(refused.value).replace(f"{folder}/", "")


def test_scalars_are_those_of_yaml_1_2(tmp_path):
    text = (
        "a: no\nb: 9:00\nc: true\nd: 0x1F\ne: 0o17\nf: 1e3\ng: 2026-11-21\nh: ~\ni:\nj: '1'\nk: -7\nl: 010\nm: .inf\n"
    )
    assert read(written(tmp_path, text), {}).values == {
        "a": "no",
        "b": "9:00",
        "c": True,
        "d": 31,
        "e": 15,
        "f": 1000.0,
        "g": "2026-11-21",
        "h": None,
        "i": None,
        "j": "1",
        "k": -7,
        "l": 10,
        "m": ".inf",
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a: &x [1]\nb: *x\n", "hub.yaml:2:4: aliases are not allowed"),
        ("a: {<<: *x}\n", "hub.yaml:1:9: aliases are not allowed"),
        ("[" * 1000, "hub.yaml:1:33: nested deeper than 32 levels"),
        ("a: [1\nb: 2\n", "hub.yaml:2:2: expected ',' or ']', but got ':'"),
        ("a: 1\n---\nb: 1\n", "hub.yaml:2:1: another document begins here; the file holds one"),
        ("a: &x 1\nb: &x 1\n", "hub.yaml:2:4: the same anchor once more"),
        ("- a\n- b\n", "hub.yaml:1:1: expected a mapping of settings"),
        ("just words", "hub.yaml:1:1: expected a mapping of settings"),
        ("a: 1\nb: \x07\n", "hub.yaml:2:4: control character #x07"),
        (b"a: 1\nb: \xff\n", "hub.yaml:2:4: not UTF-8 text"),
        (b"#" * ((1 << 20) + 1), "hub.yaml: is larger than 1048576 octets"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(tmp_path, content, told):
    assert refusal(tmp_path, content) == told


def test_single_values_that_cannot_be_read_are_told_together(tmp_path):
    text = "a: !!python/object:os.system x\nb: 1\nb: 2\n[1]: 2\nc: !mine {d: 1}\nd: !!int x\ne: " + "9" * 41 + "\n"
    document = read(written(tmp_path, text), {})
    assert document.values == {"a": None, "b": 1, "c": None, "d": None, "e": None}
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in document.problems] == [
        "hub.yaml:1:4: a: tags are not allowed",
        "hub.yaml:3:1: b: set twice, first in line 2",
        "hub.yaml:4:1: ?: a key is a plain word",
        "hub.yaml:5:4: c: tags are not allowed",
        "hub.yaml:6:4: d: does not read as int",
        "hub.yaml:7:4: e: does not read as int",
    ]


@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@`#,? \n\t\x00\x85é0~$", max_size=60))
def test_whatever_the_file_holds_only_settings_errors_come_of_it(tmp_path_factory, text):
    path = written(tmp_path_factory.getbasetemp(), text)
    told: tuple[object, ...] = ()
    values = None
    try:
        values = read(path, {}).values
    except SettingsError as error:
        told = error.problems
    assert isinstance(values, dict) or told
