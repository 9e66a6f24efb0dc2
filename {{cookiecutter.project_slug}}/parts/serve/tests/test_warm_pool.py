"""The warm pool: when it opens, in whose time, and what it costs."""

import modal
import pytest

from {{cookiecutter.__package}} import plan, warm_pool


def test_the_schedule_is_the_plans():
    assert (warm_pool.OPENS is None) == (plan.WARM_FROM == "")
    assert (warm_pool.CLOSES is None) == (plan.WARM_UNTIL == "")


def test_a_line_becomes_a_cron_in_the_plans_time_zone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "WARM_TIMEZONE", "Europe/Berlin")
    made = warm_pool.cron("0 8 * * 1-5")
    assert isinstance(made, modal.Cron)
    sent = made.proto_message.cron  # what the client sends to Modal
    assert sent.cron_string == "0 8 * * 1-5" and sent.timezone == "Europe/Berlin"
    assert warm_pool.cron("") is None


def test_the_bill_is_for_every_hour_of_the_month(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "USD_PER_HOUR", 2.5)
    assert "$5.00 per hour, $3,650 per month" in warm_pool.cost(2)
    assert "costs nothing" in warm_pool.cost(0)
