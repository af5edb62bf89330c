"""What tests of the APNs client share."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from commands.apple.apns import ApnsClient, Notification, Outcome, Verdict
from onboarding.simulation.apns import ApnsStandIn

TOPIC = "com.apple.mgmt.External.5f0c2a10-1f50-4d8e-9a52-6d1a0c1f6f11"
MAGIC = "7D2B9C1E-5F0A-4C67-9D3E-0A1B2C3D4E5F"

NewApnsClient = Callable[..., ApnsClient]


def notifications(count: int, *, topic: str = TOPIC) -> list[Notification]:
    """With tokens that tell their number."""
    return [
        Notification(id=f"n{number}", token=token(number), push_magic=MAGIC, topic=topic) for number in range(count)
    ]


def token(number: int) -> bytes:
    return number.to_bytes(32)


def verdicts(outcomes: Sequence[Outcome]) -> Counter[Verdict]:
    return Counter(outcome.verdict for outcome in outcomes)


def deliveries(apns: ApnsStandIn) -> Counter[str]:
    """How often each token (hex) was accepted."""
    return Counter(notification.token for notification in apns.notifications)


class FreezableRelay:
    """Passes bytes to a port until told to freeze; then its connections hang, as when a firewall forgets them."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._sockets: list[socket.socket] = []
        self._frozen: set[socket.socket] = set()

    def freeze(self) -> None:
        self._frozen.update(self._sockets)

    def __enter__(self) -> "FreezableRelay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in [self._listener, *self._sockets]:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if source not in self._frozen:
                    sink.sendall(data)
        except OSError:
            return
