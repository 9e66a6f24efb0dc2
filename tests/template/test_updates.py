"""cruft updates: a project follows the template's tagged versions; a person's edits survive or conflict."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bake import Project, git, run
from releases import edit, released

Bake = Callable[..., Project]
MINE = 'REVISION = "0123456789abcdef0123456789abcdef01234567"'  # the commit of the weights that a person has tried


def cruft(*arguments: str, cwd: Path, check: bool = True) -> str:
    done = run(sys.executable, "-m", "cruft", *arguments, cwd=cwd, check=check)
    return done.stdout + done.stderr


def created(repository: Path, into: Path, *arguments: str) -> Project:
    """A project made by cruft from the template's repository, in a git repository of its own."""
    cruft("create", str(repository), "--no-input", "--output-dir", str(into), *arguments, cwd=into)
    project = Project(into / "my-llm")
    git("init", "-q", "-b", "main", cwd=project.root)
    commit(project, "Baked")
    return project


@pytest.fixture
def own_project(repository: Path, tmp_path: Path) -> Project:
    return created(repository, tmp_path)


def commit(project: Project, message: str) -> None:
    git("add", "--all", cwd=project.root)
    git("commit", "-q", "-m", message, cwd=project.root)


def conflicts(project: Project) -> set[str]:
    """The files in which git or cruft has left a conflict to be resolved."""
    return {
        name
        for name, content in project.files().items()
        if name.endswith(".rej") or re.search(rb"^(<{7}|>{7})", content, re.MULTILINE)
    }


def edits(project: Project) -> None:
    """Edit constants of plan.py, and add to app.py, as a person would."""
    app = project.root / project.package / "app.py"
    edit(project.plan_file, r'^REVISION = "[^"]*"', MINE)
    edit(project.plan_file, r"^MAX_ANSWER_TOKENS = \d+", "MAX_ANSWER_TOKENS = 2048")
    edit(app, r"^    cpu=hardware.CPU,", "    cpu=8.0,")
    edit(app, r"^(@app\.local_entrypoint\(\)\ndef coldstart)", "@app.function()\ndef mine() -> None: ...\n\n\n\\g<1>")


def test_a_project_without_edits_is_the_templates(own_project: Project, bake: Bake) -> None:
    files = own_project.files()
    assert json.loads(files.pop(".cruft.json"))["checkout"] is None
    assert files == bake().files()
    assert "SUCCESS" in cruft("check", cwd=own_project.root)
    assert "diff --git" not in cruft("diff", cwd=own_project.root)  # the hook's own lines are there


def test_diff_shows_the_persons_edit_alone(own_project: Project) -> None:
    edit(own_project.plan_file, r'^REVISION = "[^"]*"', MINE)
    shown = cruft("diff", cwd=own_project.root)
    changed = [line for line in shown.splitlines() if re.match(r"[+-](?![+-])", line)]
    assert len(changed) == 2 and changed[0].startswith(f"-{MINE}")


def test_edits_of_plan_and_app_survive_two_versions(repository: Path, tmp_path: Path) -> None:
    """After each update the project is a fresh bake of that version with the same edits."""
    for tag, usd_per_hour, hours in (("v0.1.0", "1.85", "2"), ("v0.2.0", "1.95", "4"), ("v0.3.0", "1.30", "6")):
        released(repository, tag, usd_per_hour, hours)
    project = created(repository, tmp_path, "--checkout", "v0.1.0")
    assert project.plan["USD_PER_HOUR"] == 1.85
    edits(project)
    commit(project, "My edits")
    for tag, usd_per_hour, containers in (("v0.2.0", 1.95, 2), ("v0.3.0", 1.30, 3)):
        assert "FAILURE" in cruft("check", "--checkout", tag, cwd=project.root, check=False)
        cruft("update", "--skip-apply-ask", "--checkout", tag, cwd=project.root)
        updated = Project(project.root)
        assert not conflicts(updated)
        assert (updated.plan["USD_PER_HOUR"], updated.plan["MAX_CONTAINERS"]) == (usd_per_hour, containers)
        (tmp_path / tag).mkdir()
        fresh = created(repository, tmp_path / tag, "--checkout", tag)
        edits(fresh)
        assert updated.files() == fresh.files()
        assert "SUCCESS" in cruft("check", "--checkout", tag, cwd=project.root)
        commit(updated, f"The template's {tag}")


