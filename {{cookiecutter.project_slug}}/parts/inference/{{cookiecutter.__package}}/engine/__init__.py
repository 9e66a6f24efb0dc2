"""The inference engine: its options from the plan, its start, and whether what runs is what was planned."""
