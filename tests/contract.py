"""Holds an answer of the API against the OpenAPI document that the server gives about itself."""

import datetime as dt
import json
import re
import uuid
from functools import cache
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from django.urls import Resolver404, resolve
from drf_spectacular.generators import SchemaGenerator

ERROR = {"$ref": "#/components/schemas/ErrorEnvelope"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")  # UTC, always written with Z


def _is_uuid(value: object) -> bool:
    return isinstance(value, str) and str(uuid.UUID(value)) == value


def _is_moment(value: object) -> bool:
    return isinstance(value, str) and bool(MOMENT.fullmatch(value) and dt.datetime.fromisoformat(value))


def _is_absolute(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.startswith("http"))


FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("uuid", raises=ValueError)(_is_uuid)
FORMATS.checks("date-time", raises=ValueError)(_is_moment)
FORMATS.checks("uri")(_is_absolute)


@cache
def document() -> dict[str, Any]:
    """The document as `/api/schema/` gives it."""
    made = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]


def operation(method: str, path: str) -> dict[str, Any] | None:
    """The documented operation behind a concrete path; None if there is none."""
    try:
        route = resolve(path.split("?")[0]).route
    except Resolver404:
        return None
    template = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
    found: dict[str, Any] | None = document()["paths"].get(template, {}).get(method.lower())
    return found


def check_answer(method: str, path: str, response: Any) -> None:
    """A success is one the operation documents: JSON, a text or nothing; an error comes in the envelope."""
    told = f"{method.upper()} {path} answered {response.status_code}"
    media = _media(method, path, response.status_code)
    if media != "application/json":
        assert response.headers.get("Content-Type", "") == (f"{media}; charset=utf-8" if media else ""), told
        assert media or response.content == b"", told
        return
    assert response.headers["Content-Type"].startswith("application/json"), f"{told}: {response.content[:200]!r}"
    body = response.json()
    schema = _schema(method, path, response.status_code)
    assert schema is not None, f"{told}, which is not documented"
    _validator(json.dumps(schema)).validate(body)
    if "content" in body and "message" in body:
        assert body["code"] == response.status_code, told


def _media(method: str, path: str, status: int) -> str:
    """The type of this answer's body; empty if it has none."""
    described = operation(method, path)
    answer = described["responses"].get(str(status)) if described else None
    return "application/json" if answer is None else next(iter(answer.get("content", [])), "")


def _schema(method: str, path: str, status: int) -> dict[str, Any] | None:
    described = operation(method, path)
    answers = described["responses"] if described else {}
    if str(status) in answers:
        schema: dict[str, Any] = answers[str(status)]["content"]["application/json"]["schema"]
        return schema
    return ERROR if status >= 400 else None


@cache
def _validator(schema: str) -> Any:
    whole = {**json.loads(schema), "components": document()["components"]}
    return jsonschema.Draft4Validator(_strict(whole), format_checker=FORMATS)


def _strict(schema: Any) -> Any:
    """OpenAPI's `nullable` in JSON schema's words, and no properties but the named ones."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    if made.pop("nullable", None) is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made
