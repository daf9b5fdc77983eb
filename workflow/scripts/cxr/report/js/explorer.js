// The explorer: its state, and all that depends on it.

const TABS = { image: 0, neighbours: 1, selection: 2, clusters: 3 };
// Pixels below which the filters are folded, since they would push the map away.
const NARROW = 928;

class Explorer {
  constructor(root, page) {
    this.root = root;
    this.palettes = page.palettes;
    this.models = page.models.map((stored) => new Model(stored));
    this.thumbnails = new Thumbnails(page.thumbnails, page.pictures);
    this.parts = {};
    for (const part of root.querySelectorAll("[data-part]")) this.parts[part.dataset.part] = part;
    [this.pins, this.selection, this.mask] = [[], [], null];
    const pinned = (image, adds) => this.pin(image, adds);
    const selected = (images, adds) => this.select(images, adds);
    const changed = () => this.remember();
    const drawn = (images, adds) => {
      this.select(images, adds);
      if (images.length) this.tabs.show(TABS.selection);
    };
    const onMap = {
      focused: (image) => this.focus(image),
      pressed: pinned,
      selected: drawn,
      toggled: (image) => this.toggle(image),
      moved: changed,
    };
    this.map = new MapView(this.parts.canvas, onMap);
    this.grid = new GridView(this.parts, scoreRange(this.models), {
      labellingSelected: (labelling) => this.label(labelling),
    });
    this.filters = new Filters(this.parts.filters, this.parts.search, this.parts.found, {
      changed: () => this.filter(),
      pinned,
    });
    this.legend = new Legend(this.parts, { selected: drawn });
    this.records = new Records(this.parts, this.thumbnails, { pinned });
    this.selections = new Selections(this.parts, this.thumbnails, page.study, {
      pinned,
      selected,
      saved: changed,
    });
    this.clusters = new ClusterPanel(this.parts, { selected, changed });
    this.comparison = new Comparison(this.parts, this.models, {
      ...onMap,
      compared: () => this.compare(),
    });
    this.galleries = new Galleries(this.parts.galleries, this.thumbnails, {
      pinned: (image) => {
        this.pin(image);
        this.tabs.show(TABS.image);
        this.parts.frame.scrollIntoView({ block: "nearest" });
      },
    });
    this.tabs = new Tabs(this.parts.tabs, changed);
    this.maps = [this.map, this.comparison.map];
    this.listen();
    this.open(0);
    const restored = this.restore(readAddress());
    this.remembering = true;
    root.hidden = false;
    this.parts.filterbox.open = root.clientWidth > NARROW;
    this.map.fit();
    if (restored) this.parts.frame.scrollIntoView();
  }

