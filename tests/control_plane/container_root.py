"""Become a container: give this process a root file system of its own, then run Modal's container entrypoint.

    python container_root.py SPEC.json

Standard library only. The root is a tmpfs into which the folders of the host are bound, except /root, which starts
empty as on Modal. A folder of the host that gets files or Volumes is an overlay, so that the host is never written to.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

# linux/mount.h, linux/sched.h
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
PR_SET_PDEATHSIG = 1  # linux/prctl.h
AS_ON_HOST = ("proc", "sys", "dev", "run", "tmp")  # bound even where files go there
libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    """Raise OSError where a function of the C library failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: object, target: Path, kind: str = "", flags: int = 0, data: str = "") -> None:
    arguments = (str(source).encode(), str(target).encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())
    check(libc.mount(*arguments), f"mount {target}")


def bind(source: object, target: Path, flags: int = 0) -> None:
    mount(source, target, flags=MS_BIND | flags)


def build_root(spec: dict[str, Any], root: Path) -> None:
    """Fill the tmpfs at `root` from the host."""
    written = {Path(path).parts[1] for path in (*spec["files"], *spec["volumes"])}
    for entry in Path("/").iterdir():
        target = root / entry.name
        if entry.name == "root":
            target.mkdir(mode=0o700)
        elif entry.is_symlink():
            target.symlink_to(os.readlink(entry))
        elif not entry.is_dir():
            target.touch()
            bind(entry, target)
        elif entry.name in written and entry.name not in AS_ON_HOST:
            upper, work = root / f".upper.{entry.name}", root / f".work.{entry.name}"
            for folder in (target, upper, work):
                folder.mkdir()
            mount("overlay", target, "overlay", data=f"lowerdir={entry},upperdir={upper},workdir={work}")
        else:
            target.mkdir()
            bind(entry, target, MS_REC)
    for prefix in spec["python_prefixes"]:  # a Python that lies under /root
        target = root / prefix.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        bind(prefix, target, MS_REC)
    hosts = root / ".hosts"
    own_name = f"127.0.0.1 {os.uname().nodename}\n" if spec["network"] is not None else ""
    hosts.write_text(f"{own_name}{Path('/etc/hosts').read_text()}\n::1 i6pn.modal.local\n")  # for a cluster
    bind(hosts, root / "etc" / "hosts")


def add_files_and_volumes(spec: dict[str, Any], root: Path) -> None:
    for path, (source, mode) in spec["files"].items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        if mode:
            target.chmod(mode & 0o7777)
    for path, (source, read_only) in spec["volumes"].items():
        target = root / path.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        bind(source, target)
        if read_only:
            bind(source, target, MS_REMOUNT | MS_RDONLY)


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text())
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), "prctl")  # no container outlives its control plane
    if spec["network"] is not None:
        check(libc.setns(spec["network"], CLONE_NEWNET), "setns")
    check(libc.unshare(CLONE_NEWNS), "unshare")
    mount("none", Path("/"), flags=MS_REC | MS_PRIVATE)
    root = Path(spec["root"])
    root.mkdir()
    mount("tmpfs", root, "tmpfs")
    build_root(spec, root)
    add_files_and_volumes(spec, root)
    os.chroot(root)
    os.chdir(spec["workdir"] if os.path.isdir(spec["workdir"]) else "/root")
    env = spec["env"]
    env["PYTHONPATH"] = ":".join(filter(None, ["/root", env.get("PYTHONPATH", "")]))
    os.execve(spec["argv"][0], spec["argv"], env)


if __name__ == "__main__":
    main()
