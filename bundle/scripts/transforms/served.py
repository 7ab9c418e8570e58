"""What is wrong with an image, told to the client who sent it to a server."""

from __future__ import annotations

import sys
from typing import Any

from monai.transforms import Compose

from ..errors import find_input_error

UNPROCESSABLE = 422  # the status of HTTP


class AnsweringCompose(Compose):
    """Transforms in turn; where a server has called them, bad input is answered with its sentence.

    MONAI Label and other servers on Starlette (FastAPI) answer any exception with a bare status 500, but for
    Starlette's own ``HTTPException``, whose text is sent. Outside of them the transforms are MONAI's ``Compose``.
    """

    def __call__(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """The data, transformed.

        Raises:
            HTTPException: of Starlette, in a program that has imported it, if the data cannot be used.
            Exception: otherwise, as the transforms.
        """
        try:
            return super().__call__(data, *args, **kwargs)
        except Exception as error:
            found, server = find_input_error(error), sys.modules.get("starlette.exceptions")
            if found is None or server is None:
                raise
            raise server.HTTPException(UNPROCESSABLE, str(found)) from error
