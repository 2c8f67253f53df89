"""A library whose records hold secrets says nothing, wherever anybody listens."""

import logging

from connectors.kit.silence import silence


class Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


def test_a_silenced_library_is_heard_neither_at_the_root_nor_at_its_own_logger() -> None:
    ear, root, library = Ear(), logging.getLogger(), logging.getLogger("parrot")
    level = root.level
    root.setLevel(logging.DEBUG)
    for logger in (root, library):
        logger.addHandler(ear)
    try:
        logging.getLogger("parrot.early").debug("the token is 1")
        silence("parrot")
        logging.getLogger("parrot.early").critical("the token is 2")
        logging.getLogger("parrot.late").critical("the token is 3")
        library.critical("the token is 4")
        logging.getLogger("pigeon").debug("coo")
    finally:
        root.setLevel(level)
        for logger in (root, library):
            logger.removeHandler(ear)
    assert ear.heard == ["the token is 1", "the token is 1", "coo"]
