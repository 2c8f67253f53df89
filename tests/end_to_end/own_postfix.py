"""A Postfix of a test's own, which hands mail on to the hub: nothing of the machine's is touched, nothing is left.

Parameters: https://www.postfix.org/postconf.5.html and https://www.postfix.org/master.5.html (read 2026-11). Needs
root, as Postfix does.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from tests.end_to_end.hub_process import free_port

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.test.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
lmtp_host_lookup = native
smtp_host_lookup = native
default_transport = error
transport_maps = inline:{{ {routes} }}
smtp_tls_security_level = {tls}
smtp_tls_loglevel = 1
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
smtp_connection_reuse_time_limit = 2s
lmtp_destination_recipient_limit = 50
message_size_limit = 60000000
mailbox_size_limit = 0
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
lmtp      unix - - n - - lmtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class OwnPostfix:
    def __init__(self, routes: Mapping[str, str], tls: str = "none") -> None:
        """`routes`: transport and next hop by address."""
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        self._routes = routes
        self._tls = tls

    def __enter__(self) -> Self:
        self._folder.chmod(0o755)  # its processes run as a user of their own
        for name in ("etc", "queue", "data"):
            (self._folder / name).mkdir()
        shutil.chown(self._folder / "data", "postfix")
        routes = ", ".join(f"{{ {address} = {hop} }}" for address, hop in self._routes.items())
        etc = self._folder / "etc"
        (etc / "main.cf").write_text(MAIN.format(folder=self._folder, routes=routes, tls=self._tls))
        (etc / "master.cf").write_text(MASTER.format(port=self.port))
        try:
            self._run("start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._run("stop", check=False)
        shutil.rmtree(self._folder)

    def log(self) -> str:
        path = self._folder / "mail.log"
        return path.read_text() if path.exists() else ""

    def until_logged(self, what: str) -> str:
        """The first line of its log that says so."""

        def found() -> str:
            return next((line for line in self.log().splitlines() if what in line), "")

        self._until(lambda: bool(found()))
        return found()

    def until_empty(self) -> None:
        """Until nothing is queued."""
        queues = [self._folder / "queue" / name for name in ("maildrop", "incoming", "active", "deferred")]
        self._until(lambda: not any(path.is_file() for queue in queues for path in queue.rglob("*")))

    def _until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not true():
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)

    def _run(self, command: str, *, check: bool = True) -> None:
        done = subprocess.run(["postfix", "-c", str(self._folder / "etc"), command], capture_output=True, check=False)
        assert not check or done.returncode == 0, done.stderr.decode() + self.log()
