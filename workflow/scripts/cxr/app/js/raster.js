// PNG and JPEG files: from bytes to grey pixels, as cxr.images.decode makes them.

// A file that can't be used; its message is the reason, in words for the visitor.
class Refused extends Error {}

const MAX_PIXELS = 1e8;
const TOO_LARGE = "more than 100 million pixels";
const DAMAGED = "truncated or damaged";
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
// By colour type: channels of a pixel.
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const KINDS = [
  ["an SVG drawing", /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*(<!doctype svg[^>]*>\s*)?<svg/i],
  ["a web page", /^\s*(<!doctype html|<html|<script|<head|<body)/i],
  ["an XML document", /^\s*<\?xml/],
  ["a PDF document", /^%PDF/],
  ["a zip archive or office document", /^PK\x03\x04/],
  ["a GIF", /^GIF8/],
  ["a TIFF", /^(II\*\0|MM\0\*)/],
  ["a BMP", /^BM/],
  ["a WebP image", /^RIFF....WEBP/s],
  ["a NIfTI volume or compressed file", /^\x1f\x8b/],
];

function startsWith(bytes, signature) {
  return signature.every((value, i) => bytes[i] === value);
}

// What a file is that is none of the formats.
function whatItIs(bytes) {
  const start = String.fromCharCode(...bytes.subarray(0, 512));
  const found = KINDS.find(([, pattern]) => pattern.test(start));
  if (found) return found[0];
  return /^[\x09\x0a\x0d\x20-\x7e\x80-\xff]+$/.test(start) ? "a text file" : "not an image";
}

function luminance(red, green, blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

function requireBounded(width, height) {
  if (!(width > 0 && height > 0)) throw new Refused(DAMAGED);
  if (width * height > MAX_PIXELS) throw new Refused(TOO_LARGE);
}

// Numbers scaled linearly from their own finite range to 0..255; black where all are alike.
function scaleToBytes(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low && value > -Infinity) low = value;
    if (value > high && value < Infinity) high = value;
  }
  const scaled = new Uint8Array(values.length);
  if (!(high > low)) return scaled;
  for (let i = 0; i < values.length; i += 1) {
    const value = Math.max(low, Math.min(high, values[i]));
    scaled[i] = roundHalfEven((255 * (value - low)) / (high - low));
  }
  return scaled;
}

// The grey pixels of a file of bytes, `colour` where it has any: {width, height, pixels, colour}.
async function readImage(file) {
  if (file.size === 0) throw new Refused("the file is empty");
  if (file.size > MAX_PIXELS * 8) throw new Refused("a file of more than 800 MB");
  const start = new Uint8Array(await file.slice(0, 1024).arrayBuffer());
  const bytes = async () => new Uint8Array(await file.arrayBuffer());
  if (startsWith(start, PNG)) return readPng(await bytes(), file);
  if (startsWith(start, [0xff, 0xd8, 0xff])) return readJpeg(await bytes());
  if (beginsAsDicom(start)) return readDicom(await bytes());
  if (isBareDicom(file.name ?? "", start)) return readDicom(withPreamble(await bytes()));
  throw new Refused(`${whatItIs(start)}, not a PNG, JPEG or DICOM file`);
}

// The header of a PNG and where its compressed parts lie.
function pngParts(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = [];
  let palette = null;
  let header = null;
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (content.length < length || name === "IEND") break;
    if (name === "IHDR" && length === 13) {
      const [depth, colour, , , interlaced] = content.subarray(8);
      header = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
      Object.assign(header, { depth, colour, interlaced, channels: CHANNELS[colour] });
    } else if (name === "PLTE") palette = content;
    else if (name === "IDAT") parts.push(content);
    at += 12 + length;
  }
  if (!header || !header.channels || !parts.length) throw new Refused(DAMAGED);
  return { ...header, palette, parts };
}

// As many bytes as are expected of what zlib has compressed.
async function inflate(parts, expected) {
  const reader = new Blob(parts)
    .stream()
    .pipeThrough(new DecompressionStream("deflate"))
    .getReader();
  const bytes = new Uint8Array(expected);
  let filled = 0;
  try {
    while (filled < expected) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes.set(value.subarray(0, expected - filled), filled);
      filled += Math.min(value.length, expected - filled);
    }
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new Refused(DAMAGED);
  } finally {
    reader.cancel().catch(() => {});
  }
  if (filled < expected) throw new Refused(DAMAGED);
  return bytes;
}

