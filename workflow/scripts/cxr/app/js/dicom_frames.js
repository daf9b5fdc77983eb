// The compressed image of a DICOM file, decoded.

const NO_DECODER = "no decoder for its compression on this page";
const CONTRADICTION = "its compressed pixels are not those of its header";
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
const JPEG_2000 = [`${SYNTAX}.4.90`, `${SYNTAX}.4.91`];
// Their pixels have no bits beside those of the image.
const EXACT = [`${SYNTAX}.4.80`, `${SYNTAX}.4.81`, ...JPEG_2000];
const START_OF_SCAN = 0xda;
const TILE = 0x90;

// The segments of a JPEG or JPEG-LS image before its pixels: [marker, content, where it ends].
function* jpegSegments(frame, from = 2) {
  for (let at = from; at + 4 <= frame.length && frame[at] === 0xff;) {
    const marker = frame[at + 1];
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const end = at + 2 + ((frame[at + 2] << 8) | frame[at + 3]);
    yield [marker, frame.subarray(at + 4, end), end];
    if (marker === START_OF_SCAN || marker === TILE) return;
    at = end;
  }
}

function isStartOfFrame(marker) {
  return (marker >= 0xc0 && marker < 0xd0 && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7;
}

// What a compressed image says of itself: {height, width, channels, bits}; null where it says nothing.
function sizeOfFrame(frame, syntax) {
  if (JPEG_2000.includes(syntax)) return jpeg2000Parts(frame).size;
  for (const [marker, part] of jpegSegments(frame)) {
    if (!isStartOfFrame(marker) || part.length < 6) continue;
    const [height, width] = [(part[1] << 8) | part[2], (part[3] << 8) | part[4]];
    return { height, width, channels: part[5], bits: part[0] };
  }
  return null;
}

// Of JPEG 2000 the size and whether its channels are transformed; null for what it does not say.
function jpeg2000Parts(frame) {
  const nothing = { size: null, transformed: null };
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let at = 0;
  while (at + 42 <= frame.length && view.getUint32(at) !== 0xff4fff51) {
    // Some files have the boxes of a .jp2 around it.
    const step = view.getUint32(at + 4) === 0x6a703263 ? 8 : view.getUint32(at);
    if (step < 8) return nothing;
    at += step;
  }
  if (at + 42 > frame.length) return nothing;
  const [right, bottom, left, top] = [8, 12, 16, 20].map((offset) => view.getUint32(at + offset));
  const channels = view.getUint16(at + 40);
  const kinds = Array.from({ length: channels }, (_, i) => frame.subarray(at + 42 + 3 * i, at + 45 + 3 * i));
  const alike = kinds.every((kind) => kind[0] === kinds[0][0] && kind[1] === 1 && kind[2] === 1);
  if (!channels || !alike) return nothing;
  const size = { height: bottom - top, width: right - left, channels, bits: (kinds[0][0] & 0x7f) + 1 };
  const style = [...jpegSegments(frame, at + 2)].find(([marker]) => marker === 0x52);
  return { size, transformed: style?.[1].length > 4 ? style[1][4] !== 0 : null };
}

// The pixels of a compressed image: {bytes, size}, or {grey} where the browser decoded colours.
async function decodedFrame(frame, image, syntax) {
  if (syntax !== `${SYNTAX}.5`) {
    const { width, height, channels } = image;
    const size = sizeOfFrame(frame, syntax);
    const bits = [8, 16, 32].find((room) => size?.bits <= room);
    const same = size && size.height === height && size.width === width && size.channels === channels;
    if (!same || !(bits <= image.bitsAllocated)) throw new Refused(CONTRADICTION);
    if (bits > 16) throw new Refused(`pixels of ${size.bits} bits, which are not read`);
    // Pixels with fewer bits than the header has room for count with their own.
    if (bits < image.bitsAllocated) {
      Object.assign(image, { bitsAllocated: bits, bitsStored: size.bits, highBit: size.bits - 1 });
    }
    if (channels > 1) image.kind = coloursOfFrame(frame, image.kind);
  }
  return DECODERS[syntax](frame, image);
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
async function decodeJpeg(frame, image) {
  const { bits } = sizeOfFrame(frame);
  if (bits === 12 && image.channels === 1) return decodeDeepJpeg(frame);
  if (bits !== 8) throw new Refused(`${NO_DECODER} (JPEG of ${bits} bits)`);
  if (image.channels === 1) return { bytes: (await readJpeg(frame)).pixels, size: 1 };
  return { grey: await readJpeg(withColours(frame, image.kind)) };
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
