"""How the fleet stands to its blueprints, at a glance."""

import uuid
from collections import Counter
from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models import Count
from django.urls import reverse

from commands.admin.blueprint_standing import NONE, STANDINGS, UNSEEN, fleet_standing
from commands.admin.blueprint_words import setting_words
from devices.models import Device, DeviceState

FREQUENT = 12  # settings
MOST_FREQUENT_SQL = """
SELECT entry ->> 'setting' AS setting, count(DISTINCT report.device_id) AS devices
FROM devices_driftreport report CROSS JOIN LATERAL jsonb_array_elements(report.differences) entry
WHERE report.tenant_id = ANY(%s) AND report.count > 0 AND coalesce(entry ->> 'reason', '') = ''
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %s
"""


def fleet_standings(tenant_ids: Collection[uuid.UUID]) -> Counter[str]:
    """Devices by standing; beside those, the ones without a blueprint and the ones that nobody has compared yet."""
    rows = Device.objects.filter(tenant_id__in=tenant_ids).exclude(state=DeviceState.DISABLED).order_by()
    counted = rows.annotate(told=fleet_standing()).values_list("told").annotate(total=Count("*"))
    return Counter(dict(counted))


def drift_card(tenant_ids: Collection[uuid.UUID]) -> dict[str, Any]:
    """The dashboard's."""
    counts = fleet_standings(tenant_ids)
    devices = reverse("admin:devices_device_changelist")
    figures = [(value, words, css, f"{devices}?standing={value}") for value, words, _, css in STANDINGS]
    figures.append((UNSEEN, "never compared", "mu-bar-unseen", f"{devices}?standing={UNSEEN}"))
    figures.append((NONE, "without a blueprint", "mu-bar-none", f"{devices}?standing={NONE}"))
    total = sum(counts.values())
    return {
        "total": total,
        "managed": total - counts[NONE],
        "pieces": [
            {
                "words": words,
                "css": css,
                "link": link,
                "count": counts[value],
                "share": f"{100 * counts[value] / total:.1f}",
            }
            for value, words, css, link in figures
            if counts[value]
        ],
    }


def frequent_settings(tenant_ids: Collection[uuid.UUID]) -> list[dict[str, Any]]:
    """The settings that differ on most devices."""
    with connection.cursor() as cursor:
        cursor.execute(MOST_FREQUENT_SQL, (list(tenant_ids), FREQUENT))
        rows = cursor.fetchall()
    most = max((devices for _, devices in rows), default=0)
    return [
        {"title": setting_words(path), "path": path, "devices": devices, "share": f"{100 * devices / most:.1f}"}
        for path, devices in rows
    ]
