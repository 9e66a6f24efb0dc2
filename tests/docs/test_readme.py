"""The documents' terminal sessions show what their commands print, and README's picture is that of a bake."""

from collections.abc import Callable

from bake import Project

from scripts import readme_sessions


def test_every_session_shows_what_its_command_prints() -> None:
    found = [len(readme_sessions.SESSION.findall(page.read_text(encoding="utf-8"))) for page in readme_sessions.PAGES]
    assert found == [2, 13, 1]
    assert readme_sessions.main(["--check"]) == 0


def test_the_picture_is_that_of_the_first_session(bake: Callable[..., Project]) -> None:
    assert readme_sessions.PICTURE.read_bytes() == bake().files()["memory.svg"]
    assert "](docs/memory.svg)" in readme_sessions.README.read_text(encoding="utf-8")


def test_the_first_screen_has_the_status_the_commands_and_the_picture() -> None:
    lines = readme_sessions.README.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 150
    screen = "\n".join(lines[:40])
    for part in (
        "not run anything on Modal's GPUs",
        "uvx cookiecutter",
        "cd my-llm && make local",
        "L40S",
        "docs/memory.svg",
    ):
        assert part in screen
