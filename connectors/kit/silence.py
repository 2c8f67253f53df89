"""The log of a provider's library, which holds tokens, numbers and what people wrote."""

import logging

NOTHING = logging.CRITICAL + 1


def silence(library: str) -> None:
    """Makes the logger of this name and all beneath it say nothing, at whatever level the hub logs.

    No record is even made: a handler that somebody hangs on the library's own logger hears nothing either.
    """
    logger = logging.getLogger(library)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    logger.setLevel(NOTHING)
