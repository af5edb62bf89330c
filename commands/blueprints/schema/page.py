"""The reference of all settings in docs/blueprints.md, out of the schema."""

from collections.abc import Iterator
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from commands.blueprints.schema import fields
from commands.blueprints.schema.base import Group, PolicyGroup
from commands.blueprints.schema.groups import GROUPS
from commands.blueprints.secrets import is_secret

TITLES = {"ios": "iPhones and iPads", "android": "Android devices"}
KINDS: tuple[tuple[type[Any], str], ...] = (
    (fields.Flag, "boolean"),
    (fields.Id, "UUID"),
    (fields.Image, "base64"),
    (fields.Profile, "base64"),
    (fields.ManagedConfig, "base64"),
    (fields.Address, "URL"),
    (fields.LocalMoment, "date and time"),
    (serializers.CharField, "string"),
    (serializers.ListSerializer, "list"),
)


def settings_reference() -> str:
    return "\n".join(line for platform in GROUPS for line in _platform(platform))


def _platform(platform: str) -> Iterator[str]:
    yield f"## Settings of {TITLES[platform]}\n"
    if platform == "android":
        yield "Checked and kept; nothing carries them to devices yet.\n"
    yield _row("`settings." + platform + ".…`", "what it is about", "applied")
    yield _row("---", "---", "---")
    for key, group in GROUPS[platform].items():
        yield _row(f"[{key}](#{_anchor(platform, key)})", group.title, _applied(group))
    yield ""
    for key, group in GROUPS[platform].items():
        yield from _section(platform, key, group)


def _section(platform: str, key: str, group: type[Group]) -> Iterator[str]:
    yield f"### {platform}.{key}\n"
    yield f"**{group.title}.** {' '.join((group.__doc__ or '').split())}\n"
    path = [platform, key, *(["*"] if group.is_list else [])]
    prefix = "[]." if group.is_list else ""
    yield _row("field", "type", "required", "default", "meaning")
    yield _row(*["---"] * 5)
    for name, field in group().fields.items():
        yield from _rows(name, field, prefix, [*path, name])
    yield ""
    if group.reference:
        yield f"Apple: <{group.reference}>\n"


def _rows(name: str, field: Any, prefix: str, path: list[str]) -> Iterator[str]:
    secret = "; secret" if is_secret(path) and "secret" not in field.help_text else ""
    required = "yes" if field.required else "no"
    default = "–" if field.default is empty else f"`{_word(field.default)}`"
    yield _row(f"`{prefix}{name}`", _kind(field), required, default, f"{field.help_text}{secret}")
    inner = field.child if isinstance(field, serializers.ListSerializer) else field
    if isinstance(inner, serializers.Serializer):
        more = f"{prefix}{name}{'[]' if inner is not field else ''}."
        for key, each in inner.fields.items():
            if key != "drift_policy":
                yield from _rows(key, each, more, [*path, key])


def _kind(field: Any) -> str:
    if isinstance(field, serializers.ChoiceField):
        return " or ".join(f"`{choice}`" for choice in field.choices)
    if isinstance(field, fields.Whole):
        return f"{field.least} to {field.most}"
    if isinstance(field, fields.Texts):
        return "list of URLs" if isinstance(field.child, fields.Address) else "list of strings"
    return next((told for kind, told in KINDS if isinstance(field, kind)), "object")


def _applied(group: type[Group]) -> str:
    if issubclass(group, PolicyGroup):
        return "by its `apply_policy`"
    if "Kept only" in (group.__doc__ or ""):
        return "kept only"
    names = group().fields.values()
    has_own = any(isinstance(field, serializers.Serializer) and "apply_policy" in field.fields for field in names)
    return "by the `apply_policy` of each part" if has_own else "always"


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _anchor(platform: str, key: str) -> str:
    """As GitHub makes it of the heading."""
    return f"{platform}{key}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
