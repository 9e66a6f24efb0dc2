"""Write docs/licences.md: the licence of every package in the images, as the packages' own metadata states it.

python scripts/licences.py
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.locks import BODY, locks, pins  # noqa: E402

PAGE = ROOT / "docs" / "licences.md"
PLATFORMS = (*(f"manylinux_2_{minor}_x86_64" for minor in range(5, 37)), "manylinux2014_x86_64", "manylinux1_x86_64")
NVIDIA, INTEL, BSD = "LicenseRef-NVIDIA-Proprietary", "LicenseRef-Intel-EULA", "LicenseRef-BSD"

# What `License` says, to SPDX; the first that matches from its start. Whole licences stand there too
FREE_TEXT = (
    (r"\s*Apache License,?\s+Version 2|Apache( 2\.0)?( License)?$|Apache Software License 2", "Apache-2.0"),
    (r"MIT License\b", "MIT"),
    (r"3-Clause BSD", "BSD-3-Clause"),
    (r"ISC License", "ISC"),
    (r"Copyright [^|]*Redistributions in binary form[^|]*endorse or promote", "BSD-3-Clause"),
    (r"License agreement for matplotlib", "PSF-2.0"),
    (r"NVIDIA (SOFTWARE LICENSE|Proprietary)", NVIDIA),
    (r"Intel End User License Agreement", INTEL),
    (r"BSD-derived \(http://www.repoze.org", "LicenseRef-Repoze"),
    (r"BSD( License)?$", BSD),
)
CLASSIFIERS = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "BSD License": BSD,
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# Packages whose metadata state none: what was found in the wheel instead
SILENT = {
    "cuda-toolkit": (NVIDIA, "an empty package that asks for nvidia-* packages"),
    "nvidia-cutlass-dsl": (NVIDIA, "the LICENSE in its wheel; its metadata say *proprietary*"),
    "nvidia-cutlass-dsl-libs-base": (NVIDIA, "part of nvidia-cutlass-dsl; its metadata say *proprietary*"),
    "nvidia-cutlass-dsl-libs-core": (NVIDIA, "part of nvidia-cutlass-dsl; its metadata say *proprietary*"),
    "nvidia-cutlass-dsl-libs-cu12": (NVIDIA, "part of nvidia-cutlass-dsl; its metadata say *proprietary*"),
    "nvidia-cutlass-dsl-libs-cu13": (NVIDIA, "part of nvidia-cutlass-dsl; its metadata say *proprietary*"),
    "oss-harmony": ("Apache-2.0", "the LICENSE in its wheel"),
    "quack-kernels": ("Apache-2.0", "the LICENSE in its wheel"),
    "torchcodec": ("BSD-3-Clause", "the LICENSE in its wheel"),
}
COPYLEFT = re.compile(r"\b(A?GPL|LGPL|MPL|EPL|EUPL|CDDL)-")
CLOSED = (NVIDIA, INTEL)

HEAD = """# Licences of what the images hold

Every package of every lock, of the files that a laptop installs from, and what an image builds from source. The licence
is what the package's own metadata state, in SPDX's words: `License-Expression`, else `License`, else the classifiers.
`make licences` writes this page, and a test fails while a lock holds what is not on it. `laptop` is dev.txt too.

The template is Apache-2.0. An image is built in your own Modal workspace from the index of packages; whoever passes an
image on to others passes on what it holds. Models have licences of their own: [models.md](models.md).

"""
NOTES = f"""
## What the words mean

| licence | here |
|---|---|
| {NVIDIA} | NVIDIA's own terms: the libraries of CUDA that torch asks for, and vLLM's CUTLASS DSL |
| {INTEL} | Intel's own terms: the OpenMP of vLLM's CPU build |
| {BSD} | a BSD licence; the metadata do not say with how many clauses |
| LicenseRef-Repoze | of Supervisor: as BSD's, and files that are changed must say so |

The images of vLLM and of distributed trainings stand on `nvidia/cuda`, which is under NVIDIA's Deep Learning Container
License; the others stand on Debian.

