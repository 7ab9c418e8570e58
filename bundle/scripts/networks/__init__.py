"""Networks: a pair of images in, a displacement field out."""

from .attention import EfficientChannelAttention
from .dense_unet import DenseUNet, field_head
from .pyramid import RegistrationPyramid
from .registration import RegistrationModel

__all__ = ["DenseUNet", "EfficientChannelAttention", "RegistrationModel", "RegistrationPyramid", "field_head"]
