"""Comparisons of what runs with the plan, in tables; and the names against the installed vLLM."""

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine import verify


def running(
    attention: tuple[str, ...] = ("FLASH_ATTN 2",),
    quantization: str = "none",
    layers: str = "",
    dtype: str = "bfloat16",
) -> verify.Running:
    return verify.Running(attention, quantization, {layers: 32} if layers else {}, dtype, "NVIDIA L40S")


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(plan, "ATTENTION", "auto")
    monkeypatch.setattr(plan, "QUANTIZATION", "none")
    monkeypatch.setattr(plan, "QUANTIZE_AT_LOAD", "")
    monkeypatch.setattr(plan, "DTYPE", "bfloat16")
    return monkeypatch


@pytest.mark.parametrize(
    ("wanted", "kernels", "instead"),
    [
        ("flash_attention_2", ("FLASH_ATTN 2",), None),
        ("flash_attention_3", ("FLASH_ATTN 3",), None),
        ("flash_attention_4", ("FLASH_ATTN 4",), None),
        ("flash_attention_3", ("FLASH_ATTN 2",), "flash_attention_2"),  # a head size that version 3 lacks
        ("flash_attention_4", ("FLASH_ATTN 2",), "flash_attention_2"),
        ("flash_attention_2", ("TRITON_ATTN",), "sdpa"),
        ("sdpa", ("TRITON_ATTN",), None),
        ("sdpa", ("FLASHINFER",), "auto"),
        ("flash_attention_2", ("FLASH_ATTN 2", "FLEX_ATTENTION"), "auto"),  # one layer of another kind is enough
        ("sdpa", ("TRITON_MLA",), None),
        ("flash_attention_3", ("FLASH_ATTN_MLA",), None),
        ("flash_attention_4", ("FLASHINFER_MLA",), None),
        ("flash_attention_3", ("FLASHMLA",), "auto"),
        ("auto", ("ANYTHING", "AT_ALL 7"), None),
        ("flash_attention_2", (), None),  # a model without attention
    ],
)
def test_another_kernel_is_named_with_what_to_set(
    decided: pytest.MonkeyPatch, wanted: str, kernels: tuple[str, ...], instead: str | None
):
    decided.setattr(plan, "ATTENTION", wanted)
    said = verify.differs(running(kernels))
    if instead is None:
        assert said == []
    else:
        assert len(said) == 1 and wanted in said[0] and f'set it to "{instead}"' in said[0]
        assert any(kernel in said[0] for kernel in kernels)


# What published checkpoints of each kind become in vLLM: its name for the method, and for the layers
LOADED = [
    ("none", "none", ""),
    ("fp8", "fp8", "Fp8LinearMethod"),
    ("fp8", "online", "Fp8PerTensorOnlineLinearMethod"),
    ("fp8", "compressed-tensors", "CompressedTensorsW8A8Fp8"),
    ("fp8", "compressed-tensors", "CompressedTensorsW8A16Fp8"),  # the same checkpoint on a card without fp8
    ("fp8", "modelopt", "ModelOptLinearMethod"),
    ("int8", "compressed-tensors", "CompressedTensorsW8A8Int8"),
    ("int8", "auto_gptq", "AutoGPTQLinearMethod, 8 bits"),
    ("int4", "auto_awq", "AutoAWQMarlinLinearMethod, 4 bits"),
    ("int4", "auto_gptq", "AutoGPTQLinearMethod, 4 bits"),
    ("int4", "compressed-tensors", "CompressedTensorsWNA16, 4 bits"),
    ("int4", "compressed-tensors", "CompressedTensorsW4A8Fp8"),
    ("mxfp4", "gpt_oss_mxfp4", "GptOssMxfp4MoEMethod"),
    ("mxfp4", "mxfp4", "Mxfp4MoEMethod"),
    ("nvfp4", "modelopt_fp4", "ModelOptLinearMethod"),
    ("nvfp4", "compressed-tensors", "CompressedTensorsW4A4Nvfp4"),
]


