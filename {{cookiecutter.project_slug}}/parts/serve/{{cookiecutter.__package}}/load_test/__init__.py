"""The load test of the service: `python -m {{cookiecutter.__package}}.load_test`."""
