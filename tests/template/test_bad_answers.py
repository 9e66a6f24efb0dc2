"""Invalid answers give one line on stderr and leave nothing on disk; odd valid ones give a project that compiles."""

import ast
import json
import re
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from bake import DEFAULTS, LOCAL_MODEL, Project, bake_into, constants, run
from cookiecutter.exceptions import CookiecutterException, FailedHookException
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.describe.refusal import plan_for
from planner.request.prompts import check_answers
from planner.schema import ENGINES, METHODS, OBJECTIVES, QUANTIZATIONS, TASKS, WORKLOADS, Refusal
from planner.write.plan_py.render import constants_of, plan_py

Bake = Callable[..., Project]

# what is typed -> a pattern of the one line that answers it
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a name in two lines": ({"project_name": "My\nLLM", "project_slug": "x"}, "project_name must be one line"),
    "a name with a bell": ({"project_name": "My\aLLM", "project_slug": "x"}, "project_name must be one line"),
    "a name turned around": ({"project_name": "\u202eMLL yM", "project_slug": "x"}, "project_name must be one line"),
    "a name of 300 letters": ({"project_name": "x" * 300, "project_slug": "x"}, "at most 200 printable characters"),
    "a blank name": ({"project_name": " ", "project_slug": "x"}, "project_name is empty"),
    "a slug of two folders up": ({"project_slug": "../../x"}, "project_slug '../../x' names a folder"),
    "a slug with capitals": ({"project_slug": "My_LLM"}, "such as my-llm"),
    "a slug of digits": ({"project_slug": "7-7"}, "beginning with a letter"),
    "a slug of 100 letters": ({"project_slug": "x" * 100}, "at most 56"),
    "a slug with quotes": ({"project_slug": 'a\'"""b'}, "project_slug .* names a folder"),
    "a slug in Cyrillic": ({"project_slug": "мой"}, "project_slug 'мой' names"),
    "a Python keyword": ({"project_slug": "class"}, "would hide a Python module of that name; try my-class"),
    "a module of Python's": ({"project_slug": "json"}, "would hide a Python module"),
    "modal itself": ({"project_slug": "modal"}, "would hide a Python module"),
    "torch itself": ({"project_slug": "torch"}, "would hide a Python module"),
    "an expression": ({"project_name": "{{7*7}}"}, "project_slug '49'"),
    "a name of 300 letters and its slug": ({"project_name": "x" * 300}, "at most 200 printable characters"),
    "euros": ({"budget": "€4/hour"}, "budget '€4/hour' is not understood"),
    "a negative budget": ({"budget": "-4/hour"}, "write 4/hour, 300/month or none"),
    "no money": ({"budget": "0/hour"}, "must be above 0"),
    "too much money": ({"budget": "99999999/hour"}, "at most 1,000,000"),
    "a budget in words": ({"budget": "lots"}, "budget 'lots' is not understood; write 4/hour"),
    "an empty budget": ({"budget": ""}, "budget '' is not understood"),
    "not a number of dollars": ({"budget": "nan/hour"}, "budget 'nan/hour' is not understood"),
    "a budget per week": ({"budget": "4/week"}, "budget '4/week' is not understood"),
    "a budget per run": ({"budget": "50/run"}, "a service has no end, so 50/run cannot bound it"),
    "warmth in words": ({"warm": "always"}, "warm 'always' is not understood; write auto, a number such as 1"),
    "a pool in another alphabet": ({"warm": "\u0663"}, "is not understood"),
    "a pool in a zone that is none": ({"warm": "1 mon-fri 8-18 Mars/Base"}, "warm has no time zone 'Mars/Base'"),
    "a pool of a thousand": ({"warm": "1000"}, "1000 kept warm always; keep "),
    "a size in words": ({"model_size": "eight", "model_id": "auto"}, "eight"),
    "a size of nothing": ({"model_size": "0B", "model_id": "auto"}, "0B"),
    "a negative size": ({"model_size": "-3B", "model_id": "auto"}, "-3B"),
    "a size of no model": ({"model_size": "custom 9999B"}, r"no open generation model of custom 9999B is known.*671B"),
    "a size between models": ({"model_size": "6B"}, r"take model_size 4.02B \(Qwen/Qwen3-4B-Instruct-2507\) or 8.19B"),
    "a mixture of no model": ({"model_size": "8B-A1B"}, "no open generation model of 8B-A1B is known"),
    "two sizes": ({"model_id": "Qwen/Qwen3-8B", "model_size": "32B"}, "has 8.19B parameters, which model_size 32B con"),
    "two sizes of a stranger": (
        {"model_id": "org/foo-13B", "model_size": "70B"},
        "has by its name 13B parameters, which",
    ),
    "a dense model as a mixture": ({"model_id": "Qwen/Qwen3-32B", "model_size": "32B-A3B"}, "contradicts"),
    "an absurd size": ({"model_size": "99999999B", "model_id": "auto"}, "99999999B"),
    "an old GPU": ({"gpu": "V100"}, "Modal has no GPU 'V100'; take one of T4, L4, A10,"),
    "an empty GPU": ({"gpu": ""}, "Modal has no GPU ''"),
    "a GPU with quotes": ({"gpu": 'H100\'"""'}, "Modal has no GPU"),
    "nine GPUs": ({"gpu": "H100:9"}, "at most 8 H100, not 9; take H100:8"),
    "no GPUs": ({"gpu": "H100:0"}, "not a whole number of at least 1"),
    "some GPUs": ({"gpu": "H100:some"}, "'some' is not a whole number of at least 1"),
    "a count before the GPU": ({"gpu": "2xH100"}, "write the count after a colon: H100:2"),
    "a count after a cross": ({"gpu": "H100 x 2"}, "write the count after a colon: H100:2"),
    "eight A10s": ({"gpu": "A10:8"}, "at most 4 A10, not 8; take A10:4"),
    "sixteen of any": ({"gpu": "auto:16"}, "at most 8 GPUs, not 16"),
    "a count in words": ({"gpu": "auto:two"}, "gpu 'two' is not a whole number"),
    "quantized classification": (
        {"workload": "classification", "quantization": "int4"},
        "sst-2-english is not available in int4 here; take one of none",
    ),
    "a batch method": (
        {"task": "batch", "method": "full"},
        "method full is for training; leave it auto for task batch",
    ),
    "preferences of a batch": (
        {"task": "batch", "objective": "dpo"},
        "objective dpo is for training; leave it sft for task batch",
    ),
    "preferences of a classifier": (
        {"task": "finetune", "workload": "classification", "objective": "dpo"},
        "a classification model writes none; take workload generation, or objective sft",
    ),
    "a warm batch": ({"task": "batch", "warm": "1"}, "a batch runs and ends: leave warm auto"),
    "rows of none": ({"task": "batch", "dataset": "a.jsonl 0 rows"}, "must have 1 to 100,000,000,000 rows"),
    "two GPUs to finetune": ({"task": "finetune", "gpu": "H100:2"}, "trains on one GPU, not 2; take task distributed"),
    "a cluster of odd size": ({"task": "distributed", "gpu": "H100:12"}, "nodes have 8 GPUs each, so take 2 to 8, 16"),
    "a context too long": ({"context_len": "1000000"}, "reads at most 40,960 tokens, not 1,000,000; lower context_len"),
    "a context in words": ({"context_len": "many"}, "context_len 'many' is not a whole number of at least 1"),
    "a decimal comma": ({"context_len": "1,5"}, "context_len '1,5' is not a whole number"),
    "a budget with a decimal comma": ({"budget": "1,5/hour"}, "budget '1,5/hour' is not understood"),
    "a number alone": ({"budget": "20"}, r"write 4/hour, 300/month or none \(dollars\)$"),
    "a run's number alone": ({"budget": "20", "task": "batch"}, r"write 4/hour, 300/month, 50/run or none"),
    "rows in brackets": (
        {"task": "batch", "dataset": "a.jsonl (10k rows)"},
        "write its rows after it: reviews.jsonl 200k",
    ),
    "rows with a filler": ({"task": "batch", "dataset": "a.jsonl with 10k rows"}, "write its rows after it"),
    "rows without the word": ({"task": "batch", "dataset": "a.jsonl, 10k"}, "write its rows after it"),
    "rows of nothing": ({"task": "batch", "dataset": "10k rows"}, "write its rows after it"),
    "rows in words": ({"task": "batch", "dataset": "a.jsonl 10 thousand rows"}, "write its rows after it"),
    "rows with a decimal comma": ({"task": "batch", "dataset": "a.jsonl 1,5k rows"}, "write its rows after it"),
    "a folder that is not there": (
        {"model_id": "/data/Qwen3-8B"},
        "neither a Hugging Face id such as Qwen/Qwen3-8B nor a l",
    ),
    "no context": ({"context_len": "0"}, "context_len '0' is not a whole number"),
    "a context in Arabic digits": ({"context_len": "٤٠٩٦"}, "context_len .* is not a whole number"),
    "nobody at once": ({"concurrency": "0"}, "concurrency '0' is not a whole number of at least 1"),
    "one and a half": ({"concurrency": "1.5"}, "concurrency '1.5' is not a whole number"),
    "a million at once": ({"concurrency": "1000000"}, "does not pay for Qwen/Qwen3-8B with 1,?000,?000 requests"),
    "mxfp4 on a T4": ({"gpu": "T4", "model_id": "openai/gpt-oss-20b"}, "does not run on T4"),
    "70B on an L4": (
        {"model_id": "meta-llama/Llama-3.3-70B-Instruct", "gpu": "L4:1", "quantization": "none"},
        "weights .* GiB",
    ),
    "a model with a space": ({"model_id": "Qwen/Qwen3 8B"}, "neither a Hugging Face id such as Qwen/Qwen3-8B nor"),
    "a model with quotes": ({"model_id": 'Qwen/"""Qwen3'}, "neither a Hugging Face id"),
    "a model two folders up": ({"model_id": "../../nowhere"}, "neither a Hugging Face id"),
    "a model by its URL": ({"model_id": "https://example.com/Qwen/Qwen3-8B"}, "neither a Hugging Face id"),
    "a model in two lines": ({"model_id": "Qwen/\nQwen3-8B"}, "model_id must be one line"),
    "a model for vectors": ({"model_id": "Qwen/Qwen3-Embedding-0.6B"}, "is made for embedding, not generation"),
    "a data set in two lines": ({"dataset": "a\nb"}, "dataset must be one line"),
}

