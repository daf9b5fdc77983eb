// DICOM files: their pixels as a viewer shows them. Nothing else of a file is read.

const NO_DECODER = "no decoder for its compression on this page";
const SYNTAX = "1.2.840.10008.1.2";
const UNCOMPRESSED = [SYNTAX, `${SYNTAX}.1`, `${SYNTAX}.2`];
const COLOURS = ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"];
const DECODERS = {
  [`${SYNTAX}.5`]: decodeRle,
  [`${SYNTAX}.4.50`]: decodeJpeg,
  [`${SYNTAX}.4.51`]: decodeJpeg,
  [`${SYNTAX}.4.57`]: decodeJpegLossless,
  [`${SYNTAX}.4.70`]: decodeJpegLossless,
  [`${SYNTAX}.4.80`]: (frame) => decodeByCodec("jpeg_ls", "CharLSWASM", "JpegLSDecoder", frame),
  [`${SYNTAX}.4.81`]: (frame) => decodeByCodec("jpeg_ls", "CharLSWASM", "JpegLSDecoder", frame),
  [`${SYNTAX}.4.90`]: (frame) => decodeByCodec("jpeg2000", "OpenJPEGWASM", "J2KDecoder", frame),
  [`${SYNTAX}.4.91`]: (frame) => decodeByCodec("jpeg2000", "OpenJPEGWASM", "J2KDecoder", frame),
};
// Their pixels have no bits beside those of the image.
const EXACT = [".4.80", ".4.81", ".4.90", ".4.91"].map((end) => SYNTAX + end);

function beginsAsDicom(bytes) {
  return String.fromCharCode(...bytes.subarray(128, 132)) === "DICM";
}

async function readDicom(bytes) {
  const parser = await loadScript("dicom/dicomParser.min.js", "dicomParser");
  let dataset;
  try {
    dataset = parser.parseDicom(bytes);
  } catch (error) {
    throw new Refused(DAMAGED);
  }
  try {
    return await shownPixels(parser, dataset);
  } catch (error) {
    if (error instanceof Refused || error instanceof RangeError) throw error;
    throw new Refused(DAMAGED);
  }
}

// What the header says of the pixels.
function imageModule(dataset) {
  const element = dataset.elements.x7fe00010;
  if (!element) throw new Refused("a DICOM file without an image");
  const value = (tag, name) => {
    const found = dataset.elements[tag]?.length ? dataset.uint16(tag) : 0;
    if (!found && name) throw new Refused(`its header has no ${name}`);
    return found;
  };
  if ((firstNumber(dataset, "x00280008") ?? 1) > 1) throw new Refused("a stack of several images");
  const height = value("x00280010", "Rows");
  const width = value("x00280011", "Columns");
  requireBounded(width, height);
  const said = (dataset.string("x00280004") ?? "").trim().toUpperCase();
  const channels = value("x00280002") || (COLOURS.includes(said) ? 3 : 1);
  let bitsAllocated = value("x00280100", "BitsAllocated");
  if (bitsAllocated > 8 && bitsAllocated < 16) bitsAllocated = 16;
  if (bitsAllocated !== 8 && bitsAllocated !== 16) {
    throw new Refused(`pixels of ${bitsAllocated} bits, which this page does not read`);
  }
  const stored = value("x00280101");
  const bitsStored = stored >= 1 && stored <= bitsAllocated ? stored : bitsAllocated;
  const high = value("x00280102");
  const highBit = high >= bitsStored && high < bitsAllocated ? high : bitsStored - 1;
  const signed = value("x00280103") === 1;
  const planes = value("x00280006") === 1;
  const kind =
    channels === 1 && !said.startsWith("PALETTE") && said !== "MONOCHROME1" ? "MONOCHROME2" : said;
  if (kind.startsWith("PALETTE"))
    throw new Refused("colours of a palette, which this page does not read");
  if (channels !== 1 && channels !== 3) throw new Refused(`pixels of ${channels} channels`);
  return {
    element,
    width,
    height,
    channels,
    bitsAllocated,
    bitsStored,
    highBit,
    signed,
    planes,
    kind,
  };
}

async function shownPixels(parser, dataset) {
  const image = imageModule(dataset);
  const { width, height, channels, kind } = image;
  const syntax = dataset.string("x00020010");
  const raw = await rawPixels(parser, dataset, image, syntax);
  // A JPEG in colour, decoded by the browser.
  if (raw.grey) return raw.grey;
  if (raw.length < width * height * channels) throw new Refused(DAMAGED);
  if (channels === 3) return colourPixels(raw, image);
  const whole = raw.subarray(0, width * height);
  const pixels = EXACT.includes(syntax) ? whole : storedValues(whole, image);
  const outside = paddingOf(whole, pixels, dataset);
  const shape = (dataset.string("x20500020") ?? "").trim().toUpperCase();
  const inverted = kind === "MONOCHROME1" || shape === "INVERSE";
  return { width, height, pixels: shownGrey(pixels, outside, dataset, inverted), colour: false };
}

