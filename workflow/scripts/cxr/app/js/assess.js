// What the outputs of the network mean beside the study's images.

const TINY = 1e-12;

function softmax(values) {
  const greatest = Math.max(...values);
  const powers = Array.from(values, (value) => Math.exp(value - greatest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

// As cxr.evaluation.calibration.Calibration.
function calibrated(probabilities, { scale, bias }) {
  return softmax(Array.from(probabilities, (p, k) => scale * Math.log(p + TINY) + bias[k]));
}

// As cxr.similarity.space.to_points; null where the features have no direction.
function pointOf(features, { metric, centre }) {
  const centred = Float64Array.from(features, (value, i) => value - centre[i]);
  if (!centred.every(Number.isFinite)) return null;
  if (metric === "euclidean") return Float32Array.from(centred);
  const greatest = centred.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (greatest === 0) return null;
  const scaled = centred.map((value) => value / greatest);
  const norm = Math.hypot(...scaled);
  return Float32Array.from(scaled, (value) => value / norm);
}

// All images, the nearest first: [{image, distance}].
function neighboursOf(features, space) {
  const point = pointOf(features, space);
  if (!point) return [];
  const { points } = space;
  const width = point.length;
  const all = Array.from({ length: points.length / width }, (_, image) => {
    let squares = 0;
    for (let i = 0; i < width; i += 1) squares += (point[i] - points[image * width + i]) ** 2;
    return { image, distance: space.metric === "euclidean" ? Math.sqrt(squares) : squares / 2 };
  });
  return all.sort((a, b) => a.distance - b.distance);
}

// Where an image lies on the map: the mean place of the nearest images that are on it, the nearer
// ones with more weight. Null without any.
function placeOf(neighbours, map, count) {
  const near = neighbours.filter(({ image }) => map.rows.has(image)).slice(0, count);
  if (!near.length) return null;
  const weights = near.map(({ distance }) => 1 / (distance + 1e-6));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (axis) =>
    near.reduce((sum, { image }, i) => sum + weights[i] * axis[map.rows.get(image)], 0) / total;
  return { x: mean(map.x), y: mean(map.y), near };
}

// The distance from the training images and the percentage of held-out images that lie nearer.
function distanceOf(outputs, reference) {
  const norm = Math.hypot(...outputs);
  const spaces = [outputs, outputs.map((value) => (norm > 0 ? value / norm : value))];
  const distance = Math.max(
    ...spaces.map(
      (values, i) => mahalanobis(values, reference.spaces[i]) / reference.spaces[i].scale,
    ),
  );
  const { held_out: known } = reference;
  if (!known.length) return { distance, percentile: null };
  const nearer = known.filter((value) => value < distance).length;
  const same = known.filter((value) => value === distance).length;
  return { distance, percentile: (100 * (nearer + same / 2)) / known.length };
}

// Of a covariance of a few directions and, in all others, one variance.
function mahalanobis(values, { mean, directions, gains, floor }) {
  const centred = Float64Array.from(values, (value, i) => value - mean[i]);
  const width = centred.length;
  let square = centred.reduce((sum, value) => sum + value * value, 0) * floor;
  for (let d = 0; d < gains.length; d += 1) {
    let along = 0;
    for (let i = 0; i < width; i += 1) along += centred[i] * directions[d * width + i];
    square += gains[d] * along * along;
  }
  return Math.sqrt(Math.max(0, square));
}

// A class's map enlarged to a side, as torch interpolates, from 0 to 1.
function enlarged(cams, [high, wide], position, side) {
  const small = cams.subarray(position * high * wide, (position + 1) * high * wide);
  const places = (length) =>
    Array.from({ length: side }, (_, i) => {
      const at = Math.max(0, ((i + 0.5) * length) / side - 0.5);
      const low = Math.floor(at);
      return { low, next: Math.min(low + 1, length - 1), share: at - low };
    });
  const columns = places(wide);
  const large = new Float32Array(side * side);
  let greatest = 0;
  places(high).forEach((row, y) => {
    columns.forEach((column, x) => {
      const along = (line) =>
        small[line * wide + column.low] * (1 - column.share) +
        small[line * wide + column.next] * column.share;
      const value = along(row.low) * (1 - row.share) + along(row.next) * row.share;
      large[y * side + x] = value;
      greatest = Math.max(greatest, value);
    });
  });
  return greatest > 0 ? large.map((value) => value / greatest) : large;
}
