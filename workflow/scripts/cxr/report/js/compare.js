// A second map beside the first: of another perplexity, network, or of a control's features.

class Comparison {
  constructor(parts, models, handlers) {
    Object.assign(this, { parts, models, handlers, on: false });
    this.map = new MapView(parts.second_canvas, handlers);
    this.sources = models.flatMap((model) => [
      { words: model.name, model },
      ...model.controls.map((control) => ({
        words: `${model.name}: ${control.words}`,
        model,
        control,
      })),
    ]);
    const options = this.sources.map(({ words }, i) => makeElement("option", { value: i }, words));
    parts.second_model.replaceChildren(...options);
    parts.second_model.addEventListener("change", () => {
      this.offerMaps();
      handlers.compared();
    });
    parts.second_map.addEventListener("change", () => handlers.compared());
    this.offerMaps();
  }

  // The maps of the chosen features.
  offerMaps() {
    const source = this.sources[this.parts.second_model.value] || this.sources[0];
    const maps = source.control ? [] : source.model.maps;
    const options = maps.map((map, i) => makeElement("option", { value: i }, mapName(map)));
    this.parts.second_map.replaceChildren(...options);
    this.parts.second_map.parentElement.hidden = !maps.length;
    if (maps.length) this.parts.second_map.value = String(maps.indexOf(source.model.pca));
  }

  // The places and clusters of the second map, at the rows of the first one's images.
  aligned(model) {
    const source = this.sources[this.parts.second_model.value];
    const map = source.control || source.model.maps[this.parts.second_map.value];
    const places = source.model.coordinates(map);
    const labelling = source.control || map.labellings[0];
    const labels = labelling ? source.model.column(labelling.cluster) : null;
    const rows = source.control ? source.model.column(map.images) : source.model.ids.keys();
    const aligned = {
      points: new Float32Array(2 * model.ids.length).fill(NaN),
      labels: new Int32Array(model.ids.length).fill(-1),
      images: [],
      clustered: Boolean(labels),
    };
    [...rows].forEach((row, i) => {
      const image = model.rows.get(source.model.ids[row]);
      if (image === undefined) return;
      aligned.points.set([places[2 * i], places[2 * i + 1]], 2 * image);
      if (labels) aligned.labels[image] = labels[i];
      aligned.images.push(image);
    });
    aligned.images.sort((a, b) => a - b);
    return aligned;
  }

  // Shows the second map with the first one's colours, or hides it.
  show(shown) {
    for (const part of ["second", "second_tools", "agreement"]) this.parts[part].hidden = !this.on;
    this.parts.compare.setAttribute("aria-pressed", this.on);
    if (!this.on) return;
    const { points, labels, images, clustered } = this.aligned(shown.model);
    this.map.show(points);
    const on = (values) => images.map((image) => values[image]);
    const index =
      clustered && shown.labelling ? adjustedRand(on(shown.labels), on(labels)).toFixed(2) : null;
    const share = sharedNeighbours(shown.points, points, images);
    const common = plural(images.length, "image");
    this.parts.agreement.textContent =
      `Agreement of the two maps (${common}): ` +
      `${index === null ? "no clusters to compare" : `adjusted Rand index of the clusters ${index}`}` +
      `${share === null ? "" : `; ${Math.round(100 * share)}% of the ${NEAREST} nearest images are shared`}.`;
    const words = this.sources[this.parts.second_model.value].words;
    this.map.canvas.setAttribute("aria-label", `Second map of ${common}, features of ${words}.`);
  }

  get state() {
    return this.on ? [this.parts.second_model.value, this.parts.second_map.value] : null;
  }

  set state(state) {
    this.on = Boolean(state) && Boolean(this.sources[state[0]]);
    if (!this.on) return;
    this.parts.second_model.value = state[0];
    this.offerMaps();
    const known = [...this.parts.second_map.options].some(({ value }) => value === state[1]);
    if (known) this.parts.second_map.value = state[1];
  }
}

// A map in words.
function mapName({ name, perplexity }) {
  return perplexity === null ? name : `${name}, perplexity ${brief(perplexity)}`;
}
