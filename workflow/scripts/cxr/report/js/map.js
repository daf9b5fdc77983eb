// The map: a canvas that zooms, pans, says what lies under the pointer, and takes a lasso.

const MANY = 5000;
const NEAR = 14;
const MARGIN = 24;
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

// A colour such as #3f90da as a pixel of an image.
function abgr(colour, alpha) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

class MapView {
  constructor(canvas, told) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.told = told;
    this.points = new Float32Array(0);
    this.colour({ groups: [], codes: new Int32Array(0) });
    this.selected = null;
    this.focused = -1;
    this.near = [];
    this.lassoing = false;
    this.lasso = null;
    this.reset();
    this.listen();
    new ResizeObserver(() => this.fit()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  // Colours the images; those of a group are looked up once, not at every frame.
  colour(colouring) {
    this.colouring = colouring;
    this.members = colouring.groups.map(() => []);
    colouring.codes.forEach((code, image) => this.members[code].push(image));
    this.middles = null;
    this.redraw();
  }

  reset() {
    this.zoom = 1;
    this.centre = [0, 0];
    this.redraw();
  }

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
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null;
      this.paint();
    });
  }

  // Pixels a unit of the map takes.
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

  place(points) {
    this.points = points;
    this.middles = null;
  }

  // Moves the points to where another map has them, so that the eye can follow.
  show(points) {
    cancelAnimationFrame(this.moving);
    const from = this.points;
    if (STILL.matches || from.length !== points.length || points.length > 2 * MANY) {
      this.place(points);
      this.redraw();
      return;
    }
    const start = performance.now();
    const step = (now) => {
      const part = Math.min(1, (now - start) / 300);
      const eased = part * part * (3 - 2 * part);
      this.place(part < 1 ? points.map((to, i) => from[i] + (to - from[i]) * eased) : points);
      this.paint();
      if (part < 1) this.moving = requestAnimationFrame(step);
    };
    this.moving = requestAnimationFrame(step);
  }

  paint() {
    if (!this.width) return;
    const { context, colouring } = this;
    context.clearRect(0, 0, this.width, this.height);
    const many = this.points.length / 2 > MANY;
    const radius =
      Math.max(1.2, Math.min(5, 60 / Math.sqrt(this.points.length / 2 + 1))) *
      Math.min(2, Math.sqrt(this.zoom));
    // The last group, of outliers or unknown, lies below all others.
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
    if (this.focused >= 0) this.paintFocus(radius);
    if (this.lasso) this.paintLasso();
  }

  paintGroup(group, radius, faded) {
    const { context, selected } = this;
    const { colour, shape } = this.colouring.groups[group];
    const path = new Path2D();
    context.fillStyle = context.strokeStyle = colour;
    for (const i of this.members[group]) {
      if (selected && selected[i] === Number(faded)) continue;
      const [x, y] = this.toScreen(i);
      if (x < -radius || y < -radius || x > this.width + radius || y > this.height + radius)
        continue;
      trace(path, shape, x, y, radius);
    }
    context.lineWidth = 1.4;
    if (isLine(shape)) context.stroke(path);
    else context.fill(path);
  }

  // Many points are squares, written pixel by pixel: a call for each takes far longer.
  paintPixels(order, radius) {
    const { context, points, selected } = this;
    const { width, height } = this.canvas;
    const ratio = width / this.width;
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const side = Math.max(2, Math.round(2 * radius * ratio));
    const scale = this.scale * ratio;
    const left = width / 2 - this.centre[0] * scale - side / 2;
    const top = height / 2 + this.centre[1] * scale - side / 2;
    for (const faded of selected ? [true, false] : [false]) {
      for (const group of order) {
        const colour = abgr(this.colouring.groups[group].colour, faded ? 0x26 : 0xff);
        for (const i of this.members[group]) {
          if (selected && selected[i] === Number(faded)) continue;
          const x = Math.round(left + points[2 * i] * scale);
          const y = Math.round(top - points[2 * i + 1] * scale);
          if (x < 0 || y < 0 || x + side > width || y + side > height) continue;
          for (let row = y; row < y + side; row += 1) {
            pixels.fill(colour, row * width + x, row * width + x + side);
          }
        }
      }
    }
    context.putImageData(image, 0, 0);
  }

  // The median of each group's points, on the map.
  medians() {
    const middle = (values) => values.sort()[values.length >> 1];
    return this.members.map((images) =>
      [0, 1].map((axis) => middle(Float32Array.from(images, (i) => this.points[2 * i + axis]))),
    );
  }

  // The clusters' numbers at their medians.
  paintNumbers() {
    const { context } = this;
    const style = getComputedStyle(this.canvas);
    context.font = "600 13px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    this.middles = this.middles || this.medians();
    for (let group = 0; group < this.members.length - 1; group += 1) {
      if (!this.members[group].length) continue;
      const [x, y] = this.project(...this.middles[group]);
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

  // The focused image, and threads to those that are most similar to it.
  paintFocus(radius) {
    const [x, y] = this.toScreen(this.focused);
    this.context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--accent");
    this.context.lineWidth = 1.2;
    for (const image of this.near) {
      const [to, down] = this.toScreen(image);
      this.context.beginPath();
      this.context.moveTo(x, y);
      this.context.lineTo(to, down);
      this.context.moveTo(to + radius + 3, down);
      this.context.arc(to, down, radius + 3, 0, 2 * Math.PI);
      this.context.stroke();
    }
    this.context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--ink");
    this.context.lineWidth = 2;
    this.context.beginPath();
    this.context.arc(x, y, radius + 4, 0, 2 * Math.PI);
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

  // The image next to a place on the screen, -1 if none is near.
  at(x, y) {
    let [nearest, best] = [NEAR * NEAR, -1];
    for (let i = 0; i < this.colouring.codes.length; i += 1) {
      const [px, py] = this.toScreen(i);
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < nearest) [nearest, best] = [distance, i];
    }
    return best;
  }

  // The images inside the lasso.
  inside() {
    const path = new Path2D();
    this.lasso.forEach(([x, y], i) => path[i ? "lineTo" : "moveTo"](x, y));
    path.closePath();
    const found = [];
    this.context.save();
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    for (let i = 0; i < this.colouring.codes.length; i += 1) {
      if (this.context.isPointInPath(path, ...this.toScreen(i))) found.push(i);
    }
    this.context.restore();
    return found;
  }

  // Zooms by a factor about a place on the screen.
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const next = Math.min(200, Math.max(0.5, this.zoom * factor));
    const before = this.scale;
    this.zoom = next;
    this.centre[0] += (x - this.width / 2) * (1 / before - 1 / this.scale);
    this.centre[1] -= (y - this.height / 2) * (1 / before - 1 / this.scale);
    this.redraw();
  }

  panBy(x, y) {
    this.centre[0] -= x / this.scale;
    this.centre[1] += y / this.scale;
    this.redraw();
  }

  focus(image) {
    if (image === this.focused) return;
    this.focused = image;
    this.told.focused(image);
    this.redraw();
  }

  listen() {
    const { canvas } = this;
    let held = null;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoomBy(Math.exp(-event.deltaY / 300), ...place(event));
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      held = place(event);
      if (this.lassoing || event.shiftKey) this.lasso = [held];
      else this.focus(this.at(...held));
    });
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = place(event);
      if (!held) {
        this.focus(this.at(x, y));
      } else if (this.lasso) {
        this.lasso.push([x, y]);
        this.redraw();
      } else {
        this.panBy(x - held[0], y - held[1]);
        held = [x, y];
      }
    });
    const release = () => {
      held = null;
      if (!this.lasso) return;
      const found = this.lasso.length > 2 ? this.inside() : [];
      this.lasso = null;
      this.told.selected(found);
    };
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("dblclick", () => this.reset());
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const images = this.colouring.codes.length;
    const keys = {
      ArrowLeft: () => this.panBy(40, 0),
      ArrowRight: () => this.panBy(-40, 0),
      ArrowUp: () => this.panBy(0, 40),
      ArrowDown: () => this.panBy(0, -40),
      "+": () => this.zoomBy(1.3),
      "-": () => this.zoomBy(1 / 1.3),
      0: () => this.reset(),
      n: () => this.focus((this.focused + 1) % images),
      p: () => this.focus((this.focused + images - 1) % images),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  }
}
