// Galleries: medoids and border images of each cluster, the most confident ones of each class.

const GALLERY_SIZE = 84;

class Galleries {
  constructor(box, thumbnails, handlers) {
    Object.assign(this, { box, thumbnails, handlers });
  }

  // The galleries of a model's selected clusters and, of a network, of its classes.
  show(model, palette) {
    this.model = model;
    this.own = new Thumbnails(model.galleries.thumbnails || null, this.thumbnails.pictures);
    const { clusters, classes } = model.galleries;
    const ofClusters = clusters.map((entry) => this.ofCluster(entry, palette));
    const ofClasses = classes.map((entry) => this.ofClass(entry));
    this.box.replaceChildren(
      ...this.section(
        "Clusters in pictures",
        "The study's selected clusters. Medoids have the least mean distance to their cluster on its map, border images the lowest silhouette. Below them the fields in which a cluster differs most from all other images.",
        ofClusters,
      ),
      ...this.section(
        "Classes in pictures",
        "Test images of each class of which the network is most confident.",
        ofClasses,
      ),
    );
  }

  section(title, note, entries) {
    if (!entries.length) return [];
    return [
      makeElement("h3", {}, title),
      makeElement("p", { class: "note" }, note),
      makeElement("div", { class: "gallery" }, ...entries),
    ];
  }

  ofCluster({ cluster, medoids, border, silhouettes, words }, palette) {
    const { model } = this;
    const title = makeElement("h4", {}, clusterName(cluster));
    title.prepend(keyOf({ ...styleOf(palette, cluster) }));
    const entry = (image, note) => ({ id: model.ids[image], note });
    const borders = border.map((image, i) =>
      entry(image, silhouettes.length ? `silhouette ${silhouettes[i].toFixed(2)}` : ""),
    );
    return makeElement(
      "section",
      {},
      title,
      this.row(
        "medoids",
        medoids.map((image) => entry(image, "")),
      ),
      this.row("border", borders),
      ...this.distinction(words),
    );
  }

  // In what a cluster differs, in words.
  distinction(words) {
    if (!words.length) return [];
    const significant = words.filter((field) => field.significant);
    const shown = significant.length ? significant : words;
    const head = significant.length
      ? "Distinguished by"
      : "No field is associated with the clusters (q > 0.05); the largest differences";
    const entries = shown.map((field) => makeElement("li", {}, field.words));
    return [makeElement("p", {}, `${head}:`), makeElement("ul", { class: "words" }, ...entries)];
  }

  ofClass({ class: name, correct, incorrect }) {
    const note = ({ id, predicted, confidence }) => ({
      id,
      note: `${predicted}, ${Math.round(100 * confidence)}%`,
    });
    return makeElement(
      "section",
      {},
      makeElement("h4", {}, name),
      this.row("most confident correct", correct.map(note)),
      this.row("most confident incorrect", incorrect.map(note)),
    );
  }

  row(title, entries) {
    const pictures = entries.map((entry) => makeElement("li", {}, ...this.picture(entry)));
    const none = makeElement("li", { class: "note" }, "none");
    const list = makeElement("ul", { class: "strip" }, ...(pictures.length ? pictures : [none]));
    return makeElement("div", { class: "examples" }, makeElement("p", {}, title), list);
  }

  // A picture with its words; a button that pins it where the image is on the map.
  picture({ id, note }) {
    const stored = [this.own, this.thumbnails].find((one) => one.has(id));
    const shown = stored ? stored.thumbnail(id, GALLERY_SIZE) : id;
    const row = this.model.rows.get(id);
    const words = note ? [makeElement("span", { class: "note" }, note)] : [];
    if (row === undefined) return [makeElement("span", { title: id }, shown), ...words];
    const button = makeButton("", () => this.handlers.pinned(row), { title: id });
    button.append(shown);
    return [button, ...words];
  }
}
