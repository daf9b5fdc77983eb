// The explorer: what is chosen, and what follows from it.

const MOST_PICTURES = 60;

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
      chosen: (labelling) => this.label(labelling),
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
    const on = (name, event, act) => this.part(name).addEventListener(event, act);
    on("model", "change", (event) => this.open(Number(event.target.value)));
    on("colour", "change", () => this.colour());
    on("method", "change", () => this.turn());
    on("perplexity", "input", () => this.turn());
    on("field", "change", () => this.chart());
    on("in", "click", () => this.map.zoomBy(1.4));
    on("out", "click", () => this.map.zoomBy(1 / 1.4));
    on("whole", "click", () => this.map.reset());
    on("lasso", "click", () => this.lasso(!this.map.lassoing));
    on("clear", "click", () => this.select([]));
    on("download", "click", () => this.download());
  }

  open(number) {
    this.model = this.models[number];
    const { model } = this;
    const options = (fields) =>
      fields.map(({ name, words }) => make("option", { value: name }, words));
    this.part("model").replaceChildren(
      ...this.models.map(({ name }, i) => make("option", { value: i }, name)),
    );
    this.part("model").value = number;
    this.part("model").parentElement.hidden = this.models.length < 2;
    this.part("colour").replaceChildren(
      make("option", { value: "" }, "cluster"),
      ...options(model.fields),
    );
    this.part("field").replaceChildren(...options(model.fields));
    if (model.field("country")) this.part("field").value = "country";
    this.series = model.maps.filter(({ method }) => method === "tsne");
    this.part("perplexity").max = this.series.length - 1;
    this.part("perplexity").value = this.series.indexOf(model.maps[model.chosen]);
    this.part("method").value = "tsne";
    this.part("perplexity").parentElement.hidden = this.series.length < 2;
    this.select([]);
    this.map.focus(-1);
    this.describe(-1);
    this.turn();
  }

  // Another map: of another method or perplexity.
  turn() {
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
    const chosen =
      this.shown === this.model.maps[this.model.chosen] && labelling === this.shown.labellings[0];
    this.isChosen = chosen && Boolean(labelling);
    this.part("which").textContent = this.isChosen
      ? "the study's chosen clusters"
      : "not the clusters that the study chose";
    this.colour();
    this.chart();
  }

  colour() {
    const field = this.model.field(this.part("colour").value);
    this.map.colour(this.colouring(field));
    this.map.canvas.setAttribute("aria-label", this.summary(field));
    this.legend();
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
  legend() {
    const { groups, codes } = this.map.colouring;
    const counts = new Array(groups.length).fill(0);
    for (const code of codes) counts[code] += 1;
    const shown = [...groups.keys()].filter((group) => counts[group]);
    const entries = shown.map((group) => {
      const key = make("canvas", { width: 32, height: 32, "aria-hidden": "true" });
      const context = key.getContext("2d");
      context.fillStyle = context.strokeStyle = groups[group].colour;
      context.lineWidth = 4;
      const path = new Path2D();
      trace(path, groups[group].shape, 16, 16, 11);
      context[isLine(groups[group].shape) ? "stroke" : "fill"](path);
      const button = make(
        "button",
        { type: "button", title: `Select: ${groups[group].words}` },
        key,
      );
      button.append(make("span", { class: "name" }, groups[group].words));
      button.append(make("span", { class: "count" }, counts[group].toLocaleString("en")));
      button.addEventListener("click", () => {
        this.select([...codes.keys()].filter((image) => codes[image] === group));
      });
      return make("li", {}, button);
    });
    this.part("legend").replaceChildren(...entries);
  }

  // The image under the pointer: its thumbnail and its record.
  describe(image) {
    const place = this.part("record");
    const nearest = this.model.nearest(image);
    this.map.near = nearest.map((one) => one.image);
    if (image < 0) {
      place.replaceChildren(
        make("p", { class: "note" }, "Point at an image of the map to see its record."),
      );
      return;
    }
    const id = this.model.ids[image];
    const list = make("dl", {});
    const say = (name, words) =>
      list.append(make("div", {}, make("dt", {}, name), make("dd", {}, words)));
    say("image", id);
    say("cluster", clusterName(this.labels[image]));
    for (const field of this.model.fields) {
      const value = this.model.value(field, image);
      if (value !== null) say(field.words, field.levels ? value : brief(value));
    }
    const pictures = [
      ...(this.thumbnails.has(id) ? [this.thumbnails.picture(id, 128)] : []),
      ...this.similar(nearest),
    ];
    place.replaceChildren(make("div", { class: "shown" }, ...pictures), list);
  }

  // The images of the map that are most similar to one: pictures, or names without any.
  similar(nearest) {
    if (!nearest.length) return [];
    const entries = nearest.map(({ image, distance }) => {
      const id = this.model.ids[image];
      const words = `${id}, ${clusterName(this.labels[image])}, distance ${brief(distance)}`;
      const shown = this.thumbnails.has(id) ? this.thumbnails.picture(id, 40) : id;
      return make("li", { title: words }, shown);
    });
    const title = "Most similar on this map, nearest first";
    return [make("ol", { class: "similar", "aria-label": title, title }, ...entries)];
  }

  lasso(on) {
    this.map.lassoing = on;
    this.part("lasso").setAttribute("aria-pressed", on);
    this.map.canvas.classList.toggle("lassoing", on);
  }

  select(images) {
    this.lasso(false);
    this.chosen = images;
    const { ids } = this.model;
    this.map.selected = images.length ? new Uint8Array(ids.length) : null;
    for (const image of images) this.map.selected[image] = 1;
    this.map.redraw();
    this.part("selection").hidden = !images.length;
    this.part("status").textContent = images.length
      ? `${plural(images.length, "image")} selected`
      : "Nothing is selected.";
    const shown = images.filter((image) => this.thumbnails.has(ids[image])).slice(0, MOST_PICTURES);
    this.part("pictures").replaceChildren(
      ...shown.map((image) => this.thumbnails.picture(ids[image], 64)),
    );
    const without = images.length - shown.length;
    this.part("more").textContent =
      without && shown.length ? `${plural(without, "image")} more without a picture here` : "";
    this.part("countries").replaceChildren(...this.holds(images));
  }

  // What a selection holds of the countries, or of what else is known.
  holds(images) {
    const field = this.model.field("country") || this.model.fields[0];
    if (!field || !images.length) return [];
    const title = `${field.words} of the selection`;
    const valued = barsOf(this.model, field);
    const longest = Math.max(...countsOf(valued, images));
    return [barChart(title, this.palette.colours[0], valued, images, { longest, empty: false })];
  }

  // What each cluster holds of a field, beside the test's result.
  chart() {
    const field = this.model.field(this.part("field").value);
    if (!field) return;
    const test = this.model.tests[field.name];
    const words = test
      ? `${test}${this.isChosen ? "" : " That was asked of the clusters that the study chose, not of these."}`
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
    const rows = this.chosen.map((image) => [
      model.ids[image],
      labels[image] < 0 ? "" : labels[image] + 1,
      ...model.fields.map((field) => model.value(field, image) ?? ""),
    ]);
    const text = [head, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n");
    const link = make("a", { download: `${this.study}.${model.name}.selection.csv` });
    link.href = URL.createObjectURL(new Blob([`${text}\r\n`], { type: "text/csv" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}

// A cell of a CSV file; what a spreadsheet would take for a formula is marked as text.
function quoted(value) {
  const text = String(value).replace(/^(?=[=+@\t\r]|-(?![\d.]))/, "'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// What is wider than the page can be scrolled with keys as well.
const wide = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", 0);
    else target.removeAttribute("tabindex");
  }
});
for (const place of document.querySelectorAll(".scroll")) wide.observe(place);

const page = JSON.parse(document.getElementById("data").textContent);
const explorer = new Explorer(document.getElementById("explorer"), page);
requestAnimationFrame(() => performance.mark("rendered"));
