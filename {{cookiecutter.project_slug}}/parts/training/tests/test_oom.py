"""Out-of-memory errors become sentences: the largest term that can shrink, by the setting that shrinks it."""

import importlib
from collections.abc import Iterator

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.monitoring import oom

TERMS = {"weights": 10.0, "gradients": 2.0, "optimizer": 3.0, "activations": 4.0, "logits": 1.0, "overhead": 1.0}
FULL = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 22.03 GiB"


@pytest.fixture
def lower_for(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """The hint for a plan with other constants."""

    def lower(most: str, **constants: object) -> str:
        monkeypatch.setattr(plan, "PREDICTED_GIB", TERMS | {most: 100.0})
        for name, value in constants.items():
            monkeypatch.setattr(plan, name, value, raising=False)
        return importlib.reload(oom).LOWER

    yield lower
    monkeypatch.undo()
    importlib.reload(oom)


@pytest.mark.parametrize(
    ("most", "constants", "first"),
    [
        ("activations", {"ACTIVATION_CHECKPOINTING": False}, "set ACTIVATION_CHECKPOINTING = True"),
        (
            "activations",
            {"ACTIVATION_CHECKPOINTING": True, "MICRO_BATCH": 8, "ACCUMULATION": 2},
            "halve MICRO_BATCH (8) and double ACCUMULATION (2)",
        ),
        ("activations", {"ACTIVATION_CHECKPOINTING": True, "MICRO_BATCH": 1, "SEQ_LEN": 4096}, "lower SEQ_LEN (4096)"),
        ("logits", {"LOSS": "full"}, 'set LOSS = "fused"'),
        ("weights", {"METHOD": "full", "SHARDING": ""}, 'set METHOD = "lora"'),
        ("weights", {"METHOD": "lora", "SHARDING": ""}, 'set METHOD = "qlora"'),
        ("weights", {"METHOD": "qlora", "SHARDING": "none"}, "take a smaller MODEL"),
        ("weights", {"METHOD": "full", "SHARDING": "zero2"}, 'set SHARDING = "zero3"'),
        ("optimizer", {"METHOD": "full", "SHARDING": "none"}, 'set SHARDING = "zero2"'),
        ("optimizer", {"METHOD": "full", "SHARDING": "zero3", "OFFLOAD": "none"}, 'set OFFLOAD = "optimizer"'),
        ("optimizer", {"METHOD": "full", "SHARDING": "", "OPTIMIZER": "adamw"}, 'set OPTIMIZER = "adamw_8bit"'),
        ("gradients", {"METHOD": "full", "SHARDING": "zero3", "OFFLOAD": "optimizer"}, 'set OFFLOAD = "all"'),
    ],
)
def test_the_largest_term_is_named_first(lower_for, most: str, constants: dict[str, object], first: str):
    assert lower_for(most, **constants).startswith(first)


def test_the_sentence_of_torch_becomes_one_that_helps():
    cause = oom.explain(FULL)
    assert cause == f"out of memory: the GPU had no room for the next 2.00 GiB: {oom.LOWER}"


def test_torch_running_out_of_ram_is_explained():
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert "no RAM left" in str(oom.explain(caught.value))


def test_other_errors_are_not_called_out_of_memory():
    assert oom.explain(ValueError("no such file")) is None
