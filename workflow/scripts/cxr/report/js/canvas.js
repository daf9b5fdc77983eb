// The map's canvas: the images as points, at a zoom and a centre, and what is painted over them.

const MANY = 5000;
const MARGIN = 24;
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

// A colour such as #3f90da as a pixel of an image.
function abgr(colour, alpha) {
  const [red, green, blue] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

// The images of each group of a colouring.
function membersOf({ groups, codes }) {
  const counts = new Int32Array(groups.length);
  for (const code of codes) counts[code] += 1;
  const members = Array.from(counts, (count) => new Int32Array(count));
  const filled = new Int32Array(groups.length);
  codes.forEach((code, image) => {
    members[code][filled[code]] = image;
    filled[code] += 1;
  });
  return members;
}

class MapCanvas {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.points = new Float32Array(0);
    this.colour({ groups: [], codes: new Int32Array(0) });
    this.selected = null;
    this.filtered = null;
    this.focused = -1;
    this.pinned = [];
    this.neighbours = [];
    this.lasso = null;
    this.reset();
    new ResizeObserver(() => this.fit()).observe(canvas);
  }

  // Colours the images; those of a group are looked up once, not at every frame.
  colour(colouring) {
    this.colouring = colouring;
    this.members = membersOf(colouring);
    this.medians = null;
    this.redraw();
  }

  // The whole map.
  reset() {
    this.zoom = 1;
    this.centre = [0, 0];
    this.redraw();
  }

  // Takes the size of the page.
  fit() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.paint();
  }

  redraw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  // Pixels in a unit of the map.
  get scale() {
    return (this.zoom * (Math.min(this.width, this.height) - 2 * MARGIN)) / 2;
  }

  // Where a place of the map is on the screen.
  project(x, y) {
    const { scale } = this;
    return [
      this.width / 2 + (x - this.centre[0]) * scale,
      this.height / 2 - (y - this.centre[1]) * scale,
    ];
  }

  toScreen(image) {
    return this.project(this.points[2 * image], this.points[2 * image + 1]);
  }

  setPoints(points) {
    this.points = points;
    this.medians = null;
  }

  // Moves the points to their places on another map, so that the eye can follow.
  show(points) {
    cancelAnimationFrame(this.animation);
    const from = this.points;
    if (STILL.matches || from.length !== points.length || points.length > 2 * MANY) {
      this.setPoints(points);
      this.redraw();
      return;
    }
    const start = performance.now();
    const step = (now) => {
      const elapsed = Math.min(1, (now - start) / 300);
      const eased = elapsed * elapsed * (3 - 2 * elapsed);
      this.setPoints(
        elapsed < 1 ? points.map((to, i) => from[i] + (to - from[i]) * eased) : points,
      );
      this.paint();
      if (elapsed < 1) this.animation = requestAnimationFrame(step);
    };
    this.animation = requestAnimationFrame(step);
  }

  paint() {
    if (!this.width) return;
    const { context, colouring } = this;
    context.clearRect(0, 0, this.width, this.height);
    const many = this.points.length / 2 > MANY;
    const radius =
      Math.max(1.2, Math.min(5, 60 / Math.sqrt(this.points.length / 2 + 1))) *
      Math.min(2, Math.sqrt(this.zoom));
    // The last group, of outliers or unknown, is below all others.
    const order = [...colouring.groups.keys()].reverse();
    if (many) {
      this.paintPixels(order, radius);
    } else {
      for (const faded of this.selected ? [true, false] : [false]) {
        context.globalAlpha = faded ? 0.15 : 0.9;
        for (const group of order) this.paintGroup(group, radius, faded);
      }
      context.globalAlpha = 1;
    }
    if (colouring.numbered) this.paintNumbers();
    if (this.focused >= 0 || this.pinned.length) this.paintFocus(radius);
    if (this.lasso) this.paintLasso();
  }

  paintGroup(group, radius, faded) {
    const { context, selected, filtered } = this;
    const { colour, shape } = this.colouring.groups[group];
    const path = new Path2D();
    context.fillStyle = context.strokeStyle = colour;
    for (const i of this.members[group]) {
      if (filtered && !filtered[i]) continue;
      if (selected && selected[i] === Number(faded)) continue;
      const [x, y] = this.toScreen(i);
      if (!(x > -radius && y > -radius && x < this.width + radius && y < this.height + radius))
        continue;
      trace(path, shape, x, y, radius);
    }
    context.lineWidth = 1.4;
    if (isLine(shape)) context.stroke(path);
    else context.fill(path);
  }

  // Many points are squares, written pixel by pixel: a call for each is far slower.
  paintPixels(order, radius) {
    const { width, height } = this.canvas;
    const ratio = width / this.width;
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = this.context.createImageData(width, height);
    }
    const pixels = new Uint32Array(this.image.data.buffer);
    pixels.fill(0);
    const side = Math.max(2, Math.round(2 * radius * ratio));
    for (const faded of this.selected ? [true, false] : [false]) {
      for (const group of order) {
        const colour = abgr(this.colouring.groups[group].colour, faded ? 0x26 : 0xff);
        this.paintSquares(pixels, this.members[group], colour, side, faded);
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }

  // The squares of a group; nothing is allocated here, since this runs for every point and frame.
  paintSquares(pixels, members, colour, side, faded) {
    const { points, selected, filtered } = this;
    const { width, height } = this.canvas;
    const scale = (this.scale * width) / this.width;
    const left = width / 2 - this.centre[0] * scale - side / 2 + 0.5;
    const top = height / 2 + this.centre[1] * scale - side / 2 + 0.5;
    const [right, bottom] = [width - side, height - side];
    for (let member = 0; member < members.length; member += 1) {
      const i = members[member];
      if (filtered && !filtered[i]) continue;
      if (selected && selected[i] === Number(faded)) continue;
      const x = left + points[2 * i] * scale;
      const y = top - points[2 * i + 1] * scale;
      if (!(x >= 0 && y >= 0 && x <= right && y <= bottom)) continue;
      let start = Math.trunc(y) * width + Math.trunc(x);
      for (let row = 0; row < side; row += 1) {
        for (let pixel = start; pixel < start + side; pixel += 1) pixels[pixel] = colour;
        start += width;
      }
    }
  }

  // The median of each group's points, on the map.
  groupMedians() {
    const median = (values) => values.sort()[values.length >> 1];
    return this.members.map((images) => {
      const placed = images.filter((i) => !Number.isNaN(this.points[2 * i]));
      return [0, 1].map((axis) =>
        median(Float32Array.from(placed, (i) => this.points[2 * i + axis])),
      );
    });
  }

  // The clusters' numbers at their medians.
  paintNumbers() {
    const { context } = this;
    const style = getComputedStyle(this.canvas);
    context.font = "600 13px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    this.medians = this.medians || this.groupMedians();
    for (let group = 0; group < this.members.length - 1; group += 1) {
      if (!this.members[group].length) continue;
      const [x, y] = this.project(...this.medians[group]);
      context.fillStyle = style.getPropertyValue("--page");
      context.strokeStyle = style.getPropertyValue("--ink");
      context.beginPath();
      context.arc(x, y, 11, 0, 2 * Math.PI);
      context.fill();
      context.lineWidth = 1;
      context.stroke();
      context.fillStyle = style.getPropertyValue("--ink");
      context.fillText(String(group + 1), x, y);
    }
  }

  // The focused and the pinned images, and lines from the first to its nearest neighbours.
  paintFocus(radius) {
    const { context } = this;
    const style = getComputedStyle(this.canvas);
    const images = this.focused >= 0 ? [this.focused, ...this.pinned] : this.pinned;
    const [x, y] = this.toScreen(this.centreOfLines());
    context.strokeStyle = style.getPropertyValue("--accent");
    context.lineWidth = 1.2;
    for (const image of this.neighbours) {
      const [toX, toY] = this.toScreen(image);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(toX, toY);
      this.ring(toX, toY, radius + 3);
    }
    context.strokeStyle = style.getPropertyValue("--ink");
    for (const image of new Set(images)) {
      context.lineWidth = this.pinned.includes(image) ? 3 : 1.5;
      context.beginPath();
      this.ring(...this.toScreen(image), radius + 4);
    }
  }

  // The image whose neighbours are shown.
  centreOfLines() {
    return this.pinned.length ? this.pinned[0] : this.focused;
  }

  ring(x, y, radius) {
    this.context.moveTo(x + radius, y);
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    this.context.stroke();
  }

  paintLasso() {
    const { context } = this;
    context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--accent");
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.beginPath();
    this.lasso.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"](x, y));
    context.closePath();
    context.stroke();
    context.setLineDash([]);
  }
}
