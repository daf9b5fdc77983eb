// The map: a canvas that zooms, pans, follows the pointer, and selects with a lasso.

const NEAR = 14;

class MapView extends MapCanvas {
  constructor(canvas, handlers) {
    super(canvas);
    this.handlers = handlers;
    this.lassoing = false;
    this.listen();
  }

  // The image next to a place on the screen, -1 if none is near.
  imageAt(x, y) {
    let [least, nearest] = [NEAR * NEAR, -1];
    for (let i = 0; i < this.colouring.codes.length; i += 1) {
      const [px, py] = this.toScreen(i);
      const distance = (px - x) ** 2 + (py - y) ** 2;
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
    this.handlers.focused(image);
    this.redraw();
  }

  listen() {
    const { canvas } = this;
    let last = null;
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
      last = place(event);
      if (this.lassoing || event.shiftKey) this.lasso = [last];
      else this.focus(this.imageAt(...last));
    });
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = place(event);
      if (!last) {
        this.focus(this.imageAt(x, y));
      } else if (this.lasso) {
        this.lasso.push([x, y]);
        this.redraw();
      } else {
        this.panBy(x - last[0], y - last[1]);
        last = [x, y];
      }
    });
    const release = () => {
      last = null;
      if (!this.lasso) return;
      const images = this.lasso.length > 2 ? this.imagesInLasso() : [];
      this.lasso = null;
      this.handlers.selected(images);
    };
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("dblclick", () => this.reset());
    canvas.addEventListener("keydown", (event) => this.pressKey(event));
  }

  pressKey(event) {
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
