"""The price of a month, an API beside it, and the memory of a load: by hand, from the plan's speed and price."""

import re

import pytest

from planner.asked import WarmPool
from planner.catalogue.models import find_model
from planner.choose.cost import tokens_per_s
from planner.describe.inference import spare_gib
from planner.describe.refusal import plan_for
from planner.request.parse import parse_api_price, parse_budget
from planner.schema import InferencePlan, Refusal, Request, replace
from planner.write.plan_md import plan_md
from planner.write.table import table

SERVE = Request("serve", "generation", find_model("Qwen/Qwen3-8B"), parse_budget("4/hour"), 8192, 16)
DAYS = 730 / 24  # of a month


def served(**changes: object) -> InferencePlan:
    return plan_for(replace(SERVE, **changes))  # type: ignore[return-value]


def cells(page: str, first: str) -> list[float]:
    """The numbers of the table row that begins with that cell."""
    [row] = re.findall(rf"^\| {re.escape(first)} \|(.*)\|$", page, re.M)
    return [float(re.sub(r"[$,]", "", cell)) for cell in row.split("|")]


@pytest.mark.parametrize("requests", [1_000, 10_000, 100_000])
def test_a_month_of_requests_in_one_stretch_a_day_and_spread_over_it(requests: int) -> None:
    """256 tokens each at the speed of full load; a cold start and 300 idle seconds a day; 730 hours if spread."""
    plan = served(gpu="L40S", gpu_count=1)
    busy = requests * 256 / tokens_per_s(plan.chosen) / 3600
    start = plan.chosen.estimate.cold_start_s  # type: ignore[union-attr]
    together = DAYS * 1.95 * (busy + (start + 300) / 3600)
    shown, *money = cells(plan_md(plan), f"{requests:,}")
    assert shown == pytest.approx(busy, abs=0.06) and money == pytest.approx([together, 730 * 1.95, 1], rel=0.01)


def test_more_than_a_day_of_work_needs_more_containers() -> None:
    """L4 in fp8: one container writes about 170 tokens/s, so 100,000 x 256 tokens take 41 hours: two that stay up."""
    plan = served(gpu="L4", gpu_count=1, concurrency=8)
    hours = 100_000 * 256 / tokens_per_s(plan.chosen) / 3600
    busy, _, spread, containers = cells(plan_md(plan), "100,000")
    assert 24 < hours < 48 and busy == pytest.approx(hours, rel=0.05)
    assert containers == 2 and spread == pytest.approx(2 * 730 * 0.80, abs=1)


def test_a_warm_pool_is_the_least_that_a_month_costs() -> None:
    plan = served(gpu="L40S", gpu_count=1, warm=WarmPool(1))
    assert cells(plan_md(plan), "1,000")[1:3] == pytest.approx([730 * 1.95] * 2, abs=1)


def test_half_of_the_load_costs_twice_as_much_a_token() -> None:
    page = plan_md(served())
    (full, usd), (half, twice), (tenth, ten) = (cells(page, share) for share in ("100%", "50%", "10%"))
    assert (full / half, full / tenth) == pytest.approx((2, 10), rel=0.05)
    assert (twice / usd, ten / usd) == pytest.approx((2, 10), rel=0.02)


@pytest.mark.parametrize(("usd", "cheaper"), [(0.60, True), (2.0, True), (0.05, False)])
def test_from_how_many_tokens_a_service_is_cheaper_than_an_api(usd: float, cheaper: bool) -> None:
    """An L40S all month is 1,423.50; 1,024 tokens in and 256 out are billed for every 256 that are written."""
    plan = served(gpu="L40S", gpu_count=1)
    said = " ".join(table(plan, "best", usd).split("\n\n")[-1].split())
    most = tokens_per_s(plan.chosen) * 5 * 730 * 3600 / 1e9
    assert float(re.search(r"serves about ([\d.]+) billion", said)[1]) == pytest.approx(most, rel=0.05)  # type: ignore[index]
    assert ("never cheaper" in said) is not cheaper
    if cheaper:
        found = re.search(
            r"cheaper from about ([\d.,]+) (million|billion) tokens a month on, (\d+)% of full load", said
        )
        assert found
        tokens = float(found[1]) * (1e9 if found[2] == "billion" else 1e6)
        assert tokens == pytest.approx(1423.5 / usd * 1e6, rel=0.05)
        assert float(found[3]) / 100 == pytest.approx(tokens / most / 1e9, abs=0.02)


def test_a_batch_is_compared_by_the_token() -> None:
    plan = plan_for(replace(SERVE, task="batch", gpu="H100", gpu_count=1))
    said = " ".join(table(plan, "best", 0.6).split("\n\n")[-1].split())
    ours = 3.95 / 3600 / (tokens_per_s(plan.chosen) * 5) * 1e6  # type: ignore[arg-type]
    assert float(re.search(r"cost \$([\d.]+) here", said)[1]) == pytest.approx(ours, rel=0.05)  # type: ignore[index]


def test_plan_md_says_that_no_price_of_an_api_is_known() -> None:
    said = " ".join(plan_md(served()).split())
    assert "No API price of this model is known here, so none is compared." in said and "--api-price" in said


@pytest.mark.parametrize(
    ("text", "task", "words"),
    [
        ("cheap", "serve", "write dollars per million tokens, such as 0.60"),
        ("0", "serve", "write dollars"),
        ("-1", "batch", "write dollars"),
        ("0.6", "finetune", "take serve or batch"),
    ],
)
def test_a_price_that_is_none_is_refused(text: str, task: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        parse_api_price(text, task)


def test_sixteen_full_contexts_need_18_of_what_vllm_claims() -> None:
    """Qwen3-8B: 36 layers x 2 x 8 heads x 128 x 2 bytes are 147,456 a token; x 16 x 8,192 tokens are 18.0 GiB."""
    plan = served(gpu="L40S", gpu_count=1)
    claimed, needed = cells(plan_md(plan), "KV cache")
    assert needed == pytest.approx(16 * 8192 * 147_456 / 2**30, abs=0.06)
    assert claimed - needed == pytest.approx(spare_gib(plan.chosen), abs=0.11)


@pytest.mark.parametrize("task", ["finetune", "distributed"])
def test_a_training_says_what_more_rows_cost(task: str) -> None:
    page = plan_md(plan_for(replace(SERVE, task=task, context_len=2048, row_tokens=512, epochs=3)))
    row = r"^\| {} x (\d) \| .* \| \$([\d.,]+) \| \$([\d.,]+) \|$"
    small, large = (re.search(row.format(rows), page, re.M) for rows in ("1,000", "100,000"))
    assert small and large and (small[1], large[1]) == ("3", "1")
    assert float(large[2].replace(",", "")) > float(small[2])
    assert float(small[3].replace(",", "")) == pytest.approx(float(small[2]) * DAYS, rel=0.03)
