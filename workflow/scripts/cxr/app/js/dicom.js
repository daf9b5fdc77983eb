// DICOM files: their pixels as a viewer shows them. Nothing else of a file is read.

const SYNTAX = "1.2.840.10008.1.2";
const EXPLICIT = `${SYNTAX}.1`;
const DEFLATED = `${SYNTAX}.1.99`;
const BIG_ENDIAN = `${SYNTAX}.2`;
const UNCOMPRESSED = [SYNTAX, EXPLICIT, DEFLATED, BIG_ENDIAN];
const GREY = ["MONOCHROME1", "MONOCHROME2"];
const PALETTE = "PALETTE COLOR";
const COLOURS = ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"];
// Any other text in that tag is not repeated: it may name somebody.
const RETIRED = ["HSV", "ARGB", "CMYK", "YBR_PARTIAL_422", "YBR_PARTIAL_420"];
// Whole numbers, and real ones of 32 and 64 bits.
const PIXELS = ["x7fe00010", "x7fe00008", "x7fe00009"];
const PREAMBLE = 128;
const MOST_PIXEL_BYTES = 3 * MAX_PIXELS;
const MOST_BYTES = MOST_PIXEL_BYTES + 2 ** 24;
const EXPANDS = "it expands to more than 300 MB";

function beginsAsDicom(bytes) {
  return String.fromCharCode(...bytes.subarray(PREAMBLE, PREAMBLE + 4)) === "DICM";
}

// Whether a file that is named as DICOM begins as its data do without their preamble.
function isBareDicom(name, bytes) {
  const [first, second] = bytes;
  const begins = (second === 0 && (first === 2 || first === 8)) || (first === 0 && second === 8);
  return /\.(dcm|dicom)$/i.test(name) && begins;
}

// Such a file with its preamble, and with the syntax that its first element is of.
function withPreamble(bytes) {
  const letters = /^[A-Z]{2}$/.test(String.fromCharCode(bytes[4], bytes[5]));
  const syntax = bytes[0] === 0 ? BIG_ENDIAN : letters ? EXPLICIT : SYNTAX;
  const value = syntax.length % 2 ? `${syntax}\0` : syntax;
  const text = `DICM\x02\0\x10\0UI${String.fromCharCode(value.length)}\0${value}`;
  const begin = bytes[0] === 2 ? "DICM" : text;
  const whole = new Uint8Array(PREAMBLE + begin.length + bytes.length);
  whole.set(
    Array.from(begin, (letter) => letter.charCodeAt(0)),
    PREAMBLE,
  );
  whole.set(bytes, PREAMBLE + begin.length);
  return whole;
}

async function readDicom(bytes) {
  const parser = await loadScript("dicom/dicomParser.min.js", "dicomParser");
  try {
    return await shownPixels(parser, await parsed(parser, bytes));
  } catch (error) {
    if (error instanceof Refused || error instanceof RangeError) throw error;
    throw new Refused(DAMAGED);
  }
}

async function parsed(parser, bytes) {
  const meta = parser.readPart10Header(bytes);
  if (meta.string("x00020010") !== DEFLATED) return parser.parseDicom(bytes);
  return parser.parseDicom(withPreamble(await inflatedData(bytes.subarray(meta.position))));
}

// Deflated data, as long as they fit into memory.
async function inflatedData(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  const chunks = [];
  for (let length = 0; ;) {
    // A byte that pads the data to an even length is an error, and so is a missing end, which
    // whoever reads them will notice.
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    length += value.length;
    chunks.push(value);
    if (length > MOST_BYTES) {
      reader.cancel().catch(() => {});
      throw new Refused(EXPANDS);
    }
  }
}

// What the header says of the pixels.
function imageModule(dataset, syntax) {
  const element = PIXELS.map((tag) => dataset.elements[tag]).find((found) => found?.length);
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
  const said = (dataset.string("x00280004") ?? "")
    .trim()
    .toUpperCase()
    .replace("_COLOR", " COLOR");
  const channels = value("x00280002") || (COLOURS.includes(said) ? 3 : 1);
  const encapsulated = !UNCOMPRESSED.includes(syntax);
  const count = width * height * channels;
  const stored = value("x00280101");
  const bitsAllocated = allocatedBits(value("x00280100", "BitsAllocated"), stored, {
    encapsulated,
    count,
    size: element.length,
  });
  const bitsStored = stored >= 1 && stored <= bitsAllocated ? stored : bitsAllocated;
  const high = value("x00280102");
  return {
    element,
    width,
    height,
    channels,
    bitsAllocated,
    bitsStored,
    highBit: high >= bitsStored && high < bitsAllocated ? high : bitsStored - 1,
    signed: value("x00280103") === 1,
    // Decoders have the channels of a pixel beside each other.
    planes: value("x00280006") === 1 && !encapsulated,
    kind: kindOf(said, channels),
  };
}

