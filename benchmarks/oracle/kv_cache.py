"""The model that vLLM 0.32 builds from a config.json: parameters, weights of a rank, cache of a request.

    .venv-vllm/bin/python -m benchmarks.oracle.kv_cache FOLDER... [--tp 1 2 4 8] [--len 4096 16384]

prints one JSON line a folder. The model stands on the meta device under a fake H100 (fake_hopper.py), in one rank of
a fake group; the sums are those of vLLM's engine at its start. `measure` forks for each model, because vLLM's groups
and platform are of the process.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

TENSOR_PARALLEL = (1, 2, 4, 8)
LENGTHS = (4096, 16384)  # tokens of a request
POOL_GIB = 512  # of cache, only to have vLLM make its groups of layers
SECONDS = 180  # until a model is given up


def prepare() -> None:
    """Import vllm under the fake card. Once in a process, before `measure`."""
    os.environ.update(
        VLLM_CONFIGURE_LOGGING="0", VLLM_NO_USAGE_STATS="1", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1",
        VLLM_CACHE_ROOT=tempfile.mkdtemp(), OMP_NUM_THREADS="1", VLLM_PLUGINS="", VLLM_KIMI_K3_GEMM_AR="0",
        VLLM_ENABLE_GEMM_RS="0",
    )  # fmt: skip
    from benchmarks.oracle import fake_hopper

    fake_hopper.install()
    from vllm.v1.attention.backends.registry import AttentionBackendEnum, MambaAttentionBackendEnum

    for backend in (*AttentionBackendEnum, *MambaAttentionBackendEnum):  # here once, not in each forked process
        with contextlib.suppress(Exception):
            backend.get_class()


def measure(
    config: dict[str, Any], lengths: tuple[int, ...] = LENGTHS, tp: int = 1, speculative: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return vLLM's answer for one rank, in a forked process: its figures, or `refused` with its message.

    With `speculative`, vLLM's option of that name, the draft model is built beside the model: `draft_elements` and
    `draft_bytes` are those of its own parameters, and its layers count in `request_bytes`. Its `model` may be a config.
    """
    _import_class(config)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        signal.alarm(SECONDS)
        try:
            answer = _rank(config, lengths, tp, speculative)
        except BaseException as error:
            answer = {"refused": _message(error)}
        with os.fdopen(write, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"refused": "the process died"}


def _import_class(config: dict[str, Any]) -> None:
    """Import the model's class before the fork, so that the ranks share it."""
    from vllm.model_executor.models.registry import ModelRegistry

    for name in config.get("architectures") or ():
        if name in ModelRegistry.models:
            with contextlib.suppress(Exception):
                ModelRegistry.models[name].load_model_cls()


def _message(error: BaseException) -> str:
    """Return the sentence of an error: of pydantic's, what the check itself said."""
    text = " ".join(str(error).split())
    if "Value error, " in text:
        text = text.partition("Value error, ")[2].partition(" [type=")[0]
    return f"{type(error).__name__}: {re.sub(re.escape(tempfile.gettempdir()) + r'/[a-z0-9_]+', 'FOLDER', text)[:240]}"


def _rank(
    config: dict[str, Any], lengths: tuple[int, ...], tp: int, speculative: dict[str, Any] | None = None
) -> dict[str, Any]:
    from vllm.config import set_current_vllm_config

    if speculative and isinstance(speculative.get("model"), dict):
        speculative = speculative | {"model": _folder(speculative["model"])}
    engine = _engine_config(_folder(config), tp, max(lengths), speculative)
    with set_current_vllm_config(engine):
        model, draft = _model(engine, tp)
        found = {"class": type(model).__name__, "runner": engine.model_config.runner_type, **_weights(model)}
        if draft is not None:
            found |= {
                f"draft_{key.removeprefix('weight_')}": value for key, value in _weights(_without_shared(draft)).items()
            }
        found["context"] = engine.model_config.max_model_len
        found["request_bytes"] = {}
        specs = _specs(engine, found)
        for length in lengths if specs else ():
            engine.model_config.max_model_len = length
            found["request_bytes"][str(length)] = _request_bytes(engine, specs, tp)
    return found


def _folder(config: dict[str, Any]) -> str:
    folder = tempfile.mkdtemp()
    (Path(folder) / "config.json").write_text(json.dumps(config))
    return folder


def _without_shared(draft: Any) -> Any:
    """Return the draft model without the embedding and the head that the proposer takes from the model."""
    from torch import nn

    kept = nn.Module()
    for name, parameter in draft.named_parameters():
        if "embed_tokens" not in name and "lm_head" not in name and "shared_head.head" not in name:
            kept.register_parameter(name.replace(".", "_"), parameter)
    return kept


def _engine_config(folder: str, tp: int, length: int, speculative: dict[str, Any] | None = None) -> Any:
    from vllm.engine.arg_utils import EngineArgs
    from vllm.usage.usage_lib import UsageContext

    os.environ["VLLM_ALLOW_LONG_MAX_MODEL_LEN"] = "1"
    return EngineArgs(
        model=folder, skip_tokenizer_init=True, tensor_parallel_size=tp, load_format="dummy",
        distributed_executor_backend="mp" if tp > 1 else None, speculative_config=speculative,
    ).create_engine_config(usage_context=UsageContext.OPENAI_API_SERVER)  # fmt: skip


