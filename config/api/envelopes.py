"""The shapes answers come in: `{code, message, content}` on v0 routes, `{content}` on v2 ones."""

from typing import Any

from rest_framework.response import Response


def envelope(content: Any, *, code: int = 200, message: str = "ok") -> dict[str, Any]:
    return {"code": code, "message": message, "content": content}


def enveloped(content: Any, *, status: int = 200, message: str = "ok") -> Response:
    return Response(envelope(content, code=status, message=message), status=status)
