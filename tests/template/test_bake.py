"""Supported combinations give a project that compiles, lints, type-checks and imports; others are refused."""

import ast
import io
import json
import os
import re
import shutil
import sys
import tokenize
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import yaml
from bake import BODY, LOCAL_MODEL, Project, bake_into, run
from bakes import BY_TASK
from cookiecutter.exceptions import FailedHookException

from planner.catalogue.gpus import GPUS
from planner.schema import ENGINES, WORKLOADS

Bake = Callable[..., Project]

# Values that plan.py must hold and that are not edited
SUPPORTED, TRAINED = (
    {
        f"{task}-{name}": ({"task": task, **answers}, plan)
        for task in tasks
        for name, (answers, plan) in BY_TASK[task].items()
        if plan
    }
    for tasks in (("serve", "batch"), ("finetune", "distributed"))
)
ALL = SUPPORTED | TRAINED

# What cannot work, and a pattern of the one sentence that a person must find about it.
UNSUPPORTED = {
    "mxfp4 on a T4": (
        {"gpu": "T4", "model_id": "openai/gpt-oss-20b"},
        "does not run on T4: [^;]*mxfp4",
    ),  # the reason names it
    "70B in 16 bits on an L4": (
        {"model_id": "meta-llama/Llama-3.3-70B-Instruct", "gpu": "L4:1", "quantization": "none"},
        "does not run on L4",
    ),
    "nine GPUs": ({"gpu": "H100:9"}, "one container holds at most 8 H100, not 9; take H100:8"),
    "eight A10s": ({"gpu": "A10:8"}, "one container holds at most 4 A10, not 8; take A10:4"),
    "no such GPU": ({"gpu": "V100"}, "Modal has no GPU 'V100'"),
    "a budget too small": ({"model_size": "235B", "budget": "1/hour"}, "raise the budget to"),
    "a budget per run": ({"budget": "50/run"}, "a service has no end, so 50/run cannot bound it"),
    "a task to come": (
        {"task": "finetune", "workload": "embedding"},
        "an embedding model is not trained here; take workload generation or classification",
    ),
    "a batch kept warm": ({"task": "batch", "warm": "2"}, "warm '2' is for a service; a batch runs and ends"),
    "a batch for pennies": ({"task": "batch", "budget": "0.10/hour"}, "raise the budget to"),
    "a run for pennies": (
        {"task": "batch", "dataset": "reviews.jsonl 200k rows", "budget": "0.10/run"},
        r"\$0\.10 does not pay for a run of Qwen/\S+ over 200,000 rows; raise the budget to [\d.]+/run",
    ),
    "a warm pool too dear": ({"warm": "3", "gpu": "L40S"}, "keep 2 warm, or raise the budget to 5.85/hour"),
    "a warm pool too dear by the month": (
        {"warm": "3", "gpu": "L40S", "budget": "3000/month"},
        r"\$3,000/month does not pay for .* raise the budget to 4271/month",
    ),
    "a warm pool above what may run": ({"warm": "11", "gpu": "L4", "budget": "none", "model_size": "1.5B"}, "keep 10"),
    "no such hours": ({"warm": "1 mon-fri 8-99"}, "warm has no hours '8-99'; write 8-18"),
    "a classifier without a head": (
        {"workload": "classification", "model_id": "google-bert/bert-base-uncased"},
        "has no trained head and would answer at random; name a fine-tuned one",
    ),
    "a classifier of eight billion": (
        {"workload": "classification", "model_size": "8B"},
        "no open classification model of 8B is known; name one in model_id",
    ),
    "an encoder that vLLM does not run": (
        {"workload": "classification", "engine": "vllm"},
        "vLLM does not run the encoder of distilbert/.*; let engine be auto",
    ),
    "a chat model to embed": (
        {"workload": "embedding", "model_id": "Qwen/Qwen3-8B"},
        "Qwen/Qwen3-8B is made for generation, not embedding",
    ),
    "linear attention on transformers": (
        {"model_id": "Qwen/Qwen3-Next-80B-A3B-Instruct", "engine": "transformers", "budget": "none"},
        "continuous batching with SDPA does not run the attention of Qwen/Qwen3-Next-80B-A3B-Instruct",
    ),
    "a training method": ({"method": "qlora"}, "method qlora is for training; leave it auto for task serve"),
    "a long context": ({"context_len": "1000000"}, "Qwen/Qwen3-8B reads at most 40,960 tokens, not 1,000,000"),
    "two GPUs for transformers": (
        {"engine": "transformers", "gpu": "H100:2"},
        "does not run on H100:2: the transformers engine runs on one GPU",
    ),
}

