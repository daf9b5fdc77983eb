"""The forces between all pairs of points of a map, in explicit vectors of eight numbers.

A compiler that vectorises a sum changes its order with the processor, and t-SNE turns the last
digit of a sum into another map. Here the order is written down, in the vector instructions of
LLVM, so that every processor with fused multiply-add gives the same bytes; and a pair's kernel is
computed once for both of its points, which no compiler sees by itself.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from cxr.core.numba_cache import kernel

LANES = 8
# Points whose forces are summed at once, in registers; a divisor of the lanes.
ROWS = 4

_FLOAT = ir.FloatType()
_INDEX = ir.IntType(32)
_VECTOR = ir.VectorType(_FLOAT, LANES)
_ONE = ir.Constant(_VECTOR, [1.0] * LANES)
_ZERO = ir.Constant(_VECTOR, [0.0] * LANES)
_UNDEFINED = ir.Constant(_VECTOR, ir.Undefined)


class _Emitter:
    """Writes vector instructions; an address is an array's data and the index of a number."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        signature = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        name = f"llvm.fma.v{LANES}f32"
        self.fused = cgutils.get_or_insert_function(builder.module, signature, name)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """The product of two vectors plus a third, rounded once."""
        return self.builder.call(self.fused, [a, b, c])

    def splat(self, data: Any, index: Any) -> Any:
        """One number in all lanes."""
        return self.broadcast(self.builder.load(self.builder.gep(data, [index])))

    def broadcast(self, number: Any) -> Any:
        """A number in all lanes."""
        first = self.builder.insert_element(_UNDEFINED, number, ir.Constant(_INDEX, 0))
        lanes = ir.Constant(ir.VectorType(_INDEX, LANES), [0] * LANES)
        return self.builder.shuffle_vector(first, _UNDEFINED, lanes)

    def load(self, data: Any, index: Any) -> Any:
        """Eight numbers from an index on."""
        loaded = self.builder.load(self._at(data, index))
        loaded.align = 4
        return loaded

    def store(self, vector: Any, data: Any, index: Any) -> None:
        """Writes eight numbers from an index on."""
        self.builder.store(vector, self._at(data, index)).align = 4

    def _at(self, data: Any, index: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(data, [index]), _VECTOR.as_pointer())

    def total(self, vector: Any) -> Any:
        """The sum of the lanes, neighbours first."""
        sums = [self.builder.extract_element(vector, ir.Constant(_INDEX, k)) for k in range(LANES)]
        while len(sums) > 1:
            pairs = zip(sums[::2], sums[1::2], strict=True)
            sums = [self.builder.fadd(a, b) for a, b in pairs]
        return sums[0]


