"""How apps look in the console."""

import uuid
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenants.admin import display

KILOBYTE, MEGABYTE = 1_000, 1_000_000


def app_title(name: str, below: str, icon_url: str = "") -> SafeString:
    """Icon, name, and something quieter under the name. Without an icon: the name's first letter."""
    return format_html('<span class="mu-app">{}{}</span>', icon(icon_url, name), display.two_lines(name, below))


def icon(url: str, name: str) -> SafeString:
    if not url:
        return format_html('<span class="mu-icon" aria-hidden="true">{}</span>', name[:1].upper())
    return format_html(
        '<img class="mu-icon" src="{}" alt="" width="36" height="36" loading="lazy" referrerpolicy="no-referrer">', url
    )


def size(bytes_: int | None) -> str:
    if not bytes_:
        return display.EMPTY
    return f"{bytes_ / MEGABYTE:,.1f} MB" if bytes_ >= MEGABYTE / 10 else f"{bytes_ / KILOBYTE:,.1f} kB"


def install_url(command: str, tenant_id: uuid.UUID | None, **known: str) -> str:
    """The page that sends this command to devices, with these arguments filled in. None: of any tenant."""
    told = {
        "command": command,
        **({"tenant": tenant_id} if tenant_id else {}),
        **{f"known-{name}": value for name, value in known.items()},
    }
    return f"{reverse('admin:send_command')}?{urlencode(told)}"
