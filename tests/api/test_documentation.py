"""The document and its two readers, served without a token and from local assets only."""

import re
from typing import Any

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.test import Client

from tests.contract import document

READERS = ["/api/docs/", "/api/docs/redoc/"]


def test_the_document_comes_as_yaml_for_who_wants_it(client: Client) -> None:
    wishes = [("", "application/yaml"), ("?format=yaml", "*/*"), ("", "application/vnd.oai.openapi")]

    first, *others = (client.get(f"/api/schema/{query}", headers={"Accept": accept}) for query, accept in wishes)

    assert first.content.startswith(b"openapi:")
    assert yaml.load(first.content, Loader=yaml.CSafeLoader)["paths"] == document()["paths"]
    assert [each.content == first.content for each in others] == [True, True]


@pytest.mark.parametrize(
    ("query", "accept"),
    [("", "*/*"), ("", "text/html"), ("?format=json", "*/*"), ("", "application/vnd.oai.openapi+json")],
)
def test_the_document_comes_as_json_for_everybody_else(client: Client, query: str, accept: str) -> None:
    response = client.get(f"/api/schema/{query}", headers={"Accept": accept})

    assert "json" in response.headers["Content-Type"]
    assert response.json()["paths"] == document()["paths"]


@pytest.mark.parametrize("path", READERS)
def test_a_reader_names_no_other_host(client: Client, path: str) -> None:
    """Comments and the licence of what is embedded may; what is loaded may not."""
    page = client.get(path).content.decode()

    loaded = re.findall(r"""(?:src|href|url)\s*[=(:]\s*["']?([^"'\s)>]+)""", page)
    assert loaded
    assert not [address for address in loaded if re.match(r"(https?:)?//", address)]
    assert "https://" not in page
    assert "http://" not in page


@pytest.mark.parametrize("path", READERS)
def test_every_asset_of_a_reader_is_ours_to_serve(client: Client, path: str) -> None:
    page = client.get(path).content.decode()

    assets = re.findall(r"""["'](/static/[^"']+)["']""", page)
    assert assets
    assert [asset for asset in assets if not finders.find(asset.removeprefix("/static/"))] == []


@pytest.mark.parametrize("path", READERS)
def test_a_reader_may_load_nothing_from_elsewhere(client: Client, path: str) -> None:
    policy = client.get(path).headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "http" not in policy


@pytest.mark.parametrize("path", ["/api/schema/", *READERS])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_document_cannot_be_written(path: str, method: str) -> None:
    response: Any = getattr(Client(enforce_csrf_checks=True), method)(path)

    assert response.status_code == 405
    assert response.json()["code"] == 405
