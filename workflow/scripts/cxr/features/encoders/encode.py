"""Features of image files by an encoder."""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cxr.core.advice import machine_error
from cxr.core.errors import InputError
from cxr.core.progress import Progress
from cxr.features.encoders.loaded import LoadedEncoder, shape_words
from cxr.features.encoders.pixels import BOXLESS
from cxr.images.decode import UnusableImage
from cxr.images.hiding import Box

if TYPE_CHECKING:
    import torch
    from torch import Tensor

log = logging.getLogger("cxr")

AHEAD = 2  # batches that are prepared while one is computed


@dataclass(frozen=True)
class Encoded:
    """Features of the files that could be used, and why the others could not.

    Attributes
    ----------
    features : float32 array, shape (n_ok, dimension)
    rows : int64 array, shape (n_ok,)
        The place of each among the files, ascending.
    failures : list of (int, str)
        Place and reason of each other file, ascending.
    """

    features: np.ndarray
    rows: np.ndarray
    failures: list[tuple[int, str]]


def encode_files(
    encoder: LoadedEncoder,
    paths: Sequence[Path],
    *,
    batch_size: int,
    device: "torch.device",
    threads: int,
    hidden: Sequence[Sequence[Box]] | None = None,
) -> Encoded:
    """The features of image files.

    Files are decoded and preprocessed by threads while the network computes. On a card it
    computes with bfloat16 where the card has that; batches are halved where memory is short.

    Parameters
    ----------
    encoder : LoadedEncoder
    paths : sequence of Path, n files
    batch_size : int
        Images that the network gets at once.
    device : torch.device
    threads : int
        Files that are prepared at a time.
    hidden : sequence of n sequences of boxes, optional
        What of each image is painted over.

    Raises
    ------
    InputError
        If the network's output is no finite row of `encoder.dimension` numbers an image.
    """
    places = hidden if hidden is not None else [BOXLESS] * len(paths)
    batches = _Batches(encoder, batch_size, device)
    failures: list[tuple[int, str]] = []
    progress = Progress(len(paths), "images")
    with _Workers(encoder, paths, places, threads, AHEAD * batch_size) as prepared:
        for row, result in enumerate(prepared):
            if isinstance(result, str):
                failures.append((row, result))
            else:
                batches.add(row, result)
            progress.step()
    features, rows = batches.finish()
    return Encoded(features, rows, failures)


class _Workers:
    """The preprocessed files in their order, or the reason why one can't be used."""

    def __init__(
        self,
        encoder: LoadedEncoder,
        paths: Sequence[Path],
        places: Sequence[Sequence[Box]],
        threads: int,
        ahead: int,
    ) -> None:
        import torch

        # Each of these threads would start as many of torch's own.
        self._torch_threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(
            max(1, threads), initializer=torch.set_num_threads, initargs=(1,)
        )
        self._encoder, self._ahead = encoder, ahead
        self._files = zip(paths, places, strict=True)

    def __enter__(self) -> "Iterator[np.ndarray | str]":
        return self._results()

    def __exit__(self, *error: object) -> None:
        import torch

        self._pool.shutdown(cancel_futures=True)
        torch.set_num_threads(self._torch_threads)

    def _results(self) -> "Iterator[np.ndarray | str]":
        waiting: deque[Future[np.ndarray | str]] = deque()
        for path, boxes in islice(self._files, self._ahead):
            waiting.append(self._pool.submit(self._prepare, path, boxes))
        while waiting:
            result = waiting.popleft().result()
            for path, boxes in islice(self._files, 1):
                waiting.append(self._pool.submit(self._prepare, path, boxes))
            yield result

    def _prepare(self, path: Path, boxes: Sequence[Box]) -> np.ndarray | str:
        try:
            return self._encoder.preprocess(path, boxes)
        except UnusableImage as error:
            return str(error)
        except (MemoryError, InputError):
            raise
        except Exception as error:
            if machine_error(error) is not None:
                raise
            log.warning("%s: %s", path, error)
            return "the encoder's preprocessing can't use it"


class _Batches:
    """Gathers preprocessed images and runs the network over them."""

    def __init__(self, encoder: LoadedEncoder, size: int, device: "torch.device") -> None:
        import torch

        from cxr.networks.device import choose_dtype

        encoder.network.to(device)
        self._encoder, self._device, self._size = encoder, device, max(1, size)
        on_card = device.type == "cuda"
        self._dtype = choose_dtype("auto", device) if on_card else torch.float32
        self._waiting: list[np.ndarray] = []
        self._rows: list[int] = []
        self._results: list[Tensor] = []

    def add(self, row: int, pixels: np.ndarray) -> None:
        self._rows.append(row)
        self._waiting.append(pixels)
        if len(self._waiting) >= self._size:
            self._run()

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """Features and rows of all that was added."""
        import torch

        while self._waiting:
            self._run()
        if self._device.type == "cuda":
            torch.cuda.current_stream().synchronize()
        parts = [result.numpy() for result in self._results]
        empty = np.zeros((0, self._encoder.dimension), dtype=np.float32)
        features = np.concatenate([empty, *parts])
        if not np.isfinite(features).all():
            raise InputError(
                "the encoder's features are no finite numbers; its weights are damaged, or were "
                "never trained: obtain them again"
            )
        return features, np.array(self._rows, dtype=np.int64)

    def _run(self) -> None:
        """Runs the network over the first images that wait; over half as many if it must."""
        import torch

        from cxr.networks.device import is_out_of_memory

        batch = self._waiting[: self._size]
        try:
            result = self._compute(batch)
        except RuntimeError as error:
            if len(batch) == 1 or not is_out_of_memory(error):
                raise
            self._size = len(batch) // 2
            log.warning("out of memory: %d images at once from here on", self._size)
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            return
        self._results.append(result)
        del self._waiting[: len(batch)]

    def _compute(self, images: list[np.ndarray]) -> "Tensor":
        import torch

        from cxr.networks.device import mixed_precision

        batch = torch.from_numpy(np.stack(images))
        if self._device.type == "cuda":
            batch = batch.pin_memory()
        with torch.inference_mode(), mixed_precision(self._device, self._dtype):
            output = self._encoder.forward(batch.to(self._device, non_blocking=True))
            output = output.float().to("cpu", non_blocking=True)
        if output.shape != (len(images), self._encoder.dimension):
            raise InputError(
                f"the encoder gives {shape_words(output.shape)} numbers for {len(images)} images, "
                f"not {self._encoder.dimension} for each; name another model"
            )
        return output