COMMON = (
    "NAME TASK WORKLOAD MODEL REVISION SECRETS ENGINE GPU DTYPE QUANTIZATION QUANTIZE_AT_LOAD ATTENTION CONTEXT_LEN "
    "CONCURRENCY MEMORY_FRACTION BUDGET USD_PER_HOUR MAX_CONTAINERS SCALEDOWN_WINDOW STARTUP_TIMEOUT "
    "PREDICTED_PEAK_GIB PREDICTED_TOKENS_PER_S PREDICTED_COLD_START_S"
)
CONSTANTS = {
    "serve": f"{COMMON} MIN_CONTAINERS BUFFER_CONTAINERS TARGET_CONCURRENCY WARM_CONTAINERS WARM_FROM WARM_UNTIL "
    "WARM_TIMEZONE REGION PUBLIC MAX_BODY_BYTES HANG_TIMEOUT MEMORY_SNAPSHOT GPU_SNAPSHOT",
    "batch": f"{COMMON} DATASET BUCKET BUCKET_SECRET SHARD_ROWS TIMEOUT SPEED_RANGE TYPICAL_PROMPT_TOKENS",
}
OF_WORKLOAD = {
    ("serve", "generation"): "MAX_ANSWER_TOKENS MAX_WAITING",
    ("serve", "embedding"): "MAX_TEXTS MAX_WAITING",
    ("serve", "classification"): "MAX_TEXTS MAX_WAITING",
    ("serve", "generation", "vllm"): "TOOL_CALL_PARSER REASONING_PARSER "
    "IMAGES ALLOWED_MEDIA_DOMAINS ADAPTERS SPECULATIVE",
    ("batch", "generation"): "MAX_ANSWER_TOKENS TEMPERATURE TYPICAL_ANSWER_TOKENS PREDICTED_PROMPT_TOKENS_PER_S",
}
OF_ENGINE = {"vllm": "KV_CACHE_DTYPE MAX_NUM_BATCHED_TOKENS", "transformers": ""}
LINTERS = re.compile(r"^\t\$\(PYTHON\) -m ((?:ruff|ty) \w+(?: --check)?)", re.MULTILINE)


@pytest.fixture(params=ALL)
def project(request: pytest.FixtureRequest, bake: Bake) -> Project:
    return bake(**ALL[request.param][0])


@pytest.fixture(params=SUPPORTED)
def inference(request: pytest.FixtureRequest, bake: Bake) -> Project:
    """A serve or batch project."""
    return bake(**SUPPORTED[request.param][0])


@pytest.mark.parametrize("name", ALL)
def test_plan_says_what_was_asked(name: str, bake: Bake) -> None:
    answers, expected = ALL[name]
    plan = bake(**answers).plan
    assert {key: plan[key] for key in expected} == expected


def test_plan_has_every_constant_and_its_reason(inference: Project) -> None:
    reasons = comments(inference.plan_file.read_text(encoding="utf-8"))
    kind = tuple(str(inference.plan[name]) for name in ("TASK", "WORKLOAD", "ENGINE"))
    expected = " ".join(
        (CONSTANTS[kind[0]], OF_WORKLOAD.get(kind[:2], ""), OF_WORKLOAD.get(kind, ""), OF_ENGINE[kind[2]])
    )
    assert set(inference.plan) == set(expected.split())
    assert {name for name in inference.plan if len(reasons.get(name, "")) < 8} == set()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("serve-default", "in the catalogue"),
        ("serve-local-folder", "no commit"),
        ("serve-unknown-model", "`make weights` prints"),  # as the project's test of storage.pin has it
    ],
)
def test_the_commit_of_the_model_is_told_with_its_origin(name: str, says: str, bake: Bake) -> None:
    project = bake(**SUPPORTED[name][0])
    known = re.fullmatch(r"[0-9a-f]{40}", str(project.plan["REVISION"]))
    assert bool(known) == (name == "serve-default")
    assert says in comments(project.plan_file.read_text(encoding="utf-8"))["REVISION"]


def comments(source: str) -> dict[str, str]:
    """Constant -> the comment behind it or directly above it."""
    lines = source.splitlines()
    on_line = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            above, line = [], node.lineno - 1
            while lines[line - 1].startswith("#"):
                above.insert(0, on_line[line])
                line -= 1
            found[ast.unparse(target)] = on_line.get(node.lineno) or " ".join(above)
    return found


