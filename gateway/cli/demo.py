"""`onethread demo`: everything at once, with simulated providers and a customer on each channel."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import Json
from gateway.cli.output import Exit, Failure, show

if TYPE_CHECKING:
    from gateway.demo.stage import Stage
    from gateway.demo.story import Ending, Story

PORT = 8080
ENDED = "\nOne person with {identities} identities, one conversation, {replies} replies."
GOES_ON = """
The hub stays up at {url}.
  write as the customer   {page}
  Ctrl-C ends it, and throws everything away.
"""


def demo(
    once: Annotated[bool, typer.Option("--once", help="End when the story has ended.")] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help=f"Listen on this port; otherwise {PORT} if it is free.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start a hub between simulated providers, and let a customer write on four channels.

    Exit code 0 says: one contact with four identities, one conversation, and a reply on each channel.
    """
    from tempfile import TemporaryDirectory

    from connectors.kit.acting import NotTaken
    from gateway.demo.stage import NotPlayed, staged
    from gateway.demo.story import Story

    with TemporaryDirectory(prefix="onethread-demo-") as folder:
        try:
            with staged(Path(folder), _port(port, once=once)) as stage:
                story = Story(stage, lambda line: None if as_json else print(line, flush=True))
                _told(story.play(), stage, as_json=as_json)
                if not once:
                    _go_on(story, as_json=as_json)
        except (NotPlayed, NotTaken, TimeoutError) as error:
            raise Failure(str(error)) from error
        except KeyboardInterrupt:
            return


def _told(ending: "Ending", stage: "Stage", *, as_json: bool) -> None:
    """Raises Failure where the story ended otherwise than it should."""
    good = ending.good(stage.actors)
    plain = ENDED.format(identities=ending.identities, replies=len(ending.replies)) if good else ""
    show(ending, as_json=as_json, plain=plain)
    if not good:
        raise Failure(f"the story ended otherwise: {ending}")


def _go_on(story: "Story", *, as_json: bool) -> None:
    url = story.stage.url
    page = next((found for actor in story.stage.actors if (found := actor.page())), url)
    show({"url": url, "page": page}, as_json=as_json, plain=GOES_ON.format(url=url, page=page))
    while True:
        for _ in story.follow():
            pass


def _port(wanted: int | None, *, once: bool) -> int:
    """Raises Failure."""
    import socket

    if wanted is None and once:
        return 0
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted or PORT))
        except OSError as error:
            if wanted is None:
                return 0
            raise Failure(f"port {wanted} is taken; --port chooses another", Exit.TEMPORARY) from error
    return wanted if wanted is not None else PORT
