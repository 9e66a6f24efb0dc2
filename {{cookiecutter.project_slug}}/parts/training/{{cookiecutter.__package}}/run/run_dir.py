"""Where a run lies and how it stands, without a library to load: a laptop, a CPU container and the training read it."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from .. import plan
from ..metrics import Metrics
from . import budget, files

FINISHED, STOPPED, INTERRUPTED = "finished", "stopped at budget", "to be continued"


@dataclass(frozen=True)
class Run:
    """The folders of one run below `root`, which on Modal is a Volume, and what it may cost."""

    root: Path
    name: str
    limit: str = plan.BUDGET
    usd_per_hour: float = plan.USD_PER_HOUR
    volume: str = ""  # name of the Volume that `root` is in a container

    @property
    def folder(self) -> Path:
        return self.root / "runs" / self.name

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def result(self) -> Path:
        """The adapter or the model, with its tokenizer."""
        return self.folder / "result"

    def place(self, path: Path) -> str:
        """How a person finds a path below `root`."""
        return f"{path.relative_to(self.root)} on the Volume {self.volume}" if self.volume else str(path)

    @property
    def outcome(self) -> Path:
        return self.folder / "outcome.json"

    def metrics(self) -> Metrics:
        return Metrics(self.folder / "metrics.jsonl")

    def ledger(self) -> budget.Ledger:
        return budget.Ledger(self.root / "ledger" / self.name, self.usd_per_hour)

    def budget(self) -> budget.Budget:
        """The limit on this run, or where it is for a month on all runs."""
        found = budget.parse(self.limit)
        every = budget.Ledger(self.root / "ledger", self.usd_per_hour)
        return budget.Budget(every if found.per == "month" else self.ledger(), found)


@dataclass(frozen=True)
class Outcome:
    """How a run stands. Losses are those on the rows held out, or of the training where none are."""

    status: str  # FINISHED, STOPPED or INTERRUPTED
    step: int
    steps: int
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    attempts: int = 1
    spent_usd: float = 0.0
    remaining_usd: float = 0.0  # what the steps that are left would cost
    again_usd: float = 0.0  # what of it another attempt needs to begin and to end
    tokens_per_s: float = 0.0  # of this attempt
    peak_gib: float = 0.0
    lines: list[str] = field(default_factory=list)  # for the terminal

    def save(self, path: Path) -> None:
        files.save(path, asdict(self))


def outcome_of(run: Run) -> Outcome | None:
    """How the run ended last; None where no attempt came to an end."""
    found = files.load(run.outcome)
    return Outcome(**found) if found else None


def exhausted(run: Run) -> bool:
    """Whether the budget pays for no further attempt. One that it stopped has measured what a start and an end take."""
    ended = outcome_of(run)
    needed = ended.again_usd if ended and ended.status == STOPPED else 0.0
    return run.budget().left_usd() <= needed


def merged_name(run: str) -> str:
    """The folder on a weights Volume that holds the tuned model as plain weights."""
    return f"{plan.NAME}-{run}"


def measured(metrics: Metrics) -> tuple[dict[str, float], dict[str, float]]:
    """Figures before and after: on the rows held out, or the losses of the training where none are."""
    evaluations = list(metrics.evaluations().values())
    if len(evaluations) > 1:
        return evaluations[0], evaluations[-1]
    ends = [{"loss": loss} for loss in metrics.losses().values()]
    return (ends[0], ends[-1]) if ends else ({}, {})


def report(outcome: Outcome, where: Run) -> str:
    """For the terminal: how it ended, what it learnt, how fast, at what price."""
    lines = [f"{outcome.status} at step {outcome.step:,} of {outcome.steps:,}, attempt {outcome.attempts}"]
    for name in outcome.before:
        old, new = outcome.before[name], outcome.after.get(name, float("nan"))
        lines.append(f"{name.replace('mean_token_', ''):7} {old:.4f} before, {new:.4f} after")
    lines += outcome.lines
    if where.usd_per_hour:
        lines.append(f"spent   {outcome.spent_usd:.2f} USD on GPUs, of a budget of {where.limit}")
    if outcome.status != FINISHED:
        left = outcome.steps - outcome.step
        price = f"{left:,} steps, about {outcome.remaining_usd:.2f} USD" if outcome.steps else "everything"
        more = "raise BUDGET in plan.py and run it again" if outcome.status == STOPPED else "run it again"
        lines.append(f"left    {price}: {more}, and it goes on from here")
    if outcome.status != INTERRUPTED:
        lines.append(f"result  {where.place(where.result)}")
    return "\n".join(lines)
