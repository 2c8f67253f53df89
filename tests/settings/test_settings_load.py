"""What a configuration file says, and what is said of a broken one."""

from pathlib import Path

import pytest
from parrot import Cage, Config, plugins

from connectors.kit.secret import Secret
from gateway.settings import Connector, Limits, Listen, Settings, SettingsError, load
from normalizer.model import Inbox, Sharing


def written(folder: Path, text: str) -> Path:
    path = folder / "hub.yaml"
    path.write_text(text)
    return path


def problems(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    """What is wrong, without the folder."""
    with pytest.raises(SettingsError) as refused:
        load(written(folder, text), environ or {}, plugins)
    assert str(refused.value).splitlines() == [str(problem) for problem in refused.value.problems]
    return [str(problem).replace(f"{folder}/", "") for problem in refused.value.problems]


def test_an_empty_file_is_a_whole_configuration(tmp_path):
    assert load(written(tmp_path, ""), {}, plugins) == Settings(
        path=tmp_path / "hub.yaml",
        public_url="http://127.0.0.1:8080",
        store=f"sqlite:///{tmp_path}/onethread.db",
        bus="memory://",
        files=tmp_path / "files",
        listen=Listen("127.0.0.1", 8080),
        inboxes={"main": Inbox(id="main", sharing=Sharing.CONTACT, reopen_within=0)},
        connectors={},
        limits=Limits(),
    )


def test_everything_can_be_said(tmp_path):
    (tmp_path / "key").write_text("from-a-file\n")
    text = """
public_url: https://hub.example.com/base/
store: sqlite:////var/lib/onethread/hub.db
bus: memory://
files: /srv/files
listen: "[::1]:9000"
inboxes:
  shop: {sharing: address, reopen_within: 1h30m}
  desk: {sharing: route, reopen_within: 90}
limits: {body: 512KiB, file: 20 MB, queue: 5, attempts: 3, lease: 500ms, keep_raw: 7d}
connectors:
  one: {plugin: parrot, inbox: desk, token: "pre-${SEED}-post", words: [a, no], cages: {big: {width: 3}}}
  two:
    plugin: parrot
    inbox: shop
    token: file:key
    name: "$${NAME}"
    mode: silent
    keys: ["${SEED}", "${SEED}"]
"""
    assert load(written(tmp_path, text), {"SEED": "millet"}, plugins) == Settings(
        path=tmp_path / "hub.yaml",
        public_url="https://hub.example.com/base",
        store="sqlite:////var/lib/onethread/hub.db",
        bus="memory://",
        files=Path("/srv/files"),
        listen=Listen("::1", 9000),
        inboxes={
            "shop": Inbox(id="shop", sharing=Sharing.ADDRESS, reopen_within=5400),
            "desk": Inbox(id="desk", sharing=Sharing.ROUTE, reopen_within=90),
        },
        connectors={
            "one": Connector(
                name="one",
                plugin="parrot",
                inbox="desk",
                config=Config(token=Secret("pre-millet-post"), words=("a", "no"), cages={"big": Cage(3)}),
            ),
            "two": Connector(
                name="two",
                plugin="parrot",
                inbox="shop",
                config=Config(
                    token=Secret("from-a-file"),
                    name="${NAME}",
                    mode="silent",
                    keys=(Secret("millet"), Secret("millet")),
                ),
            ),
        },
        limits=Limits(body=524_288, file=20_000_000, queue=5, attempts=3, lease=0.5, keep_raw=604_800.0),
    )


def test_a_connector_of_the_only_inbox_need_not_name_it(tmp_path):
    loaded = load(written(tmp_path, "inboxes: {shop: }\nconnectors: {one: {plugin: parrot, token: t}}"), {}, plugins)
    assert loaded.inboxes == {"shop": Inbox(id="shop")}
    assert loaded.connectors["one"].inbox == "shop"


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path):
    text = """public_url: ftp://hub.example.com
stor: sqlite:///hub.db
bus: amqp://
inboxes:
  main: {sharing: contat, reopen_within: soon}
  Other: {}
limits: {attempts: 0, body: huge, leas: 5s}
listen: everywhere
connectors:
  support-parrot: {plugin: parrot, inbox: main,
    tokn: x}
  second: {plugin: parott, inbox: mian}
  third: {inbox: main}
  fourth: parrot
  fifth: {plugin: parrot, token: 12, inbox: main, words: [a, 1], cages: {big: {wdth: 1}}, mode: silnt}
  sixth: {plugin: moulted}
"""
    assert problems(tmp_path, text) == [
        "hub.yaml:1:13: public_url: expected an http or https URL such as https://hub.example.com",
        'hub.yaml:2:1: stor: unknown key; did you mean "store"?',
        "hub.yaml:3:6: bus: the bus needs a host, as in amqp://user:password@broker.example.com/",
        'hub.yaml:5:19: inboxes.main.sharing: expected one of contact, address, route; did you mean "contact"?',
        "hub.yaml:5:42: inboxes.main.reopen_within: expected a length of time such as 30s, 30m or 1h30m",
        "hub.yaml:6:3: inboxes.Other: a name is 1 to 63 of a-z, 0-9, _ and -, and begins with a letter or digit",
        "hub.yaml:7:20: limits.attempts: expected `int` >= 1",
        "hub.yaml:7:29: limits.body: expected a size such as 1MiB",
        'hub.yaml:7:35: limits.leas: unknown key; did you mean "lease"?',
        "hub.yaml:8:9: listen: expected an address and port such as 127.0.0.1:8080",
        'hub.yaml:11:5: connectors.support-parrot.tokn: unknown key; did you mean "token"?',
        'hub.yaml:12:20: connectors.second.plugin: there is no such plugin; did you mean "parrot"?',
        'hub.yaml:12:35: connectors.second.inbox: unknown inbox; did you mean "main"?',
        "hub.yaml:13:3: connectors.third.plugin: missing; it says which plugin serves this connector",
        "hub.yaml:14:11: connectors.fourth: expected a mapping with `plugin` and its settings",
        "hub.yaml:15:34: connectors.fifth.token: a secret is a string",
        "hub.yaml:15:62: connectors.fifth.words[1]: expected `str`, got `int`; put it in quotes",
        'hub.yaml:15:80: connectors.fifth.cages.big.wdth: unknown key; did you mean "width"?',
        'hub.yaml:15:97: connectors.fifth.mode: expected one of talking, silent; did you mean "silent"?',
        "hub.yaml:16:3: connectors.sixth.inbox: missing; name one of main, Other",
        "hub.yaml:16:19: connectors.sixth.plugin: plugin 'moulted' cannot be loaded: no feathers",
    ]


