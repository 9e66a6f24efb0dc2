"""Weighs the setups that a request allows and chooses one; values and reason codes, no sentences."""
