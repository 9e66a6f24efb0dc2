"""The objects that clients made: apps, functions, images, uploaded files, named objects. No protocol."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from modal_proto import api_pb2


@dataclass
class Named:
    """A Secret, Volume or Dict."""

    id: str
    name: str = ""  # "" where it was made without one
    env: dict[str, str] = field(default_factory=dict)  # of a Secret
    version: int = 0  # of a Volume
    entries: dict[bytes, bytes] = field(default_factory=dict)  # of a Dict
    created_at: float = field(default_factory=time.time)


@dataclass
class Mount:
    """Files that were uploaded together."""

    id: str
    name: str = ""
    files: dict[str, tuple[str, int]] = field(default_factory=dict)  # path in the container -> (sha256, mode)


@dataclass
class Image:
    """One layer of an image; `definition.base_images` has those below."""

    id: str
    definition: api_pb2.Image
    builder_version: str


@dataclass
class Function:
    """A function, a class, a server, or a class with parameters or options bound."""

    id: str
    app_id: str
    tag: str = ""  # its name in the app: `fetch`, `Worker.*`
    precreated: Any = None  # FunctionPrecreateRequest
    data: Any = None  # FunctionData, once created
    base_id: str = ""  # of the class that was bound
    base_data: Any = None  # its FunctionData then
    serialized_params: bytes = b""
    options: Any = None  # FunctionOptions of a bound class
    urls: dict[str, str] = field(default_factory=dict)  # method, or "" for the function itself -> address
    autoscaler: Any = None  # AutoscalerSettings: as registered, and then as updated

    @property
    def definition(self) -> Any:
        """The api_pb2.Function; the first where a list of GPUs made several."""
        return self.data.ranked_functions[0].function

    @property
    def definition_id(self) -> str:
        return "de-" + self.id.removeprefix("fu-")


@dataclass(frozen=True)
class Version:
    """A deployment: what the app's functions were then."""

    number: int
    deployed_at: float
    client_version: str
    tag: str
    rollback_of: int  # the version that was deployed again, or 0
    function_ids: dict[str, str]
    class_ids: dict[str, str]
    data: dict[str, tuple[Any, Any]]  # function's id -> its FunctionData and AutoscalerSettings


@dataclass
class App:
    id: str
    name: str
    state: int  # api_pb2.AppState
    created_at: float = field(default_factory=time.time)
    stopped_at: float = 0.0
    tags: dict[str, str] = field(default_factory=dict)
    function_ids: dict[str, str] = field(default_factory=dict)
    class_ids: dict[str, str] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)  # oldest first


class Registry:
    """Everything by its id."""

    def __init__(self) -> None:
        self._numbers: dict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))
        self.apps: dict[str, App] = {}
        self.deployed: dict[str, str] = {}  # name of an app -> its id
        self.functions: dict[str, Function] = {}
        self.images: dict[str, Image] = {}
        self.mounts: dict[str, Mount] = {}
        self.contents: dict[str, bytes] = {}  # sha256 -> an uploaded file
        self.blobs: dict[str, bytes] = {}
        self.secrets: dict[str, Named] = {}
        self.volumes: dict[str, Named] = {}
        self.dicts: dict[str, Named] = {}

    def new_id(self, prefix: str) -> str:
        number = next(self._numbers[prefix])
        # the command line recognises an app's id by its 22 characters
        return f"{prefix}-{number:022}" if prefix == "ap" else f"{prefix}-{number}"

    def functions_of(self, app_id: str) -> list[Function]:
        """The created functions of an app."""
        return [one for one in self.functions.values() if one.app_id == app_id and one.data is not None]

    def is_current(self, function: Function) -> bool:
        """Whether a bound class has been bound since the last deployment."""
        return not function.base_id or function.base_data is self.functions[function.base_id].data

    def layers(self, image_id: str) -> list[Image]:
        """The layers of an image, the base first."""
        found: list[Image] = []
        if image_id:
            image = self.images[image_id]
            for base in image.definition.base_images:
                found += [layer for layer in self.layers(base.image_id) if layer not in found]
            found.append(image)
        return found
