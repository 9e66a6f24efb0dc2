"""Models that the catalogue does not know: by a URL, from the local Hugging Face cache, by a size, or refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from bake import DEFAULTS, ROOT, Project
from hub import CONFIG, SHA, TOTAL

from planner import hub as planner_hub
from planner.__main__ import main
from planner.catalogue.models import find_model
from planner.catalogue.names import Reference, format_in_name, parse_reference, size_in_name
from planner.catalogue.shipped import load_catalogue
from planner.catalogue.unplannable import check_format, check_kind
from planner.describe.refusal import plan_for
from planner.request.prompts import check_answers
from planner.schema import CACHED, Model, Refusal
from planner.write.terminal import terminal_lines

HF = "https://huggingface.co"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def download(hub: dict[str, Any], cache: Path, name: str, config: dict[str, Any], revision: str = "main") -> None:
    """Do as `hf download NAME config.json --revision REVISION`, by the same library."""
    hub[f"/{name}/resolve/{revision}/config.json"] = config
    endpoint = os.environ["HF_ENDPOINT"].rstrip("/")
    huggingface_hub.hf_hub_download(name, "config.json", revision=revision, cache_dir=cache, endpoint=endpoint)


def asked(**typed: str) -> Model:
    return check_answers(DEFAULTS | typed).request.model


def said(**typed: str) -> str:
    """The refusal of those answers."""
    with pytest.raises(Refusal) as refusal:
        check_answers(DEFAULTS | typed)
    text = str(refusal.value)
    assert len(f"error: {text}") <= 300 and text.isprintable()
    return text


@pytest.mark.parametrize(
    ("typed", "id", "revision"),
    [
        ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B", ""),
        ("gpt2", "gpt2", ""),
        ("org/name@v1.0", "org/name", "v1.0"),
        (f"org/name@{SHA}", "org/name", SHA),
        ("org/name@refs/pr/3", "org/name", "refs/pr/3"),
        (f"{HF}/org/name", "org/name", ""),
        (f"{HF}/org/name/", "org/name", ""),
        (f"{HF}/org/name?library=transformers", "org/name", ""),
        (f"{HF}/org/name#usage", "org/name", ""),
        (f"{HF}/org/name/tree/main", "org/name", ""),
        (f"{HF}/org/name/tree/v1.0", "org/name", "v1.0"),
        (f"{HF}/org/name/blob/{SHA}/config.json", "org/name", SHA),
        (f"{HF}/org/name/resolve/main/model.safetensors?download=true", "org/name", ""),
        (f"{HF}/org/name/tree/refs%2Fpr%2F3", "org/name", "refs/pr/3"),
        (f"{HF}/org/name/commit/{SHA}", "org/name", SHA),
        ("http://hf.co/org/name", "org/name", ""),
        ("huggingface.co/org/name/tree/v1.0", "org/name", "v1.0"),
        ("HF.co/org/name", "org/name", ""),
        ("hf://org/name@v1.0", "org/name", "v1.0"),
    ],
)
def test_a_repository_is_understood_as_people_paste_it(typed: str, id: str, revision: str) -> None:
    assert parse_reference(typed) == Reference(id, revision)


@pytest.mark.parametrize(
    "typed",
    [f"{HF}/datasets/org/name", f"{HF}/spaces/org/name", f"{HF}/org", "https://example.com/org/name", "org/name@",
     "a/b/c", "org/na me", "", "../x", "org/name@a b", f"{HF}/", "git@hf.co:org/name", "x" * 400],
)  # fmt: skip
def test_other_text_is_no_repository(typed: str) -> None:
    assert parse_reference(typed) is None


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("org/foo-13B-chat", "13b"),
        ("org/foo-30B-A3B-it", "30b-a3b"),
        ("mistralai/Mixtral-8x7B", "8x7b"),
        ("Qwen/Qwen2.5-7B-Instruct-1M", "7b"),  # a context of a million
        ("TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T", "1.1b"),  # trained on 3T tokens
        ("allenai/OLMoE-1B-7B", ""),  # 1B of 7B
        ("x/Llama-4-Scout-17B-16E", ""),  # 109B
        ("google/gemma-3n-E4B-it", ""),
        ("tencent/Hunyuan-A13B-Instruct", ""),  # 80B
        ("microsoft/Phi-3-mini-4k-instruct", ""),
        ("org/from-8B-to-6B", ""),
        ("stabilityai/stablelm-2-1_6b", "1.6b"),
        ("cerebras/GLM-4.5-Air-REAP-82B-A12B", ""),
        ("x/Qwen3-30B-A3B-REAP-25", ""),  # a quarter of its experts is gone
    ],
)
def test_a_size_in_a_name_is_taken_where_it_is_one(name: str, size: str) -> None:
    assert size_in_name(name) == size


@pytest.mark.parametrize(
    ("name", "quantization"),
    [
        ("nvidia/Llama-3.1-8B-Instruct-FP4", "nvfp4"),
        ("x/y-8B-NVFP4", "nvfp4"),
        ("x/y-8B-FP8-dynamic", "fp8"),
        ("x/y-8B-AWQ", "int4"),
        ("x/y-8B-GPTQ-Int8", "int8"),
        ("x/y-8B-GPTQ-Int4", "int4"),
        ("x/y-8B-bnb-4bit", "nf4"),
        ("x/y-8B-quantized.w8a8", "int8"),
        ("x/y-20b-BF16", "none"),
        ("x/hawq-8B", ""),
    ],
)
def test_a_format_in_a_name(name: str, quantization: str) -> None:
    assert format_in_name(name) == quantization


# What a name refuses, with a size and without one

BY_NAME = {
    "an encoder-decoder": (
        "google/flan-t5-large google-t5/t5-3b google/mt5-xxl google/umt5-xl Salesforce/codet5p-770m "
        "google/t5gemma-9b-9b-ul2 facebook/bart-large-cnn facebook/mbart-large-50 facebook/nllb-200-3.3B "
        "google/madlad400-10b-mt google/flan-ul2 Helsinki-NLP/opus-mt-en-de google/pegasus-xsum "
        "facebook/m2m100_1.2B bigscience/T0_3B CohereLabs/aya-101"
    ),
    "a speech or audio model": (
        "openai/whisper-large-v3 distil-whisper/distil-large-v3-whisper facebook/wav2vec2-large-960h "
        "suno/bark facebook/hubert-large-ls960-ft facebook/musicgen-large microsoft/speecht5_tts "
        "hexgrad/Kokoro-82M coqui/XTTS-v2 facebook/mms-1b-all nvidia/parakeet-tdt-0.6b-v2 nvidia/canary-1b"
    ),
    "a diffusion model": (
        "FLUX.1-dev-12B black-forest-labs/FLUX.1-schnell black-forest-labs/FLUX.2-dev someone/flux-lora-12B "
        "stabilityai/stable-diffusion-3.5-large stabilityai/stable-diffusion-xl-base-1.0 "
        "stabilityai/sdxl-turbo Wan-AI/Wan2.1-T2V-14B Lightricks/LTX-Video tencent/HunyuanVideo "
        "zai-org/CogVideoX-5b Qwen/Qwen-Image lllyasviel/sd-controlnet-canny kandinsky-community/kandinsky-3 "
        "GSAI-ML/LLaDA-8B-Instruct"
    ),
    "a vision model": (
        "openai/clip-vit-large-patch14 google/siglip-so400m-patch14-384 google/vit-base-patch16-224 "
        "facebook/dinov2-large facebook/sam-vit-huge microsoft/resnet-50 ultralytics/yolov8 "
        "facebook/detr-resnet-50 timm/convnext_base OpenGVLab/InternViT-6B-448px Salesforce/blip2-opt-2.7b "
        "microsoft/trocr-base laion/CLIP-ViT-H-14 depth-anything/Depth-Anything-V2-Large"
    ),
    "an adapter": (
        "someone/Qwen3-8B-lora someone/Llama-3.1-8B-QLoRA someone/llama-8b-adapter someone/Mistral-7B-peft "
        "x/qwen-LoRAs-8B"
    ),
    "holds GGUF weights": (
        "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF TheBloke/Llama-2-7B-GGML x/qwen-8b-Q4_K_M x/y-8B-llamafile "
        "x/y-8b-iq3-xxs"
    ),
    "holds EXL weights": "turboderp/Qwen3-8B-exl3 x/Llama-3-8B-exl2-4_0 x/Llama-3-8B-4.0bpw-h6",
    "holds MLX weights": "mlx-community/Qwen3-8B-4bit x/Qwen3-8B-mlx x/Qwen3-8B-oQ4e JANGQ-AI/Gemma-4-31B-it-JANG_4M",
    "holds ONNX weights": "onnx-community/Qwen3-0.6B x/Phi-3-mini-4k-instruct-onnx",
    "holds OpenVINO weights": "OpenVINO/Qwen3-8B-int4-ov",
    "a format that is not planned": "ISTA-DASLab/Meta-Llama-3-8B-AQLM-2Bit x/y-8B-HQQ x/y-8B-torchao",
    "of a width that is not planned": "x/y-8B-GPTQ-Int3 x/y-8B-2bit x/y-8B-4.75bit x/y-8B-MXFP6",
    "pictures or sound": (
        "Qwen/Qwen2-Audio-7B-Instruct THUDM/cogvlm2-llama3-chat-19B llava-hf/llava-1.5-7b-hf OpenGVLab/InternVL3-8B "
        "openbmb/MiniCPM-V-2_6 Qwen/Qwen2.5-Omni-7B google/paligemma2-3b-mix-224 THUDM/glm-4-voice-9b "
        "zai-org/GLM-4.5V microsoft/Phi-4-multimodal-instruct moonshotai/Kimi-VL-A3B-Instruct"
    ),
    "proteins or genes": "facebook/esm2_t33_650M_UR50D Rostlab/prot_bert-420M nferruz/ProtGPT2-738M",
    "keep a state": (
        "state-spaces/mamba-2.8b RWKV/rwkv-6-world-7b tiiuae/Falcon-H1-34B-Instruct ai21labs/Jamba-x-52B "
        "LiquidAI/LFM2-8B-A1B RWKV/v6-Finch-7B-HF zai-org/GLM-5.4-Flash-200B-A18B"
    ),
    "a draft head": "yuhuili/EAGLE3-LLaMA3.1-Instruct-8B FasterDecoding/medusa-vicuna-7b z-lab/Qwen3-8B-DFlash",
    "a forecaster of time series": "amazon/chronos-2 google/timesfm-2.0-500m",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "id"), [(kind, id) for kind, ids in BY_NAME.items() for id in ids.split()])
def test_what_is_no_plannable_model_is_refused_by_name_with_a_size_too(kind: str, id: str, cache: Path) -> None:
    for size in ("auto", size_in_name(id) or "8B"):
        assert kind in said(model_id=id, model_size=size)
    with pytest.raises(Refusal, match=kind):
        find_model(id)


@pytest.mark.parametrize(
    "id",
    (
        "someone/Flux-8B-Instruct x/Qwen3-8B-lora-merged x/SambaLingo-Arabic-7B x/e5-mistral-7b x/Vitoria-7B "
        "x/MLXtend-7b x/Sanaa-13B x/Dinosaur-7B x/Mistral-NeMo-x-12B x/Clipper-7B x/Whale-7B-base"
    ).split(),
)
def test_a_language_model_of_a_like_name_is_not(id: str, cache: Path) -> None:
    model = asked(model_id=id)
    assert model.id == id and model.basis


def test_what_pools_by_its_name_is_not_planned_to_write(cache: Path) -> None:
    for id in ("Qwen/Qwen3-Reranker-0.6B", "someone/my-embedding-7B", "x/Colbert-110M", "x/cross-encoder-300M"):
        for size in ("auto", size_in_name(id)):
            assert "writes no text" in said(model_id=id, model_size=size)
    assert asked(model_id="someone/embedded-systems-coder-7B").basis == "name"


@pytest.mark.parametrize(
    "id", "someone/Visionary-Writer-13B x/Audiobook-Writer-7B x/television-8B x/Omnibus-7B x/evocative-7B".split()
)
def test_a_name_that_merely_begins_so_is_planned(id: str, cache: Path) -> None:
    assert asked(model_id=id).basis == "name"


@pytest.mark.parametrize(
    "id",
    (
        "google/gemma-3-12b-it-qat-q4_0-unquantized llmfan46/gemma-4-31B-it-qat-q4_0-uncensored-heretic-NVFP4 "
        "elinas/chronos-33b Gustavosta/MagicPrompt-Stable-Diffusion BennyDaBall/Z-Image-Engineer-V6 "
        "DireDreadlord/Eagle-1-Mini angrykirc/ThinkingCap-Qwen3.8-27B-INT8-W8A8-imatrix "
        "exolabs/NVIDIA-Nemotron-UD-Q3_K_M-dequant-bf16-vllm"
    ).split(),
)
def test_language_models_of_the_hub_whose_names_mislead_are_not_refused(id: str) -> None:
    """Of 16,853 repositories with safetensors that llmfit 1.1.17 lists, these have a language model's config."""
    check_format(id)
    check_kind(id)


