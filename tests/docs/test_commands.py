"""The commands in the documents, typed: those that need no engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bake import Project, git, run
from control_plane import NO_CONTAINERS
from hub import CONFIG, SHA
from modal_rates import RATES
from releases import L40S_PRICE, edit, released
from terminal import INSTEAD, Terminal, account, clone, terminal

Bake = Callable[..., Project]


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
        assert "$1,424 per month" in serve("make warm")
        assert "costs nothing" in serve("make cool")
        assert modal.kept == [1, 0]
        serve("modal app logs my-llm")
        serve("modal container list")
        serve("modal billing report --for today")
        shutil.copytree(serve.folder / "requirements", serve.folder / "my-model")
        assert "/my-model" in serve("modal volume put my-llm-weights ./my-model /my-model")
        shutil.copytree(serve.folder / "requirements", serve.folder / "support-adapter")
        serve("modal volume put my-llm-weights ./support-adapter /support-adapter")
        assert (modal.volume("my-llm-weights") / "support-adapter" / "image.txt").is_file()
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
    released(repository, "v0.2.0", "1.85")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    template = Terminal(tmp_path, INSTEAD, {"TEMPLATE": str(repository), "PATH": path, "GIT_PAGER": "cat"})
    template("cruft create gh:ORG/modal-gpu-template --checkout v0.1.0", answer="\n" * 17)
    template("cd my-llm")
    template('git init && git add . && git commit -m "Baked"')
    assert "FAILURE" in template("cruft check --checkout v0.2.0", ends=1)
    template("cruft update -y --checkout v0.2.0")
    template("git status")
    assert "+USD_PER_HOUR = 1.85" in template("git diff HEAD")
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
        Project(train.folder).edit(HUB_REPO="you/name", SECRETS=["huggingface-secret"])
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
        result = modal.volume("my-llm-runs") / "runs" / "first" / "result"
        result.mkdir(parents=True)
        (result / "adapter_config.json").write_text("{}")
        train("modal volume get my-llm-runs runs/first/result .")
        train("modal volume put my-llm-weights ./result /my-adapter")
        assert (modal.volume("my-llm-weights") / "my-adapter" / "adapter_config.json").is_file()


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


def test_the_planner_is_asked(tmp_path: Path) -> None:
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
        table = template("gpu-plan compare Qwen/Qwen3-8B --budget 4/hour --api-price 0.60")
        assert "Beside an API at $0.60 per million tokens" in table
        asked = '--concurrency "5/s 4000+500" --optimize "cost ttft<1s tpot<40ms"'
        assert "for cost with ttft<1s tpot<40ms" in template(f"gpu-plan compare Qwen/Qwen3-8B {asked}")
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
        modal.workspace.rates = RATES | {"gpu_hour_cost_l40s": "1.85000", "gpu_hour_cost_h300": "5.00000"}
        template = clone(tmp_path, **env, MODAL_TOKEN_ID="ak-x", MODAL_TOKEN_SECRET="as-x")
        template("modal billing rates --json > rates.json")
        changes = template("python -m planner prices --from rates.json").splitlines()
    assert [line.partition(":")[0] for line in changes] == ["L40S", "h300"]
    page = (template.folder / "docs" / "dev" / "gpus.md").read_text(encoding="utf-8")
    row = re.findall(r"^```text\n(.*)```$", page, re.M | re.S)[0]
    edit(template.folder / "planner" / "catalogue" / "gpus.py", r"^    \(\"B300\".*\n", rf"\g<0>{row}")
    edit(template.folder / "planner" / "catalogue" / "gpus.py", L40S_PRICE.pattern, r"\g<1>1.85")
    template("make hook")
    assert template("python -m planner compare Qwen/Qwen3-8B --gpu H300").splitlines()[-1].startswith("H300 ")
    assert "no price has changed" in template("python -m planner prices --from rates.json")
    pages = [template.folder / "README.md", template.folder / "docs" / "cookbook.md"]
    before = pages[0].read_text(encoding="utf-8")
    template("python scripts/readme_sessions.py")
    template("python scripts/record_bake.py")
    recording = (template.folder / "docs" / "bake.svg").read_text(encoding="utf-8")
    assert "1x L40S, $1.85/h" in recording.replace("\xa0", " ")
    after, cookbook = (page.read_text(encoding="utf-8") for page in pages)
    assert "1x L40S, $1.95/h" in before and "1x L40S, $1.85/h" in after and "\nH300 " in cookbook


def test_modals_own_endpoint_takes_what_the_readme_gives_it(tmp_path: Path) -> None:
    with account() as (modal, env):
        template = clone(tmp_path, **env, MODAL_TOKEN_ID="ak-x", MODAL_TOKEN_SECRET="as-x")
        template("modal endpoint create --shared --model ORG/NAME")
        template("modal endpoint create --model ORG/NAME")
        assert modal.asked("EndpointCreate")[0].model.base_model_repo_id == "acme/foo"


def test_accuracy_is_written_anew(tmp_path: Path) -> None:
    template = clone(tmp_path)
    (template.folder / "docs" / "accuracy.md").unlink()
    template("make accuracy")
    assert (template.folder / "docs" / "accuracy.md").is_file()
