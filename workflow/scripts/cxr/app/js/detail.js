// One image: its picture, probabilities, similar images and places.

const SHOWN = 8; // similar images, before the others are asked for

class Detail {
  constructor(root, study) {
    Object.assign(this, { root, study, opacity: 55 });
    this.thumbnails = new Thumbnails(study.images.thumbnails, null);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(result) {
    this.result = result;
    this.shownClass = result.predicted;
    const { model } = this.study;
    const answer = makeElement(
      "p",
      { class: "answer" },
      "Predicted: ",
      makeElement("strong", {}, model.classes[result.predicted]),
      `, calibrated probability ${probabilityText(result.calibrated[result.predicted])}`,
    );
    const parts = makeElement("div", {}, answer, this.cautions(), this.classes());
    const columns = makeElement("div", { class: "columns" }, this.picture(), parts);
    this.root.replaceChildren(
      makeElement("h2", { id: "detail-title" }, result.name),
      columns,
      ...this.neighbours(),
      ...this.places(),
    );
    this.root.hidden = false;
    this.draw();
  }

  hide() {
    this.root.hidden = true;
    this.root.replaceChildren();
    this.result = null;
  }

  cautions() {
    const sentences = cautions(this.result, this.study);
    return makeElement(
      "div",
      {},
      ...sentences.map((text) => makeElement("p", { class: "caution" }, text)),
    );
  }

  picture() {
    const { classes } = this.study.model;
    this.canvas = makeElement("canvas", {
      role: "img",
      "aria-label": "The image as the network sees it, with Grad-CAM",
    });
    const slider = makeElement("input", { type: "range", min: 0, max: 100, value: this.opacity });
    slider.addEventListener("input", () => {
      this.opacity = Number(slider.value);
      this.draw();
    });
    const choice = makeElement("select", {}, ...classes.map((name, i) => new Option(name, i)));
    choice.value = this.shownClass;
    choice.addEventListener("change", () => {
      this.shownClass = Number(choice.value);
      this.draw();
    });
    return makeElement(
      "div",
      { class: "picture" },
      this.canvas,
      makeElement(
        "div",
        { class: "controls" },
        makeElement("label", {}, "Grad-CAM of", choice),
        makeElement("label", {}, "strength", slider),
      ),
      makeElement(
        "p",
        { class: "note" },
        "Bright: evidence for this class against the others. It shows where the network looks, not whether it is right.",
      ),
    );
  }

  // The classes with their probabilities, thresholds and rates.
  classes() {
    const { model } = this.study;
    const heads = [
      "class",
      "calibrated",
      "",
      "output",
      "at the threshold",
      "sensitivity",
      "specificity",
    ];
    const head = makeElement(
      "tr",
      {},
      ...heads.map((text) => makeElement(text ? "th" : "td", text ? { scope: "col" } : {}, text)),
    );
    const rows = model.classes.map((name, k) => this.classRow(name, k));
    const table = makeElement(
      "table",
      { class: "classes" },
      makeElement("thead", {}, head),
      makeElement("tbody", {}, ...rows),
    );
    const note = makeElement(
      "p",
      { class: "note" },
      "Calibrated on the study's validation images, with equal weight for every class: how frequent a class is where you are, no network knows. Thresholds are of the network's output; sensitivity and specificity there are those of the study's test images, with 95% intervals.",
    );
    return makeElement("div", {}, table, note, ...this.tags());
  }

  classRow(name, k) {
    const { model } = this.study;
    const { calibrated: shares, probabilities } = this.result;
    const threshold = model.thresholds[k];
    const fill = makeElement("i");
    fill.style.width = percent(shares[k]);
    const above = threshold !== null && probabilities[k] >= threshold;
    const call =
      threshold === null
        ? "no threshold"
        : `${above ? "positive" : "negative"} (from ${threshold.toFixed(3)})`;
    const [sensitive, specific] = ["sensitivity", "specificity"].map((rate) =>
      rateText(model.rates[k][rate]),
    );
    const cell = (text, attributes = {}) => makeElement("td", attributes, text);
    return makeElement(
      "tr",
      {},
      makeElement("th", { scope: "row" }, name),
      cell(probabilityText(shares[k]), { class: "number" }),
      cell(makeElement("span", { class: "bar", "aria-hidden": "true" }, fill), { class: "full" }),
      cell(probabilities[k].toFixed(3), { class: "number output" }),
      cell(call, { class: "call" }),
      cell(sensitive, { class: "rate", "data-name": "sensitivity" }),
      cell(specific, { class: "rate", "data-name": "specificity" }),
    );
  }

  // Of a network with tags: the probability of each label by itself.
  tags() {
    const { classes, tags } = this.study.model;
    if (!tags.length) return [];
    const entries = tags.map((name, i) => [
      name,
      probabilityText(this.result.labels[classes.length + i]),
    ]);
    const list = makeTerms(entries);
    list.className = "facts";
    return [makeElement("h3", {}, "Labels besides"), list];
  }

  neighbours() {
    const { images } = this.study;
    const items = this.result.neighbours.map(({ image, distance }) =>
      makeElement(
        "li",
        {},
        this.thumbnails.thumbnail(images.image_ids[image]),
        makeElement("span", {}, textOf(images.classes, image)),
        makeElement("span", {}, `distance ${distance.toFixed(3)}`),
        makeElement("span", { class: "id" }, images.image_ids[image]),
      ),
    );
    const rest = items.slice(SHOWN);
    const more = rest.length
      ? [
          makeElement(
            "details",
            {},
            makeElement("summary", {}, plural(rest.length, "more image")),
            makeElement("ol", { class: "neighbours", start: SHOWN + 1 }, ...rest),
          ),
        ]
      : [];
    const sampled = images.sampled
      ? `, of a sample of the ${images.sampled.toLocaleString("en")} in the study`
      : "";
    return [
      makeElement("h3", {}, "Most similar images of the study"),
      makeElement("ol", { class: "neighbours" }, ...items.slice(0, SHOWN)),
      ...more,
      makeElement(
        "p",
        { class: "note" },
        `By the network's features (${images.space.metric})${sampled}.`,
      ),
    ];
  }

  places() {
    const { distance, percentile, place } = this.result;
    const rank =
      percentile === null
        ? ""
        : `: further than ${percent(percentile / 100, 0)} of the held-out images`;
    const limit = this.study.distance.far;
    const parts = [
      makeElement("h3", {}, "Distance from the training images"),
      makeElement(
        "p",
        {},
        `${distance.toFixed(2)} times the median of the study's held-out images${rank}. Above ${limit}% an image counts as unlike the training images.`,
      ),
    ];
    if (!this.study.images.map) return parts;
    this.map = makeElement("canvas", {
      class: "map",
      role: "img",
      "aria-label": "The study's map with the place of this image",
    });
    const words = place
      ? "The cross is the mean place of the nearest images that are on the map (ringed), the nearer with more weight; colours are the study's clusters, grey its outliers."
      : "It has no place: it has no nearest images.";
    return [
      ...parts,
      makeElement("h3", {}, "Place on the study's map"),
      this.map,
      makeElement("p", { class: "note" }, words),
    ];
  }

  draw() {
    if (!this.result) return;
    const { image, cams, camSize } = this.result;
    const cam = enlarged(cams, camSize, this.shownClass, image.width);
    Object.assign(this.canvas, { width: image.width, height: image.height });
    const pixels = overlayPixels(image, cam, this.opacity / 100, this.study.inferno);
    this.canvas.getContext("2d").putImageData(pixels, 0, 0);
    if (this.study.images.map) drawMap(this.map, this.study, this.result);
  }
}
