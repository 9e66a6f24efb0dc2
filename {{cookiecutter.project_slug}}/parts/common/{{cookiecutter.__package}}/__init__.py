"""See README.md for what this project does, and plan.py for what was decided."""
