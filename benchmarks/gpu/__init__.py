"""The planner's predictions against a GPU's measurements, with weights made up for real architectures."""
