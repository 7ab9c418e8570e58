"""What a user types: ``python -m scripts VERB``, in the bundle's folder.

A verb is a plain typed function; its signature and docstring are its options and its help. ``docstrings`` and
``verbs`` read them, ``parsing`` takes the words of a command line, by the standard library's ``argparse``: ``fire``,
which MONAI uses, guesses types from the text and knows neither a nearest name nor the defaults of a configuration.
``pairs``, ``workflows`` and ``maintenance`` are the verbs, thin and without imports that take time: the help does not
wait for torch. ``main`` calls them, ``running`` does so through ``monai.bundle run``.
"""

from .main import main
from .running import do

__all__ = ["do", "main"]
