// How much two maps of the same images agree.

const NEAREST = 10;
// So many images are asked for their neighbours; of more a sample, evenly spaced.
const ASKED = 500;

// The adjusted Rand index of two labellings, outliers as a group of their own.
// L. Hubert, P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.
function adjustedRand(left, right) {
  const pairs = (count) => (count * (count - 1)) / 2;
  const [cells, rows, columns] = [new Map(), new Map(), new Map()];
  const add = (counts, key) => counts.set(key, (counts.get(key) || 0) + 1);
  left.forEach((label, i) => {
    add(cells, `${label},${right[i]}`);
    add(rows, label);
    add(columns, right[i]);
  });
  const sum = (counts) => [...counts.values()].reduce((total, n) => total + pairs(n), 0);
  const expected = (sum(rows) * sum(columns)) / pairs(left.length);
  const most = (sum(rows) + sum(columns)) / 2;
  return most === expected ? 1 : (sum(cells) - expected) / (most - expected);
}

// The nearest of some images to one of them on a map.
function nearestOnMap(points, images, image, count) {
  const distances = images.map((other) => [
    other === image ? Infinity : squaredDistance(points, image, other),
    other,
  ]);
  return distances
    .sort(([a], [b]) => a - b)
    .slice(0, count)
    .map(([, other]) => other);
}

function squaredDistance(points, a, b) {
  return (points[2 * a] - points[2 * b]) ** 2 + (points[2 * a + 1] - points[2 * b + 1]) ** 2;
}

// The mean share of an image's nearest ones on one map that are so on another, too.
function sharedNeighbours(left, right, images) {
  const count = Math.min(NEAREST, images.length - 1);
  if (count < 1) return null;
  const step = Math.max(1, Math.ceil(images.length / ASKED));
  const asked = images.filter((_, i) => i % step === 0);
  const shares = asked.map((image) => {
    const there = new Set(nearestOnMap(right, images, image, count));
    return nearestOnMap(left, images, image, count).filter((other) => there.has(other)).length;
  });
  return shares.reduce((sum, shared) => sum + shared, 0) / (shares.length * count);
}
