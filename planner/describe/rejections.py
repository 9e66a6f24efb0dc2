"""A sentence for each reason why a candidate for inference was rejected."""

from __future__ import annotations

from ..catalogue.gpus import gpu_string
from ..choose.cost import LEAST_HOURS, STARTER_GPUS, container_usd_per_hour, ends, least_batch_usd, month_usd
from ..choose.margins import speed_margin, weak_link
from ..choose.support import CAPABILITY, needs_hopper, whole_heads
from ..estimate.vllm_memory import STARTUP_SHARE
from ..reasons import Reason, Rejection
from ..schema import InferenceCandidate, InferenceEstimate, InferenceSetup, Model, Request, TrainingSetup
from .format import amount, in_unit
from .load import about_rate, exact_s, load_words, seconds_words
from .names import KERNEL_NAMES


def inference_rejection(request: Request, candidate: InferenceCandidate) -> str:
    """Return why an inference candidate was rejected; "" where it was not."""
    setup, estimate, rejection = candidate.setup, candidate.estimate, candidate.rejected
    if rejection is None:
        return ""
    if estimate is None:
        return unsupported_text(setup, rejection.reason)
    if rejection.reason is Reason.FEWER_GPUS:
        few = gpu_string(setup.gpu, rejection.number)
        return f"{few} holds it: more containers of that give more tokens per dollar than tensor parallelism"
    if rejection.reason in (Reason.TTFT_OVER_TARGET, Reason.TPOT_OVER_TARGET):
        return target_text(request, setup, rejection)
    return inference_shortage(setup, estimate) or over_budget_text(request, candidate, rejection)


def target_text(request: Request, setup: InferenceSetup, rejection: Rejection) -> str:
    """Return which target a setup misses, with its figure: "tpot 55 ms on A10 at 16 at once, 40 ms asked"."""
    first = rejection.reason is Reason.TTFT_OVER_TARGET
    name, asked = ("ttft", request.targets.ttft_s) if first else ("tpot", request.targets.tpot_s)
    load = f"{about_rate(setup.rate)} a container" if setup.rate else f"{setup.concurrency} at once"
    margin = speed_margin(setup) - 1
    added = f" ({margin:.0%} margin: {margin_reason(setup)})" if margin > 0 else ""
    on = gpu_string(setup.gpu, setup.gpu_count)
    return f"{name} {seconds_words(rejection.seconds)} on {on} at {load}, {exact_s(asked)} asked{added}"


def margin_reason(setup: InferenceSetup) -> str:
    """Return why the predicted speed of a setup has a margin."""
    return "tensor parallelism over PCIe" if weak_link(setup) else "unpublished speed"


def unsupported_text(setup: InferenceSetup, reason: Reason) -> str:
    """Return why the GPU or the engine does not run the setup, or runs a better one."""
    model, gpu = setup.model, setup.gpu
    if reason is Reason.KERNEL_UNSUPPORTED:
        needs = {"flash_attention_2": "8.0 or newer", "flash_attention_3": "9.0 (Hopper)"}
        least, kernel = needs.get(setup.attention, "10 (Blackwell)"), KERNEL_NAMES[setup.attention]
        return f"{kernel} needs compute capability {least}, {gpu.name} has {gpu.compute_capability}"
    if reason is Reason.FORMAT_UNSUPPORTED:
        needed = f"{setup.quantization} needs compute capability {CAPABILITY[setup.quantization]}"
        return f"{needed}, {gpu.name} has {gpu.compute_capability}"
    if reason is Reason.FLOAT16_OVERFLOW:
        return float16_text(setup)
    if reason is Reason.ONE_GPU_ENGINE:
        return "the transformers engine runs on one GPU; vllm spreads a model over several"
    if reason is Reason.KERNEL_NOT_INSTALLED:
        return "the transformers image holds no flash-attn; PyTorch's SDPA brings its own FlashAttention kernels"
    if reason is Reason.ENCODER_UNSUPPORTED:
        return f"vLLM does not run the encoder of {model.id}"
    if reason is Reason.ARCHITECTURE_UNSUPPORTED and setup.engine == "vllm" and model.vllm_lacks:
        return vllm_obstacle_text(model)
    if reason is Reason.ARCHITECTURE_UNSUPPORTED:
        return f"the {setup.engine} image does not run the architecture of {model.id}"
    if reason is Reason.CACHE_UNSUPPORTED and needs_hopper(model):
        needed = f"vLLM's attention for {model.id} needs compute capability 9.0 (Hopper)"
        return f"{needed}, {gpu.name} has {gpu.compute_capability}"
    if reason is Reason.CACHE_UNSUPPORTED:
        return f"vLLM has no sparse attention over the fp8 cache of {model.id} on {gpu.name}; a B200 has"
    if reason is Reason.NO_CONTINUOUS_BATCHING:
        return f"transformers' continuous batching with SDPA does not run the attention of {model.id}"
    if reason is Reason.HEADS_INDIVISIBLE:
        heads = f"{model.heads} attention heads"
        if model.heads % setup.tensor_parallel == 0:
            heads = f"{whole_heads(model)} key-value heads"
        return f"{heads} do not divide by {setup.tensor_parallel} GPUs"
    if reason is Reason.FASTER_KERNEL:
        best = KERNEL_NAMES[gpu.attention[-1]]
        return f"{best} runs on {gpu.name} and is faster than {KERNEL_NAMES[setup.attention]}"
    raise ValueError(reason)