// The bits of a pixel, where the header says another number than its data have.
function allocatedBits(said, stored, { encapsulated, count, size }) {
  let bits = said;
  // They have that many bits, but each has two bytes.
  if (said > 8 && said < 16 && (encapsulated || size >= 2 * count)) bits = 16;
  // As many bytes as pixels are not two each; an odd one is padded.
  const single = !encapsulated && (size === count || size === count + 1);
  if (said === 16 && stored > 0 && stored <= 8 && single) bits = 8;
  if (![1, 8, 16, 32, 64].includes(bits)) {
    throw new Refused(`pixels of ${bits} bits, which are not read`);
  }
  if (count * Math.ceil(bits / 8) > MOST_PIXEL_BYTES) throw new Refused(EXPANDS);
  return bits;
}

// The photometric interpretation, where it can't be that of the header another one.
function kindOf(said, channels) {
  if (channels === 1) return [...GREY, PALETTE].includes(said) ? said : "MONOCHROME2";
  if (channels !== 3) throw new Refused(`pixels of ${channels} channels`);
  if (["", PALETTE, ...GREY].includes(said)) return "RGB";
  if (COLOURS.includes(said)) return said;
  const kind = RETIRED.includes(said) ? said : "of an unknown kind";
  throw new Refused(`colours that are not read: ${kind}`);
}

async function shownPixels(parser, dataset) {
  const syntax = dataset.string("x00020010");
  const image = imageModule(dataset, syntax);
  const { width, height, channels } = image;
  const raw = await rawPixels(parser, dataset, image, syntax);
  // A JPEG in colour, decoded by the browser.
  if (raw.grey) return raw.grey;
  if (raw.length < width * height * channels) throw new Refused(DAMAGED);
  if (channels === 3) return colourPixels(raw, image);
  const whole = raw.subarray(0, width * height);
  const exact = EXACT.includes(syntax) && !hasLostSigns(whole, image);
  const pixels = exact ? whole : storedValues(whole, image);
  if (image.kind === PALETTE) return palettePixels(pixels, image, dataset);
  const outside = paddingOf(whole, pixels, dataset);
  const shape = (dataset.string("x20500020") ?? "").trim().toUpperCase();
  const inverted = image.kind === "MONOCHROME1" || shape === "INVERSE";
  return { width, height, pixels: shownGrey(pixels, outside, dataset, inverted), colour: false };
}

// The stored numbers of a file's image, a typed array.
async function rawPixels(parser, dataset, image, syntax) {
  const { element, width, height, channels, bitsAllocated, signed } = image;
  if (UNCOMPRESSED.includes(syntax)) {
    const length = (width * height * channels * bitsAllocated) / 8;
    const bytes = dataset.byteArray.slice(element.dataOffset, element.dataOffset + element.length);
    if (bytes.length >= 2 * Math.max(1, Math.floor(length)))
      throw new Refused("more pixels than its header says");
    const subsampled = channels === 3 && bitsAllocated === 8 && bytes.length < length;
    if (subsampled && image.kind.startsWith("YBR_FULL")) return wholeColours(bytes, image);
    return plainNumbers(bytes, image, syntax === BIG_ENDIAN);
  }
  if (!DECODERS[syntax]) throw new Refused(NO_DECODER);
  const { fragments } = element;
  if (element.tag in REAL || !fragments?.length) throw new Refused(DAMAGED);
  const frame = parser.readEncapsulatedPixelDataFromFragments(
    dataset,
    element,
    0,
    fragments.length,
    fragments,
  );
  const decoded = await decodedFrame(frame, image, syntax);
  if (decoded.grey) return decoded;
  return asNumbers(decoded.bytes, WHOLE[8 * decoded.size][Number(signed)], false);
}
