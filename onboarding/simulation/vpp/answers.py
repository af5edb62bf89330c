"""What the stand-in answers to each kind of request, as Apple's documentation shows it.

https://developer.apple.com/documentation/devicemanagement/app-and-book-management
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from onboarding.simulation.vpp.library import Asset, Event, Library, Refused

Document = dict[str, Any]
NOTIFICATION_TYPES = ("ASSET_MANAGEMENT", "USER_MANAGEMENT", "USER_ASSOCIATED", "ASSET_COUNT")


@dataclass(frozen=True)
class Limits:
    page_size: int = 500
    max_assets: int = 25
    max_serials: int = 1000

    def document(self) -> dict[str, int]:
        return {
            "maxAssets": self.max_assets,
            "maxSerialNumbers": self.max_serials,
            "maxClientUserIds": self.max_serials,
            "maxRevokeSerialNumbers": 100,
            "maxNotificationLength": 512,
            "maxMdmNameLength": 100,
            "maxMdmMetadataLength": 255,
            "maxMdmIdLength": 100,
        }


def service_config(limits: Limits, base_url: str) -> Document:
    paths = {
        "clientConfig": "/client/config",
        "getAssets": "/assets",
        "getAssignments": "/assignments",
        "associateAssets": "/assets/associate",
        "disassociateAssets": "/assets/disassociate",
        "eventStatus": "/status",
    }
    return {
        "errorCodes": [{"errorNumber": 9709, "errorMessage": "Not enough assets."}],
        "limits": limits.document(),
        "notificationTypes": list(NOTIFICATION_TYPES),
        "urls": {name: f"{base_url}{path}" for name, path in paths.items()},
    }


def common(library: Library) -> Document:
    """What stands in every answer."""
    told: Document = {"uId": library.uid, "tokenExpirationDate": library.expires}
    return {**told, **({"mdmInfo": library.mdm_info} if library.mdm_info else {})}


def client_config(library: Library) -> Document:
    told = {
        "countryISO2ACode": library.country,
        "defaultPlatform": "enterprisestore",
        "locationName": library.name,
        "websiteURL": "https://business.apple.com",
    }
    return {**told, **library.notifications, **common(library)}


def claim(library: Library, body: Document, answers: Callable[[str, str], bool]) -> Document:
    """`answers` tries a notification address with its token."""
    info = body.get("mdmInfo")
    if info is not None and not (isinstance(info, dict) and all(info.get(key) for key in ("id", "name", "metadata"))):
        raise Refused(9723, 400, "A name, an id and metadata are needed.")
    url, token = body.get("notificationUrl"), body.get("notificationAuthToken")
    if bool(url) != bool(token):
        raise Refused(9710, 400, "Both the notification URL and the authentication token are necessary.")
    if url and token and not answers(str(url), str(token)):
        raise Refused(9728, 400, "The provided notification URL is unreachable.")
    library.mdm_info = {key: str(info[key]) for key in ("id", "name", "metadata")} if info else library.mdm_info
    if url:
        library.notifications = {
            "notificationUrl": url,
            "notificationAuthToken": token,
            "subscribedNotificationTypes": body.get("notificationTypes", []),
        }
    return client_config(library)


def assets(library: Library, query: dict[str, str], limits: Limits) -> Document:
    wanted = [
        asset
        for asset in library.assets.values()
        if asset.adam_id == query.get("adamId", asset.adam_id)
        and asset.pricing_param == query.get("pricingParam", asset.pricing_param)
    ]
    used = library.listed()[1]
    return _page(library, "assets", wanted, query, limits, lambda asset: _asset(asset, used))


def _asset(asset: Asset, used: Mapping[tuple[str, str], int]) -> Document:
    assigned = used.get((asset.adam_id, asset.pricing_param), 0)
    told: Document = {
        "adamId": asset.adam_id,
        "assignedCount": assigned,
        "deviceAssignable": asset.device_assignable,
        "pricingParam": asset.pricing_param,
        "productType": asset.product_type,
        "revocable": asset.revocable,
        "supportedPlatforms": asset.platforms,
    }
    if asset.total is None:
        return told
    counts = {"availableCount": max(asset.total - assigned, 0), "retiredCount": asset.retired}
    return {**told, **counts, "totalCount": asset.total}


def assignments(library: Library, query: dict[str, str], limits: Limits) -> Document:
    rows = library.listed()[0]
    filtered = query.keys() & {"adamId", "serialNumber", "clientUserId"}
    wanted = (
        rows
        if not filtered
        else [
            entry
            for entry in rows
            if entry[0] == query.get("adamId", entry[0])
            and entry[2] == query.get("serialNumber", entry[2])
            and entry[3] == query.get("clientUserId", entry[3])
        ]
    )
    return _page(library, "assignments", wanted, query, limits, _assignment)


def _assignment(entry: tuple[str, str, str, str]) -> Document:
    holder = {"serialNumber": entry[2]} if entry[2] else {"clientUserId": entry[3]}
    return {"adamId": entry[0], "pricingParam": entry[1], **holder}


def _page(
    library: Library, name: str, rows: list[Any], query: dict[str, str], limits: Limits, show: Callable[[Any], Document]
) -> Document:
    pages = max(-(-len(rows) // limits.page_size), 1)
    index = int(query.get("pageIndex", "0") or 0)
    if not 0 <= index < pages:
        raise Refused(9650, 400, "The page index must be less than the number of pages.")
    shown = rows[index * limits.page_size : (index + 1) * limits.page_size]
    told = {name: [show(row) for row in shown], "currentPageIndex": index, "size": len(shown), "totalPages": pages}
    following = {"nextPageIndex": index + 1} if index + 1 < pages else {}
    return {**told, **following, "versionId": library.version, **common(library)}


def manage(library: Library, body: Document, limits: Limits, kind: str, due: float) -> Document:
    wanted = [(str(each.get("adamId")), str(each.get("pricingParam", "STDQ"))) for each in body.get("assets", [])]
    serials = [str(each) for each in body.get("serialNumbers", [])]
    _check(library, wanted, serials, limits, kind)
    event = Event(str(uuid.uuid4()), kind, due, wanted, serials)
    library.events[event.id] = event
    return {"eventId": event.id, **common(library)}


def _check(library: Library, wanted: list[tuple[str, str]], serials: list[str], limits: Limits, kind: str) -> None:
    if not wanted:
        raise Refused(9718, 400, "The request has no asset.")
    if not serials:
        raise Refused(9719, 400, "Either client user ids or serial numbers are required.")
    if len(wanted) > limits.max_assets:
        raise Refused(9700, 400, "The request exceeds the maximum assets limit.")
    if len(serials) > limits.max_serials:
        raise Refused(9702, 400, "The request exceeds the maximum serialNumbers limit.")
    if len(set(serials)) < len(serials):
        raise Refused(9705, 400, "The request contains duplicate serialNumbers.")
    for asset in filter(None, map(library.assets.get, wanted)):
        if kind == "ASSOCIATE" and not asset.device_assignable:
            raise Refused(9707, 400, "The asset in the request isn't device-assignable.")
        if kind == "DISASSOCIATE" and not asset.revocable:
            raise Refused(9706, 400, "The asset in the request isn't revocable.")


def status(library: Library, query: dict[str, str]) -> Document:
    event = library.events.get(query.get("eventId", ""))
    if event is None:
        raise Refused(9708, 400, "Unable to find the event.")
    return {**event.status(), **common(library)}
