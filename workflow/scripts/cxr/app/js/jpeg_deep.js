// JPEG of 12 bits, which no browser decodes: extended sequential, Huffman codes (ITU-T T.81, process
// 4). Its numbers are those of libjpeg, whose transform is in reencode.js.

const DEEP_BETWEEN = 1; // as BETWEEN, with room for 12 bits
const DEEP_MOST = 4095;
const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
  13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52,
  45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

// The segments before the pixels: tables, the size, and where the pixels begin.
function deepJpegParts(frame) {
  const [steps, codes] = [{}, {}];
  let [restart, size] = [0, null];
  for (const [marker, part, end] of jpegSegments(frame)) {
    if (marker === 0xdb) readSteps(part, steps);
    else if (marker === 0xc4) readCodes(part, codes);
    else if (marker === 0xdd) restart = (part[0] << 8) | part[1];
    else if (marker === 0xc1) {
      size = { height: (part[1] << 8) | part[2], width: (part[3] << 8) | part[4], table: part[8] };
    } else if (marker === START_OF_SCAN) {
      const quantisation = steps[size?.table];
      const [direct, others] = [codes[part[2] >> 4], codes[16 + (part[2] & 15)]];
      if (!quantisation || !direct || !others) throw new Refused(DAMAGED);
      return { ...size, restart, quantisation, direct, others, begin: end };
    }
  }
  throw new Refused(DAMAGED);
}

function readSteps(part, steps) {
  for (let at = 0; at < part.length;) {
    const wide = part[at] >> 4;
    const table = new Int32Array(64);
    for (let i = 0; i < 64; i += 1) {
      const first = at + 1 + i * (1 + wide);
      table[ZIGZAG[i]] = wide ? (part[first] << 8) | part[first + 1] : part[first];
    }
    steps[part[at] & 15] = table;
    at += 65 + 64 * wide;
  }
}

// Of the codes of each length the first one, and the symbols in their order (annex C, annex F.2.2.3).
function readCodes(part, codes) {
  for (let at = 0; at < part.length;) {
    const counts = part.subarray(at + 1, at + 17);
    const lengths = [];
    let [code, begin] = [0, 0];
    for (const count of counts) {
      lengths.push({ first: code, end: code + count, begin });
      begin += count;
      code = (code + count) * 2;
    }
    codes[part[at]] = { lengths, symbols: part.subarray(at + 17, at + 17 + begin) };
    at += 17 + begin;
  }
}

// The bits of a scan, without the bytes that keep them from looking like markers.
class ScanBits {
  constructor(bytes, at) {
    Object.assign(this, { bytes, at, byte: 0, left: 0 });
  }

  bit() {
    if (this.left === 0) {
      this.byte = this.bytes[this.at];
      if (this.byte === undefined) throw new Refused(DAMAGED);
      if (this.byte === 0xff) {
        if (this.bytes[this.at + 1] !== 0) throw new Refused(DAMAGED);
        this.at += 1;
      }
      this.at += 1;
      this.left = 8;
    }
    this.left -= 1;
    return (this.byte >> this.left) & 1;
  }

  symbol({ lengths, symbols }) {
    let code = 0;
    for (const { first, end, begin } of lengths) {
      code = code * 2 + this.bit();
      if (code < end) return symbols[begin + code - first];
    }
    throw new Refused(DAMAGED);
  }

  // A number of so many bits with its sign (F.2.2.1).
  number(bits) {
    let value = 0;
    for (let i = 0; i < bits; i += 1) value = value * 2 + this.bit();
    return bits > 0 && value < 2 ** (bits - 1) ? value - 2 ** bits + 1 : value;
  }

  // Passes a marker of restart.
  restart() {
    this.left = 0;
    if (this.bytes[this.at] !== 0xff || (this.bytes[this.at + 1] & 0xf8) !== 0xd0) {
      throw new Refused(DAMAGED);
    }
    this.at += 2;
  }
}

// The next block's frequencies into `block`; returns its mean, from which the next one counts.
function readBlock(bits, { quantisation, direct, others }, before, block) {
  block.fill(0);
  const mean = before + bits.number(bits.symbol(direct));
  block[0] = mean * quantisation[0];
  for (let i = 1; i < 64; i += 1) {
    const symbol = bits.symbol(others);
    const size = symbol & 15;
    if (size === 0 && symbol !== 0xf0) break;
    i += symbol >> 4;
    if (size === 0) continue;
    if (i > 63) throw new Refused(DAMAGED);
    block[ZIGZAG[i]] = bits.number(size) * quantisation[ZIGZAG[i]];
  }
  return mean;
}

// A grey image of 12 bits: {bytes, size}.
function decodeDeepJpeg(frame) {
  const parts = deepJpegParts(frame);
  const { width, height } = parts;
  const pixels = new Uint16Array(width * height);
  const bits = new ScanBits(frame, parts.begin);
  const block = new Int32Array(64);
  let [mean, number] = [0, 0];
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      if (parts.restart && number && number % parts.restart === 0) {
        bits.restart();
        mean = 0;
      }
      number += 1;
      mean = readBlock(bits, parts, mean, block);
      for (let i = 0; i < 8; i += 1) backward(block, i, 8, POINT - DEEP_BETWEEN);
      for (let i = 0; i < 8; i += 1) backward(block, 8 * i, 1, POINT + DEEP_BETWEEN + 3);
      const high = Math.min(8, height - top);
      const wide = Math.min(8, width - left);
      for (let y = 0; y < high; y += 1) {
        for (let x = 0; x < wide; x += 1) {
          const value = block[8 * y + x] + (DEEP_MOST + 1) / 2;
          pixels[(top + y) * width + left + x] = Math.max(0, Math.min(DEEP_MOST, value));
        }
      }
    }
  }
  return { bytes: new Uint8Array(pixels.buffer), size: 2 };
}
