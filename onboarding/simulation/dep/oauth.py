"""The check of an OAuth 1.0a signature (RFC 5849), as a service makes it: HMAC-SHA1, a window of time, nonces once."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

WINDOW_SECONDS = 300
REQUIRED = ("consumer_key", "token", "signature_method", "timestamp", "nonce", "signature")
KNOWN = {f"oauth_{name}" for name in (*REQUIRED, "version")}
PARAMETER = re.compile(r'\s*([A-Za-z_]+)="([^"]*)"\s*')


class OAuthProblem(Exception):
    """`problem` is the word of the Problem Reporting extension; some are the caller's form, most its authority."""

    FORMAL = ("parameter_absent", "parameter_rejected", "signature_method_rejected", "version_rejected")

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    @property
    def status(self) -> int:
        return 400 if self.problem in self.FORMAL else 401


@dataclass(frozen=True, slots=True)
class Credentials:
    """The four secrets of a server token."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_secret: str


class OAuthCheck:
    """Remembers nonces for as long as their time stamps count."""

    def __init__(self, clock: Callable[[], float], window: int = WINDOW_SECONDS) -> None:
        self._clock = clock
        self.window = window
        self._nonces: dict[tuple[str, str], float] = {}

    def check(self, method: str, url: str, header: str, find: Callable[[str], Credentials | None]) -> Credentials:
        """Whose request it is, by its consumer key. Raises OAuthProblem."""
        told = parameters_of(header)
        credentials = find(told["oauth_consumer_key"])
        if credentials is None:
            raise OAuthProblem("consumer_key_unknown")
        if told["oauth_token"] != credentials.access_token:
            raise OAuthProblem("token_rejected")
        self._check_time(told["oauth_timestamp"])
        if not hmac.compare_digest(told["oauth_signature"], signature(method, url, told, credentials)):
            raise OAuthProblem("signature_invalid")
        self._check_nonce(told)
        return credentials

    def _check_time(self, stamp: str) -> None:
        if not stamp.isdecimal() or abs(int(stamp) - self._clock()) > self.window:
            raise OAuthProblem("timestamp_refused")

    def _check_nonce(self, told: Mapping[str, str]) -> None:
        now = self._clock()
        self._nonces = {key: at for key, at in self._nonces.items() if abs(at - now) <= self.window}
        key = (told["oauth_consumer_key"], told["oauth_nonce"])
        if key in self._nonces:
            raise OAuthProblem("nonce_used")
        self._nonces[key] = now


def parameters_of(header: str) -> dict[str, str]:
    """Of an `Authorization: OAuth …` header. Raises OAuthProblem when its form is wrong."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "oauth":
        raise OAuthProblem("parameter_absent")
    told: dict[str, str] = {}
    for part in rest.split(","):
        found = PARAMETER.fullmatch(part)
        if not found or found[1] in told:
            raise OAuthProblem("parameter_rejected")
        told[found[1]] = unquote(found[2])
    told.pop("realm", None)
    if any(not told.get(f"oauth_{name}") for name in REQUIRED):
        raise OAuthProblem("parameter_absent")
    if set(told) - KNOWN:
        raise OAuthProblem("parameter_rejected")
    if told["oauth_signature_method"] != "HMAC-SHA1":
        raise OAuthProblem("signature_method_rejected")
    if told.get("oauth_version", "1.0") != "1.0":
        raise OAuthProblem("version_rejected")
    return told


def signature(method: str, url: str, told: Mapping[str, str], credentials: Credentials) -> str:
    """In base64, over everything that `told` holds but the signature itself (RFC 5849, 3.4)."""
    parts = urlsplit(url)
    pairs = [(name, value) for name, value in told.items() if name != "oauth_signature"]
    pairs += parse_qsl(parts.query, keep_blank_values=True)
    normal = "&".join(f"{name}={value}" for name, value in sorted((_escape(a), _escape(b)) for a, b in pairs))
    address = f"{parts.scheme.lower()}://{_host(parts.scheme, parts.netloc)}{parts.path or '/'}"
    base = "&".join(_escape(each) for each in (method.upper(), address, normal))
    key = f"{_escape(credentials.consumer_secret)}&{_escape(credentials.access_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), base.encode(), hashlib.sha1)).decode()


def _host(scheme: str, netloc: str) -> str:
    usual = {"http": ":80", "https": ":443"}.get(scheme.lower(), "")
    return netloc.lower().removesuffix(usual) if usual else netloc.lower()


def _escape(text: str) -> str:
    return quote(text, safe="-._~")
