"""``python -m scripts VERB``, see :mod:`scripts.commands`."""

import sys

from .commands import main
from .errors import outlive_readers

if __name__ == "__main__":
    outlive_readers()
    sys.exit(main())
