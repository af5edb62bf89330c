"""A blueprint changed ten times over a simulated fleet: web, worker and beat, APNs' stand-in, devices over sockets."""

import argparse
import os
import plistlib
import statistics
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2

from bench.changing.caller import Caller
from bench.changing.crowd import make_devices, running_crowd
from bench.changing.server import running_server
from bench.changing.story import Outcome, Story
from bench.changing.versions import ten_versions
from bench.population import ACTOR
from bench.tables import say, table
from commands.services.apns_certificates import complete_certificate
from config.dev.web import free_ports
from onboarding.services.enrolment_profiles import create_enrolment_profile
from onboarding.simulation.apns import ApnsStandIn, running_apns
from tenants.models import Role, Tenant
from tenants.services.apns import create_apns_certificate
from tenants.services.tenants import create_tenant
from tenants.services.tokens import create_api_token

BUNDLE = "org.example.bench"
PAUSE = 15.0  # seconds between changes
PATIENCE = 3600.0
SHORT = ("APPLE_APP_UNINSTALL", "DEVICE_INFORMATION", "INSTALL_PROFILE", "REMOVE_PROFILE", "SET_TIMEZONE", "UNINSTALL")
HASTE = {  # what takes hours by default: what a device that is gone owes is waited for half a minute
    "COMMAND_QUEUE_TTL": "30",
    "COMMAND_TIME_OUTS": ",".join(f"{name}=30" for name in (*SHORT, "UPDATE_DEVICE_CONFIG")) + ",INSTALL=180",
    "REDELIVER_SECONDS": "2",
    "PUSH_REPEAT_SECONDS": "20",
}


def run(options: argparse.Namespace) -> None:
    count = options.fleet
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name:
        folder = Path(name)
        with running_apns(folder / "apns") as apns, _settings(port, folder, apns):
            tenant, token, link = _seeded(apns)
            with running_server(port, folder), _http() as http:
                base_url = f"http://127.0.0.1:{port}"
                caller = Caller(http, base_url, tenant_id=str(tenant.pk), token=token)
                devices = make_devices(http, count, seed="bench")
                profile_url = f"{base_url}/mdm/enrol/{link}/profile.mobileconfig"
                courier = ("127.0.0.1", apns.courier_port)
                with running_crowd(devices, profile=lambda: http.get(profile_url).content, courier=courier) as crowd:
                    app = _uploaded(caller)
                    story = Story(
                        caller,
                        crowd,
                        ten_versions(app),
                        app=BUNDLE,
                        patience=PATIENCE,
                        pause=PAUSE,
                        say=say,
                    )
                    _tell(story.run(), count)


@contextmanager
def _settings(port: int, folder: Path, apns: ApnsStandIn) -> Iterator[None]:
    """For the server's processes; this one has read its own."""
    before = dict(os.environ)
    os.environ.update(HASTE)
    os.environ.update(
        BASE_URL=f"http://127.0.0.1:{port}",
        ALLOWED_HOSTS="127.0.0.1",
        APPS_STORAGE_DIR=str(folder / "apps"),
        APNS_HOST="127.0.0.1",
        APNS_PORT=str(apns.apns_port),
        APNS_CA_FILE=str(apns.root.certificate_path),
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _seeded(apns: ApnsStandIn) -> tuple[Tenant, str, str]:
    """A tenant that can enrol devices, a token to act for it, and the token of its enrolment link."""
    tenant = create_tenant(name="Blueprints", actor=ACTOR)
    row = create_apns_certificate(tenant=tenant, actor=ACTOR)
    topic = f"com.apple.mgmt.External.{tenant.pk}"
    pem = apns.root.issue_push_certificate(row.signing_request.encode(), topic=topic)
    complete_certificate(certificate=row, file=pem, apple_id="bench@example.com", actor=ACTOR)
    token = create_api_token(tenant=tenant, role=Role.ADMIN, name="bench", actor=ACTOR)[1]
    return tenant, token, create_enrolment_profile(tenant=tenant, name="Fleet", actor=ACTOR).token


def _http() -> httpx2.Client:
    limits = httpx2.Limits(max_connections=32, max_keepalive_connections=32, keepalive_expiry=5.0)
    return httpx2.Client(trust_env=False, timeout=60.0, limits=limits)


def _uploaded(caller: Caller) -> dict[str, Any]:
    """A small app, as versions of the blueprint name it."""
    info = {
        "CFBundleIdentifier": BUNDLE,
        "CFBundleName": "Bench",
        "CFBundleVersion": "1",
        "CFBundleShortVersionString": "1.0",
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("Payload/Bench.app/Info.plist", plistlib.dumps(info))
    told = caller.post("/api/v2/tenant-apps", data={"platform": "APPLE"}, files={"file": ("b.ipa", file.getvalue())})
    return {"app_type": "TENANT_IOS", "app_id": told["id"], "app_version_id": told["version_id"], "state": "SHOW"}


def _tell(outcome: Outcome, count: int) -> None:
    by_status = Counter(ending.status for ending in outcome.endings)
    table(
        f"A blueprint changed ten times over {count:,} devices, from the first change until every converge had ended",
        ("devices", "seconds", "converges", "failed", "commands", "converged", "with a reason", "wrong", "again"),
        [
            [
                f"{count:,}",
                outcome.seconds,
                sum(outcome.converges.values()),
                outcome.converges["FAILURE"],
                outcome.commands,
                by_status["SUCCESS"],
                by_status["FAILURE"],
                len(outcome.wrong),
                outcome.again,
            ]
        ],
    )
    say("“again”: commands of one more converge of each device that had converged.")
    say(f"upgrade status: {', '.join(f'{name} {number}' for name, number in sorted(outcome.counted.items()))}")
    _tell_reasons(outcome)
    for ending in outcome.wrong:
        say(f"WRONG: {ending.device.serial} {ending.status} {ending.reason!r} differs in {ending.differences}")


def _tell_reasons(outcome: Outcome) -> None:
    reasons = Counter(ending.reason for ending in outcome.endings if ending.status == "FAILURE")
    for reason, number in reasons.most_common():
        say(f"{number:>4}  {reason}")
    differing = [len(ending.differences) for ending in outcome.endings if ending.status == "FAILURE"]
    if differing:
        say(f"a device that failed differs in {statistics.fmean(differing):.1f} groups of settings")
