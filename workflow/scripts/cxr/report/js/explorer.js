// The explorer: the state of the interactive map and all that depends on it.

const MOST_THUMBNAILS = 60;

class Explorer {
  constructor(root, page) {
    this.root = root;
    this.palette = page.palette;
    this.models = page.models.map((stored) => new Model(stored));
    this.thumbnails = new Thumbnails(page.thumbnails);
    this.study = page.study;
    this.map = new MapView(this.part("canvas"), {
      focused: (image) => this.describe(image),
      selected: (images) => this.select(images),
    });
    this.grid = new GridView(this.part("grid"), this.part("cell"), this.part("cells"), {
      labellingSelected: (labelling) => this.label(labelling),
    });
    this.listen();
    this.open(0);
    root.hidden = false;
    this.map.fit();
  }

  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  listen() {
    const on = (name, event, handler) => this.part(name).addEventListener(event, handler);
    on("model", "change", (event) => this.open(Number(event.target.value)));
    on("colour", "change", () => this.colour());
    on("method", "change", () => this.changeMap());
    on("perplexity", "input", () => this.changeMap());
    on("field", "change", () => this.showComposition());
    on("in", "click", () => this.map.zoomBy(1.4));
    on("out", "click", () => this.map.zoomBy(1 / 1.4));
    on("reset", "click", () => this.map.reset());
    on("lasso", "click", () => this.setLasso(!this.map.lassoing));
    on("clear", "click", () => this.select([]));
    on("download", "click", () => this.download());
  }

  // Another model.
  open(number) {
    this.model = this.models[number];
    const { model } = this;
    const options = (fields) =>
      fields.map(({ name, words }) => makeElement("option", { value: name }, words));
    this.part("model").replaceChildren(
      ...this.models.map(({ name }, i) => makeElement("option", { value: i }, name)),
    );
    this.part("model").value = number;
    this.part("model").parentElement.hidden = this.models.length < 2;
    this.part("colour").replaceChildren(
      makeElement("option", { value: "" }, "cluster"),
      ...options(model.fields),
    );
    this.part("field").replaceChildren(...options(model.fields));
    if (model.field("country")) this.part("field").value = "country";
    this.series = model.maps.filter(({ method }) => method === "tsne");
    this.part("perplexity").max = this.series.length - 1;
    this.part("perplexity").value = this.series.indexOf(model.maps[model.selectedMap]);
    this.part("method").value = "tsne";
    this.part("perplexity").parentElement.hidden = this.series.length < 2;
    this.select([]);
    this.map.focus(-1);
    this.describe(-1);
    this.changeMap();
  }

  // Another map: of another method or perplexity.
  changeMap() {
    const pca = this.part("method").value === "pca";
    this.part("perplexity").disabled = pca;
    this.shown = pca
      ? this.model.maps.find(({ method }) => method === "pca")
      : this.series[Number(this.part("perplexity").value)];
    const words = pca
      ? ""
      : `${brief(this.shown.perplexity)}${this.shown.reliable ? "" : ", too large for so few images"}`;
    this.part("value").textContent = words;
    this.part("perplexity").setAttribute("aria-valuetext", words || "none");
    this.label(this.shown.labellings[0]);
    this.map.show(this.model.coordinates(this.shown));
  }

  // Another labelling of the same map; none where no cell qualifies.
  label(labelling) {
    this.labelling = labelling;
    const none = new Int8Array(this.model.ids.length).fill(-1);
    this.labels = labelling ? this.model.column(labelling.cluster) : none;
    this.grid.show(this.model, this.shown, labelling, this.palette);
    const selected =
      this.shown === this.model.maps[this.model.selectedMap] &&
      labelling === this.shown.labellings[0];
    this.isSelected = selected && Boolean(labelling);
    this.part("shown").textContent = this.isSelected
      ? "the study's selected clusters"
      : "clusters other than the study's selected ones";
    this.colour();
    this.showComposition();
  }

  colour() {
    const field = this.model.field(this.part("colour").value);
    this.map.colour(this.colouring(field));
    this.map.canvas.setAttribute("aria-label", this.summary(field));
    this.showLegend();
  }

  colouring(field) {
    if (!field) return { ...byCluster(this.labels, this.palette), numbered: true };
    return byField(field, this.model.column(field.values), this.palette);
  }

  summary(field) {
    const map =
      this.shown.perplexity === null
        ? this.shown.name
        : `${this.shown.name} at perplexity ${brief(this.shown.perplexity)}`;
    const images = plural(this.model.ids.length, "image");
    return `Map of ${images}, ${map}, coloured by ${field ? field.words : "cluster"}. Arrow keys move it, plus and minus zoom, n and p step through the images.`;
  }

  // The groups with their numbers of images; each is a button that selects its images.
  showLegend() {
    const { groups, codes } = this.map.colouring;
    const counts = new Array(groups.length).fill(0);
    for (const code of codes) counts[code] += 1;
    const shown = [...groups.keys()].filter((group) => counts[group]);
    const entries = shown.map((group) => {
      const key = makeElement("canvas", { width: 32, height: 32, "aria-hidden": "true" });
      const context = key.getContext("2d");
      context.fillStyle = context.strokeStyle = groups[group].colour;
      context.lineWidth = 4;
      const path = new Path2D();
      trace(path, groups[group].shape, 16, 16, 11);
      context[isLine(groups[group].shape) ? "stroke" : "fill"](path);
      const button = makeElement(
        "button",
        { type: "button", title: `Select: ${groups[group].words}` },
        key,
      );
      button.append(makeElement("span", { class: "name" }, groups[group].words));
      button.append(makeElement("span", { class: "count" }, counts[group].toLocaleString("en")));
      button.addEventListener("click", () => {
        this.select([...codes.keys()].filter((image) => codes[image] === group));
      });
      return makeElement("li", {}, button);
    });
    this.part("legend").replaceChildren(...entries);
  }

