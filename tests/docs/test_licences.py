"""docs/licences.md: it holds all that the locks hold, no licence is unknown, and what a package says is understood."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from bake import BODY, ROOT
from packaging.licenses import canonicalize_license_expression

from scripts import licences

PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
ROW = re.compile(r"\| ([a-z0-9.-]+) \| ([^ |]+) \| ([^|]+) \| ([^|]+) \|")


def section(title: str) -> list[tuple[str, ...]]:
    """The rows of the table under a heading: package, version, licence, who holds it."""
    text = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return [match.groups() for match in map(ROW.fullmatch, text.splitlines()) if match and match[1] != "package"]


def required() -> dict[tuple[str, str], set[str]]:
    """(package, version) -> files that pin it, read from the files that are installed."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for file in BODY.rglob("requirements/*.txt"):
        for line in file.read_text(encoding="utf-8").splitlines():
            name, _, version = line.partition("==")
            found[name.partition("[")[0].lower(), version].add(f"{file.parents[1].name}/{file.stem}")
    return found


def test_the_page_holds_every_package_of_every_lock_with_its_version() -> None:
    listed = {row[:2]: row[3].split() for row in section("All")}
    wanted = required()
    assert len(listed) == len(section("All")) and len(wanted) > 200
    assert set(wanted) - set(listed) == set(), "run make licences"
    assert set(listed) - set(wanted) == {("deepspeed", "0.19.8")}, "built from source; anything else: run make licences"


def test_the_page_says_which_images_hold_a_package() -> None:
    listed = {row[:2]: row[3].split() for row in section("All")}
    names = {"batch/data": "data", "{{cookiecutter.project_slug}}/fetch": "fetch"}
    for pair, files in required().items():
        images = {file for file in files if not file.endswith(("laptop", "/dev"))}
        held = {names.get(file, file.replace("/image", "")) for file in images}
        told = set(listed[pair]) - {"laptop"}
        assert told == held or (told == {"every", "image"} and len(held) == 10), pair


def test_every_licence_is_a_spdx_expression_and_one_that_is_not_spdxs_own_is_explained() -> None:
    for package, version, licence, _ in section("All"):
        assert canonicalize_license_expression(licence) == licence, (package, version)
        for reference in re.findall(r"LicenseRef-[\w-]+", licence):
            assert f"| {reference} |" in PAGE.partition("## What the words mean")[2].partition("## All")[0]


def test_what_a_reader_looks_for_comes_first() -> None:
    copyleft = [row for row in section("All") if re.search("GPL|MPL", row[2])]
    assert section("Copyleft") == copyleft
    assert {row[0] for row in copyleft} >= {"certifi", "tqdm", "pycountry"}
    closed = {row[0] for row in section("All") if row[2] in licences.CLOSED}
    named = " ".join(PAGE.partition("terms of its own: ")[2].partition(".\n")[0].split())
    assert set(named.split(", ")) == closed >= {"nvidia-cudnn-cu13", "cuda-toolkit", "intel-openmp"}


def test_a_package_that_states_no_licence_is_on_the_page_and_every_such_entry_is_held() -> None:
    held = {row[0]: row[2] for row in section("All")}
    for name, (licence, found) in licences.SILENT.items():
        assert held[name] == licence and f"| {name} | {licence} | {found} |" in PAGE


@pytest.mark.parametrize(
    ("expression", "text", "classifiers", "spdx"),
    [
        ("Apache-2.0 OR BSD-3-Clause", "whatever", [], "Apache-2.0 OR BSD-3-Clause"),
        ("", "MPL-2.0 AND MIT", [], "MPL-2.0 AND MIT"),
        ("", "apache-2.0", [], "Apache-2.0"),
        ("", "Apache", [], "Apache-2.0"),
        ("", "Apache License, Version 2.0", [], "Apache-2.0"),
        ("", "\n   Apache License\n      Version 2.0, January 2004\n", [], "Apache-2.0"),
        ("", "MIT License\n\nCopyright (c) 2026 somebody", [], "MIT"),
        ("", "BSD", ["License :: OSI Approved :: MIT License"], "LicenseRef-BSD"),
        ("", "", ["Topic :: Software", "License :: OSI Approved :: ISC License (ISCL)"], "ISC"),
        ("", "NVIDIA SOFTWARE LICENSE\n\nThis license is", [], "LicenseRef-NVIDIA-Proprietary"),
    ],
)
def test_what_packages_say_is_understood(expression: str, text: str, classifiers: list[str], spdx: str) -> None:
    assert licences.stated(expression, text, classifiers, "some", "1.0") == spdx


@pytest.mark.parametrize("text", ["", "see LICENSE", "Apache or so", "GPL", "MITRE"])
def test_a_licence_that_is_not_understood_stops_the_writing(text: str) -> None:
    with pytest.raises(ValueError, match=r"some 1\.0 states no licence"):
        licences.stated("", text, ["License :: Other"], "some", "1.0")
