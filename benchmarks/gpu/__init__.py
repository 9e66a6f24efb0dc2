"""What the planner promised against what a GPU does: the generated code run on synthetic weights of real architectures."""