def test_gguf_names_the_model_that_it_was_made_from(cache: Path) -> None:
    assert "such as meta-llama/Llama-3.1-8B-Instruct" in said(model_id="bartowski/Meta-Llama-3.1-8B-Instruct-GGUF")
    assert "merge it into Qwen/Qwen3-8B (PEFT" in said(model_id="someone/Qwen3-8B-lora")


@pytest.mark.parametrize(
    "id",
    [
        "deepseek-ai/DeepSeek-V4.1-Flash",
        "thinkingmachines/Inkling-2",
        "inclusionAI/Ling-3.0-flash",
    ],
)
def test_a_family_that_no_config_makes_plannable_says_so_at_once(id: str, cache: Path) -> None:
    for typed in ({}, {"model_size": "284B-A13B"}):
        text = said(model_id=id, **typed)
        assert "its config.json would be refused too" in text and "hf download" not in text


def test_a_tag_of_llama_cpp_is_no_revision(cache: Path) -> None:
    assert "without :Q4_K_M" in said(model_id="unsloth/Qwen3-8B-GGUF:Q4_K_M")
    assert asked(model_id="Qwen/Qwen3-8B/").id == "Qwen/Qwen3-8B"


def test_a_name_of_hundreds_of_billions_is_no_dense_model(cache: Path) -> None:
    """Mistral-Large-3-675B-Instruct-2512 uses 41B of its parameters for a token; the largest dense model has 405B."""
    id = "mistralai/Mistral-Large-3-675B-Instruct-2512"
    assert f"`hf download {id} config.json`" in said(model_id=id)
    assert asked(model_id=id, model_size="675B-A41B").params_active == 41e9


