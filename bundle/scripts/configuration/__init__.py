"""What a run was given: options checked, files named, and the whole configuration looked up while it runs.

``kinds`` (what each option takes), ``overrides`` (what a user changes), ``files`` (and their comments), ``running``
(the configuration that makes us).
"""

from .files import BUNDLE, config_files, read_meanings, read_options
from .overrides import plain, typed_overrides
from .running import check_overrides, running_config

__all__ = [
    "BUNDLE",
    "check_overrides",
    "config_files",
    "plain",
    "read_meanings",
    "read_options",
    "running_config",
    "typed_overrides",
]
