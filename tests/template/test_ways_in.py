"""The template works from a path, git, a zip and a sub-folder, by replay, over a project, and in pytest-cookies."""

import shlex
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bake import DEFAULTS, Project, contents, git, run
from releases import released

from planner.write.command import made_with

Bake = Callable[..., Project]


def cookiecutter(*arguments: str, out: Path, check: bool = True) -> Project:
    """Run cookiecutter's command line and return the project."""
    out.mkdir(exist_ok=True)
    run(sys.executable, "-m", "cookiecutter", *arguments, "-o", str(out), cwd=out, check=check)
    return Project(next(iter(out.iterdir())))


def test_a_local_path(template: Path, bake: Bake, tmp_path: Path) -> None:
    assert cookiecutter(str(template), "--no-input", out=tmp_path / "out").files() == bake().files()


def test_a_git_url_at_a_tag_and_at_a_commit(repository: Path, bake: Bake, tmp_path: Path) -> None:
    cheaper = released(repository, "v2", "1.85")
    url = f"git+file://{repository}"
    tagged = cookiecutter(url, "--checkout", "v1", "--no-input", out=tmp_path / "tag")
    assert tagged.files() == bake().files()
    latest = cookiecutter(url, "--checkout", cheaper, "--no-input", out=tmp_path / "commit")
    assert (tagged.plan["USD_PER_HOUR"], latest.plan["USD_PER_HOUR"]) == (1.95, 1.85)


def test_a_zip(repository: Path, bake: Bake, tmp_path: Path) -> None:
    archive = tmp_path / "template.zip"
    git("archive", "--format=zip", "--prefix=template-1.0/", "-o", str(archive), "v1", cwd=repository)
    assert len(zipfile.ZipFile(archive).namelist()) > 30
    assert cookiecutter(str(archive), "--no-input", out=tmp_path / "out").files() == bake().files()


def test_a_folder_inside_a_repository(template: Path, bake: Bake, tmp_path: Path) -> None:
    collection = tmp_path / "collection"
    shutil.copytree(template, collection / "templates" / "gpu")
    git("init", "-q", cwd=collection)
    git("add", "--all", cwd=collection)
    git("commit", "-q", "-m", "Templates", cwd=collection)
    found = cookiecutter(f"git+file://{collection}", "--directory", "templates/gpu", "--no-input", out=tmp_path / "out")
    assert found.files() == bake().files()


