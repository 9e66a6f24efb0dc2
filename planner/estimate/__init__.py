"""Memory, speed and price of a given setup."""
