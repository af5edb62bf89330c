"""`python -m config.dev COMMAND`."""

import sys

from config.dev.cli import main

sys.exit(main(sys.argv[1:]))
