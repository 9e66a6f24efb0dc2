"""Hints for plan.py where memory runs short or is left over."""

from .. import plan

LOWER = f"lower CONCURRENCY ({plan.CONCURRENCY}) or CONTEXT_LEN ({plan.CONTEXT_LEN}) in plan.py, or take a larger GPU"
ROOM = "there is room for more CONCURRENCY, or a smaller GPU would do"
FRACTION = f"MEMORY_FRACTION ({plan.MEMORY_FRACTION}) in plan.py"
