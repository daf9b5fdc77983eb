// The map: a canvas that zooms, pans, follows the pointer, pins images, and selects with a lasso.

const NEAR = 14;
// A press that moves less than this many pixels is a click.
const STILL_CLICK = 4;

class MapView extends MapCanvas {
  constructor(canvas, handlers) {
    super(canvas);
    this.handlers = handlers;
    this.lassoing = false;
    this.listen();
  }

  // The image next to a place on the screen, -1 if none is near; those filtered out are not there.
  imageAt(x, y) {
    const { points, filtered, scale } = this;
    const left = this.width / 2 - this.centre[0] * scale - x;
    const top = this.height / 2 + this.centre[1] * scale - y;
    let [least, nearest] = [NEAR * NEAR, -1];
    for (let i = 0; i < this.colouring.codes.length; i += 1) {
      if (filtered && !filtered[i]) continue;
      const distance =
        (left + points[2 * i] * scale) ** 2 + (top - points[2 * i + 1] * scale) ** 2;
      if (distance < least) [least, nearest] = [distance, i];
    }
    return nearest;
  }

  // The images inside the lasso.
  imagesInLasso() {
    const path = new Path2D();
    this.lasso.forEach(([x, y], i) => path[i ? "lineTo" : "moveTo"](x, y));
    path.closePath();
    const images = [];
    this.context.save();
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    for (let i = 0; i < this.colouring.codes.length; i += 1) {
      if (this.filtered && !this.filtered[i]) continue;
      if (this.context.isPointInPath(path, ...this.toScreen(i))) images.push(i);
    }
    this.context.restore();
    return images;
  }

  // Zooms by a factor about a place on the screen.
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const next = Math.min(200, Math.max(0.5, this.zoom * factor));
    const before = this.scale;
    this.zoom = next;
    this.centre[0] += (x - this.width / 2) * (1 / before - 1 / this.scale);
    this.centre[1] -= (y - this.height / 2) * (1 / before - 1 / this.scale);
    this.moved();
  }

  panBy(x, y) {
    this.centre[0] -= x / this.scale;
    this.centre[1] += y / this.scale;
    this.moved();
  }

  showAll() {
    this.reset();
    this.handlers.moved();
  }

  moved() {
    this.redraw();
    this.handlers.moved();
  }

  focus(image) {
    if (image !== this.focused) this.handlers.focused(image);
  }

  listen() {
    const { canvas } = this;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener(
      "wheel",
      (event) => {
        // Without Ctrl the wheel scrolls the page.
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoomBy(Math.exp(-event.deltaY / 300), ...place(event));
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      const at = place(event);
      this.press = { first: at, last: at, still: true, adds: event.shiftKey };
      if (this.lassoing || event.shiftKey) this.lasso = [at];
    });
    canvas.addEventListener("pointermove", (event) => this.movePointer(place(event)));
    canvas.addEventListener("pointerup", () => this.release());
    canvas.addEventListener("pointercancel", () => this.cancel());
    canvas.addEventListener("dblclick", () => this.showAll());
    canvas.addEventListener("keydown", (event) => this.pressKey(event));
  }

  movePointer([x, y]) {
    const { press } = this;
    if (!press) {
      this.focus(this.imageAt(x, y));
      return;
    }
    const [x0, y0] = press.first;
    if (Math.hypot(x - x0, y - y0) > STILL_CLICK) press.still = false;
    if (press.still) return;
    if (this.lasso) {
      this.lasso.push([x, y]);
      this.redraw();
    } else {
      this.panBy(x - press.last[0], y - press.last[1]);
    }
    press.last = [x, y];
  }

  // A click pins the image under it, or clears where there is none; a lasso selects.
  release() {
    const { press, lasso } = this;
    if (!press) return;
    const images = lasso && lasso.length > 2 ? this.imagesInLasso() : [];
    this.cancel();
    if (press.still) this.handlers.pressed(this.imageAt(...press.first), press.adds);
    else if (lasso) this.handlers.selected(images, press.adds);
  }

  cancel() {
    this.press = this.lasso = null;
    this.redraw();
  }

  // The next image in a direction that is not filtered out.
  next(step) {
    const images = this.colouring.codes.length;
    let image = this.focused < 0 && step < 0 ? 0 : this.focused;
    for (let tried = 0; tried < images; tried += 1) {
      image = (image + step + images) % images;
      if (!this.filtered || this.filtered[image]) return image;
    }
    return -1;
  }

  pressKey(event) {
    const keys = {
      ArrowLeft: () => this.panBy(40, 0),
      ArrowRight: () => this.panBy(-40, 0),
      ArrowUp: () => this.panBy(0, 40),
      ArrowDown: () => this.panBy(0, -40),
      "+": () => this.zoomBy(1.3),
      "-": () => this.zoomBy(1 / 1.3),
      0: () => this.showAll(),
      n: () => this.focus(this.next(1)),
      p: () => this.focus(this.next(-1)),
      Enter: () => this.handlers.pressed(this.focused, event.shiftKey),
      s: () => this.handlers.toggled(this.focused),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  }
}
