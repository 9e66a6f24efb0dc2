"""The built hook is the planner: fresh, alone with the standard library, and writing what the planner writes."""

import importlib.util
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from bake import DEFAULTS, ROOT, Project, embedded, run
from cookiecutter.environment import StrictEnvironment

from planner.describe.refusal import plan_for
from planner.request.prompts import check_answers
from planner.write.command import made_with
from planner.write.memory_svg import memory_svg
from planner.write.plan_md import plan_md
from planner.write.plan_py.render import plan_py
from planner.write.terminal import terminal_lines

ANSWERS: dict[str, dict[str, str]] = {
    "default": {},
    "transformers": {"engine": "transformers", "quantization": "nf4"},
    "experts": {"model_id": "Qwen/Qwen3-235B-A22B-Instruct-2507", "budget": "none", "gpu": "H200:8"},
    "unknown": {"model_id": "nobody/knows-this-13B", "optimize": "latency"},
    "odd": {"project_name": "\"\"\" ''' \\ {{ x }} {% y %} # ü 🚀", "budget": "$900 per month", "model_id": "b-1.5B"},
}


def builder(root: Path) -> ModuleType:
    """scripts/build_hook.py of the repository at `root`, as a module."""
    spec = importlib.util.spec_from_file_location("build_hook", root / "scripts" / "build_hook.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The planner and its builder, to be spoiled."""
    for part in ("planner", "scripts", "hooks"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def rendered(template: Path, answers: dict[str, str]) -> str:
    """The hook as cookiecutter runs it: rendered by cookiecutter's own Jinja environment."""
    source = (template / "hooks" / "pre_gen_project.py").read_text(encoding="utf-8")
    context = {"cookiecutter": {**answers, "_template": "gh:somebody/something", "__package": "my_llm"}}
    return StrictEnvironment(context=context, keep_trailing_newline=True).from_string(source).render(**context)


def test_the_hook_is_what_the_builder_would_write() -> None:
    built = builder(ROOT).build()
    assert (ROOT / "hooks" / "pre_gen_project.py").read_bytes() == built.encode(), "stale: run make hook"
    assert run(sys.executable, "scripts/build_hook.py", "--check", cwd=ROOT).stdout == "the hook is fresh\n"


def test_a_stale_hook_is_noticed_and_rebuilt(copy: Path) -> None:
    gpus = copy / "planner" / "catalogue" / "gpus.py"
    gpus.write_text(gpus.read_text(encoding="utf-8").replace("1.95,", "2.05,"), encoding="utf-8")
    check = (sys.executable, "scripts/build_hook.py", "--check")
    stale = run(*check, cwd=copy, check=False)
    assert stale.returncode == 1 and "make hook" in stale.stdout
    run(sys.executable, "scripts/build_hook.py", cwd=copy)
    assert run(*check, cwd=copy).returncode == 0
    assert "2.05," in (copy / "hooks" / "pre_gen_project.py").read_text(encoding="utf-8")


def append(copy: Path, text: str) -> None:
    module = copy / "planner" / "write" / "memory_svg.py"
    module.write_text(module.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (
            "\n\nfrom ..hook import run_hook\n",
            "circle of imports: planner/hook.py -> planner/write/memory_svg.py",
        ),
        ("\n\ndef f():\n    from ..hook import run_hook\n", "circle of imports: planner/hook.py -> "),
        ('\n\nHIDDEN = "{% endraw %}"\n', "memory_svg.py holds Jinja's endraw tag"),
        ("\n\nHIDDEN = ''''''\n", "memory_svg.py holds three single quotes in a row"),
    ],
)
def test_the_builder_refuses_what_cannot_stand_in_one_file(copy: Path, spoil: str, complaint: str) -> None:
    append(copy, spoil)
    with pytest.raises(ValueError, match=re.escape(complaint)):
        builder(copy).build()


def test_the_hook_holds_the_planner_s_files_as_they_are() -> None:
    held = embedded((ROOT / "hooks" / "pre_gen_project.py").read_text(encoding="utf-8"))
    apart = {"__main__.py", "api.py", "hub.py", "questions.py", "write/table.py", "catalogue/other_gpus.py"}
    apart |= {"catalogue/model_object.py", "catalogue/prices.py", "describe/arithmetic.py"}  # for gpu-plan alone
    paths = [path for path in (ROOT / "planner").rglob("*") if path.suffix in (".py", ".json")]
    expected = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    assert held == {path: text for path, text in expected.items() if path.removeprefix("planner/") not in apart}


@pytest.mark.parametrize(("task", "other"), [("serve", "training"), ("distributed", "inference")])
def test_a_bake_compiles_what_its_task_needs(template: Path, tmp_path: Path, task: str, other: str) -> None:
    script, empty = tmp_path / "hook.py", tmp_path / "project"
    script.write_text(rendered(template, DEFAULTS | {"task": task, "budget": "none"}), encoding="utf-8")
    empty.mkdir()
    done = run(sys.executable, "-I", "-X", "importtime", str(script), cwd=empty)
    imported = set(re.findall(r"planner[\w.]*", done.stderr))
    assert {"planner.hook", "planner.choose.choose", "planner.write.plan_md"} <= imported
    assert not imported & {f"planner.choose.{other}", f"planner.describe.{other}_page", "planner.catalogue.hf_config"}
    assert not {"planner.describe.refusal_text", "planner.catalogue.unplannable"} & imported


@pytest.mark.parametrize("name", ANSWERS)
def test_the_hook_alone_writes_what_the_planner_writes(name: str, template: Path, tmp_path: Path) -> None:
    typed = DEFAULTS | ANSWERS[name]
    script, empty = tmp_path / "hook.py", tmp_path / "project"
    script.write_text(rendered(template, typed), encoding="utf-8")
    empty.mkdir()
    said = run(sys.executable, "-I", "-S", "-B", "-W", "error", str(script), cwd=empty).stdout

    answers = check_answers(dict(typed))
    plan = plan_for(answers.request)
    assert {path.name: path.read_text(encoding="utf-8") for path in empty.iterdir()} == {
        "plan.py": plan_py(plan, answers.slug),
        "PLAN.md": plan_md(plan, made_with(typed | {"_template": "gh:somebody/something"})),
        "memory.svg": memory_svg(plan),
    }
    assert said.splitlines() == terminal_lines(plan, answers.slug)
    assert 7 <= len(said.splitlines()) <= 12


def test_the_hook_reads_ascii_terminals(template: Path, tmp_path: Path) -> None:
    """A terminal that speaks only ASCII is no reason to fail."""
    script = tmp_path / "hook.py"
    script.write_text(rendered(template, DEFAULTS | {"project_name": "Größe 🚀"}), encoding="utf-8")
    done = run(sys.executable, "-B", str(script), cwd=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert done.stdout.startswith("Model ") and not done.stderr


def test_a_refusing_hook_writes_one_line_and_no_file(template: Path, tmp_path: Path) -> None:
    script, empty = tmp_path / "hook.py", tmp_path / "project"
    script.write_text(rendered(template, DEFAULTS | {"project_name": "{{7*7}}", "gpu": "V100"}), encoding="utf-8")
    empty.mkdir()
    done = run(sys.executable, "-I", "-S", "-B", str(script), cwd=empty, check=False)
    assert done.returncode == 1 and done.stdout == "" and list(empty.iterdir()) == []
    assert done.stderr.startswith("error: Modal has no GPU 'V100'") and done.stderr.count("\n") == 1


def test_jinja_in_an_answer_stays_text(template: Path) -> None:
    """Typed answers are data; only cookiecutter's --no-input renders it."""
    text = rendered(template, DEFAULTS | {"project_name": "{{ 7 * 7 }}{% raw %}"})
    found = text[text.index("json.loads(r'''") + len("json.loads(r'''") : text.rindex("''')")]
    assert json.loads(found)["project_name"] == "{{ 7 * 7 }}{% raw %}"


def test_post_gen_says_when_nothing_was_planned(bake: Callable[..., Project], tmp_path: Path) -> None:
    hook = ROOT / "hooks" / "post_gen_project.py"
    done = run(sys.executable, "-I", str(hook), cwd=tmp_path, check=False)
    assert done.returncode == 1 and done.stderr.startswith("error: the pre-gen hook did not run")
    assert list(tmp_path.iterdir()) == []