def test_the_price_is_the_price_lists_and_the_budget_pays_for_every_container(inference: Project) -> None:
    plan = inference.plan
    card, _, count = str(plan["GPU"]).partition(":")
    assert plan["USD_PER_HOUR"] == round(GPUS[card].usd_per_hour * int(count or 1), 2)
    usd, _, per = str(plan["BUDGET"]).partition("/")
    if per == "hour":  # a month buys hours, of as many containers as the load takes
        assert plan.get("MIN_CONTAINERS", 0) <= plan["MAX_CONTAINERS"] <= float(usd) / plan["USD_PER_HOUR"] + 0.01
    assert 2 <= plan["SCALEDOWN_WINDOW"] <= 3600 and 600 <= plan["STARTUP_TIMEOUT"] <= 3600  # Modal's limits
    assert 0 < plan["PREDICTED_PEAK_GIB"] <= GPUS[card].visible_gib and plan["PREDICTED_TOKENS_PER_S"] > 0


def test_every_python_file_compiles(project: Project) -> None:
    sources = {name: text for name, text in project.files().items() if name.endswith(".py")}
    assert {
        f"{project.package}/{name}.py" for name in ("plan", "app", "image", "storage", "monitoring/gpu_memory")
    } <= set(sources)
    for name, text in sources.items():
        compile(text, name, "exec", dont_inherit=True)


def test_its_own_linters_and_type_checker_find_nothing(project: Project) -> None:
    if project.plan["TASK"] in (
        "serve",
        "batch",
    ):  # installed here already; what trains is in an environment of its own
        run("make", "lint", f"PYTHON={sys.executable}", "--old-file=install", cwd=project.root)
    else:
        for words in (("check",), ("format", "--check")):
            run(sys.executable, "-m", "ruff", *words, ".", cwd=project.root)
    assert {"ruff check", "ruff format --check", "ty check"} <= set(
        LINTERS.findall(project.files()["Makefile"].decode())
    )


def test_the_app_imports_with_deprecations_as_errors(project: Project) -> None:
    shown = project.python("-W", "error", "-c", f"import {project.package}.app as it; print(it.app.name)")
    assert shown.strip() == project.plan["NAME"]


def test_the_engine_takes_every_plan(inference: Project) -> None:
    """The engine's options can be built from every plan."""
    if inference.plan["ENGINE"] != "vllm":
        assert inference.plan["ATTENTION"] != "auto", "transformers' attn_implementation has no such value"
        return
    if inference.plan["TASK"] == "batch":
        print_words = "import json; print(json.dumps(vllm.arguments('/m', hardware.GPUS, plan.CONTEXT_LEN)))"
        names = f"from {inference.package} import hardware, plan; from {inference.package}.engine import vllm"
        words = json.loads(inference.python("-c", f"{names}; {print_words}"))
        assert words["tensor_parallel_size"] == int(str(inference.plan["GPU"]).partition(":")[2] or "1")
        assert words["max_model_len"] == inference.plan["CONTEXT_LEN"]
        return
    words = json.loads(
        inference.python(
            "-c",
            f"import json; from {inference.package} import hardware\nfrom {inference.package}.engine import options\n"
            "print(json.dumps(options.command('/m', 8000, gpus=hardware.GPUS)))",
        )
    )
    count = str(inference.plan["GPU"]).partition(":")[2] or "1"
    assert words[words.index("--tensor-parallel-size") + 1] == count
    assert words[words.index("--max-model-len") + 1] == str(inference.plan["CONTEXT_LEN"])


# Published formats, and the package that transformers' own quantizer of each requires (its quantizers/quantizer_*.py).
# Without `kernels` it makes 16-bit weights of mxfp4, which do not fit where the plan put them.
LOADERS = {
    "AWQ": ({"quantization": "int4"}, "gptqmodel"),
    "compressed-tensors": (
        {"model_id": "mistralai/Mistral-7B-Instruct-v0.3", "quantization": "fp8"},
        "compressed-tensors",
    ),
    "mxfp4": ({"model_id": "openai/gpt-oss-20b"}, "kernels"),
}


