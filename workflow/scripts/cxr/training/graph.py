"""A step of a training as a CUDA graph."""

import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

log = logging.getLogger("cxr")

WARM_UP = 3  # steps kernel by kernel, in which libraries choose and load theirs


class StepGraph:
    """The gradients of a batch, recorded once and then launched as a whole.

    With small batches a card computes faster than Python launches kernels. The optimizer
    stays outside, so that its rates and momenta may change from step to step.

    Parameters
    ----------
    compute : callable
        Leaves the gradients of (images, targets) in the parameters and returns two Tensors. It
        waits for the card nowhere, and what else it reads keeps its place in memory.
    parameters : sequence of Parameters
    batch_size : int
        Images of a batch; others are left to the caller.

    References
    ----------
    https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
    """

    def __init__(
        self,
        compute: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
        parameters: Sequence[nn.Parameter],
        batch_size: int,
    ) -> None:
        self.compute, self.batch_size = compute, batch_size
        self.parameters = list(parameters)
        self.graph: torch.cuda.CUDAGraph | None = None
        self.seen = 0
        self.usable = True

    def step(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor] | None:
        """What `compute` returns; None where the caller has to compute the step itself.

        The returned Tensors are overwritten by the next step.
        """
        if not self.usable or len(images) != self.batch_size:
            return None
        if self.graph is None:
            self.seen += 1
            if self.seen <= WARM_UP or not self._record(images, targets):
                return None
        self.images.copy_(images)
        self.targets.copy_(targets)
        self._replay()
        # Steps outside of the graph leave other gradients behind.
        for parameter, gradient in zip(self.parameters, self.gradients, strict=True):
            parameter.grad = gradient
        return self.outputs

    def _replay(self) -> None:
        assert self.graph is not None
        self.graph.replay()

    def _record(self, images: Tensor, targets: Tensor) -> bool:
        """Records the step, which computes nothing yet; whether that worked."""
        self.images, self.targets = images.clone(), targets.clone()
        generator = torch.cuda.default_generators[torch.cuda.current_device()]
        before = generator.clone_state()
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        try:
            # Other threads may use the card meanwhile.
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                self.outputs = self.compute(self.images, self.targets)
        except RuntimeError as error:
            generator.graphsafe_set_state(before)  # a broken recording leaves it unusable
            self.usable = False
            log.warning(
                "no CUDA graph of the step, which is slower without: %s", str(error).split("\n")[0]
            )
            return False
        self.gradients = [parameter.grad for parameter in self.parameters]
        self.graph = graph
        return True
