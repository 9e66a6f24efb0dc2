"""Which adapters can be served, what vLLM is told of them, and how they come to the Volume."""

import json
import typing
from pathlib import Path
from typing import Any

import pytest
import test_storage
from lora import adapter

from {{cookiecutter.__package}} import extra_weights, plan
from {{cookiecutter.__package}}.engine import adapters, options

hub = test_storage.hub  # a fixture: a hub on this machine


def value(argv: list[str], name: str) -> str:
    return argv[argv.index(name) + 1]


@pytest.mark.parametrize(
    ("config", "rank", "taken"),
    [({}, 4, 8), ({"r": 1}, 1, 1), ({"r": 24}, 24, 32), ({"rank_pattern": {"v_proj": 300}}, 300, 320)],
)
def test_vllm_is_told_of_each_adapter_and_of_a_rank_that_it_takes(
    tiny: Path, tmp_path: Path, config: dict[str, Any], rank: int, taken: int
):
    folder = adapter(tiny, tmp_path / "one", **config)
    (one,) = found = adapters.read_all({"support": str(folder)}, str(tiny))
    assert (one.rank, one.compared) == (rank, 8)  # 2 layers x 2 targets x A and B
    argv = adapters.arguments(found)
    assert "--enable-lora" in argv and value(argv, "--max-lora-rank") == str(taken)
    assert (value(argv, "--max-loras"), value(argv, "--max-cpu-loras")) == ("1", "1")
    listed = {"name": "support", "path": str(folder), "base_model_name": plan.MODEL}
    assert json.loads(value(argv, "--lora-modules")) == listed


def test_without_adapters_nothing_is_passed_or_said(tiny: Path):
    assert adapters.arguments([]) == [] == list(adapters.summary(adapters.read_all({}, str(tiny)), str(tiny)))


def test_of_many_adapters_four_run_at_once(tiny: Path, tmp_path: Path):
    folder = str(adapter(tiny, tmp_path / "one"))
    argv = adapters.arguments(adapters.read_all({str(number): folder for number in range(6)}, str(tiny)))
    assert (value(argv, "--max-loras"), value(argv, "--max-cpu-loras")) == ("4", "6")


def test_vllm_knows_the_ranks_and_every_option(tiny: Path, tmp_path: Path):
    pytest.importorskip("vllm", reason="vLLM is not installed in this Python")
    lora = pytest.importorskip("vllm.config.lora")
    cli = pytest.importorskip("vllm.entrypoints.launchers.cli_args")
    parsers = pytest.importorskip("vllm.utils.argparse_utils")
    assert typing.get_args(lora.MaxLoRARanks) == adapters.RANKS
    found = adapters.read_all({"a": str(adapter(tiny, tmp_path / "a")), "b": str(tmp_path / "a")}, str(tiny))
    speculative = {"method": "ngram", "num_speculative_tokens": 2}
    argv = [*adapters.arguments(found), *options.speculation(speculative)]
    parsed = cli.make_arg_parser(parsers.FlexibleArgumentParser()).parse_args(argv)
    cli.validate_parsed_serve_args(parsed)
    assert [module.name for module in parsed.lora_modules] == ["a", "b"] and parsed.max_loras == 2
    assert parsed.speculative_config == speculative


def test_the_memory_is_that_of_a_slot_beside_every_matrix(tiny: Path, tmp_path: Path):
    """Llama of width 64: q 64+64, k and v 32+64, o 64+64, gate and up 128+64, down 64+128, twice; two of the words."""
    found = adapters.read_all({"one": str(adapter(tiny, tmp_path / "one"))}, str(tiny))
    words = json.loads((tiny / "config.json").read_text())["vocab_size"] + 64
    sides = 2 * (2 * 128 + 2 * 96 + 3 * 192) + 2 * words
    assert adapters.most_bytes(found, str(tiny)) == 8 * sides * 2  # rank 4 takes 8, in 16 bits


def test_packed_weights_are_neither_compared_nor_counted(tiny: Path, tmp_path: Path):
    """As bitsandbytes stores a matrix of 4 bits: a column of bytes, under the matrix's own name."""
    import torch
    from safetensors.torch import load_file, save_file

    packed = {
        name: torch.zeros(weight.numel() // 2, 1, dtype=torch.uint8) if "_proj" in name else weight
        for name, weight in load_file(tiny / "model.safetensors").items()
    }
    save_file(packed, tmp_path / "model.safetensors")
    found = adapters.read_all({"one": str(adapter(tiny, tmp_path / "one"))}, str(tmp_path))
    assert [one.compared for one in found] == [0] and adapters.most_bytes(found, str(tmp_path)) is None
    said = list(adapters.summary(found, str(tmp_path)))
    assert "uncounted" in said[0] and "was not compared" in said[1]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"peft_type": "IA3"}, "no LoRA adapter but IA3"),
        ({"r": 1024}, "rank 1024, and vLLM takes at most 512"),
        ({"use_dora": True}, "use_dora"),
        ({"bias": "all"}, "bias"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights=pissa"),
        ({"r": "four"}, "no whole rank"),
    ],
)
def test_what_vllm_cannot_serve_is_refused(tiny: Path, tmp_path: Path, config: dict[str, Any], said: str):
    folder = adapter(tiny, tmp_path / "one", **config)
    with pytest.raises(adapters.BadAdapter, match=said) as refused:
        adapters.read_all({"one": str(folder)}, str(tiny))
    assert "\n" not in str(refused.value)


