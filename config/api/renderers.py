"""JSON out, always."""

from typing import Any

import orjson
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request


def _other_types(value: Any) -> Any:
    return str(value)


class ORJSONRenderer(JSONRenderer):
    """DRF's JSON renderer on orjson. Times are UTC, written with `Z`."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=_other_types, option=orjson.OPT_UTC_Z)


class AlwaysJSON(BaseContentNegotiation):
    """The API has one representation; what a client says it accepts does not turn an answer into 406."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        content_type = request.content_type.split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        renderer: BaseRenderer = renderers[0]
        return renderer, renderer.media_type
