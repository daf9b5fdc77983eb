// The colours of DICOM pixels: palettes, and what a compressed image says of its own.

const BAD_PALETTE = "its palette is missing or damaged";
const MOST_ENTRIES = 2 ** 16;
// By channel: a palette's data, and the same in segments (PS3.3 C.7.9).
const PALETTE_DATA = [1, 2, 3].map((channel) => [`x0028120${channel}`, `x0028122${channel}`]);

// Colours become luminance; of more than 8 bits they are scaled from their own range.
function colourPixels(raw, { width, height, planes, kind }) {
  const bytes = raw instanceof Uint8Array ? raw : scaleToBytes(Float64Array.from(raw, Number));
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

// Colours that two pixels share, as each one's: from Y, Y, Cb, Cr.
function wholeColours(bytes, image) {
  const pairs = (image.width * image.height) / 2;
  if (bytes.length < 4 * pairs) throw new Refused(DAMAGED);
  const whole = new Uint8Array(6 * pairs);
  for (let i = 0; i < pairs; i += 1) {
    const [first, second, blue, red] = bytes.subarray(4 * i, 4 * i + 4);
    whole.set([first, blue, red, second, blue, red], 6 * i);
  }
  image.planes = false;
  return whole;
}

// Indices of a palette as the luminance of its colours.
function palettePixels(pixels, { width, height }, dataset) {
  const { first, entries, columns } = paletteOf(dataset);
  const shades = Array.from({ length: entries }, (_, entry) => {
    const colour = columns.map((column) => column[entry]);
    return { shade: luminance(...colour), spread: Math.max(...colour) - Math.min(...colour) };
  });
  const count = width * height;
  const grey = new Uint8Array(count);
  let difference = 0;
  for (let i = 0; i < count; i += 1) {
    const { shade, spread } = shades[Math.max(0, Math.min(entries - 1, Number(pixels[i]) - first))];
    // Of an entry that the palette lacks.
    if (Number.isNaN(spread)) throw new Refused(BAD_PALETTE);
    grey[i] = shade;
    difference += spread;
  }
  return { width, height, pixels: grey, colour: isColour(difference, count) };
}

function paletteOf(dataset) {
  const descriptor = dataset.elements.x00281101;
  if (!(descriptor?.length >= 6)) throw new Refused(BAD_PALETTE);
  const signed = descriptor.vr === "SS" || (!descriptor.vr && dataset.uint16("x00280103") === 1);
  const first = signed ? dataset.int16("x00281101", 1) : dataset.uint16("x00281101", 1);
  const entries = dataset.uint16("x00281101", 0) || MOST_ENTRIES;
  const deep = dataset.uint16("x00281101", 2) > 8;
  const columns = PALETTE_DATA.map(([plain, segmented]) => {
    if (dataset.elements[plain]?.length) {
      const numbers = wordsOf(dataset, plain, dataset.elements[plain].length >= 2 * entries);
      return deep && numbers instanceof Uint16Array ? numbers.map((value) => value >> 8) : numbers;
    }
    if (!dataset.elements[segmented]?.length) throw new Refused(BAD_PALETTE);
    const numbers = unsegmented(wordsOf(dataset, segmented, deep));
    return deep ? numbers.map((value) => value >> 8) : numbers;
  });
  return { first, entries, columns };
}

// An element's numbers, of 16 or of 8 bits.
function wordsOf(dataset, tag, wide) {
  const { dataOffset, length } = dataset.elements[tag];
  if (!wide) return dataset.byteArray.slice(dataOffset, dataOffset + length);
  return Uint16Array.from({ length: length >> 1 }, (_, i) => dataset.uint16(tag, i));
}

// The segments of a palette, listed or from the last number to another one (PS3.3 C.7.9.2).
function unsegmented(words) {
  const numbers = [];
  for (let at = 0; at + 1 < words.length;) {
    const [kind, length] = words.subarray(at, at + 2);
    if (kind > 1) throw new Refused("a palette of repeated segments, which is not read");
    if (kind === 1 && !numbers.length) throw new Refused(BAD_PALETTE);
    if (numbers.length + length > MOST_ENTRIES) throw new Refused("its palette is too large");
    if (kind === 0) {
      numbers.push(...words.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    } else {
      const [from, to] = [numbers.at(-1), words[at + 2]];
      for (let i = 1; i <= length; i += 1)
        numbers.push(roundHalfEven(from + ((to - from) * i) / length));
      at += 3;
    }
  }
  return numbers;
}

// What Adobe's marker says of a JPEG's colours, and the names and sizes of its channels.
function jpegColours(frame) {
  const found = { jfif: false, adobe: null, channels: [] };
  for (const [marker, part] of jpegSegments(frame)) {
    const name = String.fromCharCode(...part.subarray(0, 5));
    if (marker === 0xe0 && name.startsWith("JFIF")) found.jfif = true;
    if (marker === 0xee && name === "Adobe" && part.length > 11) found.adobe = part[11];
    if (marker >= 0xc0 && marker <= 0xc2) found.channels = [...part.subarray(6, 15)];
  }
  return found;
}

// The photometric interpretation of a compressed image, as cxr.images.dicom_colour finds it.
function coloursOfFrame(frame, declared) {
  const { transformed } = jpeg2000Parts(frame);
  if (transformed !== null) return transformed ? "RGB" : declared;
  const { jfif, adobe, channels } = jpegColours(frame);
  if (jfif) return "YBR_FULL";
  const names = String.fromCharCode(...channels.filter((_, i) => i % 3 === 0));
  if (/^rgb$/i.test(names) || adobe === 0) return "RGB";
  const sizes = new Set(channels.filter((_, i) => i % 3 === 1));
  return adobe === 1 || sizes.size > 1 ? "YBR_FULL" : declared;
}

// A JPEG that says by Adobe's marker alone of which kind its colours are, as the browser reads it.
function withColours(frame, kind) {
  const { jfif, adobe } = jpegColours(frame);
  if (jfif || adobe !== null) return frame;
  const transform = kind.startsWith("YBR") ? 1 : 0;
  const marker = [0xff, 0xee, 0, 14, ...[..."Adobe"].map((letter) => letter.charCodeAt(0))];
  const whole = new Uint8Array(frame.length + 16);
  whole.set([0xff, 0xd8, ...marker, 0, 100, 0, 0, 0, 0, transform]);
  whole.set(frame.subarray(2), 18);
  return whole;
}
