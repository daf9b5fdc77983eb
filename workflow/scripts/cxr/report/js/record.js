// What is shown of single images: pictures that zoom, their records, and their neighbours.

const MOST_PICTURES = 2;

// A picture in a box: it zooms with Ctrl and the wheel or with keys, and is dragged.
class Picture {
  constructor(element, id, moved) {
    this.moved = moved;
    this.box = makeElement(
      "div",
      { class: "picture", tabindex: "0", role: "group", "aria-label": `Picture of ${id}` },
      element,
    );
    this.box.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        moved({ factor: Math.exp(-event.deltaY / 300) });
      },
      { passive: false },
    );
    this.box.addEventListener("pointerdown", (event) => {
      this.box.setPointerCapture(event.pointerId);
      this.last = [event.clientX, event.clientY];
    });
    this.box.addEventListener("pointermove", (event) => {
      if (!this.last) return;
      moved({ x: event.clientX - this.last[0], y: event.clientY - this.last[1] });
      this.last = [event.clientX, event.clientY];
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.box.addEventListener(end, () => {
        this.last = null;
      });
    }
    this.box.addEventListener("keydown", (event) => this.pressKey(event));
  }

  pressKey(event) {
    const moves = {
      "+": { factor: 1.3 },
      "-": { factor: 1 / 1.3 },
      0: { reset: true },
      ArrowLeft: { x: 20 },
      ArrowRight: { x: -20 },
      ArrowUp: { y: 20 },
      ArrowDown: { y: -20 },
    };
    if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.moved(moves[event.key]);
  }

  place({ zoom, x, y }) {
    this.box.firstElementChild.style.transform = `translate(${x}px, ${y}px) scale(${zoom})`;
  }
}

class Records {
  constructor(parts, thumbnails, handlers) {
    Object.assign(this, { parts, thumbnails, handlers });
    this.pictures = [];
    this.view = { zoom: 1, x: 0, y: 0 };
    for (const [name, move] of Object.entries({
      picture_in: { factor: 1.4 },
      picture_out: { factor: 1 / 1.4 },
      picture_reset: { reset: true },
    })) {
      parts[name].addEventListener("click", () => this.move(move));
    }
  }

  // Both pictures move together.
  move({ factor = 1, x = 0, y = 0, reset = false }) {
    const { view } = this;
    if (reset) Object.assign(view, { zoom: 1, x: 0, y: 0 });
    view.zoom = Math.min(12, Math.max(1, view.zoom * factor));
    view.x = view.zoom === 1 ? 0 : view.x + x;
    view.y = view.zoom === 1 ? 0 : view.y + y;
    for (const picture of this.pictures) picture.place(view);
  }

  // The pinned images, the last two side by side, else the one under the pointer.
  show(shown, images) {
    this.shown = shown;
    const last = images.slice(-MOST_PICTURES);
    const pictures = last.map((image) => this.picture(shown.model.ids[image]));
    const boxes = pictures.filter(Boolean).map(({ box }) => box);
    this.pictures = pictures.filter(Boolean);
    this.parts.record.replaceChildren(
      ...(boxes.length ? [makeElement("div", { class: "beside" }, ...boxes)] : []),
      ...(last.length ? [this.table(last)] : []),
    );
    this.parts.empty.hidden = last.length > 0;
    this.parts.picture_tools.hidden = !this.pictures.length;
    this.move({});
    this.showNeighbours(last.length ? last[0] : -1);
  }

  picture(id) {
    const shown = this.thumbnails.picture(id);
    return shown && new Picture(shown, id, (move) => this.move(move));
  }

  // The records of images: a row for each value, a column for each image.
  table(images) {
    const records = images.map((image) => this.recordOf(image));
    const names = [...new Set(records.flatMap((record) => [...record.keys()]))];
    const rows = names.map((name) => {
      const cells = records.map((record) => makeElement("td", {}, record.get(name) ?? ""));
      return makeElement("tr", {}, makeElement("th", { scope: "row" }, name), ...cells);
    });
    return makeElement("table", {}, makeElement("tbody", {}, ...rows));
  }

  // What is known of an image, in words by name.
  recordOf(image) {
    const { model, labels, points } = this.shown;
    const place = [0, 1].map((axis) => points[2 * image + axis].toFixed(3)).join(", ");
    const record = new Map([["image", model.ids[image]]]);
    if (model.patient(image) !== null) record.set("patient", model.patient(image));
    record.set("cluster", clusterName(labels[image]));
    record.set("place on the map", place);
    for (const field of model.fields) {
      const value = model.value(field, image);
      if (value !== null) record.set(field.words, field.levels ? value : brief(value));
    }
    return record;
  }

  // The most similar images, nearest first, each a button that pins it.
  showNeighbours(image) {
    const { model, labels } = this.shown;
    const nearest = model.nearest(image);
    const about = makeElement("p", { class: "note" });
    about.textContent = nearest.length
      ? `Nearest neighbours of ${model.ids[image]} among the features, nearest first.`
      : "Point at an image, or pin one, to see its nearest neighbours.";
    if (!model.similar) about.textContent = "This study has no neighbours among the features.";
    const entries = nearest.map((neighbour) => {
      const id = model.ids[neighbour.image];
      const words = `${clusterName(labels[neighbour.image])}, distance ${brief(neighbour.distance)}`;
      const pin = (event) => this.handlers.pinned(neighbour.image, event.shiftKey);
      const button = makeButton("", pin, { title: id });
      if (this.thumbnails.has(id)) button.append(this.thumbnails.thumbnail(id, 56));
      button.append(
        makeElement("span", { class: "name" }, id),
        makeElement("span", { class: "note" }, words),
      );
      return makeElement("li", {}, button);
    });
    const list = makeElement("ol", { class: "similar" }, ...entries);
    this.parts.neighbours.replaceChildren(about, list);
  }
}
