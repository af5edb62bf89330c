import json
import os
import secrets
from pathlib import Path
from typing import Any

import httpx2
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from commands.services.apns_certificates import complete_certificate
from commands.services.blueprints import create_blueprint
from devices.models import DeviceGroup
from devices.services.groups import create_group
from onboarding.models import EnrolmentProfile
from onboarding.services.dep.profiles import create_dep_profile
from onboarding.services.dep.sync_requests import request_sync
from onboarding.services.enrolment_profiles import create_enrolment_profile
from onboarding.simulation.certificates import StandInRoot
from onboarding.simulation.vpp import TOKEN_FILE
from onboarding.views.enrolment import enrolment_url
from tenants.actors import Actor, command_line_actor
from tenants.models import ApiToken, DepToken, Role, Tenant, VppToken
from tenants.selectors import enrolment_topic
from tenants.services.apns import create_apns_certificate
from tenants.services.dep_tokens import complete_dep_token, create_dep_token, download_public_key
from tenants.services.tenants import create_tenant
from tenants.services.tokens import create_api_token, find_api_token
from tenants.services.vpp_tokens import create_vpp_token

TENANT = "Demo"
ADMIN = "admin"
CALLER = "demo"
TOKEN_NAME = "demo gateway"
DEVICES = "Demo devices"  # the enrolment link, their group and its blueprint
ALWAYS = {"apply_policy": "ALWAYS APPLY"}
SETTINGS: dict[str, Any] = {
    "ios": {
        "screenshot_settings": {**ALWAYS, "allow_screenshot": False},
        "passcode_settings": {**ALWAYS, "require_passcode": True, "minimum_length": 6},
        "wifi_networks": [{"ssid": "Muster Demo", "password": "not a secret"}],
        "web_clips": [{"label": "Intranet", "url": "https://intranet.example/"}],
        "defer_os_updates": {**ALWAYS, "defer_os_updates_delay": 14},
    }
}


class Command(BaseCommand):
    help = (
        "Makes (or completes) the demo tenant: token, user, certificate, licences, blueprint, enrolment link, "
        "device assignment."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--standins", type=Path, required=True, help="The stand-ins' folder, with their root key.")
        parser.add_argument("--dep-url", default="", help="The stand-in of device assignment, while it runs.")
        parser.add_argument("--out", type=Path, required=True, help="Where to write the facts as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        before = _read(options["out"])
        with transaction.atomic():
            facts = _seed(options["standins"], before)
        if options["dep_url"]:
            _take_part_in_assignment(Tenant.objects.get(pk=facts["tenant_id"]), options["dep_url"])
        try:
            _write(options["out"], facts)
        except OSError as error:
            raise CommandError(f"Cannot write {options['out']}: {error.strerror}.") from None
        self.stdout.write(f"Demo facts are in {options['out']}.")


def _seed(standins: Path, before: dict[str, str]) -> dict[str, str]:
    actor = command_line_actor()
    tenant = Tenant.objects.filter(name=TENANT).first() or create_tenant(name=TENANT, actor=actor)
    if enrolment_topic(tenant=tenant) is None:
        row = create_apns_certificate(tenant=tenant, actor=actor)
        topic = f"com.apple.mgmt.External.{tenant.pk}"
        pem = StandInRoot(standins).issue_push_certificate(row.signing_request.encode(), topic=topic)
        complete_certificate(certificate=row, file=pem, apple_id="demo@example.com", actor=actor)
    link = EnrolmentProfile.objects.filter(tenant=tenant, name=DEVICES).first() or create_enrolment_profile(
        tenant=tenant, name=DEVICES, actor=actor, group=_group(tenant, actor)
    )
    token = (standins / TOKEN_FILE).read_bytes() if (standins / TOKEN_FILE).exists() else b""
    if token and not VppToken.objects.filter(tenant=tenant).exists():
        create_vpp_token(tenant=tenant, file=token, actor=actor)
    return {
        "base_url": settings.BASE_URL,
        "tenant_id": str(tenant.pk),
        "token": _token(before.get("token", "")),
        "caller_id": CALLER,
        "admin_user": ADMIN,
        "admin_password": _password(before.get("admin_password", "")),
        "admin_url": f"{settings.BASE_URL}/admin/",
        "docs_url": f"{settings.BASE_URL}/api/docs/",
        "enrolment_url": enrolment_url(link.token),
    }


def _take_part_in_assignment(tenant: Tenant, url: str) -> None:
    """As an operator does: a public key for Apple, Apple's token for it, how devices are set up, the first sync."""
    known, actor = DepToken.objects.filter(tenant=tenant).first(), command_line_actor()
    if known is not None and known.state == DepToken.State.COMPLETED:
        return
    row = known or create_dep_token(tenant=tenant, actor=actor)
    file = _token_of_apple(url, download_public_key(token=row, actor=actor))
    complete_dep_token(token=row, file=file, token_name="Demo", actor=actor)
    group = DeviceGroup.objects.filter(tenant=tenant, name=DEVICES).first()
    create_dep_profile(tenant=tenant, actor=actor, name=DEVICES, group=group, department="Demo")
    request_sync(tenant=tenant, actor=actor)


def _token_of_apple(url: str, public_key: str) -> bytes:
    """The .p7m file for a public key, from the stand-in."""
    try:
        answer = httpx2.post(f"{url}/control/token", content=public_key.encode(), trust_env=False, timeout=10.0)
        return answer.raise_for_status().content
    except httpx2.HTTPError as error:
        raise CommandError(f"The stand-in of device assignment gives no token: {error}.") from None


def _group(tenant: Tenant, actor: Actor) -> DeviceGroup:
    """With a blueprint, which its devices are brought to when they enrol."""
    if known := DeviceGroup.objects.filter(tenant=tenant, name=DEVICES).first():
        return known
    blueprint = create_blueprint(tenant=tenant, actor=actor, name=DEVICES, settings=SETTINGS, publish=True)
    return create_group(tenant=tenant, actor=actor, name=DEVICES, blueprint=blueprint)


def _token(known: str) -> str:
    """The token of the last run if it still works; tokens cannot be read back from the database."""
    if known and find_api_token(known):
        return known
    ApiToken.objects.filter(name=TOKEN_NAME).delete()
    return create_api_token(tenant=None, role=Role.ADMIN, name=TOKEN_NAME, actor=command_line_actor())[1]


def _password(known: str) -> str:
    user = User.objects.filter(username=ADMIN).first()
    if user is not None and known and user.check_password(known):
        return known
    password = secrets.token_urlsafe(9)
    user = user or User(username=ADMIN, is_staff=True, is_superuser=True)
    user.set_password(password)
    user.save()
    return password


def _read(path: Path) -> dict[str, str]:
    try:
        facts = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _write(path: Path, facts: dict[str, str]) -> None:
    """Whole or not at all, and for its owner only: it holds a token and a password."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(facts, indent=2) + "\n")
    os.replace(draft, path)