@pytest.mark.parametrize(("wanted", "method", "layers"), LOADED)
def test_the_format_of_the_loaded_layers_is_told_by_vllms_names(
    decided: pytest.MonkeyPatch, wanted: str, method: str, layers: str
):
    decided.setattr(plan, "QUANTIZATION", wanted)
    assert verify.differs(running(quantization=method, layers=layers)) == []
    decided.setattr(plan, "QUANTIZATION", "none" if wanted != "none" else "fp8")
    assert len(verify.differs(running(quantization=method, layers=layers))) == 1


def test_a_config_that_quantized_no_layer_is_not_quantized(decided: pytest.MonkeyPatch):
    decided.setattr(plan, "QUANTIZATION", "fp8")
    assert "QUANTIZATION" in verify.differs(running(quantization="fp8"))[0]


def test_what_is_made_at_load_is_what_must_be_loaded(decided: pytest.MonkeyPatch):
    decided.setattr(plan, "QUANTIZATION", "fp8")
    decided.setattr(plan, "QUANTIZE_AT_LOAD", "fp8")
    assert verify.differs(running(quantization="online", layers="Fp8PerTensorOnlineLinearMethod")) == []


def test_another_dtype_is_told(decided: pytest.MonkeyPatch):
    assert verify.differs(running(dtype="float16")) == [
        'DTYPE is "bfloat16" and vLLM computes in float16: set it to "float16"'
    ]


def test_a_cpu_is_compared_with_nothing(decided: pytest.MonkeyPatch):
    decided.setattr(plan, "ATTENTION", "flash_attention_3")
    here = verify.Running(("CPU_ATTN",), "none", {}, "float32", "cpu")
    assert verify.verdict(here) == {"as_planned": True, "differs": []}


def test_workers_that_run_different_kernels_are_all_heard():
    one = {"attention": ["FLASH_ATTN 3"], "quantization": "fp8", "layers": {"A": 1}, "dtype": "bfloat16", "device": "x"}
    assert verify.running([one, one | {"attention": ["TRITON_ATTN"]}]).attention == ("FLASH_ATTN 3", "TRITON_ATTN")


def test_what_cannot_be_made_at_load_is_refused_with_what_can():
    with pytest.raises(ValueError, match="fp8, mxfp8, mxfp4"):
        verify.at_load("bitsandbytes")


def test_vllm_knows_what_is_asked_of_it_at_load():
    pytest.importorskip("vllm", reason="vLLM is not installed in this Python")
    quantization = pytest.importorskip("vllm.config.quantization")
    for name in verify.AT_LOAD.values():
        assert quantization.resolve_quantization_config(name, {}) is not None, name


def test_no_format_of_vllms_is_unknown_to_the_plan():
    quantization = pytest.importorskip("vllm.model_executor.layers.quantization", reason="vLLM is not installed here")
    schemes = pytest.importorskip("vllm.model_executor.layers.quantization.compressed_tensors.schemes")
    told_by_bits = {"awq", "auto_awq", "awq_marlin", "gptq", "auto_gptq", "gptq_marlin", "moe_wna16", "inc", "humming"}
    by_layers = {"compressed-tensors", "quark", "torchao", "online", "fp_quant"}
    for name in set(quantization.QUANTIZATION_METHODS) - told_by_bits - by_layers:
        assert verify.weights(running(quantization=name, layers="X")) in verify.FORMATS, name
    for name in told_by_bits:
        assert verify.weights(running(quantization=name, layers="X, 4 bits")) == "int4", name
    for name in set(schemes.__all__) - {"CompressedTensorsScheme"}:
        loaded = running(quantization="compressed-tensors", layers=f"{name}, 4 bits" if "WNA" in name else name)
        assert verify.weights(loaded) in verify.FORMATS, name