Metadata speak of a package's own code. What a wheel bundles beside it has licences of its own, which lie in the wheel:
OpenCV's holds FFmpeg (LGPL-2.1), torchcodec's names nvJPEG (NVIDIA's), NumPy 2.3's and SciPy's hold GCC's Fortran
library (GPL-3.0 with GCC's runtime exception).

"""


@dataclass(frozen=True)
class Row:
    """A package at a version, its licence, and who holds it."""

    package: str
    version: str
    licence: str
    holders: tuple[str, ...]


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    PAGE.write_text(page(rows()), encoding="utf-8", newline="\n")
    return 0


def rows() -> list[Row]:
    """Every package of the locks and the laptops, by name."""
    held = holders()
    found = licences(set(held) - set(built()))
    found |= {pair: stated("", metadata(pair[0])["License"] or "", [], *pair) for pair in built()}
    return [Row(*pair, found[pair], held[pair]) for pair in sorted(held)]


def holders() -> dict[tuple[str, str], tuple[str, ...]]:
    """(package, version) -> the images and laptops that hold it."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for lock in locks():
        for pair in lock.pins.items():
            found[pair].add(short(lock.name))
    for file in (*BODY.rglob("requirements/laptop.txt"), BODY / "requirements" / "dev.txt"):
        for pair in pins(file.read_text(encoding="utf-8")).items():
            found[pair].add("laptop")
    for pair in built():
        found[pair].add("distributed")
    return {pair: tuple(sorted(names)) for pair, names in found.items()}


def short(lock: str) -> str:
    """serve-vllm/image-cpu -> serve-vllm-cpu; batch/data stays apart from batch's images."""
    return lock.replace("/image", "").replace("batch/data", "data")


def built() -> list[tuple[str, str]]:
    """What distributed's image builds from source, which has no wheel and stands in no lock."""
    (image,) = BODY.glob("parts/distributed/*/image.py")
    found = re.search(r'^DEEPSPEED = "(\S+)==(\S+)"', image.read_text(encoding="utf-8"), re.M)
    if not found:
        raise ValueError("parts/distributed's image.py no longer pins DEEPSPEED")
    return [(found[1], found[2])]


def licences(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(package, version) -> SPDX. pip takes one version of a package at a time, so it is asked several times."""
    left, found = sorted(wanted), {}
    while left:
        turn = dict(reversed(left))  # one version of each package
        for package in report(turn):
            name = re.sub(r"[-_.]+", "-", package["name"]).lower()
            said = (package.get("license_expression") or "", package.get("license") or "")
            found[name, package["version"]] = stated(*said, package.get("classifier", []), name, package["version"])
        left = [pair for pair in left if pair not in turn.items()]
    return found


def report(turn: Mapping[str, str]) -> list[dict]:
    """The metadata of wheels for the images, by range requests where the index answers them: 40 s, few whole wheels."""
    where = [word for platform in PLATFORMS for word in ("--platform", platform)]
    how = "-qq --dry-run --ignore-installed --no-deps --only-binary :all: --use-feature=fast-deps".split()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "wanted.txt").write_text("".join(f"{each}=={turn[each]}\n" for each in turn), encoding="utf-8")
        files = ["-r", str(folder / "wanted.txt"), "--report", str(folder / "report.json"), "--target", name]
        command = [sys.executable, "-m", "pip", "install", *how, "--python-version", "3.12", *where, *files]
        subprocess.run(command, check=True)
        installs = json.loads((folder / "report.json").read_text(encoding="utf-8"))["install"]
    return [install["metadata"] for install in installs]


def stated(expression: str, text: str, classifiers: list[str], name: str, version: str) -> str:
    """SPDX of what a package says. ValueError where it says nothing that is understood, and SILENT does not either."""
    with suppress(InvalidLicenseExpression):
        return str(canonicalize_license_expression(expression or text or "none"))
    for pattern, licence in FREE_TEXT:
        if re.match(pattern, text):
            return licence
    found = [CLASSIFIERS[word] for word in (line.rpartition(" :: ")[2] for line in classifiers) if word in CLASSIFIERS]
    if found:
        return " OR ".join(found)
    if name in SILENT:
        return SILENT[name][0]
    raise ValueError(f"{name} {version} states no licence: {text[:80]!r}; look into its wheel and add it to SILENT")


def page(rows: list[Row]) -> str:
    images = {holder for row in rows for holder in row.holders} - {"laptop"}
    copyleft = [row for row in rows if COPYLEFT.search(row.licence)]
    closed = sorted({row.package for row in rows if row.licence in CLOSED})
    silent = [f"| {name} | {licence} | {found} |" for name, (licence, found) in SILENT.items()]
    text = (
        HEAD + "## Copyleft\n\nChanges to these packages themselves stay under their licence; code that uses them is "
    )
    text += "free of it.\n\n" + table(copyleft, images)
    told = f"{len(closed)} packages are proprietary, each with terms of its own: {', '.join(closed)}."
    text += "\n## Not open\n\n" + fill(told, 120, break_on_hyphens=False) + "\n"
    text += "\nThese state no licence in their metadata:\n\n| package | licence | found in |\n|---|---|---|\n"
    return text + "\n".join(silent) + "\n" + NOTES + "## All\n\n" + table(rows, images)


def table(rows: list[Row], images: set[str]) -> str:
    lines = ["| package | version | licence | held by |", "|---|---|---|---|"]
    for row in rows:
        mine = set(row.holders)
        names = " ".join([*(["every image"] if images <= mine else sorted(mine & images)), *sorted(mine - images)])
        lines.append(f"| {row.package} | {row.version} | {row.licence} | {names} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