# what is typed -> what plan.py then holds
ACCEPTED: dict[str, tuple[dict[str, str], dict[str, object]]] = {
    "letters beyond English": ({"project_name": "Größe mañana"}, {"NAME": "grosse-manana"}),
    "Chinese": ({"project_name": "模型"}, {"NAME": "mo-xing"}),
    "right to left": ({"project_name": "שלום"}, {"TASK": "serve"}),
    "a rocket": ({"project_name": "Rocket 🚀"}, {"NAME": "rocket"}),
    "quotes": ({"project_name": 'My """LLM""" \'s', "project_slug": "quoted"}, {"NAME": "quoted"}),
    "a backslash": ({"project_name": "C:\\new\\table", "project_slug": "slashed"}, {"NAME": "slashed"}),
    "a budget in words": ({"budget": "4 per hour"}, {"BUDGET": "4/hour"}),
    "a budget with a sign": ({"budget": "$4.50/HOUR"}, {"BUDGET": "4.5/hour"}),
    "a month's thousands": ({"budget": "1,000/month"}, {"BUDGET": "1000/month"}),
    "a budget in US dollars": ({"budget": "US$4/hour"}, {"BUDGET": "4/hour"}),
    "no concurrency of one's own": ({"concurrency": "auto"}, {"CONCURRENCY": 16}),
    "a million of context": (
        {
            "model_id": "meta-llama/Llama-4-Scout-17B-16E-Instruct",
            "context_len": "1M",
            "concurrency": "1",
            "budget": "none",
        },
        {"CONTEXT_LEN": 1 << 20},
    ),
    "thousands": ({"context_len": "8k"}, {"CONTEXT_LEN": 8192}),
    "a comma": ({"context_len": " 4,096 "}, {"CONTEXT_LEN": 4096}),
    "an old name of a GPU": ({"gpu": "a10g", "model_size": "1.5B"}, {"GPU": "A10"}),
    "a size after custom": ({"model_size": "custom 4"}, {"MODEL": "Qwen/Qwen3-4B-Instruct-2507"}),
    "a small size": ({"model_size": "0.5b"}, {"TASK": "serve"}),
    "an empty size": ({"model_size": ""}, {"MODEL": "Qwen/Qwen3-8B-FP8"}),
    "a mixture of experts": ({"model_size": "30B-A3B"}, {"MODEL": "Qwen/Qwen3.6-35B-A3B-FP8"}),
    "a size as its name gives it": (
        {"model_id": "google/gemma-2-2b-it", "model_size": "2B"},  # 2.6B with its embeddings
        {"MODEL": "google/gemma-2-2b-it"},
    ),
    "an unknown model": (
        {"model_id": "nobody/knows-this", "model_size": "8B"},
        {"MODEL": "nobody/knows-this", "REVISION": "main"},
    ),
    "a model of odd letters": ({"model_id": "a.b-c_d/e.f-g_h", "model_size": "8B"}, {"MODEL": "a.b-c_d/e.f-g_h"}),
    "a short context": ({"model_id": "TinyLlama/TinyLlama-1.1B-Chat-v1.0"}, {"CONTEXT_LEN": 2048}),  # all it reads
    "a name of 150 letters": ({"project_name": "y" * 150}, {"NAME": "y" * 56}),
}

