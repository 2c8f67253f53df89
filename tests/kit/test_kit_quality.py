"""What `quality.yaml` may say, and that the suite does not take its word for it."""

from pathlib import Path
from shutil import copyfile

import pigeon
import pytest
from pigeon import Pigeon
from pigeon.simulator import Simulator

from connectors.kit.quality import FILE, RULES, Line, QualityError, Standing, read_quality
from connectors.kit.testing.finished import EVIDENCE, check_quality_says_what_is_so
from connectors.kit.testing.subject import Nonconforming, Subject

HOME = Path(pigeon.__file__).parent
SOUND = Subject.of(Pigeon, HOME / "fixtures", Simulator)


@pytest.fixture
def folder(tmp_path):
    copyfile(HOME / FILE, tmp_path / FILE)
    return tmp_path


def claims(folder, **lines):
    """The subject, whose file says something else of these rules."""
    told = (folder / FILE).read_text().splitlines()
    kept = [line for line in told if line.partition(":")[0] not in lines]
    (folder / FILE).write_text("\n".join([*kept, *(f"{rule}: {said}" for rule, said in lines.items())]))
    return Subject(SOUND.plugin, SOUND.simulator, folder, SOUND.fixtures)


def test_each_rule_has_its_line_in_the_order_of_the_rules(folder):
    lines = read_quality(folder)
    assert list(lines) == list(RULES)
    assert lines["media"] == Line(Standing.DONE)
    assert lines["check"] == Line(Standing.TODO, "ask the coop who we are")
    assert lines["templates"] == Line(Standing.EXEMPT, "a letter needs none")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "wanted one line for each of in, out"),
        ("- in", "wanted one line for each of in, out"),
        ("in: [", "quality.yaml: while parsing"),
        ("in: done", "no line for backfill, check, docs"),
        ("in: done\nwings: done", "no such rule: wings"),
    ],
)
def test_a_file_that_is_no_list_of_the_rules_says_what_is_missing(folder, text, says):
    (folder / FILE).write_text(text)
    with pytest.raises(QualityError, match=says):
        read_quality(folder)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(QualityError, match=r"quality\.yaml is missing"):
        read_quality(tmp_path)


@pytest.mark.parametrize(
    "said", ["finished", "todo", "{todo: }", "{exempt: ' '}", "{done: well}", "{todo: a, exempt: b}", "7"]
)
def test_a_line_says_done_or_gives_a_reason(folder, said):
    subject = claims(folder, media=said)
    with pytest.raises(QualityError, match=r"media: wanted `done`"):
        read_quality(subject.folder)
    with pytest.raises(Nonconforming, match=r"media: wanted `done`"):
        check_quality_says_what_is_so(subject)


@pytest.mark.parametrize("rule", sorted(EVIDENCE))
def test_nothing_is_called_done_that_does_not_show_and_nothing_needless_that_does(folder, rule):
    shown = EVIDENCE[rule](SOUND)
    with pytest.raises(Nonconforming, match=rule):
        check_quality_says_what_is_so(claims(folder, **{rule: "{exempt: not here}" if shown else "done"}))
    check_quality_says_what_is_so(claims(folder, **{rule: "done" if shown else "{exempt: not here}"}))
    check_quality_says_what_is_so(claims(folder, **{rule: "{todo: more}"}))


def test_what_shows_and_what_does_not_is_both_tried():
    assert {rule for rule, shown in EVIDENCE.items() if shown(SOUND)} == {
        "in",
        "out",
        "media",
        "status",
        "edits",
        "typing",
    }
