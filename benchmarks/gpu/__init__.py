"""What the planner promised against what a GPU does, with weights made up for real architectures."""
