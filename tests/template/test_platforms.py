"""Line ends, file names, encodings and imports that hold on every system and Python, and the workflows' commands."""

import ast
import os
import re
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from bake import BODY, ROOT, Project, contents, embedded, git, run, template_files

Bake = Callable[..., Project]
HOOKS = sorted((ROOT / "hooks").glob("*.py"))
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{i}" for name in ("com", "lpt") for i in range(1, 10))}  # of Windows
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob(".github/workflows/*")}
OLDEST = "2.2.0"  # of Cookiecutter: the first that shows the prompts as sentences
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def test_every_file_has_lf_and_keeps_it_on_every_system() -> None:
    for line in git("ls-files", "--eol", cwd=ROOT).splitlines():
        index, _tree, attributes = line.split("\t")[0].split(maxsplit=2)
        assert (index in ("i/lf", "i/none") and "eol=lf" in attributes) or line.endswith(".png"), line


def test_a_bake_writes_lf_alone(bake: Bake) -> None:
    for name, content in bake().files().items():
        assert b"\r" not in content, name


def test_every_name_can_be_a_file_on_windows(bake: Bake) -> None:
    names = [path.as_posix() for path in template_files()] + [f"my-llm/{name}" for name in bake().files()]
    assert len({name.lower() for name in names}) == len(set(names)), "two differ by case alone"
    for name in names:
        assert not re.search(r'[<>:"|?*\\]', name) and len(name) < 160, name
        assert not {part.split(".")[0].lower() for part in PurePosixPath(name).parts} & RESERVED, name


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.name)
def test_a_hook_needs_what_cookiecutter_has_and_no_shell(hook: Path) -> None:
    source = hook.read_text(encoding="utf-8")
    texts = [source, *(text for file, text in embedded(source).items() if file.endswith(".py"))]
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    modules = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module.split(".")[0])
    assert modules <= sys.stdlib_module_names | {"planner"}
    assert not modules & {"subprocess", "socket", "urllib", "http", "ctypes", "fcntl", "pty", "pwd", "resource"}
    called = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    assert not {name for name in called if re.match(r"os\.(system|popen|exec|spawn|fork)|eval$|exec$", name)}


def test_hooks_name_the_encoding_of_all_that_they_read_and_write(template: Path, bake: Bake, tmp_path: Path) -> None:
    """Python's warning about a default encoding fails the bake where the hooks cause it."""
    strict = {"PYTHONWARNDEFAULTENCODING": "1", "PYTHONWARNINGS": "error::EncodingWarning"}
    lenient = ("-W", "ignore::EncodingWarning", "-m", "cookiecutter")
    run(sys.executable, *lenient, str(template), "--no-input", "-o", str(tmp_path), cwd=tmp_path, **strict)
    assert contents(tmp_path / "my-llm") == bake().files()