def test_what_a_plugin_refuses_as_a_whole_is_told_where_it_stands(tmp_path):
    text = "connectors:\n  one:\n    plugin: parrot\n    token: t\n    mode: silent\n    words: [hello]\n"
    assert problems(tmp_path, text) == ["hub.yaml:3:5: connectors.one: a silent parrot has no words"]


def test_a_setting_without_a_value_counts_as_left_out(tmp_path):
    text = "public_url:\nlimits:\nconnectors:\n  one:\n    plugin: parrot\n    token: t\n    name:\n    words:\n"
    loaded = load(written(tmp_path, text), {}, plugins)
    assert (loaded.limits, loaded.connectors["one"].config) == (Limits(), Config(token=Secret("t")))


def test_what_is_missing_is_told_where_it_belongs(tmp_path):
    text = "connectors:\n  one:\n    plugin: parrot\n  two:\n    plugin: parrot\n    token:\n"
    assert problems(tmp_path, text) == [
        "hub.yaml:2:3: connectors.one.token: missing",
        "hub.yaml:6:11: connectors.two.token: missing",
    ]


@pytest.mark.parametrize(
    ("written_as", "told"),
    [
        ("${NOBODY}", "the environment variable NOBODY is not set"),
        ("${EMPTY}", "the environment variable EMPTY is not set"),
        ("a-${not a name}", "${not a name} does not name an environment variable"),
        ("file:gone", "the file gone cannot be read: No such file or directory"),
        ("file:${FOLDER}/large", "the file ./large is larger than 65536 octets"),
        ("file:binary", "the file binary is not UTF-8 text"),
    ],
)
def test_a_reference_to_nothing_is_named(tmp_path, written_as, told):
    (tmp_path / "large").write_text("x" * 65_537)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    text = f'connectors:\n  one:\n    plugin: parrot\n    token: "{written_as}"\n'
    environ = {"EMPTY": "", "FOLDER": "."}
    assert problems(tmp_path, text, environ) == [f"hub.yaml:4:12: connectors.one.token: {told}"]


@pytest.mark.parametrize("name", ["/dev/null", "hub.yaml", "hub.yaml/files", "nowhere", "nowhere/files"])
def test_a_place_for_files_is_a_folder_or_can_become_one(tmp_path, name):
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    told = "hub.yaml:1:8: files: expected a folder, and something else stands there"
    assert problems(tmp_path, f"files: {name}\n") == [told]
    assert load(written(tmp_path, "files: new/er\n"), {}, plugins).files == tmp_path / "new/er"


def test_files_are_kept_in_no_other_place_than_a_folder(tmp_path):
    for elsewhere in ("s3://bucket", r"a\0b", ""):
        told = "hub.yaml:1:8: files: this release keeps files in a folder only, such as ./files"
        assert problems(tmp_path, f'files: "{elsewhere}"\n') == [told]


def test_what_a_reference_brings_is_not_looked_at_again(tmp_path):
    text = 'connectors: {one: {plugin: parrot, token: "${A}"}}'
    loaded = load(written(tmp_path, text), {"A": "${B}", "B": "b"}, plugins)
    assert loaded.connectors["one"].config == Config(token=Secret("${B}"))


