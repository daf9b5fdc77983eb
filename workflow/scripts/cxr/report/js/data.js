// The page's data: packed columns, thumbnails, and helpers to make elements.
"use strict";

const TYPES = {
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint16: Uint16Array,
  float32: Float32Array,
};
const SVG = "http://www.w3.org/2000/svg";

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function unpack(column) {
  return new TYPES[column.type](bytesOf(column.data).buffer);
}

// The document that the page holds, compressed by gzip.
async function readDocument(base64) {
  const stream = new Blob([bytesOf(base64)]).stream();
  const text = await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).text();
  return JSON.parse(text);
}

// An element with attributes; children that are text become text, never markup.
function makeElement(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// A button that calls a function.
function makeButton(words, pressed, attributes = {}) {
  const button = makeElement("button", { type: "button", ...attributes }, words);
  button.addEventListener("click", pressed);
  return button;
}

// A list of names and what they stand for.
function makeTerms(entries) {
  const rows = entries.map(([name, words]) =>
    makeElement("div", {}, makeElement("dt", {}, name), makeElement("dd", {}, words)),
  );
  return makeElement("dl", {}, ...rows);
}

// The same of a drawing.
function makeSvg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function plural(count, singular, pluralForm = `${singular}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? singular : pluralForm}`;
}

// A number with three digits where it is no integer.
function brief(number) {
  return Number.isInteger(number)
    ? number.toLocaleString("en")
    : Number(number.toPrecision(3)).toString();
}

function clusterName(number) {
  return number < 0 ? "outliers" : `cluster ${number + 1}`;
}

// Thumbnails are on sheets, each decoded when the first of its thumbnails is shown.
class Thumbnails {
  constructor(stored, pictures) {
    this.stored = stored;
    this.pictures = pictures;
    this.positions = new Map(stored ? stored.image_ids.map((id, i) => [id, i]) : []);
    this.sheets = new Map();
  }

  has(id) {
    return this.positions.has(id);
  }

  sheet(number) {
    if (!this.sheets.has(number)) {
      const image = new Image();
      image.src = this.stored.sheets[number];
      this.sheets.set(
        number,
        image.decode().then(() => image),
      );
    }
    return this.sheets.get(number);
  }

  // An image's picture, of 512 pixels where there is one; null without any.
  picture(id) {
    const thumbnail = this.has(id) ? this.thumbnail(id) : null;
    const file = this.pictures && this.pictures.files[id];
    if (!file) return thumbnail;
    const picture = makeElement("img", { src: `${this.pictures.folder}/${file}`, alt: id });
    picture.draggable = false;
    // The page may have been moved without its folder.
    picture.addEventListener("error", () => thumbnail && picture.replaceWith(thumbnail));
    return picture;
  }

  // A canvas with the thumbnail, filled once its sheet is decoded.
  thumbnail(id, size) {
    const { side, columns, per_sheet: perSheet } = this.stored;
    const canvas = makeElement("canvas", {
      width: side,
      height: side,
      role: "img",
      "aria-label": id,
    });
    if (size) canvas.style.width = canvas.style.height = `${size}px`;
    const position = this.positions.get(id);
    const onSheet = position % perSheet;
    this.sheet(Math.floor(position / perSheet)).then((sheet) => {
      const x = side * (onSheet % columns);
      const y = side * Math.floor(onSheet / columns);
      canvas.getContext("2d").drawImage(sheet, x, y, side, side, 0, 0, side, side);
    });
    return canvas;
  }
}

// One model: its images, fields and maps, columns unpacked when they are first used.
class Model {
  constructor(stored) {
    this.name = stored.name;
    this.ids = stored.image_ids;
    this.total = stored.total || null;
    this.maps = stored.maps;
    this.selectedMap = stored.chosen;
    this.fields = stored.fields;
    this.tests = stored.tests;
    this.bounds = stored.bounds;
    this.similar = stored.similar || null;
    this.patients = stored.patients || null;
    this.controls = stored.controls || [];
    this.galleries = stored.galleries || { clusters: [], classes: [] };
    this.verdict = stored.verdict;
    this.rows = new Map(stored.image_ids.map((id, row) => [id, row]));
    this.unpacked = new Map();
  }

  column(packed) {
    if (!this.unpacked.has(packed)) this.unpacked.set(packed, unpack(packed));
    return this.unpacked.get(packed);
  }

  field(name) {
    return this.fields.find((field) => field.name === name);
  }

  // A field's value of an image, null where it is unknown.
  value(field, image) {
    const value = this.column(field.values)[image];
    if (field.levels) return value < 0 ? null : field.levels[value];
    return Number.isNaN(value) ? null : Number(value.toPrecision(7));
  }

  // The images of each cluster of a labelling, the outliers last; null where the page shows all.
  totalsOf(labelling) {
    if (!this.total) return null;
    return labelling ? this.column(labelling.totals.clusters) : [this.total];
  }

  // The patient of an image, null where none is recorded.
  patient(image) {
    return this.patients ? this.value(this.patients, image) : null;
  }

  // The t-SNE maps, by perplexity, and the map by PCA.
  get series() {
    return this.maps.filter(({ method }) => method === "tsne");
  }

  get pca() {
    return this.maps.find(({ method }) => method === "pca");
  }

  // The images of the map that are most similar to one, nearest first, with their distances.
  nearest(image) {
    if (!this.similar || image < 0) return [];
    const { count } = this.similar;
    const images = this.column(this.similar.images);
    const distances = this.column(this.similar.distances);
    return Array.from({ length: count }, (_, rank) => image * count + rank)
      .filter((entry) => images[entry] >= 0)
      .map((entry) => ({ image: images[entry], distance: distances[entry] }));
  }

  // The coordinates of a map, from -1 to 1.
  coordinates(map) {
    return Float32Array.from(this.column(map.xy), (value) => value / 32767.5 - 1);
  }
}
