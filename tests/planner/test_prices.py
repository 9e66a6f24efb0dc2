"""The price list against the rates that `modal billing rates --json` prints."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from modal_rates import RATES

from planner.catalogue.gpus import GPUS
from planner.catalogue.prices import price_changes
from planner.schema import Refusal

ROOT = Path(__file__).resolve().parents[2]
PER_SECOND = {"T4": 0.000164, "L40S": 0.000542, "A100-80GB": 0.000694, "H100": 0.001097, "B300": 0.001972}


def test_the_price_list_is_what_modal_charged_on_its_date():
    assert price_changes(RATES) == []


@pytest.mark.parametrize("name", PER_SECOND)
def test_an_hour_costs_3600_of_the_pricing_pages_seconds(name):
    assert GPUS[name].usd_per_hour == pytest.approx(PER_SECOND[name] * 3600, abs=0.006)


def test_says_what_changed_what_is_gone_and_what_is_new():
    rates = RATES | {"gpu_hour_cost_h100": "4.10000", "gpu_hour_cost_r300": "9.00"}
    del rates["gpu_hour_cost_t4"]
    assert price_changes(rates) == [
        "T4: Modal names no rate; the planner has $0.59 of 2026-09-25",
        "H100: $3.95 of 2026-09-25 is now $4.1 per hour",
        "r300: $9.00 per hour, a GPU that is not listed here",
    ]


@pytest.mark.parametrize("rates", [[], {}, {"cpu_hour_cost": "1"}, RATES | {"gpu_hour_cost_h100": "much"}])
def test_refuses_what_modal_did_not_print(rates):
    with pytest.raises(Refusal, match="modal billing rates --json"):
        price_changes(rates)


def test_the_command_reads_a_file_and_refuses_in_one_line(tmp_path):
    file = tmp_path / "rates.json"
    file.write_text(json.dumps(RATES | {"gpu_hour_cost_l4": "0.90000"}), encoding="utf-8")
    command = [sys.executable, "-m", "planner", "prices", "--from"]
    good = subprocess.run([*command, str(file)], capture_output=True, text=True, cwd=ROOT, check=True)
    assert good.stdout == "L4: $0.8 of 2026-09-25 is now $0.9 per hour\n"
    bad = subprocess.run([*command, str(tmp_path / "none")], capture_output=True, text=True, cwd=ROOT, check=False)
    assert bad.returncode == 1 and bad.stderr.startswith("error: ") and bad.stderr.count("\n") == 1
