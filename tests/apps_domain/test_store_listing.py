"""Records of Apple's store are read without trust in what they hold."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps_domain.clients.store_listing import read_listing
from apps_domain.models import StoreApp

# The fields that are read, with anything in them that JSON can hold.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "name", "bundleId", "artistName", "artwork", "url", "genreNames", "deviceFamilies", "description",
    "minimumOSVersion", "latestVersionReleaseDate", "releaseDate",
)  # fmt: skip
OFFER = st.fixed_dictionaries({}, optional=dict.fromkeys(("price", "version", "assets", "buyParams"), ANYTHING))
RECORDS = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(NAMES, ANYTHING), "offers": st.lists(OFFER | ANYTHING, max_size=2) | ANYTHING}
)


def listing(**record: Any) -> Any:
    return read_listing(record, country="us")


@given(RECORDS)
def test_whatever_is_in_a_record_it_can_be_kept(record: dict[str, Any]) -> None:
    found = read_listing(record, country="us")

    for name in ("name", "bundle_id", "developer", "icon_url", "itunes_url", "minimum_os_version", "pricing_param"):
        value = getattr(found, name)
        column: Any = StoreApp._meta.get_field(name)
        assert len(value) <= column.max_length
        assert "\0" not in value
        value.encode()
    assert found.price is None or 0 <= found.price < Decimal(10) ** 10
    assert found.size is None or 0 <= found.size < 2**63
    json.dumps([found.genres, found.device_families]).encode()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-09-14T08:12:30Z", dt.datetime(2026, 9, 14, 8, 12, 30, tzinfo=dt.UTC)),
        ("2026-09-14T08:12:30+02:00", dt.datetime(2026, 9, 14, 6, 12, 30, tzinfo=dt.UTC)),
        ("2018-08-28", dt.datetime(2018, 8, 28, tzinfo=dt.UTC)),
        ("Aug 28, 2018", dt.datetime(2018, 8, 28, tzinfo=dt.UTC)),
        ("28 août 2018", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1535414400, None),
    ],
)
def test_dates_are_read_in_each_of_apples_forms(written: Any, meant: dt.datetime | None) -> None:
    assert listing(latestVersionReleaseDate=written).updated_in_store_at == meant


@pytest.mark.parametrize(
    ("artwork", "url"),
    [
        ({"url": "https://is1.mzstatic.com/a/{w}x{h}{c}.{f}"}, "https://is1.mzstatic.com/a/512x512bb.png"),
        ({"url": "https://is1.mzstatic.com/a/{w}x{h}bb.{f}"}, "https://is1.mzstatic.com/a/512x512bb.png"),
        ([{"width": 64, "url": "https://a.example/s"}, {"width": 216, "url": "https://a.example/l"}], "https://a.example/l"),
        ({"url": "javascript:alert(1)"}, ""),
        ({"url": "data:image/png;base64,AA"}, ""),
        ({"url": "https://"}, ""),
        ({"url": "https://a.example/" + "x" * 600}, ""),
        ([], ""),
    ],
    ids=str,
)  # fmt: skip
def test_an_icon_is_a_web_address(artwork: Any, url: str) -> None:
    assert listing(artwork=artwork).icon_url == url


@pytest.mark.parametrize(
    ("price", "read"),
    [
        (0, Decimal("0.00")),
        (4.99, Decimal("4.99")),
        ("1.5", Decimal("1.50")),
        *[(odd, None) for odd in (-1, float("inf"), float("nan"), True, 1e30, 9999999999.999, "free")],
    ],
)
def test_a_price_is_an_amount(price: Any, read: Decimal | None) -> None:
    assert listing(offers=[{"price": price}]).price == read


def test_the_size_is_that_of_the_largest_file() -> None:
    assets = [{"flavor": "iosSoftware", "size": 10}, {"flavor": "macSoftware", "size": 30}, {"size": "40"}, {}]

    assert listing(offers=[{"assets": assets}]).size == 30


def test_the_pricing_parameter_is_in_the_parameters_to_buy_with() -> None:
    bought = "productType=C&price=0&salableAdamId=361309726&pricingParameters=PLUS&pg=default"

    assert listing(offers=[{"buyParams": bought}]).pricing_param == "PLUS"
