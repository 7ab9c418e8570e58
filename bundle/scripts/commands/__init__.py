"""What a user types: ``python -m scripts VERB``, in the bundle's folder.

A verb is a plain typed function; its signature and docstring are its options and its help. ``docstrings`` and ``verbs``
read them, ``parsing`` takes the words of a command line, by the standard library's ``argparse``: ``fire``, which MONAI
has, knows no kinds, no nearest name and no defaults of a configuration. ``pairs``, ``workflows`` and ``maintenance`` are
the verbs, thin and without imports that take time: the help does not wait for torch. ``main`` calls them.
"""

from .main import main

__all__ = ["main"]