// Undoes the filter of a line in place; `before` is the line above.
function unfilter(kind, line, before, step) {
  for (let i = 0; i < line.length; i += 1) {
    const left = i < step ? 0 : line[i - step];
    const up = before ? before[i] : 0;
    if (kind === 1) line[i] += left;
    else if (kind === 2) line[i] += up;
    else if (kind === 3) line[i] += (left + up) >> 1;
    else if (kind === 4) {
      const corner = before && i >= step ? before[i - step] : 0;
      const [a, b, c] = [up - corner, left - corner, left + up - 2 * corner].map(Math.abs);
      line[i] += a <= b && a <= c ? left : b <= c ? up : corner;
    } else if (kind !== 0) throw new Refused(DAMAGED);
  }
}

// A line's numbers: of 16 bits whole where it is grey, else their upper half.
function lineValues(line, { depth, colour, channels, width }) {
  if (depth === 8) return line;
  if (depth === 16) {
    const deep = colour === 0;
    return Uint16Array.from({ length: width * channels }, (_, i) =>
      deep ? (line[2 * i] << 8) | line[2 * i + 1] : line[2 * i],
    );
  }
  const scale = colour === 0 ? 255 / (2 ** depth - 1) : 1;
  return Uint8Array.from({ length: width }, (_, x) => {
    const bit = x * depth;
    return ((line[bit >> 3] >> (8 - depth - (bit & 7))) & (2 ** depth - 1)) * scale;
  });
}

async function readPng(bytes, file) {
  const header = pngParts(bytes);
  const { width, height, depth, colour, channels, interlaced, palette } = header;
  requireBounded(width, height);
  if (interlaced) return readByBrowser(file);
  const lineLength = Math.ceil((width * channels * depth) / 8);
  const lines = await inflate(header.parts, height * (lineLength + 1));
  const step = Math.max(1, (channels * depth) >> 3);
  const pixels =
    colour === 0 && depth === 16 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  let before = null;
  let difference = 0;
  for (let y = 0; y < height; y += 1) {
    const at = y * (lineLength + 1);
    const line = lines.subarray(at + 1, at + 1 + lineLength);
    unfilter(lines[at], line, before, step);
    before = line;
    const values = lineValues(line, header);
    for (let x = 0; x < width; x += 1) {
      const first = x * channels;
      if (colour === 0 || colour === 4) pixels[y * width + x] = values[first];
      else {
        const [source, from] = colour === 3 ? [palette, 3 * values[x]] : [values, first];
        const [red, green, blue] = [
          source?.[from] ?? 0,
          source?.[from + 1] ?? 0,
          source?.[from + 2] ?? 0,
        ];
        pixels[y * width + x] = luminance(red, green, blue);
        difference += Math.max(red, green, blue) - Math.min(red, green, blue);
      }
    }
  }
  const grey = pixels instanceof Uint16Array ? scaleToBytes(pixels) : pixels;
  return { width, height, pixels: grey, colour: isColour(difference, width * height) };
}

// Whether the channels of an image differ by more than compression explains.
function isColour(difference, pixels) {
  return difference / pixels > 12;
}

// The size of a JPEG by its frame's header.
function jpegSize(bytes) {
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) throw new Refused(DAMAGED);
    const marker = bytes[at + 1];
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return {
        height: (bytes[at + 5] << 8) | bytes[at + 6],
        width: (bytes[at + 7] << 8) | bytes[at + 8],
      };
    } else at += 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
  }
  throw new Refused(DAMAGED);
}

async function readJpeg(bytes) {
  const { width, height } = jpegSize(bytes);
  requireBounded(width, height);
  let end = bytes.length;
  while (end > 2 && bytes[end - 1] === 0) end -= 1;
  const tail = bytes.subarray(Math.max(0, end - 4096), end);
  if (!tail.some((value, i) => value === 0xff && tail[i + 1] === 0xd9)) throw new Refused(DAMAGED);
  return readByBrowser(new Blob([bytes], { type: "image/jpeg" }));
}

// The browser's own decoder, without its colour management; upright by the camera's tag.
async function readByBrowser(blob) {
  const bitmap = await createImageBitmap(blob, {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  }).catch(() => {
    throw new Refused(DAMAGED);
  });
  const { width, height } = bitmap;
  const rows = Math.max(1, Math.floor(2 ** 22 / width));
  const canvas = new OffscreenCanvas(width, Math.min(rows, height));
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
  const pixels = new Uint8Array(width * height);
  let difference = 0;
  for (let top = 0; top < height; top += rows) {
    const high = Math.min(rows, height - top);
    context.drawImage(bitmap, 0, -top);
    const { data } = context.getImageData(0, 0, width, high);
    for (let i = 0; i < width * high; i += 1) {
      const [red, green, blue] = [data[4 * i], data[4 * i + 1], data[4 * i + 2]];
      pixels[top * width + i] = luminance(red, green, blue);
      difference += Math.max(red, green, blue) - Math.min(red, green, blue);
    }
  }
  bitmap.close();
  return { width, height, pixels, colour: isColour(difference, width * height) };
}
