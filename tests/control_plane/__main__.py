"""Run a shell command with a control plane in its environment.

    python tests/control_plane sh [--python PYTHON] [--secret NAME:KEY=VALUE] -- 'modal deploy -m my_llm.app && ...'

Exit status: the command's own; 70 where it succeeded although the control plane could not answer it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a folder, whose modules are not to be found as top-level ones
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from control_plane import ControlPlane, listening

SOFTWARE_ERROR = 70  # sysexits.h


def main() -> int:
    parser = argparse.ArgumentParser(prog="control_plane", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("verb", choices=["sh"])
    parser.add_argument("command", nargs="+", help="of the shell, after --")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the containers (%(default)s)")
    parser.add_argument("--max-containers", type=int, default=4, help="of a function at once (%(default)s)")
    parser.add_argument("--secret", action="append", default=[], help="that exists beforehand: NAME:KEY=VALUE,...")
    options = parser.parse_args()
    code = 0
    try:
        with listening(python=os.path.abspath(options.python), max_containers=options.max_containers) as plane:
            for secret in options.secret:
                name, _, pairs = secret.partition(":")
                plane.add_secret(name, **dict(pair.split("=", 1) for pair in pairs.split(",") if pair))
            code = run(" ".join(options.command), plane)
    except AssertionError as problems:
        print(f"control plane: {problems}", file=sys.stderr)
        return code or SOFTWARE_ERROR
    return code


def run(command: str, plane: ControlPlane) -> int:
    """The exit status of a shell command."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    process = subprocess.Popen(["/bin/sh", "-c", command], env=inherited | plane.environment | {"PATH": path})
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the command got it, too
            return process.wait()


if __name__ == "__main__":
    sys.exit(main())
