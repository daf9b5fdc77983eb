// The grid of a map: a square for each cell, coloured by its balance score.

const SIDE = 22;
const LEFT = 44;
const TOP = 24;
const BELOW = 40;

class GridView {
  constructor(container, status, table, handlers) {
    this.container = container;
    this.status = status;
    this.table = table;
    this.handlers = handlers;
    this.focused = [0, 0];
    container.addEventListener("keydown", (event) => this.pressKey(event));
    container.addEventListener("mouseleave", () => this.describe());
    table.parentElement.addEventListener("toggle", () => this.tabulate());
  }

  // Shows the grid of a map, the shown labelling's cell outlined.
  show(model, map, labelling, palette) {
    const { eps, min_samples: minSamples } = map.grid;
    Object.assign(this, { model, map, labelling, palette, eps, minSamples });
    this.scores = model.column(map.grid.score);
    const qualifying = this.scores.filter((score) => score >= 0);
    this.low = qualifying.reduce((least, score) => Math.min(least, score), Infinity);
    this.high = qualifying.reduce((most, score) => Math.max(most, score), -Infinity);
    const svg = makeSvg("svg", {
      viewBox: `0 0 ${LEFT + eps.length * SIDE + 2} ${TOP + minSamples.length * SIDE + BELOW}`,
      width: LEFT + eps.length * SIDE + 2,
      "aria-hidden": "true",
    });
    svg.append(...this.squares(), ...this.labels(), this.outline());
    this.container.replaceChildren(svg);
    if (labelling) this.focused = this.cellOf(labelling);
    const [column, row] = this.focused;
    this.focused = [Math.min(column, eps.length - 1), Math.min(row, minSamples.length - 1)];
    this.describe();
    this.tabulate();
  }

  // The column and the row of a labelling's cell.
  cellOf(labelling) {
    return [this.eps.indexOf(labelling.eps), this.minSamples.indexOf(labelling.min_samples)];
  }

  corner(column, row) {
    return [LEFT + column * SIDE, TOP + (this.minSamples.length - 1 - row) * SIDE];
  }

  squares() {
    const squares = [];
    for (let row = 0; row < this.minSamples.length; row += 1) {
      for (let column = 0; column < this.eps.length; column += 1) {
        const [x, y] = this.corner(column, row);
        const square = makeSvg("rect", { x, y, width: SIDE - 1, height: SIDE - 1, rx: 2 });
        square.dataset.cell = `${column},${row}`;
        square.setAttribute("class", this.storedLabelling(column, row) ? "cell stored" : "cell");
        square.setAttribute("fill", this.fill(this.scores[this.index(column, row)]));
        if (this.scores[this.index(column, row)] < 0) square.setAttribute("class", "cell out");
        square.addEventListener("mouseenter", () => this.describe(column, row));
        square.addEventListener("click", () => this.select(column, row));
        squares.push(square);
      }
    }
    return squares;
  }

  index(column, row) {
    return row * this.eps.length + column;
  }

  fill(score) {
    if (score < 0) return "none";
    const share = this.high > this.low ? (score - this.low) / (this.high - this.low) : 0;
    return onRamp(1 - share, this.palette);
  }

  labels() {
    const step = (count, most) => Math.ceil(count / most);
    const labels = [];
    const bottom = TOP + this.minSamples.length * SIDE;
    for (let c = 0; c < this.eps.length; c += step(this.eps.length, 12)) {
      const position = { x: LEFT + (c + 0.5) * SIDE, y: bottom + 14, "text-anchor": "middle" };
      labels.push(makeSvg("text", position, brief(this.eps[c])));
    }
    for (let r = 0; r < this.minSamples.length; r += step(this.minSamples.length, 10)) {
      const position = {
        x: LEFT - 6,
        y: this.corner(0, r)[1] + SIDE / 2 + 4,
        "text-anchor": "end",
      };
      labels.push(makeSvg("text", position, String(this.minSamples[r])));
    }
    labels.push(makeSvg("text", { x: LEFT, y: bottom + 32 }, "eps"));
    labels.push(makeSvg("text", { x: 0, y: 12 }, "min_samples"));
    return labels;
  }

