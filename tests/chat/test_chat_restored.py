"""A client of the chat that comes to a restored hub: what was lost goes from it too, and nothing is told twice."""

from pathlib import Path

from tests.backup.conftest import Target, taken
from tests.chat.talk import chatting, live, visitor


def test_who_had_more_than_the_backup_gets_the_history_anew_and_others_go_on(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    with chatting(first) as served:
        shown, quiet = visitor(served.url), visitor(served.url)
        with live(served, quiet) as device:
            device.write("quiet", "q1")
            device.until_texts("quiet")
            at_rest = device.after
        with live(served, shown) as device:
            device.write("kept", "k1")
            device.until_texts("kept")
            archive = taken(served.hub.engine, served.hub.files)
            device.write("lost", "l1")
            device.until_texts("kept", "lost")
            ahead = device.after
    target = Target(tmp_path / "second")
    restored = target.restore(archive)
    target.engine.dispose()
    with chatting(tmp_path / "second") as served:
        with live(served, shown, after=ahead) as device:
            assert [frame["reset"] for frame in device.frames if frame["type"] == "history"] == [True]
            assert device.texts() == ["kept"]
            device.write("lost", "l1")  # it stands in the client's outbox no more, but another device may have it
            device.until_texts("kept", "lost")
            assert int(str(device.after).partition("-")[0]) > int(restored.epoch)
        with live(served, quiet, after=at_rest) as device:
            assert [frame["type"] for frame in device.frames] == ["welcome", "live"]
