"""``python -m scripts VERB``, see :mod:`scripts.commands`."""

import sys

from .commands import main

if __name__ == "__main__":
    sys.exit(main())
