"""The shapes answers come in: `{code, message, content}` on v0 routes, `{content}` on v2 ones; files are plain text."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response


def envelope(content: Any, *, code: int = 200, message: str = "ok") -> dict[str, Any]:
    return {"code": code, "message": message, "content": content}


def enveloped(content: Any, *, status: int = 200, message: str = "ok") -> Response:
    return Response(envelope(content, code=status, message=message), status=status)


def contained(content: Any, *, status: int = 200) -> Response:
    """As the routes of apps and blueprints answer."""
    return Response({"content": content}, status=status)


def text_file(
    text: str, *, name: str, request: Request, resource_id: uuid.UUID, headers: dict[str, str] | None = None
) -> HttpResponse:
    """A file that a POST to a list has made; `Location` and `X-Resource-Id` tell of the object behind it."""
    told = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Location": f"{request.path}{resource_id}/",
        "X-Resource-Id": str(resource_id),
        **(headers or {}),
    }
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=told)
