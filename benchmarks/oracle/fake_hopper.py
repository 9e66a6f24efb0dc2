"""A pretended H100 for the CPU build of vLLM 0.32: it takes the CUDA paths of its accounting, and computes nothing.

`install` comes before any other import of vllm. Every CUDA operator that the CPU build lacks is replaced by one that
answers questions of capability and raises where it is called to compute.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from typing import Any
from unittest.mock import MagicMock

NAME = "NVIDIA H100 80GB HBM3"
CAPABILITY = (9, 0)
MEMORY = int(79.2 * 2**30)  # bytes
GPUS = 8  # of one node
# Compiled modules that vllm imports by name to see whether its CUDA build is there.
COMPILED = (
    "vllm._C_stable_libtorch", "vllm._flashkda_C", "vllm.vllm_flash_attn._vllm_fa2_C",
    "vllm.vllm_flash_attn._vllm_fa3_C",
)  # fmt: skip
OPERATORS = ("_C", "_moe_C", "_flashkda_C", "_vllm_fa2_C", "_vllm_fa3_C", "vllm")  # namespaces of torch.ops


class Nothing:
    """A stream or event: made by constructors, never waited for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


class MissingOperator:
    """A CUDA operator that the CPU build lacks. Those that ask what the card can do are answered for an H100."""

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self.default = self
        self._schema = None

    def __call__(self, *args: Any, **kwargs: Any) -> bool | int:
        if self.__name__ == "get_workspace_size":  # of a buffer beside weights and cache
            return 0
        if "supp" not in self.__name__:
            raise RuntimeError(f"{self.__name__} is a CUDA operator; the fake card computes nothing")
        return "fp4" not in self.__name__  # Hopper has fp8 and no fp4

    def overloads(self) -> list[str]:
        return ["default"]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