def test_an_adapter_of_another_base_is_refused(tiny: Path, tmp_path: Path):
    from safetensors.torch import load_file, save_file

    file = adapter(tiny, tmp_path / "one") / "adapter_model.safetensors"
    tensors = load_file(file)
    wide = {name: tensor[:, :48].clone() if "lora_A" in name else tensor for name, tensor in tensors.items()}
    save_file(wide, file)  # smaller than the model: vLLM would serve it
    with pytest.raises(adapters.BadAdapter, match=r"another base than .* 48 inputs in the adapter and 64 in the model"):
        adapters.read_all({"one": str(file.parent)}, str(tiny))
    save_file({name.replace("layers.1", "layers.30"): tensor for name, tensor in tensors.items()}, file)
    with pytest.raises(adapters.BadAdapter, match=r"another base than .* layer 30, and the model ends with 1"):
        adapters.read_all({"one": str(file.parent)}, str(tiny))


def test_another_name_of_the_base_is_said(tiny: Path, tmp_path: Path):
    folder = adapter(tiny, tmp_path / "one", base_model_name_or_path="org/other")
    said = list(adapters.summary(adapters.read_all({"one": str(folder)}, str(tiny)), str(tiny)))
    assert "trained on org/other" in said[1]


def test_folders_that_are_no_adapter_are_refused(tiny: Path, tmp_path: Path):
    with pytest.raises(adapters.BadAdapter, match=r"holds no adapter_config.json"):
        adapters.read_all({"one": str(tiny)}, str(tiny))
    folder = adapter(tiny, tmp_path / "one")
    (folder / "adapter_model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(adapters.BadAdapter, match="damaged"):
        adapters.read_all({"one": str(folder)}, str(tiny))


@pytest.mark.parametrize("name", ["", "a b", "a=b", plan.MODEL])
def test_names_that_no_request_could_use_are_refused(tiny: Path, name: str):
    with pytest.raises(adapters.BadAdapter, match="ADAPTERS holds the name"):
        adapters.read_all({name: "./one"}, str(tiny))


@pytest.mark.parametrize("config", [{"num_speculative_tokens": 3}, {"method": "ngram"}])
def test_speculation_without_method_or_tokens_is_refused(config: dict[str, object]):
    assert options.speculation({}) == []
    with pytest.raises(ValueError, match="needs a method and its tokens"):
        options.speculation(config)


def own_weights(tiny: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the tiny model on the Volume `root`, as MODEL, with no draft model beside it."""
    (root / "own").symlink_to(tiny)
    monkeypatch.setattr(plan, "MODEL", "./own")
    monkeypatch.setattr(extra_weights, "SPECULATIVE", {})


def test_a_folder_on_the_volume_is_found_and_checked(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own_weights(tiny, tmp_path, monkeypatch)
    monkeypatch.setattr(extra_weights, "ADAPTERS", {"support": "./tuned"})
    with pytest.raises(FileNotFoundError, match=r"modal volume put \S+-weights LOCAL_FOLDER /tuned"):
        extra_weights.fetch(str(tmp_path))
    folder = adapter(tiny, tmp_path / "tuned")
    assert extra_weights.adapter_folders(str(tmp_path)) == {"support": str(folder)}
    assert any("support: rank 8" in line for line in extra_weights.fetch(str(tmp_path)))


def test_an_adapter_of_the_hub_is_fetched_once_and_asked_to_be_pinned(
    hub: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    saved = adapter(tiny, tmp_path / "saved")
    files = {name: (saved / name).read_bytes() for name in ("adapter_config.json", "adapter_model.safetensors")}
    monkeypatch.setattr(test_storage.Hub, "files", files | {"optimizer.pt": b"a pickle"})
    own_weights(tiny, tmp_path, monkeypatch)
    monkeypatch.setattr(extra_weights, "ADAPTERS", {"support": "org/name"})
    said = extra_weights.fetch(str(tmp_path), endpoint=hub)
    assert f'"org/name@{test_storage.COMMIT}"' in said[0] and "rank 8" in said[1]
    (folder,) = extra_weights.adapter_folders(str(tmp_path)).values()
    assert {name: (Path(folder) / name).read_bytes() for name in files} == files
    assert not list(tmp_path.rglob("*.pt"))
    test_storage.Hub.asked.clear()
    assert extra_weights.fetch(str(tmp_path), endpoint=hub) == said and test_storage.Hub.asked == []


def test_a_whole_model_of_the_hub_is_no_adapter(hub: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own_weights(tiny, tmp_path, monkeypatch)
    monkeypatch.setattr(extra_weights, "ADAPTERS", {"support": "org/name@main"})
    with pytest.raises(ValueError, match=r"org/name at main is no LoRA adapter"):
        extra_weights.fetch(str(tmp_path), endpoint=hub)


@pytest.mark.parametrize("source", [None, "", "tuned", "org/name@", "org/../name", "https://hub/org/name", "./"])
def test_a_source_that_is_neither_folder_nor_hub_id_is_refused(source: Any):
    with pytest.raises(ValueError, match="write a folder on the Volume"):
        extra_weights.split(source)


def test_the_draft_model_is_passed_as_its_folder(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "small").symlink_to(tiny)
    config = {"method": "eagle3", "num_speculative_tokens": 3, "model": "./small", "revision": "main"}
    monkeypatch.setattr(extra_weights, "SPECULATIVE", config)
    passed = {"method": "eagle3", "num_speculative_tokens": 3, "model": str(tmp_path / "small")}
    assert extra_weights.speculative(str(tmp_path)) == passed
