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
from bake import DEFAULTS, ROOT, Project, run
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
        ("\n\nfrom ..catalogue.gpus import GPUS as CARDS\n", "import names as they are, without `as`"),
        ("\n\nfrom math import floor as down\n", "import names as they are, without `as`"),
        ("\n\nimport json as parser\n", "import names as they are, without `as`"),
        ("\n\nfrom ..catalogue import gpus\n\nCARDS = gpus\n", "use gpus for its names only"),
        ("\n\nfrom ..catalogue import gpus\n\nCARDS = gpus.CARDS\n", "planner/catalogue/gpus.py does not define CARDS"),
        ("\n\nfrom ..catalogue.gpus import CARDS\n", "imports CARDS, which planner/catalogue/gpus.py does not define"),
        ("\n\nfrom cmath import log\n", "log is imported from two modules of the standard library"),
        (
            "\n\nfrom ..hook import run_hook\n",
            "circle of imports: planner/hook.py -> planner/write/memory_svg.py",
        ),
        ('\n\nHIDDEN = "{% endraw %}"\n', "endraw"),
        (
            "\n\nfrom ..choose import training\n\n\n"
            "def hidden(choose_training_weigh):\n    return training.weigh(choose_training_weigh)\n",
            "choose_training_weigh is a local name, too",
        ),
    ],
)
def test_the_builder_refuses_what_cannot_stand_in_one_file(copy: Path, spoil: str, complaint: str) -> None:
    append(copy, spoil)
    with pytest.raises(ValueError, match=re.escape(complaint)):
        builder(copy).build()


def test_names_that_collide_get_the_module_in_front(copy: Path) -> None:
    append(copy, COLLIDING)
    text = builder(copy).build()
    assert "def catalogue_gpus_find_gpu(" in text and "def write_memory_svg_find_gpu(" in text
    script = text.replace("{{ cookiecutter | tojson }}", "{}").replace(
        "run_hook(ANSWERS, os.getcwd())", "print(checked())"
    )
    (copy / "hook.py").write_text(script, encoding="utf-8")
    printed = run(sys.executable, "hook.py", cwd=copy).stdout
    assert printed == "['A10', 'x', 'A10 and x: {A10} A10', ('A10', 3), 'max']\n"


COLLIDING = """

from ..catalogue import gpus
from ..catalogue.gpus import GPUS


def find_gpu(name):  # find_gpu of a comment stays
    return name


def max(*values):
    return "max"


def checked():
    same = {find_gpu("a"): "find_gpu" for find_gpu in (str, str.upper)}  # the local one
    assert list(same) == ["a", "A"]
    gpu = gpus.find_gpu("a10g")
    words = f"{gpus.find_gpu('a10').name} and {find_gpu('x')}: {{{gpu.name}}} {GPUS[gpu.name].name}"
    return [gpu.name, find_gpu("x"), words, (lambda find_gpu: find_gpu)((gpu.name, 3)), max(1, 2)]
"""


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