class AbsentPackage(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """torchvision, which image processors import and the meta device never calls: every name in it is a class."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.partition(".")[0] != "torchvision":
            return None
        spec = importlib.machinery.ModuleSpec(name, self, is_package=True)
        spec.submodule_search_locations = []
        return spec

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        class Named(type):
            def __getattr__(cls, name: str) -> str:
                if name.startswith("__"):
                    raise AttributeError(name)
                return name

        def member(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return Named(name, (), {})

        module.__getattr__ = member
        module.__version__ = "0.28.0"


class AbsentKernels(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Compilers of kernels that only CUDA builds bring (DeepSeek-V4's): every name in them is anything at all."""

    PACKAGES = ("cutlass", "cuda", "tilelang", "quack")
    MODULES = ("vllm.vllm_flash_attn.cute",)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.partition(".")[0] not in self.PACKAGES and not name.startswith(self.MODULES):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> Any:
        module = MagicMock(name=spec.name)
        module.__path__, module.__name__, module.__spec__, module.__version__ = [], spec.name, spec, "0"
        return module

    def exec_module(self, module: Any) -> None:
        pass


def install() -> None:
    """Make vllm, torch and triton of this process see eight H100."""
    sys.meta_path.append(AbsentPackage())
    import xgrammar  # noqa: F401  # asks for CUDA's bindings, which must still be absent then

    sys.meta_path.append(AbsentKernels())
    for name in COMPILED:
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        sys.modules[name] = module
    _torch()
    _platform()
    _triton()
    _libraries()


def _torch() -> None:
    import torch
    from torch import _ops, library

    properties = types.SimpleNamespace(
        name=NAME, major=CAPABILITY[0], minor=CAPABILITY[1], total_memory=MEMORY, multi_processor_count=132,
        is_integrated=0, warp_size=32, regs_per_multiprocessor=65536, shared_memory_per_block_optin=232448,
    )  # fmt: skip
    torch.version.cuda = "13.0"
    torch.compile = lambda function=None, **options: function or (lambda given: given)  # nothing is computed
    answers: dict[str, Any] = {
        "get_device_capability": CAPABILITY, "current_device": 0, "device_count": GPUS, "is_available": True,
        "set_device": None, "get_device_name": NAME, "mem_get_info": (MEMORY, MEMORY),
        "get_device_properties": properties, "current_stream": Nothing(),
    }  # fmt: skip
    for name, value in answers.items():
        setattr(torch.cuda, name, _answering(value))
    torch.cuda.Stream = torch.cuda.Event = torch.Event = Nothing
    accelerator = {
        "current_device_index": 0, "is_available": True, "current_accelerator": torch.device("cuda"),
        "device_count": GPUS, "current_stream": Nothing(), "set_device_index": None, "empty_cache": None,
    }  # fmt: skip
    for name, value in accelerator.items():
        setattr(torch.accelerator, name, _answering(value))

    known = _ops._OpNamespace.__getattr__

    def operator(self: Any, name: str) -> Any:
        try:
            return known(self, name)
        except AttributeError:
            if name.startswith("__") or not self.name.startswith(OPERATORS):
                raise
            return MissingOperator(name)

    _ops._OpNamespace.__getattr__ = operator
    register = library.Library._register_fake

    def register_fake(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return register(self, *args, **kwargs)
        except RuntimeError as error:
            if "does not exist" not in str(error):
                raise

    library.Library._register_fake = register_fake


def _platform() -> None:
    from vllm import platforms
    from vllm.platforms.cuda import CudaPlatformBase
    from vllm.platforms.interface import DeviceCapability

    answers: dict[str, Any] = {
        "get_device_capability": DeviceCapability(*CAPABILITY), "get_device_name": NAME, "get_device_uuid": "GPU-0",
        "get_device_total_memory": MEMORY, "is_fully_connected": True, "device_count": GPUS, "num_compute_units": 132,
        "is_integrated_gpu": False, "is_arch_support_pdl": True, "get_device_numa_node": None, "import_kernels": None,
        "get_device_communicator_cls":
            "vllm.distributed.device_communicators.base_device_communicator.DeviceCommunicatorBase",
    }  # fmt: skip
    methods = {name: classmethod(_answering(value)) for name, value in answers.items()}
    platforms._current_platform = type("FakeHopper", (CudaPlatformBase,), methods)()
    platforms.vllm_version_matches_substr = lambda text: False  # not the CPU build


def _triton() -> None:
    from triton.backends import backends
    from triton.backends.compiler import GPUTarget
    from triton.runtime import driver

    for name, backend in backends.items():
        backend.driver.is_active = staticmethod(_answering(name == "nvidia"))
    limits = {
        "max_shared_mem": 232448, "multiprocessor_count": 132, "warpSize": 32, "max_num_regs": 65536,
        "sm_clock_rate": 1980000, "mem_clock_rate": 2619000, "mem_bus_width": 5120,
    }  # fmt: skip
    import torch

    driver.set_active(
        types.SimpleNamespace(
            get_current_target=lambda: GPUTarget("cuda", 10 * CAPABILITY[0] + CAPABILITY[1], 32),
            get_current_device=lambda: 0,
            get_active_torch_device=lambda: torch.device("cuda", 0),
            get_benchmarker=lambda: lambda *args, **kwargs: 0,
            get_device_interface=lambda: torch.cuda,
            get_current_stream=lambda device: 0,
            utils=types.SimpleNamespace(get_device_properties=lambda device: limits),
        )
    )


def _libraries() -> None:
    """Say that the kernels are there which the generated images install."""
    from vllm.model_executor.models import registry
    from vllm.utils import import_utils
    from vllm.v1.attention.ops import flashmla
    from vllm.vllm_flash_attn import flash_attn_interface

    flash_attn_interface.FA4_AVAILABLE = True
    import_utils.has_deep_gemm = import_utils.has_triton_kernels = lambda: True
    import_utils.get_triton_kernels_version = lambda: "3.6"
    flashmla._is_flashmla_available = lambda: (True, None)
    # Classes are looked at here: the process that vllm would start for it sees no fake card.
    registry._LazyRegisteredModel.inspect_model_cls = lambda self: registry._ModelInfo.from_model_cls(
        self.load_model_cls()
    )


def _answering(value: Any) -> Any:
    return lambda *args, **kwargs: value
