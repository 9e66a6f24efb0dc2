"""The files and tables that show a plan: plan.py, PLAN.md, memory.svg, the terminal, the comparison."""
