"""The dataset: where it comes from, the formats that are recognised, and the check before GPU billing starts."""
