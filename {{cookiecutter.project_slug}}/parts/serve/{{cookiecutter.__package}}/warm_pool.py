"""The warm pool: containers that run without requests, by `make warm` or in the hours of plan.py."""

import argparse
import sys

import modal

from . import plan

HOURS_PER_MONTH = 730


def cron(line: str) -> modal.Cron | None:
    """Modal's schedule for a line of cron in WARM_TIMEZONE; None, no schedule, for an empty line."""
    return modal.Cron(line, timezone=plan.WARM_TIMEZONE) if line else None


OPENS = cron(plan.WARM_FROM)
CLOSES = cron(plan.WARM_UNTIL)


def resize(containers: int) -> None:
    """Keep so many containers of the deployed service running until the next call or deploy. Each is billed."""
    if plan.ENGINE == "vllm":
        modal.Server.from_name(plan.NAME, "Server").autoscaler.update(min_containers=containers)
    else:
        modal.Cls.from_name(plan.NAME, "Server")().update_autoscaler(min_containers=containers)


def cost(containers: int) -> str:
    """One sentence: the cost of so many containers that never stop, in USD."""
    if not containers:
        return "no container is kept warm: an idle service costs nothing, and the next request waits for a cold start"
    usd = containers * plan.USD_PER_HOUR
    rates = f"${usd:.2f} per hour, ${usd * HOURS_PER_MONTH:,.0f} per month"
    return f"{containers} kept warm on {plan.GPU}: {rates}, used or not; CPU and memory on top"


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}.warm_pool", description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("open", "close"))
    containers = plan.WARM_CONTAINERS if parser.parse_args().what == "open" else plan.MIN_CONTAINERS
    from .client import cli  # not in the containers, which import this module for the schedule

    with cli.exit_on_error():
        resize(containers)
    print(cost(containers))
    if containers > plan.MIN_CONTAINERS:
        print("until `make cool`, the next deploy, or the end of the schedule in plan.py")
    return 0


if __name__ == "__main__":
    sys.exit(main())