  outline() {
    const cell = this.labelling;
    if (!cell) return makeSvg("g", {});
    const [x, y] = this.corner(...this.cellOf(cell));
    return makeSvg("rect", {
      x: x - 1,
      y: y - 1,
      width: SIDE + 1,
      height: SIDE + 1,
      rx: 3,
      class: "selected-cell",
    });
  }

  // The stored labelling of a cell, if there is one.
  storedLabelling(column, row) {
    const [eps, minSamples] = [this.eps[column], this.minSamples[row]];
    return this.map.labellings.find(
      (labelling) => labelling.eps === eps && labelling.min_samples === minSamples,
    );
  }

  // A cell in words: its clusters, its score, and whether it can be shown.
  words(column, row) {
    const i = this.index(column, row);
    const clusters = this.model.column(this.map.grid.n_clusters)[i];
    const outliers = this.model.column(this.map.grid.n_outliers)[i];
    const cell =
      `eps ${brief(this.eps[column])}, min_samples ${this.minSamples[row]}: ` +
      `${plural(clusters, "cluster")}, ${plural(outliers, "outlier")}`;
    if (this.scores[i] < 0) {
      const { min_clusters: least, max_clusters: most } = this.model.bounds;
      return `${cell}. It does not qualify: the configured range is ${least} to ${most} clusters.`;
    }
    const scored = `${cell}, balance score ${brief(this.scores[i])}.`;
    const stored = this.storedLabelling(column, row);
    if (!stored) {
      const best = plural(this.map.labellings.length, "cell");
      return `${scored} Labels not stored: this page has those of the best ${best} of each map.`;
    }
    return stored === this.labelling
      ? `${scored} Shown on the map.`
      : `${scored} Click to show it on the map.`;
  }

  // Describes a cell below the grid; the shown labelling's without one.
  describe(column, row) {
    if (column !== undefined) {
      this.status.textContent = this.words(column, row);
    } else if (this.labelling) {
      this.status.textContent = this.words(...this.cellOf(this.labelling));
    } else {
      const { min_clusters: least, max_clusters: most } = this.model.bounds;
      this.status.textContent = `No cell of this map has ${least} to ${most} clusters.`;
    }
  }

  select(column, row) {
    const stored = this.storedLabelling(column, row);
    this.focused = [column, row];
    if (stored) this.handlers.labellingSelected(stored);
    this.describe(column, row);
  }

  pressKey(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.key === "Enter" || event.key === " ") this.select(...this.focused);
    else if (steps[event.key]) {
      const [x, y] = steps[event.key];
      const clamp = (value, count) => Math.min(count - 1, Math.max(0, value));
      this.focused = [
        clamp(this.focused[0] + x, this.eps.length),
        clamp(this.focused[1] + y, this.minSamples.length),
      ];
      this.markFocused();
      this.describe(...this.focused);
    } else return;
    event.preventDefault();
  }

  markFocused() {
    for (const square of this.container.querySelectorAll("rect[data-cell]")) {
      square.classList.toggle("focused", square.dataset.cell === this.focused.join(","));
    }
  }

  // The same numbers as a table, made when it is opened.
  tabulate() {
    if (!this.map || !this.table.parentElement.open) return;
    const head = ["min_samples \\ eps", ...this.eps.map(brief)].map((words) =>
      makeElement("th", { scope: "col" }, words),
    );
    const rows = this.minSamples.map((count, row) => {
      const cells = this.eps.map((_, column) => {
        const score = this.scores[this.index(column, row)];
        return makeElement("td", { class: "number" }, score < 0 ? "" : brief(score));
      });
      return makeElement("tr", {}, makeElement("th", { scope: "row" }, String(count)), ...cells);
    });
    const caption = makeElement(
      "caption",
      {},
      "Balance score; empty where the number of clusters does not qualify",
    );
    const table = makeElement(
      "table",
      {},
      caption,
      makeElement("thead", {}, makeElement("tr", {}, ...head)),
      makeElement("tbody", {}, ...rows),
    );
    this.table.replaceChildren(table);
  }
}
