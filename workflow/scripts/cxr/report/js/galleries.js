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
    const { clusters, classes, alpha } = model.galleries;
    const associated = clusters.some(({ words }) => words.some((field) => field.significant));
    const ofClusters = clusters.map((entry) => this.ofCluster(entry, palette, associated));
    const ofClasses = classes.map((entry) => this.ofClass(entry));
    const about = [
      model.verdict.banner ? "Candidate clusters, not supported. " : "",
      "Medoids have the least mean distance to their cluster on the selected map; border images the lowest silhouette, which is below them. ",
      associated || !alpha ? "" : `No recorded field is associated with the clusters (q > ${alpha}): what is listed are the largest differences, none significant.`,
    ];
    this.box.replaceChildren(
      ...this.section("Clusters in pictures", about.join(""), ofClusters),
      ...this.section(
        "Classes in pictures",
        "Test images of each class of which the network is most confident, with the predicted class and its probability.",
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

  ofCluster({ cluster, medoids, borderline, silhouettes, words }, palette, associated) {
    const { model } = this;
    const title = makeElement("h4", {}, clusterName(cluster));
    title.prepend(keyOf({ ...styleOf(palette, cluster) }));
    const entry = (image, note) => ({ id: model.ids[image], note });
    const borders = borderline.map((image, i) =>
      entry(image, silhouettes.length ? signed(silhouettes[i]) : ""),
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
      ...this.distinction(words, associated),
    );
  }

  // In what a cluster differs, in words; of fields that are significant, where there are any.
  distinction(words, associated) {
    const shown = words.filter((field) => field.significant || !associated);
    if (!shown.length) return [];
    const head = associated ? "Distinguished by:" : "Largest differences, not significant:";
    const entries = shown.map((field) => makeElement("li", {}, field.words));
    return [
      makeElement("div", { class: "examples" }, makeElement("p", {}, head)),
      makeElement("ul", { class: "words" }, ...entries),
    ];
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

// A silhouette with a minus that is one.
function signed(value) {
  return value.toFixed(2).replace("-", "−");
}
