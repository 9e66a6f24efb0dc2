"""Each lock is what its source resolves to and can be installed; a wrong lock is detected."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from bake import BODY

from scripts import locks
from scripts.locks import Lock

LOCKS = {lock.name: lock for lock in locks.locks()}
# Where a reason in APART is that an image cannot take the version that others have
HELD_BACK = {
    "vllm/image": "torch transformers fastapi setuptools numpy apache-tvm-ffi",
    "vllm/image-cpu": "transformers fastapi numpy",
    "finetune/image": "pillow",
}


def write_wheel(folder: Path, name: str, version: str, *needs: str, tag: str = "py3-none-any") -> None:
    """Write an empty wheel that requires `needs`."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as wheel:
        asked = "".join(f"Requires-Dist: {need}\n" for need in needs)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{asked}")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path) -> tuple[str, ...]:
    """uv's options for an index of four packages: app requires lib from 1 to 3, and one can only run elsewhere."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "app", "1.0", "lib>=1,<3")
    for version in ("1.0", "2.0", "3.0"):
        write_wheel(folder, "lib", version)
    write_wheel(folder, "spare", "1.0")
    write_wheel(folder, "elsewhere", "1.0", tag="cp312-cp312-win_amd64")
    return "--no-index", "--find-links", str(folder)


def lock(folder: Path, text: str, source: str = "app==1.0\n") -> Lock:
    (folder / "image.in").write_text(source, encoding="utf-8")
    (folder / "image.txt").write_text(text, encoding="utf-8")
    return Lock(folder / "image.txt")


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_lock_may_hold_older_versions_than_the_newest(version: str, index: tuple[str, ...], tmp_path: Path) -> None:
    good = lock(tmp_path, f"app==1.0\nlib=={version}\n")
    assert locks.unresolved(good, *index) == [] and locks.uninstallable(good, *index) == []


def test_a_lock_moves_to_the_newest_versions_that_its_source_allows(index: tuple[str, ...], tmp_path: Path) -> None:
    old = lock(tmp_path, "app==1.0\nlib==1.0\nspare==1.0\n")
    locks.move(old, *index)
    assert old.path.read_text(encoding="utf-8") == "app==1.0\nlib==2.0\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("app==1.0\n", "lib is missing; the index has 2.0"),
        ("app==1.0\nlib==2.0\nspare==1.0\n", "spare is superfluous"),
        ("app==1.0\nlib==3.0\n", "depend on lib>=1,<3 and lib==3.0"),
        ("app==1.0\nlib==2.5\n", "there is no version of lib==2.5"),
        ("app==2.0\nlib==2.0\n", "you require app==1.0 and app==2.0"),
        ("app==1.0\nlib == 2.0\n", "'lib == 2.0' is not a line that uv writes"),
    ],
)
def test_a_spoiled_lock_is_found(text: str, complaint: str, index: tuple[str, ...], tmp_path: Path) -> None:
    found = " ".join(locks.unresolved(lock(tmp_path, text), *index))
    assert re.search(complaint, found), found


def test_a_lock_whose_wheel_runs_elsewhere_alone_cannot_be_installed(index: tuple[str, ...], tmp_path: Path) -> None:
    (wrong,) = locks.uninstallable(lock(tmp_path, "elsewhere==1.0\n", "elsewhere==1.0\n"), *index)
    assert "elsewhere==1.0 has no wheels with a matching" in wrong


def test_versions_that_part_need_a_reason_and_a_reason_versions_that_part() -> None:
    real = locks.pinned()
    assert locks.disagreeing(real) == []
    spoiled = real | {"mine": {"huggingface-hub": "1.0"}}
    assert [line[:26] for line in locks.disagreeing(spoiled)] == ["huggingface-hub is 1.0 in "]
    agreed = {file: held | ({"pillow": "13.0.0"} if "pillow" in held else {}) for file, held in real.items()}
    assert locks.disagreeing(agreed) == ["pillow has one version: its reason in APART is out of date"]


def test_the_template_and_a_project_give_uv_the_same_flags() -> None:
    image = ["--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_28"]
    kinds = {
        "vllm/image": image,
        "batch/data": [*image, "--generate-hashes"],
        "common/fetch": [*image, "--generate-hashes"],
    }
    kinds["serve/laptop"] = ["--universal", "--python-version", "3.11", "--generate-hashes"]
    for name, own in kinds.items():
        flags = LOCKS[name].flags
        assert flags[: len(own)] == own and len(flags) == len(own) + 4
        assert all(flag.startswith("--no-") for flag in flags[len(own) :])


def test_every_lock_is_checked() -> None:
    known = {lock.path for lock in LOCKS.values()}
    assert known == set(BODY.rglob("requirements/*.txt")) and len(known) == len(LOCKS)


def test_the_check_installs_as_the_images_do() -> None:
    """Python's version, and --no-deps where overrides make a lock complete, are those of image.py."""
    for module in BODY.rglob("image.py"):
        text = module.read_text(encoding="utf-8")
        assert f'PYTHON = "{locks.IMAGE[1]}"' in text
        assert ('extra_options="--no-deps"' in text) == ("image-cpu.txt" in text), module
    assert all(bool(lock.overrides) == lock.name.endswith(("image-cpu", "laptop")) for lock in LOCKS.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_what_its_source_gives_and_its_wheels_are_there(name: str) -> None:
    assert locks.wrong_with(LOCKS[name]) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", locks.people())
def test_what_people_install_resolves(name: str) -> None:
    assert locks.unresolved_for_people(locks.people()[name]) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", HELD_BACK)
def test_an_image_that_has_an_older_version_cannot_have_the_newest(name: str, tmp_path: Path) -> None:
    lock = LOCKS[name]
    for package in HELD_BACK[name].split():
        newest = max((its[package] for its in locks.pinned().values() if package in its), key=by_number)
        assert newest != lock.pins[package] and locks.reason_for(package)
        wanted = tmp_path / "wanted.txt"
        wanted.write_text(f"{package}=={newest}\n", encoding="utf-8")
        with pytest.raises(locks.Unresolvable, match="unsatisfiable"):
            locks.uv("compile", *lock.flags, *lock.overrides, "--constraint", str(wanted), *lock.sources)


def by_number(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]
