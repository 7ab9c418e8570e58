"""Networks: a pair of images in, a displacement field out."""

from .attention import EfficientChannelAttention
from .dense_unet import DenseUNet, field_head
from .registration import RegistrationModel

__all__ = ["DenseUNet", "EfficientChannelAttention", "RegistrationModel", "field_head"]
