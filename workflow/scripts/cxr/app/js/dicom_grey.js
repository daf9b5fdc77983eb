// Grey DICOM pixels as a viewer shows them, as cxr.images.dicom_grey makes them.

const WINDOWED = 2 ** 16 - 1;
const MARGIN = 1; // within so much of a window's ends a pixel counts as clipped
const USED = 0.01; // of the pixels have to be inside a window
// A value of padding and the end of its range: whole, and real numbers of 32 and 64 bits.
const PADDING = [
  ["x00280120", "x00280121"],
  ["x00280122", "x00280124"],
  ["x00280123", "x00280125"],
];
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
    if (!(low < high) || !Number.isFinite(high - low)) continue;
    if (ends && inside < USED * total) continue;
    return Uint8Array.from(shown, (value) =>
      roundHalfEven(255 * ((Math.max(low, Math.min(high, value)) - low) / (high - low))),
    );
  }
  return null;
}

// Which pixels are none: outside what was exposed (PS3.3 C.7.5.1.1.2), or not finite.
function paddingOf(raw, pixels, dataset) {
  const outside = notFinite(pixels);
  for (const [tag, limitTag] of PADDING) {
    const first = paddingNumber(dataset, tag);
    if (first === null) continue;
    const ends = [first, paddingNumber(dataset, limitTag) ?? first];
    for (const values of raw === pixels ? [pixels] : [raw, pixels]) {
      const stored = ends.map((end) => asStored(end, values));
      const [low, high] = [Math.min(...stored), Math.max(...stored)];
      values.forEach((value, i) => {
        if (value >= low && value <= high) outside[i] = 1;
      });
    }
  }
  return outside;
}

function notFinite(pixels) {
  if (!isReal(pixels)) return new Uint8Array(pixels.length);
  return Uint8Array.from(pixels, (value) => !Number.isFinite(value));
}

// A value of padding as its tag has it, null without one.
function paddingNumber(dataset, tag) {
  const element = dataset.elements[tag];
  if (!element?.length) return null;
  if (tag === "x00280122" || tag === "x00280124") return finite(dataset.float(tag));
  if (tag === "x00280123" || tag === "x00280125") return finite(dataset.double(tag));
  const signed = element.vr === "SS" || (!element.vr && dataset.uint16("x00280103") === 1);
  return signed ? dataset.int16(tag) : dataset.uint16(tag);
}

function finite(value) {
  return Number.isFinite(value) ? value : null;
}

// A value with the sign of the pixels, where its tag of 16 bits has the other one.
function asStored(end, pixels) {
  if (pixels instanceof Float32Array) return Math.fround(end);
  if (pixels instanceof Float64Array) return end;
  if (pixels instanceof Uint16Array && end < 0 && end >= -(2 ** 15)) return end + 2 ** 16;
  if (pixels instanceof Int16Array && end >= 2 ** 15 && end < 2 ** 16) return end - 2 ** 16;
  return Math.trunc(end);
}

// Grey pixels as their rescaling and window show them, from 0 to 255.
function shownGrey(pixels, outside, dataset, inverted) {
  const displays = displaysOf(dataset);
  const never = notFinite(pixels);
  const grey = new Uint8Array(pixels.length);
  for (const hidden of [outside, never]) {
    const shades = shadesOf(pixels, hidden, displays);
    if (!shades) continue;
    for (let i = 0; i < grey.length; i += 1) {
      grey[i] = hidden[i] ? 0 : inverted ? 255 - shades[i] : shades[i];
    }
    return grey;
  }
  return grey;
}

// The pixels by the first display that shows something of them; null where none does.
function shadesOf(pixels, hidden, displays) {
  if (pixels.BYTES_PER_ELEMENT > 2) {
    const counts = hidden.map((value) => 1 - value);
    return firstUseful(Float64Array.from(pixels, Number), counts, displays);
  }
  // Of few values each is shown once.
  const size = 2 ** (8 * pixels.BYTES_PER_ELEMENT);
  const signed = pixels instanceof Int16Array || pixels instanceof Int8Array;
  const values = Float64Array.from({ length: size }, (_, i) =>
    signed && i >= size / 2 ? i - size : i,
  );
  const counts = new Float64Array(size);
  pixels.forEach((value, i) => {
    if (!hidden[i]) counts[value & (size - 1)] += 1;
  });
  const table = firstUseful(values, counts, displays);
  return table && Uint8Array.from(pixels, (value) => table[value & (size - 1)]);
}
