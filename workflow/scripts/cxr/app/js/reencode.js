// What JPEG makes of a grey image at quality 90: the same whole numbers as libjpeg's.
//
// The transform is that of C. Loeffler, A. Ligtenberg, G. Moschytz, "Practical fast 1-D DCT
// algorithms with 11 multiplications", ICASSP 1989, with 13 bits behind the point. Entropy coding
// loses nothing, so it is left out.

// ITU-T T.81, table K.1, at quality 90.
const QUANTISATION = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
  14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
  92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
].map((value) => Math.max(1, Math.floor((value * 20 + 50) / 100)));
const POINT = 13;
const BETWEEN = 2; // bits that are kept from the rows' pass to the columns'

function fixed(value) {
  return Math.round(value * 2 ** POINT);
}

const C = {
  a: fixed(0.5411961),
  b: fixed(0.765366865),
  c: fixed(1.847759065),
  d: fixed(1.175875602),
  odd: [0.298631336, 2.053119869, 3.072711026, 1.50132111].map(fixed),
  sums: [0.899976223, 2.562915447, 1.96157056, 0.390180644].map((value) => -fixed(value)),
};

// The four odd results of four values, which both directions share.
function oddPart(v0, v1, v2, v3) {
  const z5 = (v0 + v2 + v1 + v3) * C.d;
  const z1 = (v0 + v3) * C.sums[0];
  const z2 = (v1 + v2) * C.sums[1];
  const z3 = (v0 + v2) * C.sums[2] + z5;
  const z4 = (v1 + v3) * C.sums[3] + z5;
  return [
    v0 * C.odd[0] + z1 + z3,
    v1 * C.odd[1] + z2 + z4,
    v2 * C.odd[2] + z2 + z3,
    v3 * C.odd[3] + z1 + z4,
  ];
}

function shifted(value, bits) {
  return (value + (1 << (bits - 1))) >> bits;
}

// One row or column of a block, `step` apart from `at` on, into its frequencies.
function forward(block, at, step, first) {
  const v = (i) => block[at + i * step];
  const [s0, s1, s2, s3] = [v(0) + v(7), v(1) + v(6), v(2) + v(5), v(3) + v(4)];
  const odd = oddPart(v(3) - v(4), v(2) - v(5), v(1) - v(6), v(0) - v(7));
  const bits = first ? POINT - BETWEEN : POINT + BETWEEN;
  const [even, sum, difference] = [s0 - s3, s0 + s3, s1 - s2];
  const z = (difference + even) * C.a;
  const direct = (value) => (first ? value << BETWEEN : shifted(value, BETWEEN));
  block[at] = direct(sum + s1 + s2);
  block[at + 4 * step] = direct(sum - s1 - s2);
  block[at + 2 * step] = shifted(z + even * C.b, bits);
  block[at + 6 * step] = shifted(z - difference * C.c, bits);
  [7, 5, 3, 1].forEach((frequency, i) => {
    block[at + frequency * step] = shifted(odd[i], bits);
  });
}

// And back.
function backward(block, at, step, bits) {
  const v = (i) => block[at + i * step];
  const z = (v(2) + v(6)) * C.a;
  const [low, high] = [z - v(6) * C.c, z + v(2) * C.b];
  const [sum, difference] = [(v(0) + v(4)) * 2 ** POINT, (v(0) - v(4)) * 2 ** POINT];
  const even = [sum + high, difference + low, difference - low, sum - high];
  const odd = oddPart(v(7), v(5), v(3), v(1)).reverse();
  for (let i = 0; i < 4; i += 1) {
    block[at + i * step] = shifted(even[i] + odd[i], bits);
    block[at + (7 - i) * step] = shifted(even[i] - odd[i], bits);
  }
}

function quantised(value, step) {
  const size = step * 8;
  const steps = Math.floor((Math.abs(value) + (size >> 1)) / size);
  return value < 0 ? -steps * step : steps * step;
}

function reencodeBlock(block) {
  for (let i = 0; i < 8; i += 1) forward(block, 8 * i, 1, true);
  for (let i = 0; i < 8; i += 1) forward(block, i, 8, false);
  for (let i = 0; i < 64; i += 1) block[i] = quantised(block[i], QUANTISATION[i]);
  for (let i = 0; i < 8; i += 1) backward(block, i, 8, POINT - BETWEEN);
  for (let i = 0; i < 8; i += 1) backward(block, 8 * i, 1, POINT + BETWEEN + 3);
}

// A grey image after it was a JPEG; incomplete blocks repeat their last column and row.
function reencode(image) {
  const { width, height, pixels } = image;
  const result = new Uint8Array(pixels.length);
  const block = new Int32Array(64);
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      for (let i = 0; i < 64; i += 1) {
        const y = Math.min(height - 1, top + (i >> 3));
        const x = Math.min(width - 1, left + (i & 7));
        block[i] = pixels[y * width + x] - 128;
      }
      reencodeBlock(block);
      for (let i = 0; i < 64; i += 1) {
        const [y, x] = [top + (i >> 3), left + (i & 7)];
        if (y >= height || x >= width) continue;
        result[y * width + x] = Math.max(0, Math.min(255, block[i] + 128));
      }
    }
  }
  return { width, height, pixels: result };
}

// The canonical image, as cxr.images.canonical makes it.
function canonical(grey, { cache_size: size, square, tall_first: tallFirst }) {
  return reencode(squared(grey, size, square, tallFirst));
}
