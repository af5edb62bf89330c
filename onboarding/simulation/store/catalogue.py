"""The apps that the stand-in sells: all of them invented, none with an id that Apple has given out.

Between them they have what records of the real store have: several kinds of devices, prices, letters of many scripts,
fields that are missing, apps that are sold in one country only.
"""

from dataclasses import dataclass, field

PHONE, PAD, POD, TV, MAC, WATCH, VISION = "iphone", "ipad", "ipod", "tvos", "mac", "watch", "realityDevice"
MOBILE = (PHONE, PAD, POD)
EVERYWHERE: tuple[str, ...] = ()
BUSINESS, CONSUMER = "enterprisestore", "iphone"  # what a look-up calls a platform


@dataclass(frozen=True, slots=True)
class AppRecord:
    """`None` is what Apple leaves out of the record. `colour` is that of the icon."""

    id: str
    name: str
    bundle_id: str
    developer: str
    version: str
    genres: tuple[str, ...]
    families: tuple[str, ...] = MOBILE
    price: float = 0.0
    size: int | None = 48_230_400
    minimum_os: str | None = "16.0"
    updated: str | None = "2026-09-14T08:12:30Z"
    description: str | None = None
    pricing: str | None = "STDQ"
    countries: tuple[str, ...] = EVERYWHERE
    platforms: tuple[str, ...] = (BUSINESS, CONSUMER)
    has_icon: bool = True
    colour: tuple[int, int, int] = (52, 120, 246)
    kind: str = "iosSoftware"
    extras: dict[str, object] = field(default_factory=dict)


CATALOGUE = (
    AppRecord(
        "9990000001", "Ledgerline Notes", "example.ledgerline.notes", "Ledgerline Software GmbH", "4.12.1",
        ("Productivity", "Business"), description="Notes that stay in order.\n\nFolders, search and shared pages.",
    ),
    AppRecord(
        "9990000002", "Harbour Mail", "example.harbour.mail", "Harbour Works Ltd", "11.0", ("Business", "Utilities"),
        price=4.99, size=121_634_816, minimum_os="17.0", updated="2026-11-02T17:45:00Z", colour=(230, 126, 34),
        description="Mail for teams that share an address.",
    ),
    AppRecord(
        "9990000003", "Feldkarte für Außendienst", "example.feldkarte.aussendienst", "Kartenwerk Möller & Söhne",
        "2026.3", ("Navigation", "Business"), (PHONE, PAD), price=12.99, size=310_378_496, colour=(39, 174, 96),
        description="Karten ohne Netz – Anfahrten, Höhenlinien, Übergabeprotokolle.",
    ),
    AppRecord(
        "9990000004", "在庫かんたん", "jp.example.zaiko", "株式会社みなと", "3.4", ("Business",), (PHONE, PAD),
        countries=("jp",), colour=(192, 57, 43), description="倉庫の在庫をすばやく数えます。",
    ),
    AppRecord(
        "9990000005", "Signboard TV", "example.signboard.tv", "Signboard Inc.", "7.0.3", ("Utilities",), (TV,),
        size=88_080_384, minimum_os="17.4", colour=(44, 62, 80), description="Notices on the screens of a building.",
    ),
    AppRecord(
        "9990000006", "Blueprint Desk", "example.blueprint.desk", "Draughts & Co.", "1.9.8", ("Graphics & Design",),
        (MAC,), price=299.99, size=2_147_483_648, minimum_os="14.2", colour=(22, 160, 133), kind="desktopApp",
        description="Plans of buildings on a desk's screen.",
    ),
    AppRecord(
        "9990000007", "Ward Round", "example.ward.round", "Sanatio Health AB", "0.9", ("Medical",), (PAD,),
        size=17_301_504, minimum_os="15.1", updated="2025-02-01T00:00:00Z", colour=(155, 89, 182),
        description="Rounds, rooms and hand-overs for wards.",
    ),
    AppRecord(
        "9990000008", "Parcel Check", "example.parcel.check", "Kiste Logistik", "5.2.0", ("Business", "Shopping"),
        (PHONE, POD, WATCH), size=None, minimum_os=None, updated=None, has_icon=False, pricing=None,
    ),
    AppRecord(
        "9990000009", "Aquarelle — études", "fr.example.aquarelle", "Atelier Été", "2.0", ("Education", "Art"),
        (PHONE, PAD, MAC, VISION), price=0.99, colour=(241, 196, 15), description="Peindre à l'eau, sans eau.",
    ),
    AppRecord(
        "9990000010", "Meridian Browser", "example.meridian.browser", "Meridian Foundation", "128.4",
        ("Utilities",), size=95_420_416, colour=(52, 73, 94), description="A browser for managed devices.",
    ),
    AppRecord(
        "9990000011", "متجر المدينة", "example.souk.city", "سوق للتقنية", "1.1", ("Shopping",), (PHONE,),
        colour=(211, 84, 0), platforms=(CONSUMER,), description="طلبات المتاجر القريبة.",
    ),
    AppRecord(
        "9990000012", "Shift Clock 🕗", "example.shift.clock", "Nightwatch Apps", "3.0.0", ("Business", "Lifestyle"),
        (PHONE, PAD, WATCH), price=1.99, colour=(127, 140, 141), description="Clock in, clock out.",
    ),
)  # fmt: skip
