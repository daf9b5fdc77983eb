// The filters: which images are on the map, by the values of fields and by a searched text.

const MOST_LEVELS = 60;
const MOST_FOUND = 8;

class Filters {
  constructor(root, search, found, handlers) {
    Object.assign(this, { root, search, found, handlers });
    search.addEventListener("input", () => handlers.changed());
    search.addEventListener("keydown", (event) => {
      const [first] = this.hits;
      if (event.key === "Enter" && first !== undefined) handlers.pinned(first);
    });
  }

  // The filters of a model's fields, all open.
  show(model) {
    this.model = model;
    this.levels = new Map();
    this.ranges = new Map();
    this.hits = [];
    this.search.value = "";
    this.root.replaceChildren(...model.fields.map((field) => this.filterOf(field)));
  }

  filterOf(field) {
    const inputs = field.levels ? this.levelInputs(field) : this.rangeInputs(field);
    const summary = makeElement("summary", {}, field.words);
    return makeElement("details", { "data-field": field.name }, summary, ...inputs);
  }

  // A box for each level; none checked is the same as all.
  levelInputs(field) {
    const counts = new Array(field.levels.length).fill(0);
    for (const level of this.model.column(field.values)) if (level >= 0) counts[level] += 1;
    const boxes = field.levels.slice(0, MOST_LEVELS).map((level, number) => {
      const box = makeElement("input", { type: "checkbox", value: number });
      box.addEventListener("change", () => {
        const checked = new Set(this.levels.get(field.name));
        checked[box.checked ? "add" : "delete"](number);
        this.levels.set(field.name, checked);
        this.handlers.changed();
      });
      const name = makeElement("span", { class: "name", title: level }, level);
      const count = makeElement("span", { class: "count" }, counts[number].toLocaleString("en"));
      return makeElement("label", {}, box, name, count);
    });
    const more = field.levels.length - boxes.length;
    const rest = `${plural(more, "more value")}: use the search`;
    return more > 0 ? [...boxes, makeElement("p", { class: "note" }, rest)] : boxes;
  }

  rangeInputs(field) {
    return ["from", "to"].map((end) => {
      const input = makeElement("input", { type: "number", step: "any", "data-end": end });
      input.addEventListener("input", () => {
        const range = { ...this.ranges.get(field.name), [end]: input.value };
        this.ranges.set(field.name, range);
        this.handlers.changed();
      });
      return makeElement("label", {}, end, input);
    });
  }

  // Whether each image passes; null where nothing is filtered.
  mask() {
    const { model } = this;
    const tests = [...this.levelTests(), ...this.rangeTests()];
    const text = this.search.value.trim().toLowerCase();
    if (text) tests.push(this.textTest(text));
    const mask = Uint8Array.from(model.ids, (_, image) => Number(tests.every((t) => t(image))));
    this.showHits(text ? [...mask.keys()].filter((image) => mask[image]) : []);
    return tests.length ? mask : null;
  }

  levelTests() {
    const filtered = [...this.levels].filter(([, checked]) => checked.size);
    return filtered.map(([name, checked]) => {
      const values = this.model.column(this.model.field(name).values);
      return (image) => checked.has(values[image]);
    });
  }

  rangeTests() {
    const filtered = [...this.ranges].filter(([, { from, to }]) => from || to);
    return filtered.map(([name, { from, to }]) => {
      const values = this.model.column(this.model.field(name).values);
      const low = from ? Number(from) : -Infinity;
      const high = to ? Number(to) : Infinity;
      return (image) => values[image] >= low && values[image] <= high;
    });
  }

  // Whether an image's id, its patient or a value of its fields holds a text.
  textTest(text) {
    const { model } = this;
    const holds = (value) => value.toLowerCase().includes(text);
    const fields = [...model.fields, ...(model.patients ? [model.patients] : [])];
    const columns = fields
      .filter(({ levels }) => levels)
      .map(({ levels, values }) => [levels.map(holds), model.column(values)]);
    return (image) =>
      holds(model.ids[image]) || columns.some(([held, values]) => held[values[image]]);
  }

  // The first images that a search finds, each a button that pins it.
  showHits(images) {
    this.hits = images;
    const buttons = images.slice(0, MOST_FOUND).map((image) => {
      const pin = () => this.handlers.pinned(image);
      return makeElement("li", {}, makeButton(this.model.ids[image], pin));
    });
    this.found.replaceChildren(...buttons);
  }

  clear() {
    this.show(this.model);
    this.handlers.changed();
  }

  // The filters as plain values, for the address.
  get state() {
    const names = ([name, checked]) => [
      name,
      [...checked].map((number) => this.model.field(name).levels[number]),
    ];
    return {
      search: this.search.value,
      levels: [...this.levels].filter(([, checked]) => checked.size).map(names),
      ranges: [...this.ranges].filter(([, { from, to }]) => from || to),
    };
  }

  set state({ search = "", levels = [], ranges = [] }) {
    this.show(this.model);
    this.search.value = search;
    for (const [name, values] of levels) this.check(this.model.field(name), values);
    for (const [name, range] of ranges) {
      const details = this.model.field(name) && this.detailsOf(name);
      if (!details) continue;
      this.ranges.set(name, range);
      for (const input of details.querySelectorAll("input")) {
        input.value = range[input.dataset.end] ?? "";
      }
      details.open = true;
    }
  }

  detailsOf(name) {
    return [...this.root.children].find((details) => details.dataset.field === name);
  }

  check(field, values) {
    if (!field || !field.levels) return;
    const numbers = values.map((value) => field.levels.indexOf(value)).filter((n) => n >= 0);
    this.levels.set(field.name, new Set(numbers));
    const details = this.detailsOf(field.name);
    for (const box of details.querySelectorAll("input")) {
      box.checked = numbers.includes(Number(box.value));
    }
    details.open = true;
  }
}
