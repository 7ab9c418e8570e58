"""Networks: a pair of images in, a displacement field out; of a sequence, a pair a frame."""

from .affine import AffineModel, KeyPointHead, RegressionHead
from .attention import EfficientChannelAttention
from .dense_unet import DenseUNet, field_head
from .discriminator import PairDiscriminator
from .key_points import KeyPoints
from .pose import PoseHead, PoseModel
from .pyramid import RegistrationPyramid
from .recurrence import Recurrence
from .recurrent_unet import RecurrentUNet
from .registration import RegistrationModel
from .self_similar import SelfSimilarInput

__all__ = [
    "AffineModel",
    "DenseUNet",
    "EfficientChannelAttention",
    "KeyPointHead",
    "KeyPoints",
    "PairDiscriminator",
    "PoseHead",
    "PoseModel",
    "Recurrence",
    "RecurrentUNet",
    "RegistrationModel",
    "RegistrationPyramid",
    "RegressionHead",
    "SelfSimilarInput",
    "field_head",
]