@pytest.mark.parametrize("published", LOADERS)
def test_transformers_gets_no_weights_that_its_image_cannot_load(published: str, bake: Bake) -> None:
    answers, package = LOADERS[published]
    try:
        project = bake(engine="transformers", **answers)
    except FailedHookException:
        return  # an engine that cannot load them is refused: as good
    as_published = project.plan["QUANTIZATION"] != "none" and not project.plan["QUANTIZE_AT_LOAD"]
    lock = project.files()["requirements/image.txt"].decode()
    assert not as_published or re.search(rf"^{package}==", lock, re.MULTILINE), (
        f"{project.plan['MODEL']} needs {package}"
    )


def test_projects_of_one_engine_differ_only_in_what_the_plan_writes(project: Project, bake: Bake) -> None:
    plan = {name: str(project.plan.get(name, "auto")) for name in ("ENGINE", "WORKLOAD", "TASK")}
    typical = bake(**kind(*plan.values())).files()
    ours = project.files()
    assert set(ours) == set(typical)
    differing = {name for name in ours if ours[name] != typical[name]}
    assert differing <= {f"{project.package}/plan.py", "PLAN.md", "memory.svg", "README.md", ".template-files.json"}


def test_nothing_of_the_template_is_left(project: Project) -> None:
    files = project.files()
    assert not any(name.startswith(("parts/", "UNFINISHED")) for name in files)
    for name, content in files.items():
        # GitHub's own ${{ ... }} is the one brace pair that belongs there
        text = content.decode() if not name.startswith(".github/") else re.sub(r"\$\{\{.*?\}\}", "", content.decode())
        if name == "PLAN.md":  # whose end is the command that made the project
            text = text.partition("## Made with")[0]
        assert not re.search(r"\{\{|\{%|\}\}(?!\})|cookiecutter", text) or name.endswith(".py"), name
        if name.endswith(".py"):
            assert not re.search(r"cookiecutter|\{%", text), name


def test_every_file_is_clean_text(project: Project) -> None:
    for name, content in project.files().items():
        text = content.decode("utf-8")
        assert "\r" not in text and text.endswith("\n"), name
        assert "\t" not in text or name in ("Makefile", "task.mk"), name
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), f"{name} has trailing blanks"
        assert not text.endswith("\n\n"), f"{name} ends with empty lines"


def test_data_files_parse(project: Project) -> None:
    readers = {
        ".toml": tomllib.loads,
        ".yml": yaml.safe_load,
        ".yaml": yaml.safe_load,
        ".json": json.loads,
        ".svg": ElementTree.fromstring,
    }
    seen = set()
    for name, content in project.files().items():
        if read := readers.get(Path(name).suffix):
            assert read(content.decode()) is not None, name
            seen.add(Path(name).suffix)
    assert {".toml", ".yaml", ".svg"} <= seen


TERMS = ("weights", "KV cache", "activations", "overhead", "free")


def test_the_picture_and_the_page_add_up_to_the_plan(inference: Project) -> None:
    files, plan = inference.files(), inference.plan
    rows = re.findall(r"^\| ([\w ]+) \| ([\d.]+) \| ([\d.]+) \|$", files["PLAN.md"].decode(), re.M)
    page = {name: float(gib) for name, gib, _ in rows}
    needed = {name: float(gib) for name, _, gib in rows}
    rounding = 0.05 * len(TERMS)  # GiB; each figure is rounded to a tenth
    assert sum(page[term] for term in TERMS[:-1]) == pytest.approx(plan["PREDICTED_PEAK_GIB"], abs=rounding)
    card = GPUS[str(plan["GPU"]).partition(":")[0]].visible_gib
    assert sum(page[term] for term in TERMS) == pytest.approx(card, abs=rounding)

    picture = ElementTree.fromstring(files["memory.svg"].decode())
    shapes = [shape for shape in picture.iter() if shape.tag.endswith("}rect")][1:]  # the first is the background
    widths = [float(shape.get("width", "")) for shape in shapes if shape.get("width") != shape.get("height")]
    parts = [page[term] for term in TERMS]
    if "KV cache, spare" in files["memory.svg"].decode().partition("beside it")[0]:
        parts[1:2] = [needed["KV cache"], page["KV cache"] - needed["KV cache"]]
    drawn = [width / sum(widths[: len(parts)]) * card for width in widths[: len(parts)]]  # the choice comes first
    assert drawn == pytest.approx(parts, abs=0.02 * card)


