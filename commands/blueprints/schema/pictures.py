"""Pictures in settings: those sent along are stored once and named by their ids, the others must be the tenant's."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from commands.blueprints.schema.base import Fault
from devices.models import BlueprintImage
from tenants.models import Tenant

PNG = b"\x89PNG"
ABSENT = "names no picture that is stored for this tenant."


@dataclass(frozen=True)
class Spot:
    """Where settings may name a picture, or hold one."""

    holder: dict[str, Any]
    key: str  # of the picture itself
    id_key: str
    path: str


def spots(ios: dict[str, Any]) -> Iterator[Spot]:
    for screen, told in ios.get("wallpaper_settings", {}).items():
        if "portrait" in told:
            path = f"settings.ios.wallpaper_settings.{screen}.portrait"
            yield Spot(told["portrait"], "image", "wallpaper_id", path)
    for index, clip in enumerate(ios.get("web_clips", ())):
        yield Spot(clip, "icon", "icon_id", f"settings.ios.web_clips[{index}]")


def resolve_pictures(tenant: Tenant, ios: dict[str, Any]) -> list[Fault]:
    """Stores those that were sent along. The faults, if there are any."""
    places = list(spots(ios))
    named = {place.holder[place.id_key] for place in places if place.id_key in place.holder}
    rows = BlueprintImage.objects.filter(tenant=tenant, pk__in=named)
    known = {str(key) for key in rows.values_list("pk", flat=True)}
    faults = [
        (f"{place.path}.{place.id_key}", ABSENT)
        for place in places
        if place.holder.get(place.id_key, None) not in known and place.id_key in place.holder
    ]
    if not faults:
        _store(tenant, [place for place in places if place.key in place.holder])
    return faults


def _store(tenant: Tenant, places: list[Spot]) -> None:
    pictures = {_digest(image): image for place in places if (image := base64.b64decode(place.holder[place.key]))}
    stored = BlueprintImage.objects.filter(tenant=tenant, sha256__in=pictures)
    missing = pictures.keys() - set(stored.values_list("sha256", flat=True))
    rows = [BlueprintImage(tenant=tenant, sha256=each, **_content(pictures[each])) for each in sorted(missing)]
    BlueprintImage.objects.bulk_create(rows, ignore_conflicts=True)
    ids = dict(stored.all().values_list("sha256", "pk"))
    for place in places:
        image = base64.b64decode(place.holder.pop(place.key))
        place.holder[place.id_key] = str(ids[_digest(image)])


def _content(image: bytes) -> dict[str, Any]:
    return {"image": image, "content_type": "image/png" if image.startswith(PNG) else "image/jpeg"}


def _digest(image: bytes) -> str:
    return hashlib.sha256(image).hexdigest()