@pytest.mark.parametrize(
    "key", ["public_url", "store", "bus", "files", "listen", "limits", "inboxes", "connectors", "subscriptions"]
)
def test_no_problem_repeats_a_value_that_came_from_the_environment(tmp_path, key):
    told = problems(tmp_path, f'{key}: "${{SECRET}}"\n', {"SECRET": "x?://hunter2:hunter2"})
    assert told
    assert "hunter2" not in "".join(told)


def test_a_mistyped_choice_does_not_repeat_a_secret(tmp_path):
    text = 'inboxes: {main: {sharing: "${S}"}}\nconnectors: {one: {plugin: parrot, token: [ "${S}" ], mode: "${S}"}}'
    told = problems(tmp_path, text, {"S": "hunter2"})
    assert len(told) == 3
    assert "hunter2" not in "".join(told)


def test_settings_and_their_parts_show_no_secret(tmp_path):
    text = "connectors: {one: {plugin: parrot, token: hunter2, keys: [hunter3]}}"
    loaded = load(written(tmp_path, text), {}, plugins)
    assert "hunter" not in repr(loaded) + str(loaded)
    assert [secret.reveal() for secret in loaded.secrets()] == ["hunter2", "hunter3"]


def test_a_database_is_named_with_a_password_that_is_shown_nowhere(tmp_path):
    loaded = load(
        written(tmp_path, 'store: "postgresql://hub:hunter2@db.example.com:5433/onethread?sslmode=require"'), {}
    )
    assert loaded.store == "postgresql://hub@db.example.com:5433/onethread?sslmode=require"
    assert loaded.store_url == "postgresql://hub:hunter2@db.example.com:5433/onethread?sslmode=require"
    assert "hunter2" not in repr(loaded)
    assert "hunter2" in [secret.reveal() for secret in loaded.secrets()]


@pytest.mark.parametrize("begins", ["postgres://", "postgresql+psycopg://"])
def test_however_a_database_is_written_its_address_is_one(tmp_path, begins):
    loaded = load(written(tmp_path, f'store: "{begins}hub:hunter2@db/onethread"'), {})
    assert (loaded.store, loaded.store_url) == (
        "postgresql://hub@db/onethread",
        "postgresql://hub:hunter2@db/onethread",
    )


@pytest.mark.parametrize(
    "store",
    ["postgresql://db", "postgresql://", "postgresql://db:port/hub", "postgresql://hub@db/hub?password=hunter2"],
)
def test_an_address_without_a_database_is_refused_without_repeating_it(tmp_path, store):
    [told] = problems(tmp_path, f'store: "{store}"')
    assert told.startswith("hub.yaml:1:8: store: expected an address")
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "store", ["mysql://db/hub", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///a?mode=ro", "hub.db"]
)
def test_only_a_durable_store_is_taken(tmp_path, store):
    [told] = problems(tmp_path, f'store: "{store}"')
    assert told.startswith(("hub.yaml:1:8: store: this release keeps", "hub.yaml:1:8: store: expected sqlite:///"))


@pytest.mark.parametrize(
    "url",
    ["hub.example.com", "https://", "https://user:pw@hub", "https://hub/?a=b", "https://hub:x", "https://[hub", "1"],
)
def test_only_a_plain_web_address_is_taken(tmp_path, url):
    [told] = problems(tmp_path, f'public_url: "{url}"')
    assert told.startswith("hub.yaml:1:13: public_url: expected")


@pytest.mark.parametrize("listen", ["127.0.0.1", ":8080", "127.0.0.1:65536", "127.0.0.1:", "a b:1", "::1:80"])
def test_only_an_address_with_a_port_is_listened_on(tmp_path, listen):
    assert problems(tmp_path, f'listen: "{listen}"') == [
        "hub.yaml:1:9: listen: expected an address and port such as 127.0.0.1:8080"
    ]


def test_a_file_that_is_not_there_is_told_without_a_line(tmp_path):
    with pytest.raises(SettingsError) as refused:
        load(tmp_path / "hub.yaml", {}, plugins)
    assert str(refused.value) == f"{tmp_path}/hub.yaml: cannot be read: No such file or directory"


GIVE_UP = "connectors:\n  one: {plugin: parrot, token: x, give_up_after: %s}\n"


def test_every_connector_may_give_up_sooner_than_its_channel(tmp_path):
    loaded = load(written(tmp_path, GIVE_UP % "1h30m"), {}, plugins)
    assert loaded.connectors["one"].give_up_after == 5400.0


def test_a_time_to_give_up_that_is_none_is_told_with_its_place(tmp_path):
    told = "hub.yaml:2:50: connectors.one.give_up_after: expected a length of time such as 30s, 30m or 1h30m"
    assert problems(tmp_path, GIVE_UP % "soon") == [told]
