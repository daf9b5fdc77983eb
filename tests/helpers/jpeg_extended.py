"""JPEG of 12 bits for tests, which Pillow does not write (ITU-T T.81, process 4)."""

import itertools

import numpy as np
from scipy.fft import dctn

SIDE, MIDDLE = 8, 2048
# Symbols of equal length, so that the codes are their places: 5 bits for means, 8 for all others.
DIRECT = range(16)
OTHERS = [0x00, 0xF0, *(16 * run + size for run in range(16) for size in range(1, 15))]
# Places of a block by the order of its diagonals.
ZIGZAG = sorted(
    itertools.product(range(SIDE), repeat=2),
    key=lambda place: (sum(place), place[(sum(place) + 1) % 2]),
)


def jpeg_extended(pixels, step=1, restart=0):
    """Grey pixels of 12 bits as a JPEG, each frequency in steps; a restart every so many blocks.

    Parameters
    ----------
    pixels : uint16 array, shape (height, width)
    step : int
        Above 255 its table has 16 bits.
    restart : int
        0 for none.
    """
    height, width = pixels.shape
    padded = np.pad(pixels, [(0, -height % SIDE), (0, -width % SIDE)], mode="edge")
    rows, columns = (side // SIDE for side in padded.shape)
    blocks = padded.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)
    frequencies = dctn(blocks.astype(float) - MIDDLE, axes=(1, 2), norm="ortho")
    scan, bits, before = b"", "", 0
    for number, block in enumerate(np.rint(frequencies / step).astype(int)):
        if restart and number and number % restart == 0:
            scan += _stuffed(bits) + bytes([0xFF, 0xD0 + (number // restart - 1) % 8])
            bits, before = "", 0
        values = [int(block[place]) for place in ZIGZAG]
        bits += _coded_block(values, before)
        before = values[0]
    return _header(height, width, step, restart) + scan + _stuffed(bits) + b"\xff\xd9"


def _coded_block(values, before):
    difference = values[0] - before
    size = abs(difference).bit_length()
    bits = format(size, "05b") + _signed(difference, size)
    run = 0
    last = max((i for i in range(64) if values[i]), default=0)
    for value in values[1 : last + 1]:
        if value == 0:
            run += 1
            continue
        size = abs(value).bit_length()
        for symbol in [0xF0] * (run // 16) + [16 * (run % 16) + size]:
            bits += format(OTHERS.index(symbol), "08b")
        bits += _signed(value, size)
        run = 0
    return bits if last == 63 else bits + format(OTHERS.index(0), "08b")


def _signed(value, size):
    if size == 0:
        return ""
    return format(value if value > 0 else value + 2**size - 1, f"0{size}b")


def _stuffed(bits):
    whole = bits + "1" * (-len(bits) % 8)
    return int(whole, 2).to_bytes(len(whole) // 8).replace(b"\xff", b"\xff\0")


def _header(height, width, step, restart):
    wide = step > 255
    steps = bytes([16 * wide]) + step.to_bytes(1 + wide) * 64
    size = bytes([12]) + height.to_bytes(2) + width.to_bytes(2) + bytes([1, 1, 0x11, 0])
    parts = [(0xDB, steps), (0xC1, size)]
    for table, length, symbols in ((0x00, 5, DIRECT), (0x10, 8, OTHERS)):
        counts = [len(symbols) if i + 1 == length else 0 for i in range(16)]
        parts.append((0xC4, bytes([table, *counts, *symbols])))
    if restart:
        parts.append((0xDD, restart.to_bytes(2)))
    parts.append((0xDA, bytes([1, 1, 0, 0, 63, 0])))
    return b"\xff\xd8" + b"".join(
        bytes([0xFF, marker]) + (len(part) + 2).to_bytes(2) + part for marker, part in parts
    )