# What nothing is known of


@pytest.mark.parametrize(
    "id",
    ["databricks/dbrx-instruct", "mistralai/Mistral-Large-Instruct-2411", "deepseek-ai/DeepSeek-V2.5", "org/unknown",
     "allenai/OLMoE-new-1B-7B", "x/phi-4-finetuned"],
)  # fmt: skip
def test_an_unknown_id_without_a_size_is_refused_the_same_everywhere(
    id: str, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(model_id=id)
    assert f"`hf download {id} config.json`" in text and "give its size" in text
    assert main(["compare", id]) == 1 and text in capsys.readouterr().err


def lines(**typed: str) -> list[str]:
    return terminal_lines(plan_for(check_answers(DEFAULTS | {"budget": "none"} | typed).request), "x")


def test_an_unknown_id_with_a_size_is_planned_as_that_size_and_says_so(cache: Path) -> None:
    model = asked(model_id="databricks/dbrx-instruct", model_size="132B-A36B")
    assert (model.params, model.params_active) == (132e9, 36e9)
    assert {"params", "params_active", "layers", "context"} <= set(model.assumed)
    shown = lines(model_id="databricks/dbrx-instruct", model_size="132B-A36B")
    assert any(line.startswith("Assumed  132B parameters (the size that was asked for)") for line in shown)
    assert any(line.startswith("Warning ") and "hf download databricks/dbrx-instruct" in line for line in shown)


def test_a_number_in_a_name_is_said_to_be_one(cache: Path) -> None:
    shown = lines(model_id="org/foo-13B-AWQ")
    assert any(
        "13B parameters (the number in its name)" in line and "int4 weights (its name)" in line for line in shown
    )
    shown = lines(model_id="unsloth/Qwen3-8B-bnb-4bit", engine="transformers")
    assert any("the architecture of Qwen/Qwen3-8B, whose name it bears" in line for line in shown)
    assert not [line for line in lines() if line.startswith(("Assumed", "Warning"))]


def test_a_revision_of_a_known_model_is_pinned_and_said_to_be_another(cache: Path) -> None:
    known = load_catalogue()["Qwen/Qwen3-8B"]
    assert asked(model_id=f"Qwen/Qwen3-8B@{known.revision}") is known
    other = asked(model_id=f"{HF}/Qwen/Qwen3-8B/tree/{SHA}")
    assert (other.revision, other.layers, other.basis) == (SHA, 36, "revision")
    assert any(f"--revision {SHA}" in line for line in lines(model_id=f"Qwen/Qwen3-8B@{SHA}"))


# The local cache of the hub


def test_after_hf_download_any_id_is_planned_exactly_and_pinned(hub: dict[str, Any], cache: Path) -> None:
    download(hub, cache, "acme/fresh", CONFIG)
    model = asked(model_id="acme/fresh")
    assert model.params == pytest.approx(TOTAL, rel=0.001)
    assert (model.layers, model.revision, model.source, model.assumed) == (28, SHA, CACHED, ())
    assert not [line for line in lines(model_id="acme/fresh") if line.startswith(("Assumed", "Warning"))]
    assert "which model_size 8B contradicts" in said(model_id="acme/fresh", model_size="8B")


def test_a_branch_and_a_commit_are_read_from_the_cache(hub: dict[str, Any], cache: Path) -> None:
    download(hub, cache, "acme/fresh", CONFIG, "v2")
    for revision in ("v2", SHA, SHA[:8]):
        assert asked(model_id=f"acme/fresh@{revision}").revision == SHA
    assert "`hf download acme/fresh config.json`" in said(model_id="acme/fresh")  # main was not downloaded
    assert "config.json --revision v3`" in said(model_id="acme/fresh@v3")


def test_a_misleading_name_is_overruled_by_a_configuration(hub: dict[str, Any], cache: Path) -> None:
    download(hub, cache, "acme/bark-70B-lora", CONFIG)
    assert asked(model_id="acme/bark-70B-lora").params == pytest.approx(TOTAL, rel=0.001)


def test_a_format_is_believed_where_the_configuration_names_none_and_said(hub: dict[str, Any], cache: Path) -> None:
    download(hub, cache, "acme/fresh-FP8", CONFIG)  # as older ModelOpt writes it: the format is in another file
    download(hub, cache, "acme/fresh-AWQ", CONFIG | {"quantization_config": {"quant_method": "gptq", "bits": 8}})
    assert asked(model_id="acme/fresh-FP8").quantization == "fp8"
    assert any(line == "Assumed  fp8 weights (its name)" for line in lines(model_id="acme/fresh-FP8"))
    assert asked(model_id="acme/fresh-AWQ").quantization == "int8"  # by the configuration


def test_a_size_as_a_model_is_sent_to_its_own_prompt(cache: Path) -> None:
    assert "give it as model_size and leave model_id auto" in said(model_id="8B")


@pytest.mark.parametrize("name", ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"])
def test_the_cache_lies_where_the_library_puts_it(
    name: str, hub: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME")
    for other in variables:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, str(tmp_path))
    ask = "from huggingface_hub import constants; print(constants.HF_HUB_CACHE)"
    where = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    download(hub, Path(where), "acme/fresh", CONFIG)
    assert asked(model_id="acme/fresh").revision == SHA


def test_a_bake_reads_the_cache(
    hub: dict[str, Any], cache: Path, bake: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    download(hub, cache, "acme/fresh-for-a-bake", CONFIG)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # a bake opens no connection
    plan = bake(model_id="acme/fresh-for-a-bake").plan
    assert (plan["MODEL"], plan["REVISION"]) == ("acme/fresh-for-a-bake", SHA)


# gpu-plan --hub


def published(hub: dict[str, Any], name: str, **files: Any) -> None:
    """Publish a repository with those files on the stand-in hub."""
    names = [key.replace("_json", ".json") for key in files]
    hub[f"/api/models/{name}"] = {"sha": SHA, "siblings": [{"rfilename": file} for file in names]}
    for file, content in zip(names, files.values(), strict=True):
        hub[f"/{name}/resolve/{SHA}/{file}"] = content


def test_hub_fetches_what_is_not_known_and_a_bake_then_knows_it(
    hub: dict[str, Any], cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published(hub, "acme/fresh", config_json=CONFIG)
    assert main(["compare", "acme/fresh"]) == 1
    assert main(["--hub", "compare", "acme/fresh"]) == 0
    assert "acme/fresh (596M parameters)" in capsys.readouterr().out
    assert huggingface_hub.try_to_load_from_cache("acme/fresh", "config.json", cache_dir=cache)
    assert asked(model_id="acme/fresh").revision == SHA
    asked_before = len(hub["seen"])
    assert main(["--hub", "compare", "acme/fresh"]) == main(["--hub", "compare", "Qwen/Qwen3-8B"]) == 0
    assert len(hub["seen"]) == asked_before


def test_hub_answers_json_lines(
    hub: dict[str, Any], cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    published(hub, "acme/fresh", config_json=CONFIG)
    question = json.dumps({"id": 1, "model": f"{HF}/acme/fresh", "gpu": "L4"})
    monkeypatch.setattr("sys.stdin", [question])
    assert main(["--hub", "estimate"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["fits"] and answer["assumed"] == []


def test_hub_fetches_what_the_format_is_read_from(
    hub: dict[str, Any], cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": None}}
    published(hub, "acme/older", config_json=CONFIG, hf_quant_config_json=older)
    published(hub, "acme/tuned", adapter_config_json={"peft_type": "LORA", "base_model_name_or_path": "Qwen/Qwen3-8B"})
    assert main(["--hub", "compare", "acme/older"]) == 0
    assert asked(model_id="acme/older").quantization == "fp8"
    assert main(["--hub", "compare", "acme/tuned"]) == 1
    assert "adapter of Qwen/Qwen3-8B" in capsys.readouterr().err


def test_the_token_goes_to_the_hub_alone_and_is_never_shown(
    hub: dict[str, Any], cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    published(hub, "acme/fresh", config_json=CONFIG)
    elsewhere = os.environ["HF_ENDPOINT"].replace("127.0.0.1", "localhost")  # another host by its name
    hub[f"/acme/fresh/resolve/{SHA}/config.json"] = f"{elsewhere}cdn/config.json"
    hub["/cdn/config.json"] = CONFIG
    assert main(["--hub", "compare", "acme/fresh"]) == 0
    assert hub["seen"] == ["Bearer hf_secret", "Bearer hf_secret", ""]
    hub["/api/models/acme/other"] = 403
    assert main(["--hub", "compare", "acme/other"]) == 1
    printed = capsys.readouterr()
    assert "hf_secret" not in printed.out + printed.err and "HF_TOKEN" in printed.err


@pytest.mark.parametrize(
    ("pages", "pattern"),
    [
        ({"/api/models/acme/x": 404}, "answers 404"),
        ({"/api/models/acme/x": b"<html>"}, "is not JSON"),
        ({"/api/models/acme/x": [1]}, "names no commit"),
        ({"/api/models/acme/x": {"sha": "../../etc"}}, "names no commit"),
        ({"/api/models/acme/x": {"sha": SHA, "siblings": [{"rfilename": "x.bin"}]}}, "on the hub, but bin; name the"),
        ({"/api/models/acme/x": {"sha": SHA, "siblings": [{"rfilename": "config.json"}]}}, "answers 404"),
    ],
)  # fmt: skip
def test_what_the_hub_does_not_have_is_a_sentence(
    pages: dict[str, Any], pattern: str, hub: dict[str, Any], cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.update(pages)
    assert main(["--hub", "compare", "acme/x"]) == 1
    error = capsys.readouterr().err
    assert pattern in error and error.count("\n") == 1 and not cache.exists()


def test_no_hub_is_a_sentence(cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert main(["--hub", "compare", "acme/x"]) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_the_hook_has_no_network() -> None:
    source = (ROOT / "hooks" / "pre_gen_project.py").read_text(encoding="utf-8")
    assert "urllib" not in source and "socket" not in source and planner_hub.__name__


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("cross-encoder/ms-marco-MiniLM-L-6-v2", "cross-encoder/ms-marco-MiniLM-L6-v2"),  # renamed on the hub
        ("microsoft/phi4", "microsoft/phi-4"),
        ("sentence-transformers/all-mini-lm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
    ],
)
def test_a_misspelt_id_is_refused_with_the_one_of_the_catalogue(cache: Path, typed: str, known: str) -> None:
    assert f"is not in the catalogue, which has {known}: take that" in said(model_id=typed)
    assert "which has" not in said(model_id="org/unlike-any-other")
