"""Declarations for an Apple device, the set of them that it is given, and the messages that tell of it.

https://developer.apple.com/documentation/devicemanagement/integrating-declarative-management

All is computed from content: the same configurations are always the same set under the same tokens, so telling a device
twice is telling it nothing new.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

ACTIVATION = "com.apple.activation.simple"
ACTIVATION_IDENTIFIER = "org.muster.activation"
SECTIONS = {  # of the list of a set, by what a declaration's type begins with
    "activation": "Activations",
    "asset": "Assets",
    "configuration": "Configurations",
    "management": "Management",
}
Document = dict[str, Any]


@dataclass(frozen=True)
class Declaration:
    """Its identifier stays when its payload changes; the server token is how a device knows that it did."""

    identifier: str
    type: str
    payload: dict[str, Any]

    @property
    def server_token(self) -> str:
        return _digest([self.identifier, self.type, self.payload])

    def document(self) -> Document:
        """As the device fetches it, and as it is kept."""
        return {
            "Identifier": self.identifier,
            "Type": self.type,
            "ServerToken": self.server_token,
            "Payload": self.payload,
        }


def declaration_set(configurations: Iterable[Declaration]) -> tuple[Declaration, ...]:
    """The configurations, sorted, and the one activation that puts them into force. Without any: nothing at all."""
    chosen = sorted(configurations, key=lambda declaration: declaration.identifier)
    if not chosen:
        return ()
    named = {"StandardConfigurations": [declaration.identifier for declaration in chosen]}
    return (*chosen, Declaration(ACTIVATION_IDENTIFIER, ACTIVATION, named))


def declarations_token(declarations: Iterable[Declaration]) -> str:
    """Of the whole set, whatever order it comes in. The empty set has one too."""
    return token_of([declaration.document() for declaration in declarations])


def token_of(documents: Iterable[Document]) -> str:
    return _digest(sorted([document["Identifier"], document["ServerToken"]] for document in documents))


def tokens_response(token: str, changed_at: dt.datetime) -> dict[str, Any]:
    """https://developer.apple.com/documentation/devicemanagement/tokensresponse"""
    return {"SyncTokens": {"DeclarationsToken": token, "Timestamp": _rfc3339(changed_at)}}


def items_response(token: str, documents: Iterable[Document]) -> dict[str, Any]:
    """https://developer.apple.com/documentation/devicemanagement/declarationitemsresponse"""
    sections: dict[str, list[dict[str, str]]] = {name: [] for name in SECTIONS.values()}
    for document in documents:
        item = {key: document[key] for key in ("Identifier", "ServerToken")}
        sections[SECTIONS[kind_of(document)]].append(item)
    return {"Declarations": sections, "DeclarationsToken": token}


def kind_of(document: Document) -> str:
    """`configuration` of `com.apple.configuration.…`: the middle of the address that it is fetched at."""
    kind: str = document["Type"].split(".")[2]
    return kind


def command(token: str, changed_at: dt.datetime) -> dict[str, Any]:
    """Apple's command that has a device fetch its set, unless the token tells it that it has it.

    https://developer.apple.com/documentation/devicemanagement/declarative-management-command
    """
    return {"RequestType": "DeclarativeManagement", "Data": orjson.dumps(tokens_response(token, changed_at))}


def _rfc3339(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
