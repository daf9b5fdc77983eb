// Grey DICOM pixels as a viewer shows them, as cxr.images.dicom_grey makes them.

const WINDOWED = 2 ** 16 - 1;
const MARGIN = 1; // within so much of a window's ends a pixel counts as clipped
const USED = 0.01; // of the pixels have to be inside a window
// Rows that tell whether pixels have more bits than said, and values above those bits at least.
const JUDGED_ROWS = 256;
const LEVELS = 4;
const MODALITY_TABLE = "x00283000";
const VOI_TABLE = "x00283010";

// A tag's values as finite numbers, null for one that is none.
function numbersOf(dataset, tag) {
  const text = dataset.string(tag) ?? "";
  return text.split("\\").map((part) => {
    const value = part.trim() === "" ? NaN : Number(part);
    return Number.isFinite(value) ? value : null;
  });
}

function firstNumber(dataset, tag) {
  return numbersOf(dataset, tag)[0] ?? null;
}

// The first item of a sequence, null without any.
function firstItem(dataset, tag) {
  return dataset?.elements[tag]?.items?.[0]?.dataSet ?? null;
}

// The parts of a header that hold the display of its one image, the most special first.
function functionalGroups(dataset) {
  const parts = [];
  for (const name of ["x52009230", "x52009229"]) {
    const group = firstItem(dataset, name);
    for (const part of ["x00289132", "x00289145"]) {
      const found = firstItem(group, part);
      if (found) parts.push(found);
    }
  }
  return [...parts, dataset];
}

// A lookup table: {apply, ends}; null where there is none.
function tableOf(dataset, sequence) {
  const item = firstItem(dataset, sequence);
  const data = item?.elements.x00283006;
  if (!data || !item.elements.x00283002) return null;
  const entries = item.uint16("x00283002", 0) || 2 ** 16;
  const signed = item.elements.x00283002.vr === "SS";
  const first = signed ? item.int16("x00283002", 1) : item.uint16("x00283002", 1);
  const wide = data.length >= 2 * entries;
  const table = Float64Array.from(
    { length: Math.min(entries, wide ? data.length >> 1 : data.length) },
    (_, i) => (wide ? item.uint16("x00283006", i) : item.byteArray[data.dataOffset + i]),
  );
  if (table.length < 2) return null;
  const at = (value) => Math.trunc(Math.max(0, Math.min(table.length - 1, value - first)));
  return { apply: (value) => table[at(value)], ends: null };
}

// The first window that is one (PS3.3 C.11.2); null where there is none.
function windowOf(dataset) {
  const widths = numbersOf(dataset, "x00281051");
  const said = (dataset.string("x00281056") ?? "").trim().toUpperCase();
  const pairs = numbersOf(dataset, "x00281050").map((centre, i) => [centre, widths[i] ?? null]);
  const pair = pairs.find(([centre, width]) => centre !== null && width !== null && width > 0);
  if (!pair) return null;
  const [centre, width] = pair;
  if (said === "SIGMOID") {
    const apply = (value) => WINDOWED / (1 + Math.exp((-4 * (value - centre)) / width));
    return { apply, ends: [0, WINDOWED] };
  }
  // Below 1, which LINEAR has no meaning for, it is of pixels with a small slope.
  const exact = said === "LINEAR_EXACT" || width < 1;
  const [middle, extent] = exact ? [centre, width] : [centre - 0.5, width - 1];
  const apply = (value) => {
    if (value <= middle - extent / 2) return 0;
    if (value > middle + extent / 2) return WINDOWED;
    return ((value - middle) / extent + 0.5) * WINDOWED;
  };
  return { apply, ends: [0, WINDOWED] };
}

function modalityOf(parts) {
  for (const part of parts) {
    const table = tableOf(part, MODALITY_TABLE);
    if (table) return table;
    const slope = firstNumber(part, "x00281053");
    const intercept = firstNumber(part, "x00281052");
    if (slope || intercept) {
      return { apply: (value) => (slope || 1) * value + (intercept || 0), ends: null };
    }
  }
  return { apply: (value) => value, ends: null };
}

// The ways to show pixels that the header offers, the best first, the last without it.
function displaysOf(dataset) {
  const parts = functionalGroups(dataset);
  const modality = modalityOf(parts);
  const vois = parts.flatMap((part) => [tableOf(part, VOI_TABLE), windowOf(part)]);
  const inTurn = vois
    .filter((voi) => voi !== null)
    .slice(0, 2)
    .map((voi) => ({ apply: (value) => voi.apply(modality.apply(value)), ends: voi.ends }));
  return [...inTurn, modality, { apply: (value) => value, ends: null }];
}

