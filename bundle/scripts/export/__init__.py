"""The network for other programs: TorchScript and ONNX, compared with the network itself."""

from .command import export_network
from .formats import save_onnx, save_torchscript
from .runtime import open_exported

__all__ = ["export_network", "open_exported", "save_onnx", "save_torchscript"]
