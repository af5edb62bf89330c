"""Bodies in: JSON that is bounded, strict and without what PostgreSQL cannot store; forms with files, bounded too."""

from collections.abc import Iterator, Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import DataAndFiles, JSONParser, MultiPartParser

from config.api.errors import PayloadTooLarge

MAX_DEPTH = 32  # levels of objects and lists: far beyond any documented body


class ORJSONParser(JSONParser):
    """A JSON body of at most API_MAX_BODY bytes: 413 above, 400 when it is not JSON or cannot be stored."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.API_MAX_BODY + 1)
        if len(body) > settings.API_MAX_BODY:
            raise PayloadTooLarge(f"The request body is larger than {settings.API_MAX_BODY} bytes.")
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}.") from None
        _require_storable(document)
        return document


class BoundedFormParser(MultiPartParser):
    """A multipart form of at most API_MAX_BODY bytes, files included: 413 above, of which nothing is read."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> "DataAndFiles[Any, Any]":
        assert parser_context is not None  # the framework always tells
        told = str(parser_context["request"].META.get("CONTENT_LENGTH") or "0")
        if told.isdecimal() and int(told) > settings.API_MAX_BODY:
            raise PayloadTooLarge(f"The request body is larger than {settings.API_MAX_BODY} bytes.")
        try:
            return super().parse(stream, media_type, parser_context)
        except (UnicodeError, LookupError):  # `charset=idna`, for instance, which is one of Python's
            raise ParseError("The form is not in the charset that its Content-Type names.") from None


def _require_storable(document: Any) -> None:
    """Level by level, so that no depth of nesting costs a stack."""
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node
        yield from node.values()
    elif isinstance(node, list):
        yield from node
    elif isinstance(node, str) and "\0" in node:
        raise ParseError("The body holds a NUL character, which cannot be stored.")