  // The image under the pointer: its thumbnail and its record.
  describe(image) {
    const record = this.part("record");
    const nearest = this.model.nearest(image);
    this.map.neighbours = nearest.map((neighbour) => neighbour.image);
    if (image < 0) {
      record.replaceChildren(
        makeElement("p", { class: "note" }, "Point at an image of the map to see its record."),
      );
      return;
    }
    const id = this.model.ids[image];
    const list = makeElement("dl", {});
    const add = (name, words) =>
      list.append(
        makeElement("div", {}, makeElement("dt", {}, name), makeElement("dd", {}, words)),
      );
    add("image", id);
    add("cluster", clusterName(this.labels[image]));
    for (const field of this.model.fields) {
      const value = this.model.value(field, image);
      if (value !== null) add(field.words, field.levels ? value : brief(value));
    }
    const pictures = [
      ...(this.thumbnails.has(id) ? [this.thumbnails.thumbnail(id, 128)] : []),
      ...this.similar(nearest),
    ];
    record.replaceChildren(makeElement("div", { class: "shown" }, ...pictures), list);
  }

  // The images of the map that are most similar to one: pictures, or names without any.
  similar(nearest) {
    if (!nearest.length) return [];
    const entries = nearest.map(({ image, distance }) => {
      const id = this.model.ids[image];
      const words = `${id}, ${clusterName(this.labels[image])}, distance ${brief(distance)}`;
      const shown = this.thumbnails.has(id) ? this.thumbnails.thumbnail(id, 40) : id;
      return makeElement("li", { title: words }, shown);
    });
    const title = "Nearest neighbours on this map, nearest first";
    return [makeElement("ol", { class: "similar", "aria-label": title, title }, ...entries)];
  }

  setLasso(on) {
    this.map.lassoing = on;
    this.part("lasso").setAttribute("aria-pressed", on);
    this.map.canvas.classList.toggle("lassoing", on);
  }

  select(images) {
    this.setLasso(false);
    this.selection = images;
    const { ids } = this.model;
    this.map.selected = images.length ? new Uint8Array(ids.length) : null;
    for (const image of images) this.map.selected[image] = 1;
    this.map.redraw();
    this.part("selection").hidden = !images.length;
    this.part("status").textContent = images.length
      ? `${plural(images.length, "image")} selected`
      : "Nothing is selected.";
    const shown = images
      .filter((image) => this.thumbnails.has(ids[image]))
      .slice(0, MOST_THUMBNAILS);
    this.part("pictures").replaceChildren(
      ...shown.map((image) => this.thumbnails.thumbnail(ids[image], 64)),
    );
    const notShown = images.length - shown.length;
    this.part("more").textContent =
      notShown && shown.length ? `${plural(notShown, "more image")} not shown` : "";
    this.part("composition").replaceChildren(...this.composition(images));
  }

  // The composition of a selection by country, or by the first recorded field.
  composition(images) {
    const field = this.model.field("country") || this.model.fields[0];
    if (!field || !images.length) return [];
    const title = `${field.words} of the selection`;
    const bars = barsOf(this.model, field);
    const longest = Math.max(...countsOf(bars, images));
    return [barChart(title, this.palette.colours[0], bars, images, { longest, empty: false })];
  }

  // The composition of each cluster by a field, beside the test of their association.
  showComposition() {
    const field = this.model.field(this.part("field").value);
    if (!field) return;
    const test = this.model.tests[field.name];
    const words = test
      ? `${test}${this.isSelected ? "" : " This test is of the study's selected clusters, not of those shown."}`
      : "";
    this.part("test").textContent = words;
    this.part("charts").replaceChildren(
      ...clusterCharts(this.model, field, this.labels, this.palette),
    );
  }

  // The selected images' records as CSV.
  download() {
    const { model, labels } = this;
    const head = ["image_id", "cluster", ...model.fields.map(({ name }) => name)];
    const rows = this.selection.map((image) => [
      model.ids[image],
      labels[image] < 0 ? "" : labels[image] + 1,
      ...model.fields.map((field) => model.value(field, image) ?? ""),
    ]);
    const text = [head, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n");
    const link = makeElement("a", { download: `${this.study}.${model.name}.selection.csv` });
    link.href = URL.createObjectURL(new Blob([`${text}\r\n`], { type: "text/csv" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}

// What a spreadsheet program would run as a formula, and marks: as in cxr/core/cells.py.
const UNMARKED = new RegExp(
  String.raw`(?:^|(?<=[;\t\r\n]))(?=[\t\r\n']|(?!-[0-9]+(?:\.[0-9]+)?(?:$|[;\t\r\n]))` +
    String.raw`[\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*` +
    "[=+@＝＋＠﹦﹢﹫﹣－−-])",
  "g",
);

// A cell of a CSV file; text that would begin a formula is marked as text.
function quoted(value) {
  const text = typeof value === "number" ? String(value) : String(value).replace(UNMARKED, "'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const page = JSON.parse(document.getElementById("data").textContent);
const explorer = new Explorer(document.getElementById("explorer"), page);
requestAnimationFrame(() => performance.mark("rendered"));
