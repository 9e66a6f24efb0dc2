"""The README's terminal sessions show what their commands print, and its picture is that of a bake."""

from collections.abc import Callable

from bake import Project

from scripts import readme_sessions


def test_every_session_shows_what_its_command_prints() -> None:
    assert len(readme_sessions.SESSION.findall(readme_sessions.README.read_text(encoding="utf-8"))) == 4
    assert readme_sessions.main(["--check"]) == 0


def test_the_picture_is_that_of_the_first_session(bake: Callable[..., Project]) -> None:
    assert readme_sessions.PICTURE.read_bytes() == bake().files()["memory.svg"]
    assert "](docs/memory.svg)" in readme_sessions.README.read_text(encoding="utf-8")
