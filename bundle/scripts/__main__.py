"""``python -m scripts VERB``, see :mod:`scripts.commands`."""

import sys

from .commands import main
from .errors import end_tidily, outlive_readers

if __name__ == "__main__":
    outlive_readers()
    end_tidily()
    sys.exit(main())