// Each stored value's grey by the first display that shows something; null where none does.
function firstUseful(values, counts, displays) {
  for (const { apply, ends } of displays) {
    const shown = Float64Array.from(values, apply);
    let [low, high, inside, total] = [Infinity, -Infinity, 0, 0];
    shown.forEach((value, i) => {
      if (!counts[i]) return;
      low = Math.min(low, value);
      high = Math.max(high, value);
      total += counts[i];
      if (!ends || (value > ends[0] + MARGIN && value < ends[1] - MARGIN)) inside += counts[i];
    });
    if (!(low < high) || (ends && inside < USED * total)) continue;
    return Uint8Array.from(shown, (value) =>
      roundHalfEven(255 * ((Math.max(low, Math.min(high, value)) - low) / (high - low))),
    );
  }
  return null;
}

// Pixels without what the file holds in the bits beside theirs.
function storedValues(pixels, { bitsStored, highBit, signed, width }) {
  const size = 8 * pixels.BYTES_PER_ELEMENT;
  if (bitsStored >= size) return pixels;
  let high = highBit;
  if (high >= bitsStored) {
    const within = (value) => value >= -(2 ** (bitsStored - 1)) && value < 2 ** bitsStored;
    if (pixels.every(within)) high = bitsStored - 1;
  }
  if (high === bitsStored - 1 && !signed && areDeeper(pixels, bitsStored, width)) return pixels;
  // Typed arrays cut what leaves their bits on the left, and keep the sign on the right.
  return pixels
    .map((value) => value << (size - 1 - high))
    .map((value) => value >> (size - bitsStored));
}

// Whether pixels have more bits than the header says: without them they jump. An overlay in the bits
// above has few values, and jumps itself.
function areDeeper(pixels, bits, width) {
  const step = width * Math.max(1, Math.floor(pixels.length / width / JUDGED_ROWS));
  const rows = [];
  for (let at = 0; at < pixels.length; at += step) rows.push(pixels.subarray(at, at + width));
  const above = new Set(rows.flatMap((row) => [...row].map((value) => value >> bits)));
  if (above.size < LEVELS) return false;
  const lower = rows.map((row) => row.map((value) => value & (2 ** bits - 1)));
  return 2 * roughness(rows) < roughness(lower);
}

// The mean step between neighbours in a row, in standard deviations.
function roughness(rows) {
  let [count, sum, squares, steps] = [0, 0, 0, 0];
  for (const row of rows) {
    row.forEach((value, i) => {
      sum += value;
      squares += value * value;
      if (i) steps += Math.abs(value - row[i - 1]);
    });
    count += row.length;
  }
  const deviation = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  return deviation > 0 && count > rows.length ? steps / (count - rows.length) / deviation : 0;
}

// Whether signed pixels were compressed as unsigned ones: their upper half is the negative one.
function hasLostSigns(pixels, { signed, bitsStored }) {
  if (!signed) return false;
  const half = 2 ** (bitsStored - 1);
  const greatest = pixels.reduce((most, value) => Math.max(most, value), -Infinity);
  return greatest >= half && greatest < 2 * half && pixels.every((value) => value >= 0);
}

// Which pixels are none: outside what was exposed (PS3.3 C.7.5.1.1.2).
function paddingOf(raw, pixels, dataset) {
  const outside = new Uint8Array(pixels.length);
  if (!dataset.elements.x00280120?.length) return outside;
  const signed = pixels instanceof Int16Array || pixels instanceof Int8Array;
  const read = (tag) => (signed ? dataset.int16(tag) : dataset.uint16(tag));
  const first = read("x00280120");
  const last = dataset.elements.x00280121?.length ? read("x00280121") : first;
  const [low, high] = [Math.min(first, last), Math.max(first, last)];
  for (const values of raw === pixels ? [pixels] : [raw, pixels]) {
    values.forEach((value, i) => {
      if (value >= low && value <= high) outside[i] = 1;
    });
  }
  return outside;
}

// Grey pixels as their rescaling and window show them, from 0 to 255.
function shownGrey(pixels, outside, dataset, inverted) {
  const size = 2 ** (8 * pixels.BYTES_PER_ELEMENT);
  const signed = pixels instanceof Int16Array || pixels instanceof Int8Array;
  const values = Float64Array.from({ length: size }, (_, i) =>
    signed && i >= size / 2 ? i - size : i,
  );
  const displays = displaysOf(dataset);
  const grey = new Uint8Array(pixels.length);
  for (const hidden of [outside, new Uint8Array(pixels.length)]) {
    const counts = new Float64Array(size);
    pixels.forEach((value, i) => {
      if (!hidden[i]) counts[value & (size - 1)] += 1;
    });
    const table = firstUseful(values, counts, displays);
    if (!table) continue;
    pixels.forEach((value, i) => {
      const shade = table[value & (size - 1)];
      grey[i] = hidden[i] ? 0 : inverted ? 255 - shade : shade;
    });
    return grey;
  }
  return grey;
}