def test_somebody_elses_pytest(template: Path, tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(
        "def test_bakes(cookies):\n"
        "    for answers in ({}, {'engine': 'transformers', 'model_size': '4B'}):\n"
        "        result = cookies.bake(extra_context=answers)\n"
        "        assert result.exception is None and result.exit_code == 0\n"
        "        assert result.context['project_slug'] == result.project_path.name == 'my-llm'\n"
        "        assert (result.project_path / 'my_llm' / 'plan.py').is_file()\n"
        "    assert cookies.bake(extra_context={'budget': 'lots'}).exit_code == -1\n",
        encoding="utf-8",
    )
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--template", str(template))
    assert "1 passed" in run(sys.executable, *command, cwd=tmp_path).stdout


def test_a_replay_gives_the_same_bytes(template: Path, tmp_path: Path) -> None:
    first = cookiecutter(str(template), "--no-input", "model_size=4B", "gpu=L40S", out=tmp_path / "first")
    again = cookiecutter(str(template), "--replay", out=tmp_path / "again")
    assert first.plan["GPU"] == "L40S" and again.files() == first.files()


@pytest.mark.parametrize("other", ["vllm", "transformers"])
def test_baking_another_engine_over_a_project_leaves_no_stale_file(
    template: Path, other: str, bake: Bake, tmp_path: Path
) -> None:
    before = {"vllm": "transformers", "transformers": "vllm"}[other]
    old = Project(shutil.copytree(bake(engine=before).root, tmp_path / "my-llm"))
    (old.root / "my_llm" / "notes.py").write_text('"""Mine."""\n', encoding="utf-8")
    cookiecutter(str(template), "--no-input", "--overwrite-if-exists", f"engine={other}", out=tmp_path)
    files = contents(old.root)
    assert files.pop("my_llm/notes.py") == b'"""Mine."""\n'
    assert files == bake(engine=other).files()


def test_a_refusal_over_a_project_leaves_it_alone(template: Path, bake: Bake, tmp_path: Path) -> None:
    old = Project(shutil.copytree(bake().root, tmp_path / "my-llm"))
    cookiecutter(str(template), "--no-input", "--overwrite-if-exists", "gpu=V100", out=tmp_path, check=False)
    assert old.files() == bake().files()


def test_without_hooks_the_project_says_what_is_missing(template: Path, tmp_path: Path) -> None:
    bare = cookiecutter(str(template), "--no-input", "--accept-hooks", "no", out=tmp_path / "out")
    note = bare.files()["UNFINISHED.md"].decode()
    assert "hooks did not run" in note and "plan.py" in note and "--accept-hooks=no" in note
    assert not bare.plan_file.exists() and any(name.startswith("parts/") for name in bare.files())
    readme = bare.files().get("README.md", b"").decode()
    assert "{{" not in note + readme


@pytest.fixture
def answered(template: Path, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Type answers to the prompts of the real command, and return its output."""
    import subprocess

    def typed(keys: str) -> str:
        command = [sys.executable, "-m", "cookiecutter", str(template), "-o", str(tmp_path)]
        done = subprocess.run(command, input=keys, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path)
        return done.stdout + done.stderr

    yield typed


def test_enter_all_the_way_gives_the_default_project(
    answered: Callable[[str], str], bake: Bake, tmp_path: Path
) -> None:
    said = answered("\n" * len(DEFAULTS))
    assert "Task" in said and "serve: an HTTP endpoint" in said
    assert Project(tmp_path / "my-llm").files() == bake().files()


def test_typed_answers_are_heard(answered: Callable[[str], str], tmp_path: Path) -> None:
    # task 1, workload 1, size; Enter for the model of it; a budget in words; no dataset; the project's name; Enter
    said = answered("1\n1\n4B\n\n2 per hour\n\nKiosk Chat\n" + "\n" * (len(DEFAULTS) - 7))
    project = Project(tmp_path / "kiosk-chat")
    assert (
        str(project.plan["MODEL"]).startswith("Qwen/Qwen3-4B-Instruct-2507") and project.plan["BUDGET"] == "2/hour"
    ), said


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"task": "batch", "project_name": "Bob's rows", "dataset": "my rows.jsonl 10k rows"},
        {"task": "finetune", "budget": "4/hour"},
        {"workload": "embedding", "warm": "1 mon-fri 8-18 Europe/Berlin", "concurrency": "16"},
    ],
    ids=["default", "batch", "finetune", "embedding"],
)
def test_the_command_in_plan_md_makes_the_same_project(
    bake: Bake, template: Path, tmp_path: Path, answers: dict[str, str]
) -> None:
    made = bake(**answers)
    command = shlex.split(made.files()["PLAN.md"].decode().partition("## Made with\n")[2].partition("\n\n    ")[2])
    assert command[:3] == ["cookiecutter", ".", "--no-input"] and len(command) == 3 + len(answers)
    again = cookiecutter(str(template), *command[2:], out=tmp_path / "again")
    assert again.files() == made.files()


@pytest.mark.parametrize("source", ["gh:ORG/modal-gpu-template", "https://github.com/ORG/modal-gpu-template"])
def test_the_command_names_a_remote_template_and_its_version(source: str) -> None:
    typed: dict[str, object] = DEFAULTS | {"_template": source, "_checkout": "v1"}
    assert made_with(typed) == f"cookiecutter {source} --checkout v1 --no-input"
    assert made_with(typed | {"_template": "/home/me/clone"}) == "cookiecutter . --no-input"