  listen() {
    const on = (name, event, handler) => this.parts[name].addEventListener(event, handler);
    on("model", "change", (event) => this.open(Number(event.target.value)));
    on("colour", "change", () => this.colour());
    on("method", "change", () => this.changeMap());
    on("perplexity", "input", () => this.changeMap());
    on("in", "click", () => this.map.zoomBy(1.4));
    on("out", "click", () => this.map.zoomBy(1 / 1.4));
    on("reset", "click", () => this.maps.forEach((map) => map.showAll()));
    on("lasso", "click", () => this.setLasso(!this.map.lassoing));
    on("compare", "click", () => {
      this.comparison.on = !this.comparison.on;
      this.compare();
    });
    on("unfilter", "click", () => this.filters.clear());
    on("select_passing", "click", (event) => {
      const passing = [...this.mask.keys()].filter((image) => this.mask[image]);
      this.select(passing, event.shiftKey);
      this.tabs.show(TABS.selection);
    });
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && this.escape());
    addEventListener("hashchange", () => this.restore(readAddress()));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.paint();
      this.showMap();
    });
  }

  // Another model; what was pinned, selected or kept stays so where its images are here, too.
  open(number) {
    const before = this.model || this.models[number];
    this.model = this.models[number];
    const { model, parts } = this;
    const here = (images) =>
      images.map((image) => model.rows.get(before.ids[image])).filter((row) => row !== undefined);
    this.pins = here(this.pins);
    this.selection = here(this.selection);
    this.selections.saved = this.selections.saved
      .map((saved) => ({ ...saved, images: here(saved.images) }))
      .filter(({ images }) => images.length);
    const option = (value, words) => makeElement("option", { value }, words);
    const fields = () => model.fields.map(({ name, words }) => option(name, words));
    parts.model.replaceChildren(...this.models.map(({ name }, i) => option(i, name)));
    parts.model.value = number;
    parts.model.parentElement.hidden = this.models.length < 2;
    parts.colour.replaceChildren(option("", "cluster"), ...fields());
    parts.colour.value = openingField(model);
    parts.banner.hidden = !model.verdict.banner;
    parts.banner.textContent = model.verdict.banner;
    for (const name of ["field", "selection_field"]) {
      parts[name].replaceChildren(...fields());
      if (model.field("country")) parts[name].value = "country";
    }
    parts.perplexity.max = model.series.length - 1;
    parts.perplexity.value = model.series.indexOf(model.maps[model.selectedMap]);
    parts.method.value = "tsne";
    parts.perplexity.parentElement.hidden = model.series.length < 2;
    this.maps.forEach((map) => map.reset());
    this.filters.show(model);
    this.focused = -1;
    this.paint();
    this.changeMap();
    this.filter();
  }

  // Another map: of another method or perplexity.
  changeMap() {
    const { model, parts } = this;
    const pca = parts.method.value === "pca";
    parts.perplexity.disabled = pca;
    const map = pca ? model.pca : model.series[Number(parts.perplexity.value)];
    const note = map.reliable ? "" : ", too large for so few images";
    const words = pca ? "" : `${brief(map.perplexity)}${note}`;
    parts.value.textContent = words;
    parts.perplexity.setAttribute("aria-valuetext", words || "none");
    this.shownMap = map;
    this.points = model.coordinates(map);
    this.map.show(this.points);
    this.label(map.labellings[0]);
  }

  // Another labelling of the same map; none where no cell qualifies.
  label(labelling) {
    const none = new Int8Array(this.model.ids.length).fill(-1);
    this.labelling = labelling || null;
    this.labels = labelling ? this.model.column(labelling.cluster) : none;
    this.showMap();
  }

  // All that other parts show of the map.
  get shown() {
    const { model, shownMap: map, points, labels, labelling, palette } = this;
    return { model, map, points, labels, labelling, palette };
  }

  // Takes the colours of the page's theme.
  paint() {
    this.palette = paletteOf(this.palettes);
    this.galleries.show(this.model, this.palette);
  }

  showMap() {
    this.grid.show(this.shown);
    const isFirst = this.shownMap === this.model.maps[this.model.selectedMap];
    this.isSelected = isFirst && this.labelling !== null && this.labelling === this.shownMap.labellings[0];
    this.clusters.show(this.shown, this.isSelected);
    this.colour();
    this.compare();
    this.select(this.selection);
    this.describe();
  }

  colour() {
    const { model } = this;
    const field = model.field(this.parts.colour.value);
    const column = (packed) => model.column(packed);
    const totals = model.totalsOf(this.labelling);
    const colouring = field
      ? byField(field, column(field.values), this.palette, field.totals && column(field.totals))
      : { ...byCluster(this.labels, this.palette, totals), numbered: true };
    for (const map of this.maps) map.colour(colouring);
    this.map.canvas.setAttribute("aria-label", this.summary(field));
    this.parts.candidate.hidden = Boolean(field) || !this.model.verdict.banner;
    this.legend.show(colouring, this.mask);
    this.remember();
  }

  summary(field) {
    const images = plural(this.model.ids.length, "image");
    const keys =
      "Arrow keys move it, plus and minus zoom, n and p step through the images, Enter pins one, s selects it, Escape clears.";
    return `Map of ${images}, ${mapName(this.shownMap)}, coloured by ${field ? field.words : "cluster"}. ${keys}`;
  }

  compare() {
    this.comparison.show(this.shown);
    this.remember();
  }

  filter() {
    this.mask = this.filters.mask();
    for (const map of this.maps) {
      map.filtered = this.mask;
      map.redraw();
    }
    const passing = this.mask ? this.mask.reduce((sum, one) => sum + one, 0) : null;
    const { ids, total } = this.model;
    const all = plural(ids.length, "image") + (total ? `, drawn from ${brief(total)}` : "");
    this.parts.unfilter.hidden = passing === null;
    this.parts.select_passing.hidden = !passing;
    this.parts.passing.textContent = passing === null ? all : `${brief(passing)} of ${all}`;
    this.legend.show(this.map.colouring, this.mask);
    this.remember();
  }

  focus(image) {
    this.focused = image;
    this.describe();
  }

  // Pins an image, beside those pinned before where it adds.
  pin(image, adds = false) {
    if (image < 0) return;
    const others = this.pins.filter((other) => other !== image);
    const removes = adds && others.length < this.pins.length;
    this.pins = adds ? [...others, ...(removes ? [] : [image])] : [image];
    if (this.tabs.current > TABS.neighbours) this.tabs.show(TABS.image);
    this.describe();
    this.remember();
  }

  describe() {
    const focused = this.focused >= 0 ? [this.focused] : [];
    const images = this.pins.length ? this.pins : focused;
    const nearest = images.length ? this.model.nearest(images[0]) : [];
    for (const map of this.maps) {
      map.focused = this.focused;
      map.pinned = this.pins;
      map.neighbours = nearest.map(({ image }) => image);
      map.redraw();
    }
    this.records.show(this.shown, images);
  }

  setLasso(on) {
    for (const map of this.maps) {
      map.lassoing = on;
      map.canvas.classList.toggle("lassoing", on);
    }
    this.parts.lasso.setAttribute("aria-pressed", on);
  }

  // Selects images, beside those selected before where it adds.
  select(images, adds = false) {
    this.setLasso(false);
    this.selection = adds ? [...new Set([...this.selection, ...images])] : images;
    this.selection = [...this.selection].sort((a, b) => a - b);
    const selected = this.selection.length ? new Uint8Array(this.model.ids.length) : null;
    for (const image of this.selection) selected[image] = 1;
    for (const map of this.maps) {
      map.selected = selected;
      map.redraw();
    }
    this.selections.show(this.shown, this.selection);
    this.remember();
  }

  // Adds an image to the selection, or takes it out.
  toggle(image) {
    if (image < 0) return;
    const others = this.selection.filter((other) => other !== image);
    this.select(others.length < this.selection.length ? others : [...others, image]);
  }

  // Ends the lasso, else removes the pins, else clears the selection.
  escape() {
    if (this.map.lassoing || this.maps.some((map) => map.lasso)) {
      this.maps.forEach((map) => map.cancel());
      this.setLasso(false);
    } else if (this.pins.length || this.focused >= 0) {
      [this.pins, this.focused] = [[], -1];
      this.describe();
      this.remember();
    } else if (this.selection.length) {
      this.select([]);
    }
  }
}

// The field by which a map is coloured at first: none, its clusters, where they are supported.
function openingField({ verdict, fields }) {
  if (!verdict.banner) return "";
  const several = fields.filter(({ levels }) => levels && levels.length > 1);
  const first = ["class", "country"].map((name) => several.find((field) => field.name === name));
  const fallback = several.find(({ levels }) => levels.length <= MOST_GROUPS);
  const field = first.find(Boolean) || fallback || fields[0];
  return field ? field.name : "";
}
