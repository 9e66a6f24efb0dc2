"""The warm pool: what may be typed, when its crons fire, what it costs, and how it counts against the budget."""

from datetime import datetime, timedelta

import pytest
from bake import DEFAULTS, constants
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.asked import Targets, WarmPool
from planner.describe.refusal import plan_for
from planner.describe.warm_pool import hours_text
from planner.request.prompts import check_answers
from planner.request.warm_pool import crons, parse_warm, warm_hours_per_month
from planner.schema import InferencePlan, Refusal
from planner.write.plan_md import plan_md
from planner.write.plan_py.render import plan_py
from planner.write.terminal import terminal_lines

SUNDAY = datetime(2026, 11, 1)  # a Sunday, as cron's day 0


def planned(**answers: str) -> tuple[InferencePlan, dict[str, object]]:
    """The plan for these answers, and the constants that its plan.py holds."""
    checked = check_answers(DEFAULTS | answers)
    plan = plan_for(checked.request)
    return plan, constants(plan_py(plan, checked.slug))


def refusal(**answers: str) -> str:
    with pytest.raises(Refusal) as refused:
        planned(**answers)
    assert len(f"error: {refused.value}") <= 300
    return str(refused.value)


def fires(line: str, moment: datetime) -> bool:
    """Whether a cron line fires in that minute, by the rules of crontab(5)."""
    minute, hour, *_, days = line.split()
    on = range(7) if days == "*" else [day for part in days.split(",") for day in ranged(part)]
    return (moment.minute, moment.hour) == (int(minute), int(hour)) and moment.isoweekday() % 7 in on


def ranged(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


def open_minutes(pool: WarmPool) -> set[int]:
    """The minutes of a week in which the pool is open, as its two cron lines switch it."""
    opens, closes = crons(pool)
    moments = [SUNDAY + timedelta(minutes=minute) for minute in range(2 * 7 * 1440)]
    found, is_open = set(), False
    for number, moment in enumerate(moments):
        assert not (fires(opens, moment) and fires(closes, moment))
        is_open = fires(opens, moment) or (is_open and not fires(closes, moment))
        if is_open and number >= 7 * 1440:  # the second week, whose beginning the first has settled
            found.add(number - 7 * 1440)
    return found


# ---- what may be typed ----


@pytest.mark.parametrize(
    ("typed", "pool"),
    [
        ("0", WarmPool(0)),
        ("2", WarmPool(2)),
        ("1 mon-fri 8-18 Europe/Berlin", WarmPool(1, (1, 2, 3, 4, 5), 480, 1080, "Europe/Berlin")),
        ("1 MON-FRI 8-18 europe/berlin", WarmPool(1, (1, 2, 3, 4, 5), 480, 1080, "Europe/Berlin")),
        ("3 sat,sun 9:30-17", WarmPool(3, (0, 6), 570, 1020)),
        ("2 daily 22-6", WarmPool(2, (0, 1, 2, 3, 4, 5, 6), 1320, 360)),
        ("1 fri-mon 8-24", WarmPool(1, (0, 1, 5, 6), 480, 1440)),
    ],
)
def test_a_pool_is_a_number_and_perhaps_its_hours(typed: str, pool: WarmPool) -> None:
    assert parse_warm(typed, "cost") == pool


def test_auto_keeps_one_warm_where_latency_is_the_aim() -> None:
    assert [parse_warm("auto", aim).containers for aim in ("cost", "latency", "throughput")] == [0, 1, 0]


def test_a_limit_on_the_first_token_keeps_one_warm_and_one_between_tokens_none() -> None:
    """A cold start takes a minute, which no first token may wait for; tokens come as fast as ever after it."""
    assert parse_warm("auto", "cost", Targets(ttft_s=1.0)) == WarmPool(1)
    assert parse_warm("auto", "cost", Targets(tpot_s=0.04)) == parse_warm("0", "cost", Targets(1.0)) == WarmPool(0)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("one", "warm 'one' is not understood; write auto, a number such as 1, or"),
        ("", "is not understood"),
        ("-1", "is not understood"),
        ("1 mon-fri", "is not understood"),
        ("1 weekdays 8-18", "no days 'weekdays'; write mon-fri"),
        ("1 mon-fri 8-25", "no hours '8-25'; write 8-18"),
        ("1 mon-fri 9-9", "no hours '9-9'"),
        ("1 daily 0-24", "less than a whole day"),
        ("1 mon-fri 8-18 Europe/Berln", "no time zone 'Europe/Berln'; did you mean Europe/Berlin?"),
        ("1 mon-fri 8-18 ../../etc/passwd", "no time zone"),
        ("0 mon-fri 8-18", "warm 0 needs no hours"),
        ("5000", "is not understood"),
    ],
)
def test_what_is_no_pool_gets_one_sentence(typed: str, sentence: str) -> None:
    assert sentence in refusal(warm=typed)


# ---- when it is open ----

pools = st.builds(
    lambda count, days, opens, length: WarmPool(count, tuple(sorted(days)), opens, (opens + length) % 1440 or 1440),
    st.integers(1, 9),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 1439),
)


@given(pools)
@settings(max_examples=25, deadline=None)
def test_the_crons_keep_it_open_for_exactly_its_hours(pool: WarmPool) -> None:
    length = (pool.closes_min - pool.opens_min) % 1440
    expected = {(day * 1440 + pool.opens_min + after) % 10080 for day in pool.days for after in range(length)}
    assert open_minutes(pool) == expected
    assert warm_hours_per_month(pool) == pytest.approx(len(expected) / 60 / 168 * 730)


