"""Burned-in words and markers, found by a text detector that is installed with its networks.

The detector and the recogniser are PP-OCR networks from the package rapidocr (Apache-2.0),
run by ONNX Runtime on one thread.

References
----------
M. Liao et al., "Real-time scene text detection with differentiable binarization", AAAI 2020.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from cxr.core.errors import InputError
from cxr.images.hiding import Box, hide

# The long side at which text is searched for: that of the image, within these bounds.
LEAST_SIDE, MOST_SIDE = 736, 960
PAD = 32  # added around, so that letters are found that the edge of an image cuts
MAP, BOX = 0.3, 0.4  # least probability of a pixel, and least mean of a box
# The short side of a box, of the image's long one: what is larger is anatomy.
LARGEST = 0.15
READ = 0.6  # least confidence of words
MISSING = (
    "config key 'cohort.text': the package rapidocr is not installed; run `python -m pip install "
    "rapidocr onnxruntime` in the workflow's environment, or leave the key out"
)
# Control characters and marks that turn the direction of a text.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


@dataclass(frozen=True)
class TextBox:
    """A word or marker in an image.

    Attributes
    ----------
    left, top, right, bottom : float
        Shares of the width and the height.
    score : float
        The detector's mean probability of text in it.
    words : str or None
        None where none were read with confidence, or none were to be read.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float
    words: str | None

    @property
    def place(self) -> Box:
        """Left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom


class TextFinder:
    """Finds burned-in text and, where wanted, reads it; several threads may share one.

    Parameters
    ----------
    read : bool
        Whether words are read. Which boxes are found does not depend on it.

    Raises
    ------
    InputError
        If the package is not installed.
    """

    def __init__(self, *, read: bool) -> None:
        try:
            from rapidocr import RapidOCR
        except ImportError as error:
            raise InputError(MISSING) from error
        runtime = "EngineConfig.onnxruntime"
        self._engine = RapidOCR(
            params={
                "Global.log_level": "error",
                "Det.limit_type": "max",
                "Det.limit_side_len": MOST_SIDE + 2 * PAD,
                "Det.thresh": MAP,
                "Det.box_thresh": BOX,
                f"{runtime}.intra_op_num_threads": 1,
                f"{runtime}.inter_op_num_threads": 1,
            }
        )
        self._read = read
        self._lock = threading.Lock()

    def __call__(self, grey: np.ndarray) -> list[TextBox]:
        """The words and markers of an image, from top to bottom.

        Parameters
        ----------
        grey : uint8 array, shape (height, width)
        """
        image = Image.fromarray(grey)
        side = min(max(*image.size, LEAST_SIDE), MOST_SIDE)
        size = np.maximum(1, np.rint(np.array(image.size) * side / max(image.size))).astype(int)
        small = image.resize((int(size[0]), int(size[1])), Image.Resampling.BICUBIC)
        pixels = np.repeat(np.pad(np.asarray(small), PAD, mode="edge")[..., None], 3, axis=2)
        with self._lock:
            found: Any = self._engine(pixels, use_det=True, use_cls=False, use_rec=False)
            if found.boxes is None:
                return []
            boxes = []
            for corners, score in zip(found.boxes, found.scores, strict=True):
                if _short_side(corners) > LARGEST * side:
                    continue
                left, top = ((corners.min(axis=0) - PAD) / size).clip(0, 1).round(4).tolist()
                right, bottom = ((corners.max(axis=0) - PAD) / size).clip(0, 1).round(4).tolist()
                if left < right and top < bottom:
                    words = self._words(pixels, corners) if self._read else None
                    boxes.append(TextBox(left, top, right, bottom, round(float(score), 3), words))
        return sorted(boxes, key=lambda box: (box.top, box.left))

    def _words(self, pixels: np.ndarray, corners: np.ndarray) -> str | None:
        """What a box says, upright or turned by a right angle; None where that is not sure."""
        from rapidocr.utils.process_img import get_rotate_crop_image

        crop = get_rotate_crop_image(pixels, corners.astype(np.float32))
        read: Any = self._engine(crop, use_det=False, use_cls=True, use_rec=True)
        if not read.txts or read.scores[0] < READ:
            return None
        return plain(read.txts[0]) or None


def _short_side(corners: np.ndarray) -> float:
    """Of a box with any direction, shape (4, 2)."""
    return float(
        min(np.linalg.norm(corners[0] - corners[1]), np.linalg.norm(corners[0] - corners[3]))
    )


def text_places(hide_text: bool) -> Callable[[np.ndarray], list[Box]]:
    """Where burned-in text is in the grey pixels of a new image; nowhere unless it is hidden."""
    if not hide_text:
        return lambda grey: []
    finder = TextFinder(read=False)
    return lambda grey: [box.place for box in finder(grey)]


def text_hider(hide_text: bool) -> Callable[[np.ndarray], np.ndarray]:
    """What is done to the grey pixels of a new image: burned-in text painted over, or nothing."""
    places = text_places(hide_text)
    return lambda grey: hide(grey, places(grey))


def plain(words: str) -> str:
    """The words on one line, without characters that are not seen."""
    return " ".join(_UNPRINTABLE.sub(" ", words).split())
