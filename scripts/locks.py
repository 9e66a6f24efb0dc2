"""The locks of the generated images and of people's machines: move them all, or check that they resolve.

python scripts/locks.py            every lock to the newest versions that its .in allows
python scripts/locks.py --check    exit status 1 and a line for each thing that is wrong
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
BODY = ROOT / "{{cookiecutter.project_slug}}"
COMMON = BODY / "parts" / "common"
UV = (sys.executable, "-m", "uv", "pip")
RECIPE = re.compile(r"-m uv pip compile -q --upgrade \$\$flags (.+?) \$\$\(test -f")  # of `make lock` in a project
FLAGS = re.compile(r"^([A-Z]+_LOCK) = (.+)$", re.M)  # of each kind of lock, there
IMAGE = ("--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_36")  # Debian 12; Ubuntu 24.04 is newer
LAPTOPS = ("x86_64-manylinux_2_36", "aarch64-apple-darwin")
LAPTOP, DEV = "laptop", COMMON / "requirements" / "dev.in"
OLDEST_PYTHON = "3.11"
SOURCES = {"deepspeed.txt"}  # no wheels, and its setup needs torch installed: nothing to resolve

# Packages that have several versions here, and why. Whatever is not named has one.
APART = {
    r"torch": "vLLM 0.32 pins 2.13, and a training has what its tests run, 2.13 too; others have the newest",
    r"triton|cuda-toolkit|nvidia-(?!ml-py).+": "torch's own: 2.13 is built for CUDA 13.0, 2.15 for 13.2",
    r"transformers": "vLLM 0.32 takes none from 5.20 on",
    r"fastapi": "vLLM 0.32 takes none from 0.137 on",
    r"setuptools": "vLLM 0.32 takes none from 81 on",
    r"numpy": "mistral-common, of vLLM, takes none from 2.4 on; Python 3.11, on a laptop, none from 2.5 on",
    r"apache-tvm-ffi": "vLLM 0.32 pins 0.1.11, and its CPU build does not",
    r"pillow": "trackio 0.43 takes none from 13 on",
}


class Unresolvable(Exception):
    """The index has no answer; the message is uv's reason."""