@given(pools)
def test_what_it_is_called_says_it_again(pool: WarmPool) -> None:
    assert parse_warm(f"{pool.containers} {hours_text(pool)}", "cost") == pool


def test_days_are_called_as_people_call_them() -> None:
    said = [hours_text(WarmPool(1, days, 480, 1080)) for days in ((1, 2, 3, 4, 5), (0, 6), (1, 3), tuple(range(7)))]
    assert said == ["mon-fri 8-18 UTC", "sat-sun 8-18 UTC", "mon,wed 8-18 UTC", "daily 8-18 UTC"]


# ---- what it costs ----


def test_a_pool_in_working_hours_costs_50_of_168_hours() -> None:
    """One L40S at 1.95: 50 hours a week, 730/168 weeks a month."""
    plan, found = planned(warm="1 mon-fri 8-18 Europe/Berlin")
    assert (found["MIN_CONTAINERS"], found["WARM_CONTAINERS"]) == (0, 1)
    assert (found["WARM_FROM"], found["WARM_UNTIL"], found["WARM_TIMEZONE"]) == (
        "0 8 * * 1-5", "0 18 * * 1-5", "Europe/Berlin",
    )  # fmt: skip
    usd = f"{1.95 * 50 / 168 * 730:,.0f}/month"
    assert usd == "424/month"
    for text in (plan_py(plan, "x"), plan_md(plan), "\n".join(terminal_lines(plan, "x"))):
        assert usd in " ".join(text.split())


def test_two_that_are_always_warm_cost_twice_730_hours() -> None:
    plan, found = planned(warm="2", gpu="L40S")
    assert (found["MIN_CONTAINERS"], found["WARM_CONTAINERS"], found["WARM_FROM"]) == (2, 2, "")
    assert f"{2 * 1.95 * 730:,.0f}/month" in plan_py(plan, "x")


def test_without_a_pool_make_warm_would_keep_one_and_its_price_is_told() -> None:
    plan, found = planned()
    assert (found["MIN_CONTAINERS"], found["WARM_CONTAINERS"], found["WARM_FROM"]) == (0, 1, "")
    assert "$1,424/month" in plan_py(plan, "x") and "$424 if warm mon-fri 8-18" in plan_py(plan, "x")
    assert "Idle     $0 (scales to zero). Always on: $1,424/month; Mon-Fri 8-18: $424" in "\n".join(
        terminal_lines(plan, "x")
    )


# ---- what the budget allows ----


@pytest.mark.parametrize("warm", ["1", "2", "3", "1 mon-fri 8-18"])
@pytest.mark.parametrize("budget", ["4/hour", "3000/month", "none"])
@pytest.mark.parametrize("optimize", ["cost", "latency", "throughput"])
def test_a_plan_never_keeps_more_warm_than_the_budget_pays_for(warm: str, budget: str, optimize: str) -> None:
    plan, found = planned(warm=warm, budget=budget, optimize=optimize)
    hours = 50 / 168 * 730 if "8-18" in warm else 730
    usd = {"4/hour": 4.0, "3000/month": 3000 / hours, "none": float("inf")}[budget]
    assert found["WARM_CONTAINERS"] * found["USD_PER_HOUR"] <= usd + 0.01  # type: ignore[operator]
    assert found["MIN_CONTAINERS"] <= found["WARM_CONTAINERS"] <= found["MAX_CONTAINERS"]  # type: ignore[operator]
    assert plan.request.warm.containers == int(warm[0])


def test_a_pool_makes_the_planner_take_a_card_that_the_budget_carries_twice() -> None:
    alone, pair = planned(optimize="throughput")[1], planned(optimize="throughput", warm="2")[1]
    assert alone["GPU"] == "H100" and float(str(pair["USD_PER_HOUR"])) <= 2.0


def test_a_pool_too_dear_is_refused_with_fewer_and_with_the_budget_it_needs() -> None:
    said = refusal(warm="3", gpu="L40S")
    assert said.startswith("$4/hour does not pay for Qwen/Qwen3-8B") and "3 kept warm always" in said
    assert "keep 2 warm" in said and "raise the budget to 5.85/hour (3 x L40S" in said


def test_a_month_is_answered_in_months() -> None:
    said = refusal(warm="3", gpu="L40S", budget="3000/month")
    assert said.startswith("$3,000/month does not pay for") and "keep 2 warm" in said
    assert "4271/month" in said and "/hour" not in said  # 3 x 1.95 x 730 = 4270.5


def test_no_pool_is_larger_than_what_runs_at_once() -> None:
    assert "keep 10 warm" in refusal(warm="11", budget="none", gpu="L40S")
    assert planned(warm="10", budget="none", gpu="L40S")[1]["MAX_CONTAINERS"] == 10


def test_the_way_out_that_a_refusal_names_works() -> None:
    assert planned(warm="2", gpu="L40S")[1]["MIN_CONTAINERS"] == 2
    assert planned(warm="3", gpu="L40S", budget="5.85/hour")[1]["MIN_CONTAINERS"] == 3
    assert planned(warm="3", gpu="L40S", budget="4271/month")[1]["MIN_CONTAINERS"] == 3
