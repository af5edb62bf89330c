"""JSON in: bounded, strict, and without what PostgreSQL cannot store."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from config.api.errors import PayloadTooLarge


class ORJSONParser(JSONParser):
    """A JSON body of at most API_MAX_BODY bytes; 413 above, 400 when it is not JSON or holds NUL characters."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.API_MAX_BODY + 1)
        if len(body) > settings.API_MAX_BODY:
            raise PayloadTooLarge(f"The request body is larger than {settings.API_MAX_BODY} bytes.")
        if b"\\u0000" in body:
            raise ParseError("The body holds a NUL character, which cannot be stored.")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}.") from None
