"""The second network of an adversarial registration: it judges whether the two images of a pair lie over each other."""

from __future__ import annotations

from monai.networks.nets import PatchDiscriminator
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.parametrizations import spectral_norm


class PairDiscriminator(nn.Module):
    """MONAI's ``PatchDiscriminator`` on the two images of a pair: a judgement of every patch.

    Args:
        spatial_dims: 2 or 3.
        channels: of its first layer; the next ones have twice as many as the one before.
        num_layers: each but the last at half the size of the one before.
        spectral: every convolution has spectral norm 1 (Miyato et al., ICLR 2018, arXiv:1802.05957), so that a small
            change of a pair changes the judgement little.
    """

    def __init__(self, spatial_dims: int = 2, channels: int = 16, num_layers: int = 3, spectral: bool = True) -> None:
        super().__init__()
        self.patches = PatchDiscriminator(spatial_dims, channels, 2, num_layers_d=num_layers, norm="INSTANCE")
        if spectral:
            for layer in [each for each in self.patches.modules() if isinstance(each, _ConvNd)]:
                spectral_norm(layer)

    def forward(self, pair: Tensor) -> Tensor:
        """Logits ``(B, 1, *P)`` of pairs ``(B, 2, *S)``, warped or aligned image first: more where they are aligned."""
        logits: Tensor = self.patches(pair)[-1]
        return logits