@dataclass(frozen=True)
class Lock:
    """The pinned versions of an image or a laptop, made from the .in beside it and .overrides where there are some."""

    path: Path

    @cached_property
    def pins(self) -> dict[str, str]:
        return pins(self.path.read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        """The part and the file: vllm/image."""
        return f"{self.path.parents[1].name}/{self.path.stem}"

    @property
    def of_laptop(self) -> bool:
        return self.path.stem == LAPTOP

    @property
    def hashed(self) -> bool:
        """Whether it is installed with --require-hashes: what handles tokens is, and no engine."""
        return not self.path.stem.startswith("image")

    @property
    def sources(self) -> tuple[str, ...]:
        own = str(self.path.with_suffix(".in"))
        return (own, str(DEV)) if self.of_laptop else (own,)

    @property
    def overrides(self) -> tuple[str, ...]:
        file = (COMMON / "requirements" / LAPTOP if self.of_laptop else self.path).with_suffix(".overrides")
        return ("--override", str(file)) if file.exists() else ()

    @property
    def flags(self) -> list[str]:
        """The options that a generated project's `make lock` gives uv for it."""
        own, shared = kinds_of_flags()
        return [*own["LAPTOP_LOCK" if self.of_laptop else "HASHED_LOCK" if self.hashed else "IMAGE_LOCK"], *shared]


def locks(folder: Path = BODY) -> list[Lock]:
    found = sorted(folder.rglob("requirements/*.in"))
    return [Lock(source.with_suffix(".txt")) for source in found if source != DEV]


def pins(text: str) -> dict[str, str]:
    """Package -> version of a requirements file whose lines are all NAME==VERSION, comments, hashes and `-r` aside.

    Of a package with two versions, for two systems, the last one.
    """
    whole = (line for line in text.splitlines() if not line.startswith(("#", "-r ", "    --hash=")))
    lines = (re.split(r" [;#\\]", line)[0].strip() for line in whole)
    pairs = (line.split("==") for line in lines if line)
    return {re.sub(r"\[.*", "", name).strip().lower(): version.strip() for name, version in pairs}


def kinds_of_flags() -> tuple[dict[str, list[str]], list[str]]:
    """The options of each kind of lock, and those of all, as the generated Makefile's `make lock` has them."""
    text = (COMMON / "Makefile").read_text(encoding="utf-8")
    shared, own = RECIPE.search(" ".join(text.replace("\\\n", " ").split())), dict(FLAGS.findall(text))
    if not shared or set(own) != {"IMAGE_LOCK", "HASHED_LOCK", "LAPTOP_LOCK"}:
        raise ValueError("the generated Makefile's `lock` no longer runs `uv pip compile -q --upgrade $$flags ...`")
    own["HASHED_LOCK"] = own["HASHED_LOCK"].replace("$(IMAGE_LOCK)", own["IMAGE_LOCK"])
    return {kind: flags.split() for kind, flags in own.items()}, shared[1].split()


def uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    """uv's output as text; Unresolvable where it fails. It brings no Python of its own: none is needed to resolve."""
    own = {"UV_PYTHON_DOWNLOADS": "never", "MACOSX_DEPLOYMENT_TARGET": "14.0"}  # torch's wheels ask for macOS 14
    done = subprocess.run([*UV, *arguments], env=os.environ | own, capture_output=True, text=True)
    if done.returncode:
        raise Unresolvable(" ".join(done.stderr.partition("cause:")[2].split()) or done.stderr)
    return done


def move(lock: Lock, *options: str) -> None:
    """Write the newest versions that its source allows."""
    uv("compile", "-q", "--upgrade", *lock.flags, *options, *lock.overrides, "-o", str(lock.path), *lock.sources)


def unresolved(lock: Lock, *options: str) -> list[str]:
    """The difference between a lock and what its source resolves to with the lock's own versions, a line each."""
    try:
        done = uv("compile", *lock.flags, *options, *lock.overrides, "--constraint", str(lock.path), *lock.sources)
    except Unresolvable as reason:
        return [str(reason)]
    found = pins(done.stdout)
    wrong = [f"{name} is missing; the index has {found[name]}" for name in found if name not in lock.pins]
    wrong += [f"{name} is superfluous" for name in lock.pins if name not in found]
    own, fresh = lock.path.read_text(encoding="utf-8").splitlines(), done.stdout.splitlines()
    if not wrong:
        wrong = [f"{line!r} is not a line that uv writes" for line in own if line not in fresh]
    return wrong + [line for line in done.stderr.splitlines() if "yanked" in line]


def uninstallable(lock: Lock, *options: str) -> list[str]:
    """Why an image cannot be installed as image.py does it, from wheels alone; empty where it can."""
    complete = ("--no-deps",) if lock.overrides else ()  # what a package requires is overridden, so it is not resolved
    hashes = ("--require-hashes",) if lock.hashed else ()
    how = ("--dry-run", "--only-binary", ":all:", *IMAGE, *complete, *hashes, *options)
    with TemporaryDirectory() as empty:
        try:
            uv("install", *how, "--target", empty, "-r", str(lock.path))
        except Unresolvable as reason:
            return [str(reason)]
    return []


def wrong_with(lock: Lock) -> list[str]:
    return unresolved(lock) or uninstallable(lock)


def people() -> dict[str, list[str]]:
    """Name -> uv's arguments: the files that people install from, each with what is installed beside it."""
    laptops = sorted(BODY.rglob(f"requirements/{LAPTOP}.in"))
    asked = {
        f"{file.parents[1].name}/laptop, {platform.split('-')[-1]}": [
            str(file),
            str(DEV),
            "--python-platform",
            platform,
        ]
        for file in laptops
        for platform in LAPTOPS
    }
    for file in sorted(file for file in (ROOT / "requirements").glob("*.txt") if file.name not in SOURCES):
        overrides = Lock(file).overrides
        asked[f"the template's {file.stem}"] = [str(file), *overrides, "--python-platform", LAPTOPS[0]]
    return asked


def unresolved_for_people(arguments: list[str]) -> list[str]:
    """Why an install with the oldest Python fails, from wheels alone; empty where it works."""
    try:
        uv("compile", "--python-version", OLDEST_PYTHON, "--only-binary", ":all:", *arguments)
    except Unresolvable as reason:
        return [str(reason)]
    return []


def pinned() -> dict[str, dict[str, str]]:
    """File -> its pins: the locks, and what people install from."""
    found = {lock.name: lock.pins for lock in locks() if not lock.of_laptop}  # which may have two of one package
    for file in (*BODY.rglob(f"requirements/{LAPTOP}.in"), DEV, *(ROOT / "requirements").glob("*.txt")):
        found[file.relative_to(ROOT).as_posix()] = pins(file.read_text(encoding="utf-8"))
    return found


def disagreeing(files: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Packages of several versions without a reason in APART, and reasons for packages that agree."""
    versions: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for file, its in files.items():
        for name, version in its.items():
            versions[name][version].append(file)
    apart = {name for name, held in versions.items() if len(held) > 1}
    told = [f"{name} is {several(versions[name])}" for name in sorted(apart) if not reason_for(name)]
    idle = [pattern for pattern in APART if not any(re.fullmatch(pattern, name) for name in apart)]
    return told + [f"{pattern} has one version: its reason in APART is out of date" for pattern in idle]


def several(held: Mapping[str, Iterable[str]]) -> str:
    return ", ".join(f"{version} in {' '.join(sorted(files))}" for version, files in sorted(held.items()))


def reason_for(name: str) -> str:
    return next((reason for pattern, reason in APART.items() if re.fullmatch(pattern, name)), "")


def check() -> int:
    """Print a line for each file, and under it what is wrong with it; the number of things that are."""
    found = {lock.name: wrong_with(lock) for lock in locks()}
    found |= {name: unresolved_for_people(arguments) for name, arguments in people().items()}
    found["versions that agree"] = disagreeing(pinned())
    for name, wrong in found.items():
        print(f"{name:28} {'wrong' if wrong else 'ok'}")
        for line in wrong:
            print(f"    {line}")
    return sum(map(len, found.values()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="move nothing")
    if parser.parse_args().check:
        return 1 if check() else 0
    for lock in locks():
        before = lock.path.read_text(encoding="utf-8").splitlines()
        move(lock)
        moved = set(lock.path.read_text(encoding="utf-8").splitlines()) - set(before)
        print(f"{lock.name:28} {len(moved)} of {len(before)} lines moved")
    return 0


if __name__ == "__main__":
    sys.exit(main())
