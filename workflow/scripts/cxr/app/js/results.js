// One image from its file to all that the page says of it.

// Images whose features are so near one another are the same.
const SAME = 1e-6;
// Nearest images that give an image its place on the map.
const PLACED = 10;

// The page's document with its columns unpacked.
function unpackStudy(stored) {
  const { images, distance } = stored;
  const { space, map } = images;
  const texts = (column) => ({ levels: column.levels, values: unpack(column.values) });
  return {
    ...stored,
    inferno: bytesOf(stored.inferno),
    images: {
      ...images,
      classes: texts(images.classes),
      sources: texts(images.sources),
      space: { ...space, centre: unpack(space.centre), points: unpack(space.points) },
      map: map && unpackMap(map),
    },
    distance: {
      ...distance,
      spaces: distance.spaces.map((each) => ({
        ...each,
        mean: unpack(each.mean),
        gains: unpack(each.gains),
        directions: Float32Array.from(unpack(each.directions), halfPrecision),
      })),
    },
  };
}

function unpackMap(map) {
  const rows = new Map([...unpack(map.rows)].map((image, row) => [image, row]));
  return { rows, x: unpack(map.x), y: unpack(map.y), clusters: unpack(map.clusters) };
}

// The number that 16 bits stand for (IEEE 754, binary16).
function halfPrecision(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function textOf(column, image) {
  return column.values[image] < 0 ? "" : column.levels[column.values[image]];
}

function largest(values) {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}

// All that is said of one file; throws `Refused` with the reason where it can't be used.
async function assessFile(file, network, study) {
  const { model, images, distance } = study;
  const grey = await readImage(file);
  const image = canonical(grey, model);
  const outputs = await network.run(image);
  const neighbours = neighboursOf(outputs.features, images.space);
  const probabilities = [...outputs.probabilities];
  const found = {
    name: file.name || "pasted image",
    image,
    probabilities,
    calibrated: calibrated(probabilities, model.calibration),
    labels: [...outputs.labels],
    predicted: largest(probabilities),
    neighbours: neighbours.slice(0, images.space.k),
    place: images.map && placeOf(neighbours, images.map, PLACED),
    cams: outputs.cams,
    camSize: outputs.camSize,
    colour: grey.colour,
    ...distanceOf(outputs.outputs, distance),
  };
  found.far = found.percentile !== null && found.percentile > distance.far;
  return found;
}

// What a visitor should know of an image before its probabilities, in sentences.
function cautions(result, study) {
  const found = [];
  if (result.far) {
    found.push(
      `Unlike the training images: it lies further from them than ${percent(result.percentile / 100, 0)} of the ` +
        "held-out images of the study. It may be no chest image of the kind that the network knows, and its answer may mean nothing.",
    );
  }
  if (study.model.hide_text) {
    found.push(
      "Words or markers on it were not painted over, as the study does before its network sees an image: they may have changed the answer.",
    );
  }
  const nearest = result.neighbours[0];
  if (nearest && nearest.distance < SAME) {
    found.push(
      `An image of this study or a copy of one (${study.images.image_ids[nearest.image]}): the network may have been ` +
        "trained on it, and its answer shows nothing about new images.",
    );
  }
  if (result.colour)
    found.push("A picture in colour, which radiographs are not: it may be no chest radiograph.");
  if (!result.neighbours.length)
    found.push("The network sees nothing in it: all of its features are 0.");
  const likeliest = largest(result.calibrated);
  if (likeliest !== result.predicted) {
    found.push(
      `The network's own output is highest for ${study.model.classes[result.predicted]}; after calibration, ` +
        `${study.model.classes[likeliest]} is more probable.`,
    );
  }
  return found;
}

function percent(share, digits = 1) {
  return `${(100 * share).toFixed(digits)}%`;
}

// A probability, which is never quite 0 or 1.
function probabilityText(share) {
  if (share >= 0.9995) return ">99.9%";
  return share < 0.0005 ? "<0.1%" : percent(share);
}

// A metric with its interval; "not defined" where there is none.
function rateText({ value, low, high }) {
  if (value === null || value === undefined) return "not defined";
  const interval = low === null ? "" : ` (${percent(low, 0)} to ${percent(high, 0)})`;
  return `${percent(value, 0)}${interval}`;
}
