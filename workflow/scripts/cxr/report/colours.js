// What each image is coloured by: groups with a colour and a shape, and the group of each image.

const SHAPES = ["circle", "square", "triangle", "diamond", "down", "plus"];
const MOST_GROUPS = 24;
const STEPS = 16;

function look(palette, number) {
  const colour = palette.colours[number % palette.colours.length];
  return { colour, shape: SHAPES[Math.floor(number / palette.colours.length) % SHAPES.length] };
}

// By cluster: -1, the outliers, are the last group.
function byCluster(labels, palette) {
  const clusters = 1 + labels.reduce((most, label) => Math.max(most, label), -1);
  const groups = Array.from({ length: clusters }, (_, number) => ({
    words: clusterName(number),
    ...look(palette, number),
  }));
  groups.push({ words: "outliers", colour: palette.outlier, shape: "cross" });
  return { groups, codes: Int32Array.from(labels, (label) => (label < 0 ? clusters : label)) };
}

// By a field of texts; rare levels share a group, unknown ones are the last.
function byLevel(field, values, palette) {
  const many = field.levels.length > MOST_GROUPS;
  const own = many ? MOST_GROUPS : field.levels.length;
  const groups = field.levels
    .slice(0, own)
    .map((words, number) => ({ words, ...look(palette, number) }));
  if (many) {
    const rest = field.levels.length - own;
    groups.push({ words: `${rest} others`, colour: palette.outlier, shape: "circle" });
  }
  groups.push({ words: "unknown", colour: palette.outlier, shape: "cross" });
  const unknown = groups.length - 1;
  const codes = Int32Array.from(values, (level) => (level < 0 ? unknown : Math.min(level, own)));
  return { groups, codes };
}

// By a field of numbers, in steps of a ramp between the least and the largest.
function byNumber(values, palette) {
  const known = values.filter((value) => !Number.isNaN(value));
  const low = known.reduce((least, value) => Math.min(least, value), Infinity);
  const high = known.reduce((most, value) => Math.max(most, value), -Infinity);
  const width = high > low ? (high - low) / STEPS : 1;
  const groups = Array.from({ length: STEPS }, (_, step) => ({
    words: `${brief(low + step * width)} to ${brief(low + (step + 1) * width)}`,
    colour: palette.ramp[Math.round((step / (STEPS - 1)) * (palette.ramp.length - 1))],
    shape: "circle",
  }));
  groups.push({ words: "unknown", colour: palette.outlier, shape: "cross" });
  const step = (value) => Math.min(STEPS - 1, Math.floor((value - low) / width));
  const codes = Int32Array.from(values, (value) => (Number.isNaN(value) ? STEPS : step(value)));
  return { groups, codes, ramp: { low, high } };
}

// Adds a shape around a point to a path.
function trace(path, shape, x, y, r) {
  if (shape === "circle") {
    path.moveTo(x + r, y);
    path.arc(x, y, r, 0, 2 * Math.PI);
  } else if (shape === "square") {
    path.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
  } else if (shape === "cross" || shape === "plus") {
    const [a, b] = shape === "cross" ? [0.8 * r, 0.8 * r] : [1.1 * r, 0];
    path.moveTo(x - a, y - b);
    path.lineTo(x + a, y + b);
    path.moveTo(x - b, y + a);
    path.lineTo(x + b, y - a);
  } else {
    const corners = {
      triangle: [
        [0, -1.15],
        [1.1, 0.8],
        [-1.1, 0.8],
      ],
      down: [
        [0, 1.15],
        [1.1, -0.8],
        [-1.1, -0.8],
      ],
      diamond: [
        [0, -1.25],
        [1.1, 0],
        [0, 1.25],
        [-1.1, 0],
      ],
    }[shape];
    corners.forEach(([dx, dy], i) => path[i ? "lineTo" : "moveTo"](x + dx * r, y + dy * r));
    path.closePath();
  }
}

function isLine(shape) {
  return shape === "cross" || shape === "plus";
}