SMALL: dict[str, object] = {
    "model_type": "llama",
    "hidden_size": 1024,
    "intermediate_size": 2048,
    "num_hidden_layers": 4,
    "num_attention_heads": 16,
    "vocab_size": 32000,
}

# model_id is a folder with this config.json -> a pattern of the one line that answers it
BROKEN_CONFIGS = {
    "nothing": ("", "config.json"),
    "not JSON": ("{", "config.json"),
    "a list": ("[]", "config.json"),
    "key-value heads that do not divide": (
        json.dumps(SMALL | {"num_attention_heads": 32, "num_key_value_heads": 5}),
        "gives 5 key-value heads and 32 heads, which do not divide",
    ),
    "more experts for a token than there are": (
        json.dumps(SMALL | {"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 9}),
        "sends a token to 9 experts of 8",
    ),
    "no sizes": ('{"model_type": "llama"}', "config.json|hidden_size"),
    "words for numbers": (
        '{"model_type": "llama", "hidden_size": "big", "num_hidden_layers": "many"}',
        "config.json|hidden",
    ),
    "zeros": (
        '{"model_type": "llama", "hidden_size": 0, "num_hidden_layers": 0, "num_attention_heads": 0, "vocab_size": 0}',
        "config.json|hidden_size",
    ),
}

WRONG_CHOICES = {
    "task": "teach",
    "workload": "poetry",
    "quantization": "int2",
    "engine": "llama.cpp",
    "method": "dpo",
    "objective": "ppo",
}


def the_line(capfd: pytest.CaptureFixture[str]) -> str:
    """The hook's standard error, which must be one line."""
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), lines
    return lines[0]


def refused(template: Path, folder: Path, answers: dict[str, str]) -> None:
    """Bake and require a refusal that leaves nothing, in the output folder or beside it."""
    out = folder / "deep" / "out"
    out.mkdir(parents=True)
    with pytest.raises(FailedHookException):
        bake_into(out, template, **answers)
    assert list(folder.iterdir()) == [folder / "deep"] and list((folder / "deep").iterdir()) == [out]
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("what", REFUSED)
def test_refused_in_one_line(what: str, template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    answers, pattern = REFUSED[what]
    refused(template, tmp_path, answers)
    line = the_line(capfd)
    assert re.search(pattern, line), line
    assert len(line) <= 300


@pytest.mark.parametrize("what", ACCEPTED)
def test_accepted(what: str, template: Path, tmp_path: Path) -> None:
    answers, expected = ACCEPTED[what]
    project = bake_into(tmp_path, template, **answers)
    assert {name: project.plan[name] for name in expected} == expected
    for name, content in project.files().items():
        if name.endswith(".py"):
            compile(content, name, "exec", dont_inherit=True)


@pytest.mark.parametrize("what", BROKEN_CONFIGS)
def test_a_folder_with_a_broken_config_is_refused(
    what: str, template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config, pattern = BROKEN_CONFIGS[what]
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text(config, encoding="utf-8")
    (tmp_path / "bake").mkdir()
    refused(template, tmp_path / "bake", {"model_id": str(model)})
    assert re.search(pattern, the_line(capfd))


def test_a_folder_without_a_config_is_refused(
    template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bake").mkdir()
    refused(template, tmp_path / "bake", {"model_id": str(tmp_path / "empty")})
    assert "config.json" in the_line(capfd)


def test_a_folder_is_found_from_where_it_was_typed(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PWD", str(LOCAL_MODEL.parent))
    project = bake_into(tmp_path, template, model_id="local_model")
    assert "1.1B parameters" in project.plan_file.read_text(encoding="utf-8")  # 22 x 44.0M + 2 x 65.5M


@pytest.mark.parametrize(
    "name", ['a"""b', "it's", "back\\slash", "größe", "{% raw %}", "two  words", "#", "$HOME", "a<b>&c"]
)
def test_a_folder_of_any_name_stays_text(name: str, template: Path, tmp_path: Path) -> None:
    model = tmp_path / name
    shutil.copytree(LOCAL_MODEL, model)
    # as an expression: cookiecutter renders what --no-input is given, though not what is typed at a prompt
    project = bake_into(tmp_path, template, model_id=f"{{{{ {str(model)!r} }}}}")
    assert re.fullmatch(r"/weights/[A-Za-z0-9._-]+", project.plan["MODEL"])  # where it lies once it is put there
    assert "modal volume put my-llm-weights" in project.plan_file.read_text(encoding="utf-8")
    ElementTree.fromstring(project.files()["memory.svg"].decode())
    run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", str(project.plan_file), cwd=project.root)


@pytest.mark.parametrize("slug", ["", "x" * 300])
def test_cookiecutter_itself_refuses_what_no_folder_can_be_called(slug: str, template: Path, tmp_path: Path) -> None:
    with pytest.raises((CookiecutterException, OSError)):
        bake_into(tmp_path, template, project_slug=slug)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("prompt", WRONG_CHOICES)
def test_cookiecutter_itself_refuses_a_wrong_choice(prompt: str, template: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{WRONG_CHOICES[prompt]} provided for choice variable {prompt}"):
        bake_into(tmp_path, template, **{prompt: WRONG_CHOICES[prompt]})
    assert list(tmp_path.iterdir()) == []


def test_a_slug_of_two_folders_is_refused(template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FailedHookException):
        bake_into(tmp_path, template, project_slug="a/b")
    assert "project_slug 'a/b' names a folder" in the_line(capfd)
    # cookiecutter makes both folders before any hook runs and takes back the inner one
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]


def test_an_absolute_slug_is_refused(template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FailedHookException):
        bake_into(tmp_path / "out", template, project_slug=str(tmp_path / "elsewhere"))
    assert "project_slug" in the_line(capfd)
    assert not (tmp_path / "elsewhere").exists()


ANY_MODEL = DEFAULTS | {"model_id": "auto"}  # so that the size counts
# Text of any kind, and text that nearly is an answer.
ANYTHING = st.text(max_size=40)
GPU_NAMES = st.sampled_from(
    "auto T4 L4 A10 L40S A100 A100-80GB RTX-PRO-6000 H100 h200 B200 B300 V100 H100! B200+".split()
)
NEARLY = {
    "project_slug": st.from_regex(r"[a-z_-]{1,8}[0-9.]?", fullmatch=True),
    "model_size": st.from_regex(r"(custom )?[0-9.x-]{1,5}[BMTbm]?(-A[0-9]{1,2}B)?", fullmatch=True),
    "model_id": st.sampled_from(
        [
            "auto",
            "Qwen/Qwen3-8B",
            "openai/gpt-oss-20b",
            "deepseek-ai/DeepSeek-V3",
            "a/b-7B",
            "a/b-8x7B",
            "b-350M",
            "..",
            "/",
        ]
    ),
    "budget": st.from_regex(r"[$]?-?[0-9.e]{1,6}( per |/|/ )(hour|h|month|run|HOUR)", fullmatch=True) | st.just("none"),
    "warm": st.from_regex(
        r"[0-9]{1,4}( (daily|mon-fri|sat,sun) [0-9]{1,2}-[0-9]{1,2}( UTC| Asia/Tokyo)?)?", fullmatch=True
    ),
    "context_len": st.integers(-10, 300_000).map(str) | st.from_regex(r"[0-9]{1,4}[kKmM,_.]", fullmatch=True),
    "concurrency": st.integers(-1, 5_000).map(str)
    | st.from_regex(
        r"[0-9.]{1,5}[kM]?( ?/ ?| per )?(s|min|h|day|week)?( [0-9]{1,5}[kK]?( ?\+ ?[0-9]{1,5})?)?", fullmatch=True
    ),
    "gpu": GPU_NAMES | st.tuples(GPU_NAMES, st.integers(-1, 10)).map(lambda pair: f"{pair[0]}:{pair[1]}"),
    "quantization": st.sampled_from(("auto", *QUANTIZATIONS)),
    "engine": st.sampled_from(("auto", *ENGINES)),
    "optimize": st.from_regex(
        r"(cost|latency|throughput|fast)?( ?(ttft|tpot|ttfb) ?<=? ?[0-9.]{1,4} ?(ms|s|min)?){0,2}", fullmatch=True
    ),
    "dataset": st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5}|\.jsonl)?([ ,][0-9.,]{1,5}[kKmM]? rows)?", fullmatch=True),
    "task": st.sampled_from(TASKS),
    "workload": st.sampled_from(WORKLOADS),
    "method": st.sampled_from(("auto", *METHODS)),
    "objective": st.sampled_from(OBJECTIVES),
}


@st.composite
def answers(draw: st.DrawFn) -> dict[str, str]:
    """The defaults with one to four of them replaced by text of either kind."""
    changed = draw(st.lists(st.sampled_from(sorted(DEFAULTS)), min_size=1, max_size=4, unique=True))
    return ANY_MODEL | {key: draw(NEARLY.get(key, ANYTHING) | ANYTHING) for key in changed}


@settings(max_examples=500, deadline=None)
@given(answers())
@example(DEFAULTS)
@example(DEFAULTS | {"model_id": '"""'})
@example(DEFAULTS | {"project_name": '"""\\'})
@example(DEFAULTS | {"model_id": "\0"})
@example(DEFAULTS | {"model_size": "1" * 5000 + "B"})
@example(DEFAULTS | {"context_len": "9" * 5000})
@example(DEFAULTS | {"budget": "9" * 5000 + "/hour"})
def test_any_text_ends_in_a_plan_or_in_one_line(typed: dict[str, str]) -> None:
    plan_or_refuse(typed)


def plan_or_refuse(typed: dict[str, str]) -> None:
    """Plan; a refusal must be one line, and plan.py must compile and read back as the values it was made of."""
    try:
        checked = check_answers(dict(typed))
        plan = plan_for(checked.request)
    except Refusal as refusal:
        said = str(refusal)
        assert said.isprintable() and said.strip() and len(f"error: {said}") <= 300, said
        return
    source = plan_py(plan, checked.slug)
    compile(source, "plan.py", "exec", dont_inherit=True)
    assert max(map(len, source.splitlines())) <= 120 and source.isascii()
    planned = {name: value for name, value, _ in constants_of(plan, checked.slug) if name}
    assert constants(source) == planned and ast.parse(source).body


PLANNED = (
    "task workload model_size model_id budget warm context_len concurrency dataset gpu quantization engine "
    "method objective optimize"
).split()


NEARLY_ALL = st.fixed_dictionaries({}, optional={key: NEARLY[key] for key in PLANNED}).map(
    lambda typed: ANY_MODEL | typed
)


@settings(max_examples=300, deadline=None)
@given(NEARLY_ALL)
def test_what_nearly_is_an_answer_ends_in_a_plan_or_in_one_line(typed: dict[str, str]) -> None:
    plan_or_refuse(typed)


@pytest.mark.slow(minutes=2)
@settings(max_examples=10_000, deadline=None, database=None)
@given(answers() | NEARLY_ALL)
def test_so_do_ten_thousand_more(typed: dict[str, str]) -> None:
    plan_or_refuse(typed)
