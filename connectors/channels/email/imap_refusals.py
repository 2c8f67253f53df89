"""What goes wrong with a mail server that is asked, by what the caller does next.

The texts of servers and libraries may hold names and addresses and stay here: only response codes are passed on.
Source: RFC 9051 §7.1, RFC 5530 (read 2026-11).
"""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient.exceptions import (
    CapabilityError,
    IMAPClientAbortError,
    IMAPClientError,
    IMAPClientReadOnlyError,
    LoginError,
)

from connectors.kit.errors import KitError, Misconfigured, Temporary
from normalizer.errors import ErrorCode

CONNECT = "connect"
OPEN = "open the mailbox"
"""What was being done, where that matters."""
PASSING = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "THROTTLED", "OVERQUOTA"})
"""Response codes of a NO that may be a yes another time."""
LASTING = frozenset({"NONEXISTENT", "TRYCREATE", "NOPERM", "CANNOT", "READ-ONLY", "CONTACTADMIN"})
ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""Errors of TLS that say no more than that the connection ended."""
_CODE = re.compile(r"\[([A-Z][A-Z-]{1,30})")


@contextmanager
def naming(doing: str) -> Iterator[None]:
    """Names what goes wrong within. `doing` completes "the mail server refuses to …"."""
    try:
        yield
        return
    except KitError:
        raise
    except (IMAPClientError, OSError, ValueError, AssertionError) as error:
        failure = refusal(error, doing)
    # Raised outside the handler, so that no traceback shows the cause, whose text may hold a password.
    raise failure


def refusal(error: Exception, doing: str) -> KitError:
    match error:
        case ssl.SSLCertVerificationError():
            return Misconfigured(f"the mail server's certificate is not trusted: {error.verify_message}")
        case ssl.SSLError() if doing == CONNECT and not isinstance(error, ENDED):
            return Misconfigured(f"no TLS with the mail server: {error.reason}")
        case TimeoutError():
            return Temporary("the mail server does not answer in time", code=ErrorCode.TIMED_OUT)
        case OSError():
            return Temporary(f"no connection to the mail server: {type(error).__name__}")
        case IMAPClientReadOnlyError():
            return Misconfigured("the mailbox cannot be changed; with `imap_after: leave` it need not be")
        case LoginError() if not isinstance(error.__context__, IMAPClientAbortError):
            return _login(_code(error))
        case IMAPClientAbortError() | LoginError():
            return Temporary("the connection to the mail server was lost")
        case CapabilityError():
            return Misconfigured(f"the mail server is not able to {doing}")
        case IMAPClientError():
            return _no(_code(error), doing)
        case _:
            return Temporary("the mail server's answer cannot be read")


def _login(code: str) -> KitError:
    if code in PASSING:
        return Temporary(f"nobody can log in to the mail server now [{code}]", provider_code=code)
    told = f" [{code}]" if code else ""
    return Misconfigured(f"the mail server refuses the login{told}", code=ErrorCode.AUTH_FAILED, provider_code=code)


def _no(code: str, doing: str) -> KitError:
    told = f"the mail server refuses to {doing}" + (f" [{code}]" if code else "")
    if code in LASTING or (doing == OPEN and code not in PASSING):  # some give no code for a mailbox that is not there
        return Misconfigured(told, provider_code=code)
    return Temporary(told, provider_code=code or None)


def _code(error: Exception) -> str:
    found = _CODE.search(str(error))
    return found[1] if found else ""
