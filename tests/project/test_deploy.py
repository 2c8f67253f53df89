"""What is deployed agrees with itself and with the code; nothing here needs a container engine."""

import re

import yaml

from gateway.settings import load
from tests.project.tree import ROOT

DEPLOY = ROOT / "deploy"
ENVIRON = {
    "PUBLIC_URL": "https://hub.example.com",
    "TELEGRAM_TOKEN": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "TELEGRAM_SECRET": "a-secret-of-ones-own",
}
STATE = "/var/lib/onethread"
CONFIG = "/etc/onethread/onethread.yaml"


def test_the_example_is_a_good_configuration():
    settings = load(DEPLOY / "example.yaml", ENVIRON)
    assert settings.store == f"sqlite:///{STATE}/onethread.db"
    assert str(settings.files) == f"{STATE}/files"
    assert (settings.listen.host, settings.listen.port) == ("0.0.0.0", 8080)
    assert settings.webhook_url("support-telegram") == "https://hub.example.com/in/support-telegram"


def test_compose_gives_the_image_what_it_asks_for():
    image = (DEPLOY / "Containerfile").read_text()
    (service,) = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"].values()
    assert service["volumes"] == [f"./example.yaml:{CONFIG}:ro", f"data:{STATE}"]
    assert f"ONETHREAD_CONFIG={CONFIG}" in image
    assert f"VOLUME {STATE}" in image
    assert service["ports"] == ["127.0.0.1:8080:8080"]
    assert "EXPOSE 8080" in image
    assert set(service["environment"]) == set(re.findall(r"\$\{(\w+)\}", (DEPLOY / "example.yaml").read_text()))


def test_the_image_runs_as_nobody_in_particular():
    last = (DEPLOY / "Containerfile").read_text().rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.*)", last, re.MULTILINE) == ["10001:10001"]


def test_the_image_copies_every_package():
    copied = re.findall(r"^COPY (\w+) /src/\1$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    packages = re.search(r"^packages = \[(.*)\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert copied == re.findall(r'"(\w+)"', packages)


def test_the_unit_of_a_role_is_that_of_the_hub_but_for_its_role():
    hub = set((DEPLOY / "onethread.service").read_text().splitlines())
    role = {line for line in (DEPLOY / "onethread@.service").read_text().splitlines() if not line.startswith("#")}
    assert role - hub == {
        "Description=onethread, an omnichannel message gateway: %i",
        f"ExecStart=/opt/onethread/bin/onethread serve --role %i --port ${{PORT}} --config {CONFIG}",
        "EnvironmentFile=/etc/onethread/%i.env",
        "User=onethread",  # one user for all, so that they share the folder for files
    }


def test_the_unit_does_not_restart_what_a_restart_cannot_mend():
    unit = (DEPLOY / "onethread.service").read_text()
    assert "RestartPreventExitStatus=2 78" in unit
    assert f"ExecStart=/opt/onethread/bin/onethread serve --config {CONFIG}" in unit
    assert f"StateDirectory={STATE.rpartition('/')[2]}" in unit