@pytest.mark.parametrize("name", ["serve-default", "serve-transformers", "serve-unknown-model", "serve-local-folder"])
def test_baking_twice_gives_the_same_bytes(name: str, bake: Bake, template: Path, tmp_path: Path) -> None:
    answers = SUPPORTED[name][0]
    assert bake_into(tmp_path, template, **answers).files() == bake(**answers).files()


def test_nothing_of_this_machine_is_in_a_project(bake: Bake, own_home: Path) -> None:
    for content in bake().files().values():
        assert str(Path.home()).encode() not in content or str(Path.home()) in ("/", "/root")
        assert str(own_home.parent).encode() not in content and str(LOCAL_MODEL.parents[2]).encode() not in content


def test_a_project_name_stays_text(template: Path, tmp_path: Path) -> None:
    # Cookiecutter renders what is typed; nothing renders the result once more
    name = "Ünï \"quoted\" 'single' {{ '{{' }} 7777 * 7777 }} \\ back"
    project = bake_into(tmp_path, template, project_name=name, project_slug="odd-name")
    assert "{{ 7777 * 7777 }}" in project.files()["README.md"].decode()
    for file, content in project.files().items():
        assert b"60481729" not in content, file
        if file.endswith(".py"):
            compile(content, file, "exec", dont_inherit=True)
        if file.endswith(".toml"):
            tomllib.loads(content.decode())


@pytest.mark.parametrize("what", UNSUPPORTED)
def test_refused_in_one_sentence(what: str, template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    answers, sentence = UNSUPPORTED[what]
    with pytest.raises(FailedHookException):
        bake_into(tmp_path, template, **answers)
    errors = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(errors) == 1 and re.search(sentence, errors[0]), errors
    assert len(errors[0]) <= 300
    assert list(tmp_path.iterdir()) == []


def kind(engine: str, workload: str, task: str = "serve") -> dict[str, str]:
    """The answers that give a project of that task, engine and workload, and the defaults otherwise."""
    answers = {"engine": engine, "workload": workload} | ({} if task == "serve" else {"task": task})
    if (engine, workload) == ("vllm", "classification"):  # vLLM does not run the default classifier
        answers["model_id"] = "ProsusAI/finbert"
    return answers


INFERENCE = list(product(("serve", "batch"), ENGINES, WORKLOADS))
FAST = ("serve", "vllm", "generation")  # half a minute each
WHOLE = (FAST, ("batch", "transformers", "generation"))  # one of each task runs every test
OF_BATCH = ["tests/test_engine.py", "tests/test_cli.py"]  # and of the others those that meet their engine or workload
SAME = ("common", "inference", "serve")  # parts whose tests meet neither, but for these
MEET = {"test_local.py", "test_client.py", "test_cold_start.py"}
KINDS = [FAST, *(pytest.param(*each, marks=pytest.mark.slow(minutes=2)) for each in INFERENCE if each != FAST)]


def of_serve() -> list[str]:
    """Options of pytest that leave out the tests which are the same in every service."""
    same = {path.name for part in SAME for path in (BODY / "parts" / part / "tests").glob("test_*.py")} - MEET
    return [f"--ignore=tests/{name}" for name in sorted(same)]


@pytest.mark.parametrize(("task", "engine", "workload"), KINDS)
def test_the_projects_own_tests_pass(task: str, engine: str, workload: str, bake: Bake, tmp_path: Path) -> None:
    project = Project(tmp_path / "my-llm")
    shutil.copytree(bake(**kind(engine, workload, task)).root, project.root)  # the tests may write into their folder
    others = of_serve() if task == "serve" else OF_BATCH
    which = [] if (task, engine, workload) in WHOLE else others
    said = project.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *which)
    assert re.search(r"\b\d+ passed", said)  # and pytest ended well, or `python` had raised


@pytest.mark.slow(minutes=5)
@pytest.mark.parametrize(("task", "workload"), list(product(("serve", "batch"), WORKLOADS)))
def test_the_real_vllm_engine_runs(task: str, workload: str, bake: Bake, tmp_path: Path) -> None:
    """On a CPU, in the environment that `make test-slow` makes for it."""
    python = os.environ.get("VLLM_PYTHON")
    if not python:
        pytest.skip("VLLM_PYTHON names no Python that holds vLLM: run make test-slow")
    project = Project(tmp_path / "my-llm")
    shutil.copytree(bake(**kind("vllm", workload, task)).root, project.root)
    said = run(
        python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "slow", "-k", "not kill", cwd=project.root
    ).stdout
    assert re.search(r"\b[1-9]\d* passed", said) and "skipped" not in said
