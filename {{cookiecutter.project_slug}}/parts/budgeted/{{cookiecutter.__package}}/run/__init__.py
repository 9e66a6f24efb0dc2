"""A run: its files, what it spends, and when it stops."""
