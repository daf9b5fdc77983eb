// The selection of images, and those that were named.

const MOST_THUMBNAILS = 60;
const MOST_IDS = 200;

class Selections {
  constructor(parts, thumbnails, study, handlers) {
    Object.assign(this, { parts, thumbnails, study, handlers });
    this.saved = [];
    const on = (name, handler) => parts[name].addEventListener("click", handler);
    on("clear", () => handlers.selected([]));
    on("save", () => this.save());
    on("download", () => this.write("csv"));
    on("download_json", () => this.write("json"));
    parts.selection_field.addEventListener("change", () => this.describe());
  }

  show(shown, images) {
    Object.assign(this, { shown, images });
    const { parts } = this;
    const { ids } = shown.model;
    parts.selection.hidden = !images.length;
    parts.no_selection.hidden = images.length > 0;
    const words = `${plural(images.length, "image")} selected`;
    parts.status.textContent = images.length ? words : "Nothing is selected.";
    const pictured = images.filter((image) => this.thumbnails.has(ids[image]));
    const pictures = pictured.slice(0, MOST_THUMBNAILS).map((image) => {
      const pin = (event) => this.handlers.pinned(image, event.shiftKey);
      const button = makeButton("", pin, { title: ids[image], "aria-label": ids[image] });
      button.append(this.thumbnails.thumbnail(ids[image], 48));
      return button;
    });
    parts.pictures.replaceChildren(...pictures);
    const more = images.length - pictures.length;
    parts.more.textContent =
      more && pictures.length ? `${plural(more, "more image")} without a picture here` : "";
    parts.ids.replaceChildren(...this.idList(images));
    this.describe();
    this.list();
  }

  idList(images) {
    const { ids } = this.shown.model;
    const entries = images.slice(0, MOST_IDS).map((image) => {
      const pin = (event) => this.handlers.pinned(image, event.shiftKey);
      return makeElement("li", {}, makeButton(ids[image], pin));
    });
    const more = images.length - entries.length;
    const rest = `${plural(more, "more image")}: export them`;
    return more > 0 ? [...entries, makeElement("li", { class: "note" }, rest)] : entries;
  }

  // The composition of the selection by a field, and numbers on it.
  describe() {
    const { images, parts } = this;
    const { model, labels } = this.shown;
    const field = model.field(parts.selection_field.value) || model.fields[0];
    parts.selection_field.parentElement.hidden = !model.fields.length;
    if (!images.length) return;
    const patients = new Set(images.map((image) => model.patient(image)));
    const clusters = new Map();
    for (const image of images) {
      const name = clusterName(labels[image]);
      clusters.set(name, (clusters.get(name) || 0) + 1);
    }
    const named = [...clusters].sort(([, a], [, b]) => b - a);
    const terms = [
      ["images", `${brief(images.length)} of ${brief(model.ids.length)}`],
      ...(model.patients ? [["patients", brief(patients.size)]] : []),
      ["clusters", named.map(([name, count]) => `${name}: ${count}`).join(", ")],
      ...(field && !field.levels ? [[field.words, numbersOf(model, field, images)]] : []),
    ];
    parts.statistics.replaceChildren(makeTerms(terms));
    parts.composition.replaceChildren(...(field ? [this.chart(field)] : []));
  }

  chart(field) {
    const bars = barsOf(this.shown.model, field);
    const counts = countsOf(bars, this.images);
    const longest = Math.max(...counts);
    const title = `${field.words} of the selection`;
    const { colours } = this.shown.palette;
    return barChart(title, colours[0], bars, counts, { longest, empty: false });
  }

  save() {
    const { name, note } = this.parts;
    const words = name.value.trim() || `selection ${this.saved.length + 1}`;
    const others = this.saved.filter((saved) => saved.name !== words);
    this.saved = [...others, { name: words, note: note.value.trim(), images: this.images }];
    name.value = note.value = "";
    this.list();
    this.handlers.saved();
  }

  // The named selections: each can be selected again, or removed.
  list() {
    const entries = this.saved.map((saved) => {
      const select = () => this.handlers.selected(saved.images);
      const remove = () => {
        this.saved = this.saved.filter((other) => other !== saved);
        this.list();
        this.handlers.saved();
      };
      const label = `Remove ${saved.name}`;
      return makeElement(
        "li",
        {},
        makeButton(`${saved.name} (${brief(saved.images.length)})`, select),
        makeButton("×", remove, { title: label, "aria-label": label }),
        makeElement("p", { class: "note" }, saved.note),
      );
    });
    this.parts.saved.replaceChildren(...entries);
    this.parts.saved_title.hidden = !entries.length;
  }

  // The named selections, and the present one, as a file.
  write(kind) {
    const present = { name: "", note: "", images: this.images };
    const same = (saved) => saved.images.join() === this.images.join();
    const listed = this.saved.some(same) ? this.saved : [...this.saved, present];
    const selections = listed.filter(({ images }) => images.length);
    const name = `${this.study}.${this.shown.model.name}.selection.${kind}`;
    if (kind === "csv") saveFile(name, "text/csv", selectionsCsv(this.shown, selections));
    else saveFile(name, "application/json", selectionsJson(this.shown, this.study, selections));
  }
}

// Mean, standard deviation, median and range of a field's numbers in words.
function numbersOf(model, field, images) {
  const values = Float64Array.from(
    images.map((image) => model.value(field, image)).filter((value) => value !== null),
  ).sort();
  if (!values.length) return "not recorded";
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
  const half = values.length / 2;
  const median = (values[Math.ceil(half) - 1] + values[Math.floor(half)]) / 2;
  return (
    `mean ${brief(mean)} (SD ${brief(deviation)}), median ${brief(median)}, ` +
    `${brief(values[0])} to ${brief(values.at(-1))}, n = ${brief(values.length)}`
  );
}