// Colours become luminance; of more than 8 bits they are scaled from their own range.
function colourPixels(raw, { width, height, planes, kind }) {
  const bytes = raw.BYTES_PER_ELEMENT === 1 ? raw : scaleToBytes(raw);
  const count = width * height;
  const pixels = new Uint8Array(count);
  let difference = 0;
  const cut = (value) => Math.max(0, Math.min(255, Math.floor(value + 0.5)));
  for (let i = 0; i < count; i += 1) {
    let [red, green, blue] = [0, 1, 2].map((c) => bytes[planes ? c * count + i : 3 * i + c]);
    if (kind.startsWith("YBR_FULL")) {
      const [y, cb, cr] = [red, green - 128, blue - 128];
      [red, green, blue] = [y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb].map(
        cut,
      );
    }
    pixels[i] = luminance(red, green, blue);
    difference += Math.max(red, green, blue) - Math.min(red, green, blue);
  }
  return { width, height, pixels, colour: isColour(difference, count) };
}

// The stored numbers of a file's image, a typed array.
async function rawPixels(parser, dataset, image, syntax) {
  const { element, width, height, channels, bitsAllocated, signed } = image;
  if (UNCOMPRESSED.includes(syntax)) {
    const length = (width * height * channels * bitsAllocated) / 8;
    const bytes = dataset.byteArray.slice(element.dataOffset, element.dataOffset + element.length);
    if (bytes.length >= 2 * Math.max(1, length))
      throw new Refused("more pixels than its header says");
    return asNumbers(bytes, bitsAllocated, signed, syntax === `${SYNTAX}.2`);
  }
  const decode = DECODERS[syntax];
  if (!decode) throw new Refused(NO_DECODER);
  if (!element.fragments?.length) throw new Refused(DAMAGED);
  const { fragments } = element;
  const frame = parser.readEncapsulatedPixelDataFromFragments(
    dataset,
    element,
    0,
    fragments.length,
    fragments,
  );
  const decoded = await decode(frame, image);
  if (decoded.grey) return decoded;
  return asNumbers(decoded.bytes, 8 * decoded.size, signed, false);
}

function asNumbers(bytes, bits, signed, bigEndian) {
  if (bits === 8)
    return signed ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
  const even = bytes.slice(0, bytes.length & ~1);
  if (bigEndian) {
    for (let i = 0; i < even.length; i += 2) [even[i], even[i + 1]] = [even[i + 1], even[i]];
  }
  return signed ? new Int16Array(even.buffer) : new Uint16Array(even.buffer);
}

// PS3.5, annex G: a segment for each byte of a pixel, the upper one first.
function decodeRle(frame, { width, height, channels, bitsAllocated }) {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const size = bitsAllocated / 8;
  const segments = view.getUint32(0, true);
  if (segments !== size * channels) throw new Refused(DAMAGED);
  const count = width * height;
  const bytes = new Uint8Array(count * channels * size);
  for (let segment = 0; segment < segments; segment += 1) {
    const offset = (number) => view.getUint32(4 + 4 * number, true);
    const end = segment + 1 < segments ? offset(segment + 1) : frame.length;
    const plane = unpackBits(frame.subarray(offset(segment), end), count);
    const channel = Math.floor(segment / size);
    const byte = size - 1 - (segment % size);
    for (let i = 0; i < count; i += 1) bytes[(i * channels + channel) * size + byte] = plane[i];
  }
  return { bytes, size };
}

function unpackBits(packed, count) {
  const plane = new Uint8Array(count);
  let filled = 0;
  for (let at = 0; at < packed.length && filled < count;) {
    const control = packed[at];
    if (control < 128) {
      const run = packed.subarray(at + 1, Math.min(at + 2 + control, at + 1 + count - filled));
      plane.set(run, filled);
      filled += run.length;
      at += 2 + control;
    } else if (control > 128) {
      plane.fill(packed[at + 1], filled, filled + 257 - control);
      filled += 257 - control;
      at += 2;
    } else at += 1;
  }
  if (filled < count) throw new Refused(DAMAGED);
  return plane;
}

// JPEG of 8 bits, by the browser, whatever orientation a camera's tag may say.
async function decodeJpeg(frame, { width, height, channels }) {
  if (jpegPrecision(frame) !== 8) throw new Refused(`${NO_DECODER} (JPEG of more than 8 bits)`);
  const size = jpegSize(frame);
  if (size.width !== width || size.height !== height) {
    throw new Refused("its compressed pixels are not those of its header");
  }
  const grey = await readJpeg(frame);
  return channels === 1 ? { bytes: grey.pixels, size: 1 } : { grey };
}

function jpegPrecision(frame) {
  for (let at = 2; at + 9 < frame.length; at += 2 + ((frame[at + 2] << 8) | frame[at + 3])) {
    if ((frame[at + 1] & 0xfc) === 0xc0 && frame[at + 1] !== 0xc4) return frame[at + 4];
  }
  return 0;
}

async function decodeJpegLossless(frame) {
  const { Decoder } = await loadModule("jpeg_lossless/lossless-min.js");
  const copy = frame.slice();
  const decoder = new Decoder();
  const decoded = decoder.decode(copy.buffer, 0, copy.length);
  const size = decoder.frame.precision > 8 ? 2 : 1;
  const bytes = new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength);
  return { bytes, size };
}

// JPEG 2000 and JPEG-LS, by decoders of one make.
async function decodeByCodec(folder, factory, kind, frame) {
  const codec = await loadCodec(folder, factory);
  const decoder = new codec[kind]();
  try {
    decoder.getEncodedBuffer(frame.length).set(frame);
    decoder.decode();
    const { bitsPerSample } = decoder.getFrameInfo();
    const size = bitsPerSample > 8 ? 2 : 1;
    return { bytes: decoder.getDecodedBuffer().slice(), size };
  } finally {
    decoder.delete();
  }
}
