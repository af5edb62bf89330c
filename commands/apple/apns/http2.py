"""How we use h2, and what the two ways of ending a connection tell."""

import json
import ssl

from h2.config import H2Configuration
from h2.connection import ConnectionInputs, ConnectionState, H2Connection, H2ConnectionStateMachine
from h2.settings import SettingCodes, Settings

from commands.apple.apns.outcomes import CONNECTION_LOST


class _StaysOpenAfterGoaway(H2ConnectionStateMachine):
    """h2 treats all that follows GOAWAY as a protocol error, but the answers to requests the server did take still come
    (RFC 9113, section 6.8)."""

    _transitions = {
        **H2ConnectionStateMachine._transitions,
        (ConnectionState.CLIENT_OPEN, ConnectionInputs.RECV_GOAWAY): (None, ConnectionState.CLIENT_OPEN),
    }


def client_connection() -> H2Connection:
    # Our headers are few and written in this package, so h2 need not look at each one again.
    config = H2Configuration(
        client_side=True,
        header_encoding=None,
        validate_outbound_headers=False,
        normalize_outbound_headers=False,
        validate_inbound_headers=False,
        normalize_inbound_headers=False,
    )
    connection = H2Connection(config)
    connection.state_machine = _StaysOpenAfterGoaway()
    connection.local_settings = Settings(client=True, initial_values={SettingCodes.ENABLE_PUSH: 0})
    return connection


def is_refusal(error: Exception | None) -> bool:
    """Whether the server ended TLS because of our certificate (expired, revoked, unknown issuer …)."""
    reason = getattr(error, "reason", None) if isinstance(error, ssl.SSLError) else None
    alert = str(reason or "")
    return "ALERT" in alert and any(word in alert for word in ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED"))


def goaway_reason(data: bytes | None) -> str:
    """APNs puts `{"reason": …}` into its GOAWAY frame."""
    try:
        reason = json.loads(data or b"{}")["reason"]
    except (ValueError, KeyError, TypeError):
        return CONNECTION_LOST
    return reason if isinstance(reason, str) else CONNECTION_LOST