def test_an_older_python_is_told_what_is_wanted() -> None:
    """The hook parses on an older Python and stops before it uses anything newer."""
    source = (ROOT / "hooks" / "pre_gen_project.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
    pretend = "import sys; sys.version_info = (3, 10, 12, 'final', 0); exec(sys.stdin.read())"
    done = subprocess.run([sys.executable, "-c", pretend], input=source, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert re.fullmatch(r"error: cookiecutter runs on Python 3\.10; .* 3\.11 or newer: uvx .*\n", done.stderr)


def steps(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_the_workflows_run_every_system_python_and_cookiecutter() -> None:
    jobs = WORKFLOWS["test"]["jobs"]
    assert jobs["all"]["strategy"]["matrix"]["python"] == PYTHONS
    matrix = jobs["bakes"]["strategy"]["matrix"]
    assert matrix["python"] == PYTHONS and len(matrix["os"]) == 3
    pinned = re.findall(r"^cookiecutter==(.+)$", (ROOT / "requirements" / "bake.txt").read_text(), re.MULTILINE)
    assert matrix["cookiecutter"] == [OLDEST, *pinned]
    assert f"Cookiecutter {'.'.join(OLDEST.split('.')[:2])}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "schedule" in WORKFLOWS["newest"][True]  # YAML 1.1 reads `on` as true


def test_the_workflows_run_commands_that_there_are() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name, workflow in WORKFLOWS.items():
        for job in workflow["jobs"].values():
            for command in steps(job):
                for value in job.get("strategy", {}).get("matrix", {}).get("suite", [""]):
                    words = command.replace("${{ matrix.suite }}", value).split()
                    assert words[0] != "make" or words[1] in targets, f"{name}: {command}"


@pytest.mark.parametrize(
    "path", [*ROOT.glob(".github/workflows/*"), *BODY.glob("parts/*/.github/workflows/*")], ids=str
)
def test_the_workflows_trust_a_commit_and_show_a_token_only_to_what_needs_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    uses = re.findall(r"uses: (.+)", text)
    assert uses and all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", one) for one in uses), uses
    workflow = yaml.safe_load(text)
    assert "env" not in workflow
    for job in workflow["jobs"].values():
        assert "env" not in job
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            secret = "secrets." in str(step)
            assert secret == (step.get("run", "") in ("make weights", "make deploy")), step


def test_what_needs_no_engine_is_listed_where_the_workflow_reads_it() -> None:
    for line in (ROOT / "tests" / "baking.txt").read_text(encoding="utf-8").splitlines():
        tree = ast.parse((ROOT / line).read_text(encoding="utf-8"))
        imports = {node.names[0].name.split(".")[0] for node in tree.body if isinstance(node, ast.Import)}
        assert not imports & {"torch", "modal", "transformers", "psutil"}, line


@pytest.mark.slow
def test_the_oldest_cookiecutter_bakes_and_refuses_as_the_newest(template: Path, bake: Bake, tmp_path: Path) -> None:
    venv.create(tmp_path / "old", with_pip=True)
    python = tmp_path / "old" / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(str(python), "-m", "pip", "install", "-q", f"cookiecutter=={OLDEST}", cwd=tmp_path)
    assert OLDEST in run(str(python), "-m", "cookiecutter", "--version", cwd=tmp_path).stdout
    for number, answers in enumerate(({}, {"task": "finetune"}, {"task": "batch", "workload": "embedding"})):
        typed = [f"{name}={value}" for name, value in answers.items()]
        out = tmp_path / str(number)
        run(str(python), "-m", "cookiecutter", str(template), "--no-input", "-o", str(out), *typed, cwd=tmp_path)
        assert contents(out / "my-llm") == bake(**answers).files()
    refused = ("--no-input", "-o", str(tmp_path / "no"), "gpu=V100")
    done = run(str(python), "-m", "cookiecutter", str(template), *refused, cwd=tmp_path, check=False)
    assert done.returncode == 1 and done.stderr.count("error: Modal has no GPU 'V100'") == 1
    assert not (tmp_path / "no" / "my-llm").exists()


@pytest.mark.skipif(os.name == "nt", reason="make is for a Unix")
def test_without_pins_the_newest_of_everything_is_asked_for(tmp_path: Path) -> None:
    """`make unpinned` in a copy, as the weekly workflow runs it."""
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (tmp_path / "requirements").mkdir()
    for path in (ROOT / "requirements").glob("*.txt"):
        (tmp_path / "requirements" / path.name).write_bytes(path.read_bytes())
    run("make", "unpinned", cwd=tmp_path)
    for path in (tmp_path / "requirements").iterdir():
        before = re.findall(r"^[\w-]+(?===)", (ROOT / "requirements" / path.name).read_text(), re.MULTILINE)
        assert set(before) <= set(path.read_text(encoding="utf-8").splitlines()), path.name
    done = run("make", "-n", ".venv/ready", cwd=tmp_path)
    assert "==" not in "".join(line for line in done.stdout.splitlines() if " torch" in line)
