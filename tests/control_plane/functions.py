"""Functions, classes and servers: registered, looked up, bound to parameters and options."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from modal_proto import api_pb2

from .limits import function_problems
from .registry import Function, Registry
from .rpc import refusal

# Of FunctionOptions, and where each belongs: in the function, or under another name in its autoscaler's settings
OPTIONS = (
    "timeout_secs", "max_concurrent_inputs", "target_concurrent_inputs", "batch_max_size", "batch_linger_ms",
    "cloud_provider_str", "routing_region",
)  # fmt: skip
SCALING_OPTIONS = {
    "concurrency_limit": "max_containers",
    "warm_pool_size": "min_containers",
    "buffer_containers": "buffer_containers",
    "task_idle_timeout_secs": "scaledown_window",
}


class Functions:
    """`open_address` gives the address of a function's web endpoint, by function and name of the method."""

    def __init__(self, registry: Registry, open_address: Callable[[Function, str], Awaitable[str]]) -> None:
        self.registry, self.open_address = registry, open_address

    async def FunctionPrecreate(self, request: Any) -> Any:
        function = self.existing(request)
        function.precreated = request
        return api_pb2.FunctionPrecreateResponse(function_id=function.id, handle_metadata=handle_metadata(function))

    async def FunctionCreate(self, request: Any) -> Any:
        function = self.existing(request)
        function.data = function_data(request)
        definition = function.definition
        function.tag = definition.function_name
        for ranked in function.data.ranked_functions:
            refuse_problems(function.tag, ranked.function)
        function.autoscaler = copy_of(definition.autoscaler_settings)
        await self.open_addresses(function)
        return api_pb2.FunctionCreateResponse(
            function_id=function.id,
            function=definition,
            function_data=function.data,
            handle_metadata=handle_metadata(function),
        )

    def existing(self, request: Any) -> Function:
        """The function that a request registers again, or a new one."""
        function = self.registry.functions.get(request.existing_function_id)
        if function is None:
            function = Function(self.registry.new_id("fu"), request.app_id)
            self.registry.functions[function.id] = function
        return function

    async def open_addresses(self, function: Function) -> None:
        """An address for each web endpoint, kept when the function is registered again."""
        definition = function.definition
        endpoints = [name for name, method in definition.method_definitions.items() if method.webhook_config.type]
        if definition.webhook_config.type or definition.is_server:
            endpoints.append("")
        for endpoint in endpoints:
            if endpoint not in function.urls:
                function.urls[endpoint] = await self.open_address(function, endpoint)

    async def FunctionGet(self, request: Any) -> Any:
        app_id = self.registry.deployed.get(request.app_name, "")
        if not app_id:
            raise refusal("NOT_FOUND", f"App {request.app_name!r} is not deployed")
        function_id = self.registry.apps[app_id].function_ids.get(request.object_tag, "")
        if function_id not in self.registry.functions:
            raise refusal("NOT_FOUND", f"App {request.app_name!r} has no Function {request.object_tag!r}")
        function = self.registry.functions[function_id]
        return api_pb2.FunctionGetResponse(
            function_id=function.id, handle_metadata=handle_metadata(function), function=function.data
        )

    async def ClassCreate(self, request: Any) -> Any:
        return api_pb2.ClassCreateResponse(class_id=request.existing_class_id or self.registry.new_id("cs"))

    async def ClassGet(self, request: Any) -> Any:
        app = self.registry.apps.get(self.registry.deployed.get(request.app_name, ""))
        if app is None or request.object_tag not in app.class_ids:
            raise refusal("NOT_FOUND", f"No Cls {request.object_tag!r} in a deployed App {request.app_name!r}")
        return api_pb2.ClassGetResponse(class_id=app.class_ids[request.object_tag])

    async def FunctionBindParams(self, request: Any) -> Any:
        """The class itself, where nothing is bound, so that all its inputs share one queue."""
        options = request.function_options.SerializeToString(deterministic=True)
        base = self.registry.functions[request.function_id]
        bound = base if not request.serialized_params and not options else None
        for function in self.registry.functions.values():
            same = (function.base_id, function.serialized_params) == (base.id, request.serialized_params)
            if same and self.registry.is_current(function):
                same = function.options.SerializeToString(deterministic=True) == options
                bound = function if same else bound
        if bound is None:
            bound = Function(
                self.registry.new_id("fu"),
                base.app_id,
                base.tag,
                base.precreated,
                copy_of(base.data),
                base.id,
                base.data,
                request.serialized_params,
                request.function_options,
                autoscaler=copy_of(base.autoscaler),
            )
            apply_options(bound, request.function_options)
            refuse_problems(f"{bound.tag} with options", bound.definition)
            self.registry.functions[bound.id] = bound
        return api_pb2.FunctionBindParamsResponse(bound_function_id=bound.id, handle_metadata=handle_metadata(bound))


def refuse_problems(name: str, definition: Any) -> None:
    if problems := function_problems(definition):
        raise refusal("INVALID_ARGUMENT", f"{name}: {'; '.join(problems)}")


def copy_of(message: Any) -> Any:
    copied = type(message)()
    copied.CopyFrom(message)
    return copied


def function_data(request: Any) -> Any:
    """The FunctionData of a FunctionCreate: as sent, or with its one function."""
    data = copy_of(request.function_data)
    if not data.ranked_functions:
        function = request.function
        data.function_name, data.function_type = function.function_name, function.function_type
        data.ranked_functions.add(rank=0, function=function)
    return data


def handle_metadata(function: Function) -> Any:
    """The metadata that a client needs to call a function."""
    created = function.data is not None
    source = function.definition if created else function.precreated
    is_server = created and source.is_server
    shared = {"app_id": function.app_id, "definition_id": function.definition_id}
    metadata = api_pb2.FunctionHandleMetadata(
        function_name=source.function_name,
        function_type=source.function_type,
        function_schema=source.function_schema,
        supported_input_formats=source.supported_input_formats,
        supported_output_formats=source.supported_output_formats,
        base_function_id=function.base_id,
        web_url="" if is_server else function.urls.get("", ""),
        **shared,
    )
    if created:
        metadata.is_method = source.is_method
        metadata.class_parameter_info.CopyFrom(source.class_parameter_info)
    if is_server:
        metadata._experimental_flash_urls.extend(function.urls.values())
    for name, method in source.method_definitions.items():
        metadata.method_handle_metadata[name].CopyFrom(
            api_pb2.FunctionHandleMetadata(
                function_name=method.function_name,
                function_type=method.function_type,
                function_schema=method.function_schema,
                supported_input_formats=method.supported_input_formats,
                supported_output_formats=method.supported_output_formats,
                web_url=function.urls.get(name, ""),
                is_method=True,
                use_method_name=name,
                **shared,
            )
        )
    return metadata


def apply_options(function: Function, options: Any) -> None:
    """Change the definition of a bound class to that of `with_options(...)`."""
    definition = function.definition
    if options.HasField("resources"):
        definition.resources.MergeFrom(options.resources)
    for name in ("retry_policy", "scheduler_placement"):
        if options.HasField(name):
            getattr(definition, name).CopyFrom(getattr(options, name))
    for name in OPTIONS:
        if options.HasField(name):
            setattr(definition, name, getattr(options, name))
    for name, setting in SCALING_OPTIONS.items():
        if options.HasField(name):
            setattr(function.autoscaler, setting, getattr(options, name))
    for name, replace in (
        ("secret_ids", options.replace_secret_ids),
        ("volume_mounts", options.replace_volume_mounts),
    ):
        if replace:
            del getattr(definition, name)[:]
        getattr(definition, name).extend(getattr(options, name))
