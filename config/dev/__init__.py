"""The launcher behind `make run`, `make test` and `make lint`. Only the standard library, no Django."""
