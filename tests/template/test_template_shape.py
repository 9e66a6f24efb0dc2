"""The template's files: prompts, pins, no Jinja in Python, no deprecated names."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from bake import BODY, DEFAULTS, PROMPTS, ROOT, git, template_files
from cookiecutter.prompt import prompt_for_config

from planner.catalogue.models import DEFAULT_MODELS, FURTHER_MODELS, HEADLESS, default_model, find_model
from planner.catalogue.shipped import load_catalogue
from planner.catalogue.sizes import parse_size, size_text
from planner.request.model import asked_model
from planner.request.prompts import check_answers
from planner.schema import AIMS, ENGINES, METHODS, OBJECTIVES, QUANTIZATIONS, TASKS, WORKLOADS

KEYS = (
    "task workload model_size model_id budget dataset project_name project_slug "
    "context_len concurrency warm gpu quantization engine method objective optimize"
).split()
FILES = [path for path in template_files() if path.parts[0] == BODY.name]
PYTHON = [path for path in FILES if path.suffix == ".py"]
PERMISSIVE = {"apache-2.0", "mit", "bsd-3-clause"}

# Pattern of a name removed or deprecated in modal 1.6, transformers 5 or vLLM 0.32 -> its replacement
DEPRECATED = {
    r"\bkeep_warm=": "min_containers",
    r"\bcontainer_idle_timeout\b": "scaledown_window",
    r"\bconcurrency_limit\b": "max_containers",
    r"\ballow_concurrent_inputs\b": "@modal.concurrent",
    r"\bmodal\.is_remote\b": "modal.is_local",
    r"\bweb_endpoint\b": "fastapi_endpoint",
    r"\bmodal\.gpu\b": "a GPU string",
    r"\bmodal\.(Mount|Stub)\b": "Image.add_local_python_source, modal.App",
    r"@modal\.build\b": "a function that fills a Volume",
    r"\.persisted\(": "from_name(create_if_missing=True)",
    r"\b(Function|Cls)\.lookup\(": "from_name",
    r"\bmodal\.experimental\.clustered\b": "modal.clustered",
    r"\benable_gpu_snapshot=": "experimental_options",
    r"\bregistered_(functions|classes|entrypoints)\b": "the wire",
    r"\bA10G\b": "A10",
    r"\btorch_dtype\b": "dtype",
    r"\bload_in_[48]bit=(?=[^)]*\bfrom_pretrained)": "quantization_config",
    r"\bTrainer\(.*\btokenizer=": "processing_class",
    r"\bevaluation_strategy\b": "eval_strategy",
    r"\bwarmup_ratio\b": "warmup_steps",
    r"\b(logging_dir|overwrite_output_dir|save_safetensors|no_cuda|group_by_length)\b": "nothing",
    r"\bgradient_checkpointing=": "activation_checkpointing",
    r"SFTConfig\([^)]*\bmax_seq_length\b": "max_length",
    r"\bopenai\.cli_args\b": "launchers.cli_args",
    r"\bfrom modal import\b": "modal.X",
    r"\bshell=True\b": "a list",
}


def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_prompts_come_in_the_agreed_order() -> None:
    assert [key for key in PROMPTS if not key.startswith("_")] == KEYS


def rendered(workload: str) -> dict[str, str]:
    """The default answers for a workload, as cookiecutter renders them."""
    context: dict[str, Any] = {"cookiecutter": PROMPTS | {"workload": [workload]}}
    return {key: str(value) for key, value in prompt_for_config(context, no_input=True).items() if key in KEYS}


def test_the_tests_know_the_templates_defaults() -> None:
    assert rendered("generation") == DEFAULTS


@pytest.mark.parametrize(("workload", "size"), [("generation", 8e9), ("classification", 66e6), ("embedding", 0.6e9)])
def test_enter_takes_an_open_model_of_the_workload_and_of_the_size_that_the_prompt_names(
    workload: str, size: float
) -> None:
    request = check_answers(dict(rendered(workload))).request
    model = request.model
    assert model.workload == workload and not model.gated and model.licence in PERMISSIVE
    assert 0.9 < model.params / size < 1.1
    assert request.context_len <= model.context


def test_every_prompt_explains_itself_and_every_choice_too() -> None:
    told = PROMPTS["__prompts__"]
    assert list(told) == KEYS
    for key in KEYS:
        if isinstance(PROMPTS[key], list):
            assert list(told[key]) == ["__prompt__", *PROMPTS[key]]
        lines = told[key].values() if isinstance(told[key], dict) else [told[key]]
        assert all(3 <= len(line) <= 110 for line in lines)


def test_the_choices_are_the_planners() -> None:
    assert tuple(PROMPTS["task"]) == TASKS and tuple(PROMPTS["workload"]) == WORKLOADS
    assert PROMPTS["quantization"] == ["auto", *QUANTIZATIONS] and PROMPTS["engine"] == ["auto", *ENGINES]
    assert tuple(PROMPTS["method"]) == ("auto", *METHODS) and PROMPTS["optimize"] == AIMS[0]
    assert tuple(PROMPTS["objective"]) == OBJECTIVES


@pytest.mark.parametrize("workload", WORKLOADS)
def test_anybody_may_use_a_default_model_and_gets_it_by_its_size(workload: str) -> None:
    further = FURTHER_MODELS.get(workload, ())
    for name in (*DEFAULT_MODELS[workload], *further):
        model = load_catalogue()[name]
        assert not model.gated and model.licence in PERMISSIVE and (model.revision or name in HEADLESS), name
        if name not in (*HEADLESS, *further):
            active = f"-A{size_text(model.params_active)}" if model.experts else ""
            asked = asked_model("auto", f"{size_text(model.params)}{active}", "serve", workload)
            assert asked.id == name


@pytest.mark.parametrize("size", ["1B", "2B", "3B", "5B", "7B", "9B", "12B", "13B", "20B", "27B", "40B", "57B", "8x7B"])
def test_a_usual_size_has_a_model_of_about_that_size(size: str) -> None:
    assert abs(asked_model("auto", size, "serve", "generation").params / parse_size(size)[0] - 1) <= 0.2


def test_the_default_model_of_any_size_is_free_to_use() -> None:
    for size in ("0.1B", "1B", "3B", "7B", "13B", "24B", "70B", "100B", "400B", "1T"):
        model = find_model(default_model(parse_size(size)[0], "generation").id)
        assert not model.gated and model.licence in PERMISSIVE, f"{size}: {model.id} is {model.licence}"


def test_python_files_hold_no_control_tags_and_little_else() -> None:
    for path in PYTHON:
        assert "{%" not in text(path) and "{#" not in text(path), path
        names = re.findall(r"\{\{.*?\}\}", text(path))
        assert set(names) <= {"{{cookiecutter.__package}}", "{{ cookiecutter.__package }}"}, path
        if path.parent.name == "{{cookiecutter.__package}}":
            ast.parse(text(path))  # modules import each other relatively, and are checked where they stand


def test_control_tags_stay_under_one_in_a_hundred_lines() -> None:
    lines = sum(len(text(path).splitlines()) for path in FILES)
    tags = sum(len(re.findall(r"\{%(?!-?\s*(?:end)?raw)", text(path))) for path in FILES)
    assert lines > 1000 and tags / lines < 0.01


@pytest.mark.parametrize("pattern", DEPRECATED)
def test_no_deprecated_name(pattern: str) -> None:
    users = [str(path) for path in FILES if path.suffix in {".py", ".md", ".toml"} and re.search(pattern, text(path))]
    assert users == [], f"take {DEPRECATED[pattern]}"


HASHED = ("fetch.txt", "data.txt", "laptop.txt")
PART = Path(BODY.name, "parts")


def locks() -> list[Path]:
    """Requirement files that a container or a laptop installs as they are."""
    return [path for path in FILES if path.parent.name == "requirements" and path.suffix == ".txt"]


def test_each_kind_of_project_has_one_lock_for_its_image() -> None:
    owners = {path.parts[2] for path in locks() if path.name == "image.txt"}
    manifest = json.loads(text(Path(BODY.name, "parts", "manifest.json")))
    assert owners and {row: len(owners & set(parts)) for row, parts in manifest.items()} == dict.fromkeys(manifest, 1)


@pytest.mark.parametrize("lock", locks(), ids=lambda path: "/".join(path.parts[1:]))
def test_every_line_of_a_lock_is_pinned(lock: Path) -> None:
    names, hashed = [], lock.name in HASHED
    for entry in text(lock).replace(" \\\n    --hash", " --hash").splitlines():
        line, *hashes = entry.split(" --hash=")
        found = re.fullmatch(r"([A-Za-z0-9._-]+)(\[[\w,-]+\])?==[\w.+!]+( ; .+)?", line)
        assert found and bool(hashes) == hashed, entry
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), entry
        names.append((found[1], found[3] if lock.name == "laptop.txt" else None))  # of two versions for two systems
    assert len(names) == len(set(names))
    assert [name for name, _ in names] == sorted((name for name, _ in names), key=str.lower)


def test_what_handles_a_token_is_installed_by_hash() -> None:
    for module in (path for path in FILES if path.name == "image.py"):
        for name, options in re.findall(r'LOCKS / "([\w.-]+)"\)\](, extra_options="--require-hashes")?', text(module)):
            assert bool(options) == (name in HASHED), f"{module}: {name}"
    assert "pip install -q --require-hashes -r requirements/laptop.txt" in text(PART / "common" / "Makefile")


def test_a_lock_holds_what_its_source_asks_for() -> None:
    dev = PART / "common" / "requirements" / "dev.in"
    for source in (path for path in FILES if path.suffix == ".in" and path != dev):
        pins = {re.split(r" [;\\]", line)[0].lower() for line in text(source.with_suffix(".txt")).splitlines()}
        laptop = source.stem == "laptop"  # where torch is installed beside the lock
        asked = [line for line in text(source).splitlines() if not (laptop and line.startswith("torch=="))]
        for line in asked + (text(dev).splitlines() if laptop else []):
            name, _, version = line.partition(" #")[0].strip().partition("==")
            assert version and f"{name.partition('[')[0]}=={version}".lower() in pins, f"{source}: {line}"


def test_no_registry_and_no_path_of_a_machine_is_named() -> None:
    """The template must work with any package index and in any folder."""
    hosts = r"(?:pypi|files\.pythonhosted|download\.pytorch|registry\.npmjs)\.org|(?<!no-emit-)index-url|trusted-host"
    paths = rf"{re.escape(str(ROOT.parent))}/|(?<![\w.])/(?:Users|tmp|mnt)/\w"
    tracked = git("ls-files", "-z", "--", ":!tests", ":!.venv", cwd=ROOT).split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).suffix in {".py", ".md", ".toml", ".txt", ".in", ".yml", ".yaml", ".json", ".overrides", ""}:
            for number, line in enumerate(text(Path(name)).splitlines(), 1):
                assert not re.search(f"{hosts}|{paths}", line), f"{name}:{number}: {line}"


def test_nothing_that_is_ignored_is_committed() -> None:
    tracked = git("ls-files", "--cached", "--ignored", "--exclude-standard", cwd=ROOT).splitlines()
    assert tracked == [], f"{len(tracked)} files, such as {tracked[:3]}"


def test_the_planner_needs_the_standard_library_alone() -> None:
    for path in [*(ROOT / "planner").rglob("*.py"), ROOT / "scripts" / "build_hook.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            assert {module.split(".")[0] for module in modules} <= sys.stdlib_module_names, path
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["dependencies"] == []
