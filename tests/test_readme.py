"""The README's terminal sessions show what their commands print."""

from scripts import readme_sessions


def test_every_session_shows_what_its_command_prints():
    assert len(readme_sessions.SESSION.findall(readme_sessions.README.read_text(encoding="utf-8"))) == 4
    assert readme_sessions.main(["--check"]) == 0
