"""What a run was given: options checked, files named, and the whole configuration looked up while it runs.

``kinds`` (what each option takes), ``overrides`` (what a user changes), ``files`` (and their comments), ``methods``
(methods as files, and their copies), ``single`` (a bundle of one method), ``running`` (the configuration that makes
us), ``identity`` (what makes a run this run; imports MONAI, so it is not imported here: ``--help`` waits for nothing).
"""

from .files import BUNDLE, config_files, read_config, read_meanings, read_options
from .methods import method_file, with_method, write_copies
from .overrides import plain, typed_overrides
from .running import check_overrides, given_options, running_config
from .single import write_single

__all__ = [
    "BUNDLE",
    "check_overrides",
    "config_files",
    "given_options",
    "method_file",
    "plain",
    "read_config",
    "read_meanings",
    "read_options",
    "running_config",
    "typed_overrides",
    "with_method",
    "write_copies",
    "write_single",
]
