// Images at another size, in the integer arithmetic of Pillow and of torch's uint8 images.

const FILTERS = {
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};
const PILLOW_BITS = 22;

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

// Of each pixel along an axis the first pixel that it is made of, and their weights.
function axisWeights(from, to, filter) {
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const weights = new Float64Array(end - first);
    for (let j = 0; j < weights.length; j += 1) {
      weights[j] = filter.at((j + first - centre + 0.5) / stretch);
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: total === 0 ? weights : weights.map((weight) => weight / total) };
  });
}

// The bits behind the point of torch's weights: as many as 16 bits hold of the largest.
function torchBits(axis) {
  const largest = Math.max(...axis.map(({ weights }) => Math.max(...weights)));
  let bits = 0;
  while (bits < PILLOW_BITS && Math.trunc(0.5 + largest * 2 ** (bits + 1)) < 2 ** 15) bits += 1;
  return bits;
}

function wholeWeights(axis, bits) {
  return axis.map(({ first, weights }) => ({
    first,
    weights: Int32Array.from(weights, (weight) =>
      Math.trunc(weight * 2 ** bits + (weight < 0 ? -0.5 : 0.5)),
    ),
  }));
}

// One axis of an image: `step` from pixel to pixel along it, `across` from line to line.
function resampleAxis(image, axis, bits, vertical) {
  const width = vertical ? image.width : axis.length;
  const height = vertical ? axis.length : image.height;
  const pixels = new Uint8Array(width * height);
  const [step, across] = vertical ? [image.width, 1] : [1, image.width];
  const lines = vertical ? width : height;
  const half = 2 ** (bits - 1);
  for (let i = 0; i < axis.length; i += 1) {
    const { first, weights } = axis[i];
    for (let line = 0; line < lines; line += 1) {
      let sum = half;
      let at = first * step + line * across;
      for (let j = 0; j < weights.length; j += 1, at += step) sum += image.pixels[at] * weights[j];
      const value = sum >> bits;
      const target = vertical ? i * width + line : line * width + i;
      pixels[target] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
  return { width, height, pixels };
}

function resample(image, width, height, filter, bitsOf, tallFirst) {
  let result = image;
  const passes = [
    [false, image.width, width],
    [true, image.height, height],
  ];
  const [fewer, lines] = [image.width - width, image.height - height];
  if (tallFirst && lines > 0 && lines > 2 * fewer) passes.reverse();
  for (const [vertical, from, to] of passes) {
    if (from === to) continue;
    const axis = axisWeights(from, to, FILTERS[filter]);
    const bits = bitsOf(axis);
    result = resampleAxis(result, wholeWeights(axis, bits), bits, vertical);
  }
  return result;
}

// As Pillow's Image.resize does it with its filter of Lanczos; since Pillow 13 it begins with the
// height where that loses more than twice as many pixels as the width.
function resizeLanczos(image, width, height, tallFirst) {
  return resample(image, width, height, "lanczos", () => PILLOW_BITS, tallFirst);
}

// As torchvision resizes uint8 images with antialiasing.
function resizeBilinear(image, width, height) {
  return resample(image, width, height, "bilinear", torchBits, false);
}

// Halves go to the even number, as Python rounds.
function roundHalfEven(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function crop(image, left, top, width, height) {
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const start = (top + y) * image.width + left;
    pixels.set(image.pixels.subarray(start, start + width), y * width);
  }
  return { width, height, pixels };
}

// A square of one size, as cxr.images.canonical.squared makes it.
function squared(image, size, square, tallFirst) {
  const { width, height } = image;
  if (square === "crop") {
    const side = Math.min(width, height);
    const left = Math.floor((width - side) / 2);
    const top = Math.floor((height - side) / 2);
    return resizeLanczos(crop(image, left, top, side, side), size, size, tallFirst);
  }
  if (square === "stretch") return resizeLanczos(image, size, size, tallFirst);
  const wide = width > height ? size : Math.max(1, roundHalfEven((width / height) * size));
  const high = width < height ? size : Math.max(1, roundHalfEven((height / width) * size));
  const inside = resizeLanczos(image, wide, high, tallFirst);
  const left = roundHalfEven((size - wide) / 2);
  const top = roundHalfEven((size - high) / 2);
  const pixels = new Uint8Array(size * size);
  for (let y = 0; y < high; y += 1) {
    pixels.set(inside.pixels.subarray(y * wide, (y + 1) * wide), (top + y) * size + left);
  }
  return { width: size, height: size, pixels };
}
