"""Networks: a pair of images in, a displacement field out; of a sequence, a pair a frame."""

from .attention import EfficientChannelAttention
from .dense_unet import DenseUNet, field_head
from .pyramid import RegistrationPyramid
from .recurrence import Recurrence
from .recurrent_unet import RecurrentUNet
from .registration import RegistrationModel
from .self_similar import SelfSimilarInput

__all__ = [
    "DenseUNet",
    "EfficientChannelAttention",
    "Recurrence",
    "RecurrentUNet",
    "RegistrationModel",
    "RegistrationPyramid",
    "SelfSimilarInput",
    "field_head",
]
