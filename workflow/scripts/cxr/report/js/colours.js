// The colouring of images: groups with a colour and a shape, and the group of each image.

const SHAPES = ["circle", "square", "triangle", "diamond", "down", "plus"];
const MOST_GROUPS = 24;
const STEPS = 16;

// The colour and shape of a group by its number: both differ from the next one's.
function styleOf(palette, number) {
  const colour = palette.colours[number % palette.colours.length];
  return { colour, shape: SHAPES[number % SHAPES.length] };
}

// The palette of the page's present theme.
function paletteOf(palettes) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return dark ? palettes.dark : palettes.light;
}

// The key of a group in a legend.
function keyOf(group) {
  const key = makeElement("canvas", { width: 32, height: 32, "aria-hidden": "true" });
  const context = key.getContext("2d");
  context.fillStyle = context.strokeStyle = group.colour;
  context.lineWidth = 4;
  const path = new Path2D();
  trace(path, group.shape, 16, 16, 11);
  context[isLine(group.shape) ? "stroke" : "fill"](path);
  return key;
}

// By cluster: -1, the outliers, are the last group; `totals` counts all images where there are more.
function byCluster(labels, palette, totals = null) {
  const found = 1 + labels.reduce((most, label) => Math.max(most, label), -1);
  const clusters = totals ? totals.length - 1 : found;
  const groups = Array.from({ length: clusters }, (_, number) => ({
    words: clusterName(number),
    ...styleOf(palette, number),
  }));
  groups.push({ words: "outliers", colour: palette.outlier, shape: "cross" });
  const codes = Int32Array.from(labels, (label) => (label < 0 ? clusters : label));
  return { groups, codes, totals };
}

// A field of texts as names and the name of each image; rare levels share one, unknown is the last.
function byLevel(field, values, most) {
  const others = Math.max(0, field.levels.length - most);
  const names = field.levels.slice(0, field.levels.length - others);
  if (others) names.push(plural(others, "other"));
  const unknown = names.push("unknown") - 1;
  const codes = Int32Array.from(values, (level) =>
    level < 0 ? unknown : Math.min(level, unknown - 1),
  );
  return { names, codes };
}

// The least and the largest number of a column.
function rangeOf(values) {
  const recorded = values.filter((value) => !Number.isNaN(value));
  const low = recorded.reduce((least, value) => Math.min(least, value), Infinity);
  const high = recorded.reduce((most, value) => Math.max(most, value), -Infinity);
  return [low, high];
}

// The same for a field of numbers, in equal steps from the least to the largest.
function byStep(values, steps, [low, high]) {
  const width = high > low ? (high - low) / steps : 1;
  const edge = (step) => brief(low + step * width);
  const names = Array.from({ length: steps }, (_, step) => `${edge(step)} to ${edge(step + 1)}`);
  const step = (value) => Math.min(steps - 1, Math.floor((value - low) / width));
  const codes = Int32Array.from(values, (value) => (Number.isNaN(value) ? steps : step(value)));
  return { names: [...names, "unknown"], codes };
}

// The images of each group by a field, of those of each level or step, the unknown ones last.
function mergedTotals(totals, unknown) {
  const merged = new Array(unknown + 1).fill(0);
  totals.forEach((count, level) => {
    merged[level === totals.length - 1 ? unknown : Math.min(level, unknown - 1)] += count;
  });
  return merged;
}

// By a field: texts in colours and shapes, numbers on a ramp.
function byField(field, values, palette, totals = null) {
  const { names, codes } = field.levels
    ? byLevel(field, values, MOST_GROUPS)
    : byStep(values, STEPS, field.range || rangeOf(values));
  const unknown = names.length - 1;
  const groups = names.map((words, number) => {
    if (number === unknown) return { words, colour: palette.outlier, shape: "cross" };
    if (!field.levels)
      return { words, colour: onRamp(number / (STEPS - 1), palette), shape: "circle" };
    if (number === MOST_GROUPS) return { words, colour: palette.outlier, shape: "circle" };
    return { words, ...styleOf(palette, number) };
  });
  return { groups, codes, totals: totals && mergedTotals(totals, unknown) };
}

// The colour of a share from 0, low, to 1, high.
function onRamp(share, palette) {
  return palette.ramp[Math.round(share * (palette.ramp.length - 1))];
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
