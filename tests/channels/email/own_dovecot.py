"""A Dovecot of a test's own, as whoever runs the test: nothing of the machine's is touched, nothing is left.

Root's mailboxes belong to `nobody`, and callers meet the package's users, because Dovecot does neither as root.
Settings: https://doc.dovecot.org/2.3/settings/core/ and .../admin_manual/rootless/ (read 2026-11).
"""

import getpass
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

USER, PASSWORD = "help@example.com", "password-nobody/shall@see"
CONF = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
default_internal_user = {me}
default_internal_group = {group}
default_login_user = {stranger}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 50
imap_capability = {capability}
disable_plaintext_auth = {guarded}
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
maildir_very_dirty_syncs = yes
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
"""
OAUTH2 = """\
tokeninfo_url = http://127.0.0.1:{introspection}/tokeninfo?token=
username_attribute = email
"""


class OwnDovecot:
    def __init__(self, capability: str = "", ssl: str = "no", introspection: int = 9) -> None:
        """`capability` instead of its own; `ssl`: `no`, `yes` (offered) or `required`; `introspection`: the port of who
        knows access tokens."""
        self.port, self.tls_port = free_port(), free_port()
        self._capability, self._ssl, self._introspection = capability, ssl, introspection
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.chmod(0o755)
        person = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        (self.folder / "mail").mkdir()
        if os.getuid() == 0:
            os.chown(self.folder / "mail", person.pw_uid, person.pw_gid)
        self._certify()
        conf = CONF.format(
            folder=self.folder,
            ssl=self._ssl,
            me="dovecot" if os.getuid() == 0 else getpass.getuser(),
            stranger="dovenull" if os.getuid() == 0 else getpass.getuser(),
            group="dovecot" if os.getuid() == 0 else grp.getgrgid(os.getgid()).gr_name,
            capability=self._capability,
            guarded="no" if self._ssl == "no" else "yes",
            port=self.port,
            tls_port=self.tls_port if self._ssl != "no" else 0,
            password=PASSWORD,
            uid=person.pw_uid,
            gid=person.pw_gid,
        )
        (self.folder / "dovecot.conf").write_text(conf)
        (self.folder / "oauth2.conf").write_text(OAUTH2.format(introspection=self._introspection))
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    @property
    def url(self) -> str:
        return self.at(self.port)

    def at(self, port: int, scheme: str = "imap", user: str = "help%40example.com") -> str:
        return f"{scheme}://{user}:password-nobody%2Fshall%40see@localhost:{port}/INBOX"

    @property
    def ca_file(self) -> str:
        return str(self.folder / "cert.pem")

    def start(self) -> None:
        program = shutil.which("dovecot")
        assert program
        command = [program, "-F", "-c", str(self.folder / "dovecot.conf")]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, start_new_session=True, **quiet)
        until(self._answers, lambda: f"Dovecot does not start: {self.log()}")

    def kill(self) -> None:
        """With whatever it does, at once."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self) -> str:
        path = self.folder / "dovecot.log"
        return path.read_text() if path.exists() else ""

    @contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        """Somebody else at the mailbox, with Python's own client."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=20) as client:
            client.login(USER, PASSWORD)
            client.select("INBOX")
            yield client

    def deliver(self, *mails: bytes, at: datetime | None = None, folder: str = "INBOX") -> None:
        date = f'"{at:%d-%b-%Y %H:%M:%S +0000}"' if at else None
        with self.client() as client:
            for mail in mails:
                typ, told = client.append(folder, None, date, mail)
                assert typ == "OK", told

    def flags(self) -> dict[int, set[str]]:
        """The flags of each mail by UID, but for `\\Recent`."""
        with self.client() as client:
            _, told = client.uid("FETCH", "1:*", "(FLAGS)")
        found = {}
        for line in told:
            if line:
                text = line.decode()
                uid = int(text.partition("UID ")[2].split(" ")[0].rstrip(")"))
                flags = set(text.partition("FLAGS (")[2].partition(")")[0].split())
                found[uid] = flags - {"\\Recent"}
        return found

    def expunge(self, *uids: int) -> None:
        with self.client() as client:
            client.uid("STORE", ",".join(map(str, uids)), "+FLAGS", "(\\Deleted)")
            client.expunge()

    def renumber(self) -> None:
        """Forgets all UIDs, as a mailbox does that is restored or moved: another UIDVALIDITY, and UIDs from 1 on."""
        self.kill()
        for path in (self.folder / "mail" / USER).glob("dovecot*"):
            path.unlink()
        time.sleep(1.1)  # its UIDVALIDITY is a time in seconds
        self.start()

    def _answers(self) -> bool:
        try:
            with imaplib.IMAP4("127.0.0.1", self.port, timeout=5) as client:
                return "IMAP4REV1" in client.capabilities
        except (OSError, imaplib.IMAP4.abort):
            return False

    def _certify(self) -> None:
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
        files = ["-keyout", str(self.folder / "key.pem"), "-out", str(self.folder / "cert.pem")]
        names = ["-addext", "subjectAltName=DNS:localhost"]
        subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def until(there: Callable[[], object], failed: Callable[[], str] = lambda: "", seconds: float = 20.0) -> None:
    """Waits until it is so."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, failed()
        time.sleep(0.02)