def _model(engine: Any, tp: int) -> Any:
    """Return the model of rank 0 on the meta device, and its draft model or None."""
    import torch
    import torch.distributed as dist
    import vllm.distributed.device_communicators.shm_broadcast as broadcast
    from torch.overrides import TorchFunctionMode
    from torch.testing._internal.distributed.fake_pg import FakeStore
    from vllm.distributed import parallel_state
    from vllm.model_executor.model_loader.utils import initialize_model
    from vllm.utils.torch_utils import set_default_torch_dtype
    from vllm.v1.worker.workspace import init_workspace_manager

    def is_card(value: Any) -> bool:
        if isinstance(value, str):
            return value.startswith("cuda")
        return isinstance(value, torch.device) and value.type == "cuda"

    class OnMeta(TorchFunctionMode):
        """Sends to the meta device what code sends to the card."""

        def __torch_function__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = dict(kwargs or {})
            device = kwargs.get("device")
            if is_card(device) or (isinstance(device, int) and not isinstance(device, bool)):
                kwargs["device"] = "meta"
            name = getattr(function, "__name__", "")
            if name == "cuda":
                return args[0].to("meta")
            if name == "to":
                args = tuple("meta" if is_card(value) else value for value in args)
            return function(*args, **kwargs)

    dist.init_process_group("fake", rank=0, world_size=tp, store=FakeStore())
    new_group = dist.new_group
    dist.new_group = lambda ranks=None, *args, **kwargs: new_group(ranks, backend="fake")
    broadcast.MessageQueue.create_from_process_group = staticmethod(lambda *args, **kwargs: None)
    parallel_state.in_the_same_node_as = lambda *args, **kwargs: [True] * tp
    parallel_state._node_count = lambda *args, **kwargs: 1
    parallel_state.init_distributed_environment(
        world_size=tp, rank=0, local_rank=0, distributed_init_method="env://", backend="gloo"
    )
    parallel_state.initialize_model_parallel(tp)
    with set_default_torch_dtype(engine.model_config.dtype), torch.device("meta"), OnMeta():
        init_workspace_manager(torch.device("meta"))
        model, draft = initialize_model(vllm_config=engine, model_config=engine.model_config), None
        if engine.speculative_config and engine.speculative_config.draft_model_config:
            from vllm.compilation.backends import set_model_tag

            with set_model_tag("eagle_head"):
                draft = initialize_model(vllm_config=engine, model_config=engine.speculative_config.draft_model_config)
        return model, draft


def _weights(model: Any) -> dict[str, int]:
    """Return the elements and bytes of the rank's parameters, shared ones once."""
    unique = {id(parameter): parameter for parameter in model.parameters()}.values()
    return {
        "elements": sum(parameter.numel() for parameter in unique),
        "weight_bytes": sum(parameter.numel() * parameter.element_size() for parameter in unique),
    }


def _specs(engine: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Return what each layer keeps, after vLLM has settled the size of blocks; note the kinds in `found`."""
    from vllm.platforms import current_platform
    from vllm.v1.engine import core
    from vllm.v1.worker import gpu_model_runner
    from vllm.v1.worker.worker_base import WorkerBase

    current_platform.update_block_size_for_backend(engine)
    core.register_all_kvcache_specs(engine)
    runner = types.SimpleNamespace(vllm_config=engine, shared_kv_cache_layers={})
    gpu_model_runner.has_ec_transfer = lambda: False
    specs = gpu_model_runner.GPUModelRunner.get_kv_cache_spec(runner)
    kinds: dict[str, int] = {}
    for spec in specs.values():
        window = getattr(spec, "sliding_window", None) or getattr(spec, "attention_chunk_size", None)
        kind = f"{type(spec).__name__} {spec.page_size_bytes}/{spec.block_size}" + (
            f" window {window}" if window else ""
        )
        kinds[kind] = kinds.get(kind, 0) + 1
    found["layers"] = kinds  # bytes of a page / tokens of a block
    if any(getattr(spec, "non_causal", False) for spec in specs.values()):
        engine.scheduler_config.enable_chunked_prefill = False
        engine.cache_config.enable_prefix_caching = False
    if specs:
        layouts = WorkerBase.get_supported_kv_cache_layouts(runner)
        ranks = engine.parallel_config.tensor_parallel_size
        layout = core.resolve_kv_cache_layout(engine, [layouts] * ranks, list(specs.values()))
        engine.cache_config.kv_cache_layout = layout.name
    return specs


def _request_bytes(engine: Any, specs: dict[str, Any], tp: int) -> int:
    """Return the bytes of cache that one request of max_model_len tokens takes on a rank."""
    from vllm.v1.core import kv_cache_utils

    pool = POOL_GIB * 2**30
    ranks = kv_cache_utils.get_kv_cache_configs(engine, [dict(specs) for _ in range(tp)], [pool] * tp)
    scheduler = kv_cache_utils.generate_scheduler_kv_cache_config(ranks)
    requests = kv_cache_utils.get_max_concurrency_for_kv_cache_config(engine, scheduler)
    block = kv_cache_utils._pool_bytes_per_block(engine, ranks[0].kv_cache_groups)
    return round(scheduler.num_blocks / requests * block)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--tp", nargs="+", type=int, default=TENSOR_PARALLEL)
    parser.add_argument("--len", nargs="+", type=int, default=LENGTHS, dest="lengths")
    asked = parser.parse_args()
    prepare()
    for folder in asked.folders:
        config = json.loads((folder / "config.json").read_text())
        ranks = {str(tp): measure(config, tuple(asked.lengths), tp) for tp in asked.tp}
        print(json.dumps({"folder": str(folder), "vllm": ranks}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
