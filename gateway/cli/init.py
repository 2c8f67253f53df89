"""`onethread init`: a first configuration that works as it is."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import DEFAULT_CONFIG, Json
from gateway.cli.output import Failure, show

FIRST = """\
# onethread's configuration. `onethread config check` says whether it can be used; `onethread config schema` prints its
# JSON Schema for editors. A running hub takes changes of this file without a restart.
# "${NAME}" stands for an environment variable and "file:/run/secrets/name" for the text of a file: keep secrets there.

public_url: http://127.0.0.1:8080   # how providers reach the hub: they post to <public_url>/in/<connector>
listen: 127.0.0.1:8080
store: sqlite:///onethread.db       # beside this file
files: ./files                      # attachments
bus: memory://

inboxes:                            # a brand: its connectors share conversations
  main:
    sharing: contact                # what shares one open conversation: contact, address or route
    reopen_within: 0s               # how long after closing a new message reopens the case

# limits:
#   body: 1MiB                      # the largest request a provider may send
#   keep_raw: 30d                   # how long raw requests are kept

# `onethread plugins list` names the channels there are, `onethread plugins example NAME` prints what a connector needs.
connectors:
"""


def init(
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="ONETHREAD_CONFIG", help="The file to write.", dir_okay=False)
    ] = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Write a first configuration that works as it is. Overwrites nothing."""
    try:
        with config.open("x", encoding="utf-8") as file:
            file.write(FIRST)
    except FileExistsError as error:
        raise Failure(f"{config} is there already; init overwrites nothing") from error
    except OSError as error:
        raise Failure(f"{config} cannot be written: {error.strerror}") from error
    show({"config": config}, as_json=as_json, plain=f"{config} written; `onethread serve` runs it")
