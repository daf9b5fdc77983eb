// Several images as a table, and as CSV.

class ResultTable {
  constructor(root, study, selected) {
    Object.assign(this, { root, study, selected, results: [] });
    this.body = root.querySelector("tbody");
    const heads = ["image", "predicted", ...study.model.classes, "unlike the training images"];
    const row = makeElement(
      "tr",
      {},
      ...heads.map((text) => makeElement("th", { scope: "col" }, text)),
    );
    root.querySelector("thead").append(row);
    this.body.addEventListener("keydown", (event) => this.pressKey(event));
  }

  add(result) {
    const number = this.results.push(result) - 1;
    const { model } = this.study;
    const cells = [
      model.classes[result.predicted],
      ...result.calibrated.map(probabilityText),
      result.far ? "yes" : result.percentile === null ? "" : "no",
    ];
    const button = makeButton(result.name, () => this.select(number), { title: result.name });
    const row = makeElement(
      "tr",
      {},
      makeElement("th", { scope: "row" }, button),
      ...cells.map((text) => makeElement("td", {}, text)),
    );
    this.body.append(row);
  }

  select(number) {
    [...this.body.rows].forEach((row, i) => row.setAttribute("aria-selected", i === number));
    this.selected(this.results[number]);
  }

  // Arrow keys move along the images.
  pressKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target.closest("tr");
    if (!step || !row) return;
    const next = this.body.rows[[...this.body.rows].indexOf(row) + step];
    if (!next) return;
    event.preventDefault();
    next.querySelector("button").focus();
    this.select([...this.body.rows].indexOf(next));
  }

  clear() {
    this.results = [];
    this.body.replaceChildren();
  }

  csv(refused) {
    const { classes } = this.study.model;
    const names = (start) => classes.map((name) => `${start}_${name}`);
    const head = [
      "file",
      "predicted",
      ...names("probability"),
      ...names("calibrated"),
      "distance",
      "distance_percentile",
      "nearest_image",
      "reason",
    ];
    const ids = this.study.images.image_ids;
    const rows = this.results.map((result) => [
      result.name,
      classes[result.predicted],
      ...[...result.probabilities, ...result.calibrated].map((p) => p.toFixed(6)),
      result.distance.toFixed(4),
      result.percentile === null ? "" : result.percentile.toFixed(2),
      result.neighbours.length ? ids[result.neighbours[0].image] : "",
      "",
    ]);
    const without = refused.map(({ name, reason }) => [
      name,
      ...Array(head.length - 2).fill(""),
      reason,
    ]);
    return [head, ...rows, ...without].map((row) => row.map(csvCell).join(",") + "\r\n").join("");
  }
}

// A cell that no spreadsheet program runs as a formula, as in the study's own tables.
function csvCell(value) {
  const text = String(value).replace(
    /(^|[;\t\r\n])(\s*[=+\-@＝＋－＠'])/g,
    (found, before, mark) => (/^-?\d+(\.\d+)?$/.test(value) ? found : `${before}'${mark}`),
  );
  return /[",\r\n;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function saveText(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = makeElement("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