def vllm_obstacle_text(model: Model) -> str:
    """Return why vLLM does not run a model whose architecture it has."""
    what, _space, name = model.vllm_lacks.partition(" ")
    if what == "key":
        return f"vLLM needs {name} in a config.json of type {model.architecture}; that of {model.id} has none"
    if what == "architectures":
        return f"vLLM has no class of the name that architectures in the config.json of {model.id} gives"
    if what == "head":
        return f"vLLM has no class for the encoder of {model.id} with the head that its config.json names"
    if what == "one":
        return f"vLLM may read either of the two {name} in the config.json of {model.id}, which contradict each other"
    only, has = ("tied", "separate") if what == "no" else ("separate", "tied")
    return f"vLLM builds a {model.architecture} only with {only} embedding and head, and {model.id} has {has} ones"


def float16_text(setup: InferenceSetup | TrainingSetup) -> str:
    return f"the model overflows in float16, and {setup.gpu.name} has no bfloat16"


def inference_shortage(setup: InferenceSetup, estimate: InferenceEstimate) -> str:
    """Return how much memory an inference setup lacks; "" where it fits."""
    short = estimate.rejection
    if short is None:
        return ""
    card, need, have = f"one {setup.gpu.name}", short.need_gib, short.have_gib
    if short.reason is Reason.NO_KV_CACHE:
        return (
            f"weights ({estimate.weights_gib:.1f}), activations ({estimate.activation_gib:.1f}) and overhead "
            f"({estimate.overhead_gib:.1f}) need {need:.1f} GiB, and vLLM may use {have:.1f} of {card}: "
            f"{lacking(-estimate.kv_cache_gib)}"
        )
    if short.reason is Reason.STARTUP_MEMORY:
        return f"{card} has less than {need:.1f} GiB free when vLLM starts; {STARTUP_SHARE} of the card works"
    if short.reason is Reason.REQUEST_TOO_LONG:
        return (
            f"one request of {setup.context_len:,} tokens needs {need:.2f} GiB of KV cache, and {card} has "
            f"{have:.2f} GiB left: {need - have:.2f} GiB short"
        )
    if short.reason is Reason.TOO_MANY_AT_ONCE:
        what = "requests" if setup.model.workload == "generation" else "texts"
        return (
            f"{short.number} {what} of {setup.context_len:,} tokens need {need:.1f} GiB "
            f"({estimate.weights_gib:.1f} of weights), and {card} has {have:.1f}: {lacking(need - have)}"
        )
    if short.reason is Reason.CLAIM_TOO_LARGE:
        return (
            f"transformers would claim {need:.1f} GiB for {short.number} requests of {setup.context_len:,} tokens "
            f"and takes at most {have:.1f} of what {card} has left: {lacking(need - have)}"
        )
    raise ValueError(short.reason)


def lacking(gib: float) -> str:
    """Return "112.7 GiB short"; in MiB what rounds to no GiB."""
    return f"{gib:.1f} GiB short" if gib >= 0.05 else f"{max(gib * 1024, 1):.0f} MiB short"


def over_budget_text(request: Request, candidate: InferenceCandidate, rejection: Rejection) -> str:
    """Return why the budget does not pay for an inference candidate, its warm pool included."""
    budget, warm = request.budget, request.warm.containers
    if ends(request):
        return f"the run costs ${least_batch_usd(request, candidate):,.2f}, over ${budget.usd:,.2f}"
    if rejection.reason is Reason.STARTER_PLAN:
        return f"{warm} kept warm are more than the {STARTER_GPUS} GPUs that Modal's Starter plan runs at once"
    if rejection.reason is Reason.PRICE_OVER_BUDGET:
        load = f"{candidate.containers} containers for {load_words(request)} cost"
        verb = load if candidate.containers > 1 else "costs"
        if budget.per == "month":
            price = in_unit(budget, candidate.usd_per_hour * LEAST_HOURS)
            return f"{verb} ${price} for {LEAST_HOURS} busy hours, over ${amount(budget)}"
        return f"{verb} ${in_unit(budget, candidate.usd_per_hour)}, over ${amount(budget)}"
    if budget.per == "month":
        costs = f"cost{'s' * (warm == 1)} ${in_unit(budget, month_usd(request, candidate))}"
        return f"{warm} kept warm {costs}, over ${amount(budget)}"
    busy = "may all run around the clock once they are busy:" if request.warm.days else "kept warm cost"
    usd_per_hour = warm * container_usd_per_hour(candidate.setup)
    return f"{warm} {busy} ${in_unit(budget, usd_per_hour)}, over ${amount(budget)}"
