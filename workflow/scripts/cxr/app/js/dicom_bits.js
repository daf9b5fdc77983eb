// The numbers of DICOM pixels, of any bits, as cxr.images.dicom_bits makes them.

// Rows that tell whether pixels have more bits than said, and values above those bits at least.
const JUDGED_ROWS = 256;
const LEVELS = 4;
const REAL = { x7fe00008: Float32Array, x7fe00009: Float64Array };
const WHOLE = {
  8: [Uint8Array, Int8Array],
  16: [Uint16Array, Int16Array],
  32: [Uint32Array, Int32Array],
  64: [BigUint64Array, BigInt64Array],
};

function isReal(pixels) {
  return pixels instanceof Float32Array || pixels instanceof Float64Array;
}

// The numbers that bytes are, in the order of their bytes that the file has.
function asNumbers(bytes, kind, bigEndian) {
  const size = kind.BYTES_PER_ELEMENT;
  const whole = bytes.slice(0, bytes.length - (bytes.length % size));
  if (bigEndian) swapBytes(whole, size);
  return new kind(whole.buffer);
}

function swapBytes(bytes, size) {
  for (let at = 0; at + size <= bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

// Pixels without compression, as many as the header says: whole numbers of 1 to 64 bits, or real ones.
function plainNumbers(bytes, image, bigEndian) {
  const { element, bitsAllocated: bits, signed } = image;
  const count = image.width * image.height * image.channels;
  const length = Math.ceil((count * bits) / 8);
  if (bits === 1) return bitsOf(bytes, count);
  if (bits === 8 && bigEndian && element.vr === "OW") swapBytes(bytes, 2);
  const kind = REAL[element.tag] ?? WHOLE[bits][Number(signed)];
  const numbers = asNumbers(bytes.subarray(0, length), kind, bigEndian);
  if (numbers.length !== count) throw new Refused(DAMAGED);
  return numbers;
}

// Eight pixels of a byte, the first in its lowest bit.
function bitsOf(bytes, count) {
  if (8 * bytes.length < count) throw new Refused(DAMAGED);
  return Uint8Array.from({ length: count }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}

// Pixels without what the file holds in the bits beside theirs.
function storedValues(pixels, { bitsAllocated, bitsStored, highBit, signed, width }) {
  const size = 8 * pixels.BYTES_PER_ELEMENT;
  if (isReal(pixels) || bitsAllocated === 1 || bitsStored >= size) return pixels;
  let high = highBit;
  if (high >= bitsStored) {
    const within = (value) => value >= -(2 ** (bitsStored - 1)) && value < 2 ** bitsStored;
    if (pixels.every(within)) high = bitsStored - 1;
  }
  if (high === bitsStored - 1 && !signed && areDeeper(pixels, bitsStored, width)) return pixels;
  // Typed arrays cut what leaves their bits on the left.
  const left = stepOf(pixels, size - 1 - high);
  return pixels.map((value) => value << left).map(toTheRight(pixels, size - bitsStored));
}

// Numbers of 64 bits are shifted by numbers of their own kind.
function stepOf(pixels, bits) {
  return pixels.BYTES_PER_ELEMENT > 4 ? BigInt(bits) : bits;
}

// A function that shifts a value to the right; signed ones keep their sign.
function toTheRight(pixels, bits) {
  const step = stepOf(pixels, bits);
  return pixels instanceof Uint32Array ? (value) => value >>> step : (value) => value >> step;
}

// Whether pixels have more bits than the header says: without them they jump. An overlay in the bits
// above has few values, and jumps itself.
function areDeeper(pixels, bits, width) {
  const step = width * Math.max(1, Math.floor(pixels.length / width / JUDGED_ROWS));
  const rows = [];
  for (let at = 0; at < pixels.length; at += step) rows.push(pixels.subarray(at, at + width));
  const above = new Set(rows.flatMap((row) => [...row.map(toTheRight(pixels, bits))]));
  if (above.size < LEVELS) return false;
  const mask = pixels.BYTES_PER_ELEMENT > 4 ? (1n << BigInt(bits)) - 1n : 2 ** bits - 1;
  const lower = rows.map((row) => row.map((value) => value & mask));
  return 2 * roughness(rows) < roughness(lower);
}

// The mean step between neighbours in a row, in standard deviations.
function roughness(rows) {
  const numbers = rows.map((row) => Float64Array.from(row, Number));
  const count = numbers.reduce((sum, row) => sum + row.length, 0);
  const total = (each) => numbers.reduce((sum, row) => row.reduce(each, sum), 0);
  const mean = total((sum, value) => sum + value) / count;
  const deviation = Math.sqrt(total((sum, value) => sum + (value - mean) ** 2) / count);
  const steps = total((sum, value, i, row) => (i ? sum + Math.abs(value - row[i - 1]) : sum));
  return deviation > 0 && count > rows.length ? steps / (count - rows.length) / deviation : 0;
}

// Whether signed pixels were compressed as unsigned ones: their upper half is the negative one.
function hasLostSigns(pixels, { signed, bitsStored }) {
  if (!signed) return false;
  const half = 2 ** (bitsStored - 1);
  const greatest = pixels.reduce((most, value) => Math.max(most, value), -Infinity);
  return greatest >= half && greatest < 2 * half && pixels.every((value) => value >= 0);
}
