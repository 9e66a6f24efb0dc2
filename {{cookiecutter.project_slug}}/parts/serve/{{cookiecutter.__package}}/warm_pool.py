"""The warm pool: containers that run whether or not anybody asks, by hand or in working hours.

python -m {{cookiecutter.__package}}.warm open     keep WARM_CONTAINERS running
python -m {{cookiecutter.__package}}.warm close    back to MIN_CONTAINERS
"""

import argparse
import sys

import modal

from . import plan

HOURS_PER_MONTH = 730


def cron(line: str) -> modal.Cron | None:
    """A schedule of Modal's; None, which Modal takes as no schedule, for an empty line."""
    return modal.Cron(line, timezone=plan.WARM_TIMEZONE) if line else None


OPENS = cron(plan.WARM_FROM)
CLOSES = cron(plan.WARM_UNTIL)


def bill(containers: int) -> str:
    """What so many containers that never stop cost, in a sentence."""
    if not containers:
        return "no container is kept warm: an idle service costs nothing, and the next request waits for a cold start"
    usd = containers * plan.USD_PER_HOUR
    rates = f"{usd:.2f} USD an hour, {usd * HOURS_PER_MONTH:,.0f} a month"
    return f"{containers} kept warm on {plan.GPU}: {rates}, asked or not; CPU and memory on top"


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}.warm", description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("open", "close"))
    containers = plan.WARM_CONTAINERS if parser.parse_args().what == "open" else plan.MIN_CONTAINERS
    from . import command, service  # not needed in a container, which only imports the schedule

    with command.sentences():
        service.keep_warm(containers)
    print(bill(containers))
    if containers > plan.MIN_CONTAINERS:
        print("until `make cool`, the next deploy, or the end of the schedule in plan.py")
    return 0


if __name__ == "__main__":
    sys.exit(main())
