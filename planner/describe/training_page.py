"""PLAN.md, memory.svg, the terminal and the comparison of a training plan, in words and figures."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..choose.cost import STARTER_GPUS
from ..choose.micro_batch import need_gib, tight
from ..choose.training_cost import attempt_s, paid_s
from ..estimate.training_run import checkpoint_gib, end_s, save_every_s, start_s
from ..estimate.training_states import lora_params, sequences_of
from ..schema import TrainingCandidate, TrainingPlan, TrainingSetup
from .assumed import assumed_sentence
from .figures import ASSUMED, memory_figures, price_figures, speed_figures
from .format import about, budget_words, code, dollars, duration, hourly, paragraph, short_count, size_words
from .layout import Bar, Comparison, Figure, Page
from .monthly import training_table
from .names import OFFLOAD_NAMES, SHARDING_NAMES
from .training import (
    cells,
    cheaper_run,
    frontier,
    how,
    memory_terms,
    one_per_gpu,
    other_aims,
    quicker,
    rate,
    row_tokens,
    rows_words,
    run_of,
    run_price,
    step,
    usd_per_million,
    what_would_change,
    where,
    why_lower,
)
from .training_gpus import cheaper_single_gpus, out_of_memory

COLUMNS = ("GPUs", "how", "step", "GiB used of usable", "tokens/s", "$/h", "run", "$/run", "verdict")
REFERENCE_WORDS = {  # by whether all weights are trained
    False: "DPO compares with the model as it was: with its adapters switched off, so without a second copy.",
    True: "DPO compares with the model as it was: a second copy of the weights, frozen, which is among the weights.",
}
OPTIONS_HEAD = """| GPUs | how | step | GiB used of usable | tokens/s | $/hour | run | $/run | verdict |
|---|---|---|---|---:|---:|---:|---:|---|
"""


def page(plan: TrainingPlan) -> Page:
    """Return the parts of PLAN.md."""
    return Page(
        decision=decision(plan),
        bar=bar(plan.chosen),
        memory=[paragraph(*state_words(plan))],
        out_of_memory=out_of_memory(plan),
        speed=[paragraph(*rate_words(plan))],
        cost=[paragraph(*run_words(plan)), paragraph(*money_words(plan)), *training_table(plan), traffic_words(plan)],
        figures=figures(plan),
        weighed=len(plan.candidates),
        table=OPTIONS_HEAD + "".join(markdown(cells(plan, other)) for other in one_per_gpu(plan)),
        single_gpus=cheaper_single_gpus(plan),
        aims=list(other_aims(plan)),
        changes=what_would_change(plan),
    )


def bar(candidate: TrainingCandidate, role: str = "") -> Bar:
    """Return the memory of one GPU, with a caption that begins with `role`."""
    estimate = candidate.estimate
    caption = f"{role}: {where(candidate.setup)}, {how(candidate)}, {hourly(candidate.usd_per_hour)}"
    return Bar(memory_terms(estimate), estimate.usable_gib, f"{caption}, {estimate.usable_gib:.1f} GiB")


def bars(plan: TrainingPlan) -> list[Bar]:
    """Return the bar of the choice, and beside it one of a quicker or a cheaper GPU."""
    others = (quicker(plan), cheaper_run(plan))
    other = next((c for c in others if c and c.run and c.setup.gpu != plan.chosen.setup.gpu), None)
    return [bar(plan.chosen, "chosen"), *([bar(other, "beside it")] if other else [])]


def cluster_words(setup: TrainingSetup) -> str:
    """Return what Modal must grant before so many GPUs run."""
    gpus = setup.gpu_count * setup.nodes
    return f"a cluster, which Modal lends on request; {gpus} GPUs at once are beyond its Starter plan's {STARTER_GPUS}"


def decision(plan: TrainingPlan) -> list[str]:
    """Return the request, the choice and the assumptions, a paragraph each."""
    request, chosen, setup, estimate = plan.request, plan.chosen, plan.chosen.setup, plan.chosen.estimate
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    numbers = "bfloat16" if setup.gpu.bf16 else "float16"
    asked = paragraph(
        f"{code(setup.model.id)} with {size_words(setup.model)}, trained on sequences of up to {setup.seq_len:,}",
        f"tokens, {budget_words(request.budget)}, chosen for {request.optimize}:",
    )
    method = how(chosen)
    answer = paragraph(
        f"**{method[0].upper()}{method[1:]} in {numbers} on {where(setup)}: {hourly(chosen.usd_per_hour)},",
        f"about {about(rate(chosen))} tokens/s ({low} to {high}), {dollars(usd_per_million(chosen))} per million",
        f"tokens; {rows_words(plan)} take about {run_price(run_of(chosen))}.**",
    )
    guessed = assumed_sentence(setup.model)
    return [asked, answer, paragraph(guessed)] if guessed else [asked, answer]


def state_words(plan: TrainingPlan) -> list[str]:
    """Return the sentences on the terms of the memory."""
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    adapters = lora_params(setup.model, setup.lora_rank, setup.lora_targets)
    every, some = short_count(setup.model.params), short_count(adapters)
    words = [
        {
            "full": f"All {every} parameters are trained: AdamW keeps two moments for each, beside a float32 weight.",
            "lora": f"LoRA trains {some} parameters of adapters in float32; the {every} of the model stay frozen in 16 "
            "bits, without gradients or optimizer states.",
            "qlora": f"QLoRA trains {some} parameters of adapters in float32; the {every} of the model stay frozen in "
            "4 bits (NF4, double quantization), unpacked a matrix at a time.",
        }[setup.method]
    ]
    if setup.objective == "dpo":
        words.append(REFERENCE_WORDS[setup.method == "full"])
    if lower := why_lower(plan):
        words.append(f"{lower[0].upper()}{lower[1:]}.")
    if setup.sharding.startswith("zero"):
        parts = {"zero1": "optimizer states", "zero2": "gradients and optimizer states", "zero3": "all three"}
        among = f"among {setup.gpu_count * setup.nodes} GPUs"
        words.append(f"{SHARDING_NAMES[setup.sharding]} divides {parts[setup.sharding]} {among}.")
    if estimate.host_gib:
        what = OFFLOAD_NAMES[setup.offload].removesuffix(" in main memory")
        words.append(f"Main memory holds the {what}, {estimate.host_gib:.0f} GiB on each node, which is in the price.")
    kept = "are recomputed in the backward pass" if setup.gradient_checkpointing else "are kept"
    if tight(estimate):
        left = estimate.usable_gib - need_gib(estimate)
        words.append(f"That leaves {left:.1f} GiB, less than the estimate may err.")
    words.append(
        f"Activations grow with a micro-batch's tokens, at most {sequences_of(setup)} x {setup.seq_len:,}, and {kept}."
    )
    return words


def rate_words(plan: TrainingPlan) -> list[str]:
    chosen, setup, estimate = plan.chosen, plan.chosen.setup, plan.chosen.estimate
    batch = setup.micro_batch * setup.accumulation * setup.gpu_count * setup.nodes
    at = f"at rows of {row_tokens(plan):,} tokens (assumed)" if plan.request.row_tokens else "at full sequences"
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    measured = "tokens_per_s" not in estimate.prior
    rows = "pairs" if setup.objective == "dpo" else "sequences"
    return [
        f"An optimizer step takes {batch} {rows}: {step(chosen)} on each GPU. Tokens include padding,",
        f"{at}; MFU is {estimate.mfu or 0:.2f} of {setup.gpu.flops / 1e12:,.0f} TFLOP/s. Speeds come from a roofline",
        f"model: expect {low} to {high} tokens/s.",
        "" if measured else "Too little was measured of such a card or model: the range is wide.",
    ]


def run_words(plan: TrainingPlan) -> list[str]:
    """Return the sentences on the run, its price and the budget."""
    chosen, budget = plan.chosen, plan.request.budget
    known, tokens = plan.request.dataset_rows, row_tokens(plan)
    rows = f"The dataset has {known:,} rows, as given" if known else "The number of rows is not known"
    words = [
        f"{rows}; a row is assumed to have {tokens:,} tokens. {rows_words(plan)} take about",
        f"{run_price(run_of(chosen))}, {start_s(chosen.setup):.0f} s of it for the start and",
        f"{end_s(chosen.setup):.0f} for the last save. `make check` counts yours before GPU billing starts.",
    ]
    if budget.per in ("run", "month"):
        over = "all attempts of a run" if budget.per == "run" else "all runs of a calendar month"
        enough = run_of(chosen).usd <= budget.usd
        words += [
            f"{budget_words(budget)} pays for {duration(paid_s(budget, chosen) / 3600)}, over {over}:",
            "enough for that run." if enough else "not enough for that many rows.",
            "At the budget the run saves, evaluates and stops; the same command with a larger budget continues.",
        ]
    elif budget.per == "hour":
        words.append(f"{budget_words(budget)} limits what runs, not what a run costs; `budget=50/run` does.")
    return words


def money_words(plan: TrainingPlan) -> list[str]:
    """Return the sentences on attempts, kills and prices."""
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    host = estimate.host_usd_per_hour - (plan.chosen.usd_per_hour - estimate.usd_per_hour)
    cluster = [f"It takes {cluster_words(setup)}."] if setup.nodes > 1 else []
    longest_s = attempt_s(plan.request.budget, plan.chosen)
    every = save_every_s(setup, longest_s)
    lost = every / 3600 * plan.chosen.usd_per_hour
    return [
        f"An attempt runs for at most {duration(longest_s / 3600)} (`TIMEOUT`) and resumes from the newest",
        f"checkpoint ({about(checkpoint_gib(setup))} GiB, every {every // 60} minutes); an interruption costs at",
        f"most {dollars(lost)} and another start. Prices are Modal's of {PRICES_DATE}, for GPUs; CPU and memory are",
        f"billed by use on top, about {hourly(host)} (unmeasured estimate). Between runs nothing is billed.",
        *cluster,
    ]


def traffic_words(plan: TrainingPlan) -> str:
    """Return what the table of runs assumes."""
    return paragraph(f"GPUs only, at rows of {row_tokens(plan):,} tokens (assumed); a run a day is 30 runs a month.")


def figures(plan: TrainingPlan) -> list[Figure]:
    """Return how far each kind of figure can be trusted."""
    estimate, setup = plan.chosen.estimate, plan.chosen.setup
    others = "gradients, optimizer, activations, logits, overhead"
    return [
        *memory_figures(setup.model, others),
        *speed_figures(plan, "tokens/s, MFU, hours", "tokens_per_s" in estimate.prior),
        *price_figures("start and saves"),
        Figure("rows and their length", ASSUMED, rows_words(plan)),
    ]


def comparison(plan: TrainingPlan, which: str) -> Comparison:
    """Return the weighed candidates as a table: the "best" of each GPU, "all" of them, or the "frontier"."""
    candidates = {"best": one_per_gpu, "all": lambda plan: plan.candidates, "frontier": frontier}[which](plan)
    load = f"sequences of {plan.request.context_len:,}, {rows_words(plan)} (assumed)"
    return Comparison(COLUMNS, [cells(plan, candidate) for candidate in candidates], load)


def markdown(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |\n"
