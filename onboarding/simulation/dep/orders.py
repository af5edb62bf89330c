"""Orders to the stand-in, below /control: what an administrator at Apple, or an accident, would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onboarding.simulation.dep.faults import Fault
from onboarding.simulation.dep.mdm_server import Document, ListedDevice, MdmServer, moment
from onboarding.simulation.dep.new_devices import SEED, listed, new_hardware
from onboarding.simulation.dep.tokens import token_file

if TYPE_CHECKING:
    from onboarding.simulation.dep.http import Asked
    from onboarding.simulation.dep.stand_in import DepStandIn

SETTABLE = ("name", "accepts_terms", "expires_at", "retry_after_seconds")
SHOWN = 200  # devices, in the state


def carry_out(stand_in: DepStandIn, asked: Asked) -> Document | bytes | None:
    """None: the state is the answer. Raises ValueError, KeyError or TypeError when it makes no sense."""
    path = asked.path.removeprefix("/control")
    if path == "/token":
        return _token(_server(stand_in, asked), asked.content)
    if path == "/authority":
        return stand_in.authority.trusted_pem.encode()
    if path == "/faults":
        stand_in.behave() if asked.method == "DELETE" else stand_in.misbehave(**_fault(asked.body))
    elif path == "/clock":
        stand_in.clock_ahead = float(asked.body["seconds"])
    elif path == "/sessions":
        stand_in.end_sessions()
    elif path:
        _change(_server(stand_in, asked), path, asked.body)
    return None


def _change(server: MdmServer, path: str, body: Document) -> None:
    if path == "/devices":
        server.add(*(ListedDevice(**each) for each in body.get("devices", [body])))
    elif path == "/fleet":
        _buy(server, int(body["number"]), str(body.get("seed", SEED)))
    elif path == "/remove":
        for serial in body["serials"]:
            server.remove(serial)
    elif path == "/stock":
        server.stock(int(body["number"]), prefix=str(body.get("prefix", "DEP")), told=True)
    elif path == "/results":
        server.tell_result(body["result"], *body["serials"], times=body.get("times"))
    elif path == "/server":
        _set(server, body)
    else:
        raise ValueError(f"There is no /control{path}.")


def _buy(server: MdmServer, number: int, seed: str) -> None:
    """The first so many new devices of the fleet of that name."""
    devices = (listed(new_hardware(index, seed)) for index in range(number))
    server.add(*(device for device in devices if device.serial not in server.devices))


def _set(server: MdmServer, body: Document) -> None:
    if unknown := sorted(set(body) - {*SETTABLE, "denied"}):
        raise ValueError(f"A server has no {', '.join(unknown)}.")
    for name in SETTABLE:
        if name in body:
            setattr(server, name, body[name])
    if "denied" in body:
        server.denied = set(body["denied"])


def _token(server: MdmServer, public_key: bytes) -> bytes:
    server.renew_token()
    return token_file(server, public_key)


def _server(stand_in: DepStandIn, asked: Asked) -> MdmServer:
    wanted = asked.query.get("server")
    found = next((each for each in stand_in.servers if wanted in (None, each.uuid)), None)
    if found is None:
        raise ValueError("There is no such server.")
    return found


def _fault(body: Document) -> dict[str, Any]:
    fault = Fault.from_json(body)
    return {name: getattr(fault, name) for name in body}


def state_of(stand_in: DepStandIn) -> Document:
    return {
        "url": stand_in.url,
        "clock_ahead": stand_in.clock_ahead,
        "counters": dict(stand_in.counters),
        "faults": stand_in.faults,
        "servers": [_server_state(server) for server in stand_in.servers],
    }


def _server_state(server: MdmServer) -> Document:
    """Without its secrets."""
    devices = [
        {"serial": each.serial, "profile_status": each.profile_status, "profile_uuid": each.profile_uuid}
        for each in list(server.devices.values())[:SHOWN]
    ]
    return {
        "name": server.name,
        "uuid": server.uuid,
        "expires_at": moment(server.expires_at),
        "accepts_terms": server.accepts_terms,
        "denied": sorted(server.denied),
        "number_of_devices": len(server.devices),
        "devices": devices,
        "profiles": server.profiles,
    }
