"""The constants of the generated plan.py, each with its reason."""
