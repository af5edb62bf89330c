"""How much is measured."""

import argparse
from collections.abc import Sequence


def sizes_of(options: argparse.Namespace, sizes: Sequence[int]) -> list[int]:
    """As many of them as was asked for; with `--small` a tenth of each."""
    return [size // 10 if options.small else size for size in sizes[: options.sizes]]
