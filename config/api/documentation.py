"""The OpenAPI document and its two readers: open to everybody, from local assets only."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

from config.api.exception_handler import json_error

View = Callable[..., HttpResponseBase]


def read_only(view: View) -> View:
    """GET and HEAD only; whatever else is sent is refused in JSON."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in ("GET", "HEAD"):
            return view(request, *args, **kwargs)
        refusal = json_error(405, f'Method "{request.method}" not allowed.')
        refusal["Allow"] = "GET, HEAD"
        return refusal

    return guarded


@cache
def _document() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


class BuiltOnce(SchemaGenerator):
    """The document is the same for everybody, and anybody may ask for it: it is built once per process."""

    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        return _document()


class AskedOrJSON(DefaultContentNegotiation):
    """`?format=yaml` or an Accept header chooses; nobody is told 406."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            return renderers[0], renderers[0].media_type


class SchemaView(SpectacularAPIView):
    generator_class = BuiltOnce
    content_negotiation_class = AskedOrJSON
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer2, OpenApiYamlRenderer]


schema = read_only(SchemaView.as_view())
swagger_ui = read_only(SpectacularSwaggerView.as_view(url_name="schema"))
redoc = read_only(SpectacularRedocView.as_view(url_name="schema", template_name="api/redoc.html"))
