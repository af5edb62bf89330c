"""Texts that people give."""

import re

from config.api.errors import BadRequest

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # line ends too, which would end up in headers and logs


def require_one_line(**fields: str) -> None:
    """BadRequest that names the first field with a line end or another control character in it."""
    for name, text in fields.items():
        if CONTROL.search(text):
            told = "It must be one line, without control characters."
            raise BadRequest(f"{name}: {told}", content={name: [told]})