def test_an_edit_that_both_sides_made_is_a_conflict_to_see(repository: Path, tmp_path: Path) -> None:
    """A person changes the GPU, then the template changes its choice: both lines are in the conflict."""
    released(repository, "v0.1.0", "1.95")
    released(repository, "v0.2.0", "9.95")
    project = created(repository, tmp_path, "--checkout", "v0.1.0")
    edit(project.plan_file, r'^GPU = "L40S"', 'GPU = "H100"')
    commit(project, "My card")
    said = cruft("update", "--skip-apply-ask", "--checkout", "v0.2.0", cwd=project.root, check=False)
    assert "Applied patch to 'my_llm/plan.py' with conflicts." in said
    assert conflicts(project) == {"my_llm/plan.py"}
    text = project.plan_file.read_text(encoding="utf-8")
    ours, theirs = re.split(r"^=======$", text, maxsplit=1, flags=re.MULTILINE)
    assert 'GPU = "H100"' in ours and re.search(r'^GPU = "(?!H100)', theirs, re.MULTILINE)
    assert "UU my_llm/plan.py" in git("status", "--short", cwd=project.root)
    done = run(sys.executable, "-B", "-c", "import my_llm.plan", cwd=project.root, check=False)
    assert "SyntaxError" in done.stderr, "a project in conflict can be deployed"


def test_changed_answers_are_planned_anew_and_edits_stay(own_project: Project, bake: Bake) -> None:
    mine = 'WARM_TIMEZONE = "Europe/Berlin"'  # a line that the answers do not change, nor those around it
    edit(own_project.plan_file, r'^WARM_TIMEZONE = "UTC"', mine)
    commit(own_project, "My edit")
    answers = {"engine": "transformers", "budget": "6/hour"}
    cruft("update", "--skip-apply-ask", "--variables-to-update", json.dumps(answers), cwd=own_project.root)
    updated, fresh = Project(own_project.root), bake(**answers)
    assert not conflicts(updated)
    assert updated.plan["ENGINE"] == "transformers" and updated.plan["BUDGET"] == "6/hour"
    assert mine in updated.plan_file.read_text(encoding="utf-8")
    ours, theirs = updated.files(), fresh.files()
    assert set(ours) - {".cruft.json"} == set(theirs)  # vLLM's files are gone, transformers' have come
    assert {name for name in theirs if ours[name] != theirs[name]} == {"my_llm/plan.py"}


def test_another_size_is_another_model(own_project: Project, bake: Bake) -> None:
    answers = json.dumps({"model_size": "32B"})
    cruft("update", "--skip-apply-ask", "--variables-to-update", answers, cwd=own_project.root)
    updated = Project(own_project.root)
    assert updated.plan["MODEL"] == "Qwen/Qwen3-32B-FP8" and not conflicts(updated)  # what 4/hour pays for
    assert updated.plan_file.read_bytes() == bake(model_size="32B").plan_file.read_bytes()


def test_an_update_to_what_cannot_work_leaves_the_project_alone(own_project: Project) -> None:
    before = own_project.files()
    answers = json.dumps({"gpu": "V100"})
    said = cruft("update", "-y", "--variables-to-update", answers, cwd=own_project.root, check=False)
    assert len(re.findall(r"^error: Modal has no GPU 'V100'", said, re.MULTILINE)) == 1
    assert own_project.files() == before


def test_a_count_that_an_older_version_stored_apart_is_refused_until_gpu_carries_it(
    repository: Path, tmp_path: Path
) -> None:
    """Cookiecutter drops a stored answer that is no prompt any more, so the hook reads it where cruft keeps it."""
    hook = repository / "hooks" / "pre_gen_project.py"
    today = hook.read_text(encoding="utf-8")
    edit(hook, r"^( +)refuse_stored_count\(typed\)$", r"\g<1>pass")
    git("commit", "-q", "--all", "-m", "An older version", cwd=repository)
    project = created(repository, tmp_path, "--extra-context", json.dumps({"gpu": "H100"}))
    path = project.root / ".cruft.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    stored["context"]["cookiecutter"]["gpu_count"] = "2"
    path.write_text(json.dumps(stored), encoding="utf-8")
    commit(project, "Its answers")
    hook.write_text(today, encoding="utf-8")
    git("commit", "-q", "--all", "-m", "Today's", cwd=repository)
    before, here = project.files(), {"PWD": str(project.root)}

    def update(**answers: str) -> str:
        words = ["update", "-y", "--variables-to-update", json.dumps(answers)]
        done = run(sys.executable, "-m", "cruft", *words, cwd=project.root, check=False, **here)
        return done.stdout + done.stderr

    said = update(budget="20/hour")
    assert """gpu now: cruft update --variables-to-update '{"gpu": "H100:2"}'""" in said
    assert project.files() == before
    update(budget="20/hour", gpu="H100:2")
    updated = Project(project.root)
    assert updated.plan["GPU"] == "H100:2" and updated.plan["BUDGET"] == "20/hour"
    assert '"gpu_count"' not in path.read_text(encoding="utf-8")
