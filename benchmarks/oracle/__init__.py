"""Figures that the libraries themselves give, without a GPU, for the planner to be held to."""