class _RowSums:
    """The points of `ROWS` rows, and the sums of what all columns do to them."""

    def __init__(self, emit: _Emitter, data: dict[str, Any], first: Any, n: Any) -> None:
        builder = emit.builder
        self.emit, self.data = emit, data
        self.rows = [builder.add(first, ir.Constant(first.type, row)) for row in range(ROWS)]
        self.places = {axis: [emit.splat(data[axis], row) for row in self.rows] for axis in "xy"}
        self.affinities = [builder.mul(row, n) for row in self.rows]
        self.forces = {
            axis: [cgutils.alloca_once_value(builder, _ZERO) for _ in range(ROWS)] for axis in "xy"
        }
        self.kernels = cgutils.alloca_once_value(builder, _ZERO)
        for sums in (*self.forces["x"], *self.forces["y"], self.kernels):
            builder.store(_ZERO, sums)

    def add(self, column: Any, both: bool) -> None:
        """Adds what eight columns do to the rows, and if `both` what the rows do to them."""
        emit, builder = self.emit, self.emit.builder
        others = {axis: emit.load(self.data[axis], column) for axis in "xy"}
        steps = {
            axis: [builder.fsub(place, others[axis]) for place in self.places[axis]]
            for axis in "xy"
        }
        kernels = [
            builder.fdiv(_ONE, emit.fma(x, x, emit.fma(y, y, _ONE)))
            for x, y in zip(steps["x"], steps["y"], strict=True)
        ]
        kernel_sum = builder.load(self.kernels)
        factors = []
        for start, kernel_ in zip(self.affinities, kernels, strict=True):
            kernel_sum = builder.fadd(kernel_sum, kernel_)
            affinity = emit.load(self.data["joint"], builder.add(start, column))
            pull = emit.fma(self.data["minus_scale"], kernel_, affinity)
            factors.append(builder.fmul(pull, kernel_))
        builder.store(kernel_sum, self.kernels)
        for axis in "xy":
            for factor, step, sums in zip(factors, steps[axis], self.forces[axis], strict=True):
                builder.store(emit.fma(factor, step, builder.load(sums)), sums)
        if both:
            for axis in "xy":
                slope = emit.load(self.data[f"gradient_{axis}"], column)
                for factor, step in zip(factors, steps[axis], strict=True):
                    slope = emit.fma(builder.fsub(_ZERO, factor), step, slope)
                emit.store(slope, self.data[f"gradient_{axis}"], column)

    def finish(self) -> Any:
        """Writes the rows' sums to the gradient; returns the kernels' sum."""
        builder = self.emit.builder
        for axis in "xy":
            for row, sums in zip(self.rows, self.forces[axis], strict=True):
                place = builder.gep(self.data[f"gradient_{axis}"], [row])
                force = self.emit.total(builder.load(sums))
                builder.store(builder.fadd(builder.load(place), force), place)
        return self.take_kernels()

    def take_kernels(self) -> Any:
        """The sum of the kernels since the last call."""
        kernels = self.emit.total(self.emit.builder.load(self.kernels))
        self.emit.builder.store(_ZERO, self.kernels)
        return kernels


@intrinsic
def _add_forces(  # type: ignore[no-untyped-def] # numba reads the names alone
    typing, joint, x, y, scale, gradient_x, gradient_y
):
    names = ("joint", "x", "y", "gradient_x", "gradient_y")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = {
            name: context.make_array(kind)(context, builder, argument)
            for name, kind, argument in zip(
                ("joint", "x", "y", "scale", "gradient_x", "gradient_y"),
                signature.args,
                arguments,
                strict=True,
            )
            if name in names
        }
        emit = _Emitter(builder)
        data = {name: array.data for name, array in arrays.items()}
        data["minus_scale"] = builder.fsub(_ZERO, emit.broadcast(arguments[3]))
        n = builder.extract_value(arrays["x"].shape, 0)
        zero, rows, lanes = (ir.Constant(n.type, number) for number in (0, ROWS, LANES))
        total = cgutils.alloca_once_value(builder, ir.Constant(_FLOAT, 0.0))
        with cgutils.for_range_slice(builder, zero, n, rows) as (first, _):
            sums = _RowSums(emit, data, first, n)
            own = builder.mul(builder.udiv(first, lanes), lanes)
            with cgutils.for_range_slice(builder, zero, own, lanes) as (column, _):
                sums.add(column, both=True)
            left = sums.take_kernels()
            # The rows' own eight columns hold each of their pairs twice.
            sums.add(own, both=False)
            both = builder.fadd(builder.fadd(left, left), sums.finish())
            builder.store(builder.fadd(builder.load(total), both), total)
        return builder.load(total)

    return types.float32(joint, x, y, types.float32, gradient_x, gradient_y), generate


@kernel
def add_forces(
    joint: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    scale: np.float32,
    gradient_x: np.ndarray,
    gradient_y: np.ndarray,
) -> np.float32:
    """Adds to a gradient what every pair of points contributes.

    With k the Student kernel 1 / (1 + d²) of a pair it is (joint - scale k) k times
    the step from the other point, along each axis.

    Parameters
    ----------
    joint : float32 array, shape (n, n)
        Symmetric; n is a multiple of `LANES`.
    x, y : float32 array, shape (n,)
    scale : float32
    gradient_x, gradient_y : float32 array, shape (n,)
        Changed in place.

    Returns
    -------
    float32
        The sum of the kernels of all ordered pairs and of each point with itself.
    """
    return _add_forces(joint, x, y, scale, gradient_x, gradient_y)  # type: ignore[call-arg]
