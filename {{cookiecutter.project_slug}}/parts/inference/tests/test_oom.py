"""Out-of-memory errors become sentences: torch's own, real ones, and vLLM's from its log."""

import pytest

from {{cookiecutter.__package}}.monitoring import oom


def test_torchs_own_out_of_memory_error_names_what_to_lower():
    torch = pytest.importorskip("torch")
    error = torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 44.40 GiB of which 1.20 is free."
    )
    sentence = oom.explain(error)
    assert sentence and "2.00 GiB" in sentence and oom.LOWER in sentence


def test_torch_running_out_of_ram_is_explained():
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert "no RAM left" in str(oom.explain(caught.value))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "ValueError: To serve at least one request with the model's max seq len (32768), (4.5 GiB KV cache is "
            "needed, which is larger than the available KV cache memory (1.2 GiB). Based on the available memory, the "
            "estimated maximum model length is 8736.",
            "one request of 32768 tokens needs 4.5 GiB of KV cache and 1.2 are free",
        ),
        ("ValueError: No available memory for the cache blocks. Try increasing", f"raise {oom.FRACTION}"),
        (
            "ValueError: Free memory on device cuda:0 (30.1/44.4 GiB) on startup is less than desired GPU memory "
            "utilization (0.92, 40.8 GiB). Decrease GPU memory utilization",
            f"only 30.1 of 44.4 GiB were free at start: lower {oom.FRACTION}",
        ),
    ],
)
def test_vllms_start_up_errors_are_explained_from_its_log(line: str, says: str):
    assert says in str(oom.explain(f"INFO starting\nINFO loading\n{line}\nTraceback"))


def test_other_errors_are_not_called_out_of_memory():
    assert oom.explain(ValueError("no such file")) is None
