"""Figures of the hot paths: `make bench ARGS="connect fanout lists push"`. No test asserts a time; these print them."""
