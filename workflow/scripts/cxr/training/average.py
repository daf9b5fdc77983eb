"""The exponential moving average of a network's weights."""

import itertools

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def make_average(network: nn.Module, decay: float, device: torch.device) -> AveragedModel:
    """The average of a network's weights and buffers, at first the network itself."""
    kind = CardAverage if device.type == "cuda" else AveragedModel
    return kind(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)


class CardAverage(AveragedModel):
    """`AveragedModel` that never waits for the card and launches few kernels.

    Buffers of whole numbers, which count batches, are the network's.
    """

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Moves the average towards a network."""
        mine, theirs = _tensors(self.module), _tensors(model)
        numbers = [tensor.is_floating_point() for tensor in mine]
        if self.n_averaged == 0:
            _copy(mine, theirs)
        else:
            averaged = list(itertools.compress(mine, numbers))
            towards = list(itertools.compress(theirs, numbers))
            self.multi_avg_fn(averaged, towards, 0)  # type: ignore[misc]
            counts = [not number for number in numbers]
            _copy(list(itertools.compress(mine, counts)), list(itertools.compress(theirs, counts)))
        self.n_averaged += 1


def _tensors(network: nn.Module) -> list[Tensor]:
    return [t.detach() for t in itertools.chain(network.parameters(), network.buffers())]


def _copy(targets: list[Tensor], sources: list[Tensor]) -> None:
    if targets:
        torch._foreach_copy_(targets, sources)
