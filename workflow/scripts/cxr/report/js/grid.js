// The grid of a map: a cell for each clustering, coloured by its balance score.

const LEFT = 40;
const TOP = 18;
const BELOW = 30;
// The colour bar, with its words.
const BAR = 92;
const CELL_WIDTHS = [8, 48];
const CELL_HEIGHTS = [6, 24];

function within([least, most], value) {
  return Math.min(most, Math.max(least, value));
}

// The least and the greatest balance score of all maps of all models: one scale for the study.
function scoreRange(models) {
  let [low, high] = [Infinity, -Infinity];
  for (const model of models) {
    for (const map of model.maps) {
      for (const score of model.column(map.grid.score)) {
        if (score < 0) continue;
        low = Math.min(low, score);
        high = Math.max(high, score);
      }
    }
  }
  return [low, high];
}

class GridView {
  constructor(parts, [low, high], handlers) {
    this.container = parts.grid;
    this.status = parts.cell;
    this.table = parts.cells;
    Object.assign(this, { low, high, handlers });
    this.focused = [0, 0];
    this.container.addEventListener("keydown", (event) => this.pressKey(event));
    this.container.addEventListener("mouseleave", () => this.describe());
    this.table.parentElement.addEventListener("toggle", () => this.tabulate());
    new ResizeObserver(() => this.draw()).observe(this.container.parentElement);
  }

  // Shows the grid of a map, the shown labelling's cell outlined.
  show({ model, map, labelling, palette }) {
    const { eps, min_samples: minSamples } = map.grid;
    Object.assign(this, { model, map, labelling, palette, eps, minSamples });
    this.scores = model.column(map.grid.score);
    if (labelling) this.focused = this.cellOf(labelling);
    const [column, row] = this.focused;
    this.focused = [Math.min(column, eps.length - 1), Math.min(row, minSamples.length - 1)];
    this.draw();
    this.describe();
    this.tabulate();
  }

  // Draws the grid as large as there is room.
  draw() {
    const room = this.container.parentElement;
    if (!this.map || !room.clientWidth) return;
    const { eps, minSamples } = this;
    this.wide = within(CELL_WIDTHS, (room.clientWidth - LEFT - BAR) / eps.length);
    this.tall = within(CELL_HEIGHTS, (room.clientHeight - TOP - BELOW) / minSamples.length);
    const width = LEFT + eps.length * this.wide + BAR;
    const height = TOP + minSamples.length * this.tall + BELOW;
    const svg = makeSvg("svg", { width, height, "aria-hidden": "true" });
    svg.append(...this.squares(), ...this.labels(), this.outline(), ...this.bar());
    this.container.replaceChildren(svg);
  }

  // The column and the row of a labelling's cell.
  cellOf(labelling) {
    return [this.eps.indexOf(labelling.eps), this.minSamples.indexOf(labelling.min_samples)];
  }

  corner(column, row) {
    return [LEFT + column * this.wide, TOP + (this.minSamples.length - 1 - row) * this.tall];
  }

  // A rectangle for each cell; those whose labels are stored have a dot.
  squares() {
    const squares = [];
    for (let row = 0; row < this.minSamples.length; row += 1) {
      for (let column = 0; column < this.eps.length; column += 1) {
        const [x, y] = this.corner(column, row);
        const score = this.scores[this.index(column, row)];
        const stored = this.storedLabelling(column, row);
        const square = makeSvg("rect", { x, y, width: this.wide - 1, height: this.tall - 1 });
        square.dataset.cell = `${column},${row}`;
        const kind = stored ? "cell stored" : "cell";
        square.setAttribute("class", score < 0 ? "cell out" : kind);
        square.setAttribute("fill", this.fill(score));
        square.addEventListener("mouseenter", () => this.describe(column, row));
        square.addEventListener("click", () => this.select(column, row));
        squares.push(square);
        if (stored) {
          const [cx, cy] = [x + (this.wide - 1) / 2, y + (this.tall - 1) / 2];
          const r = Math.min(3, this.tall / 4);
          squares.push(makeSvg("circle", { cx, cy, r, class: "dot" }));
        }
      }
    }
    return squares;
  }

  index(column, row) {
    return row * this.eps.length + column;
  }

  fill(score) {
    if (score < 0) return "none";
    return onRamp(1 - this.shareOf(score), this.palette);
  }

  // Where a score is on the scale, which is logarithmic: 0 the best, 1 the worst of the study.
  shareOf(score) {
    const [low, high] = [Math.log1p(this.low), Math.log1p(this.high)];
    return high > low ? (Math.log1p(score) - low) / (high - low) : 0;
  }

  labels() {
    const step = (size, least) => Math.max(1, Math.ceil(least / size));
    const labels = [];
    const bottom = TOP + this.minSamples.length * this.tall;
    for (let c = 0; c < this.eps.length; c += step(this.wide, 34)) {
      const position = { x: LEFT + (c + 0.5) * this.wide, y: bottom + 12, "text-anchor": "middle" };
      labels.push(makeSvg("text", position, brief(this.eps[c])));
    }
    for (let r = 0; r < this.minSamples.length; r += step(this.tall, 14)) {
      const y = this.corner(0, r)[1] + this.tall / 2 + 4;
      const position = { x: LEFT - 6, y, "text-anchor": "end" };
      labels.push(makeSvg("text", position, String(this.minSamples[r])));
    }
    labels.push(makeSvg("text", { x: LEFT, y: bottom + 26 }, "eps"));
    labels.push(makeSvg("text", { x: 0, y: 11 }, "min_samples"));
    return labels;
  }

  // The colour bar: one scale for all maps of the study, the best score above.
  bar() {
    if (this.low > this.high) return [];
    const x = LEFT + this.eps.length * this.wide + 16;
    const height = Math.max(48, this.minSamples.length * this.tall);
    const { ramp } = this.palette;
    const steps = ramp.map((fill, i) =>
      makeSvg("rect", {
        x,
        y: TOP + height - ((i + 1) * height) / ramp.length,
        width: 12,
        height: height / ramp.length + 0.5,
        fill,
      }),
    );
    const words = (y, text) => makeSvg("text", { x: x + 17, y }, text);
    const middle = Math.round(Math.sqrt((1 + this.low) * (1 + this.high)) - 1);
    return [
      ...steps,
      makeSvg("text", { x: x - 2, y: 11 }, "balance score"),
      words(TOP + 9, `${brief(this.low)} best`),
      words(TOP + 4 + height * this.shareOf(middle), brief(middle)),
      words(TOP + height, brief(this.high)),
    ];
  }

  outline() {
    const cell = this.labelling;
    if (!cell) return makeSvg("g", {});
    const [x, y] = this.corner(...this.cellOf(cell));
    return makeSvg("rect", {
      x: x - 1.5,
      y: y - 1.5,
      width: this.wide + 2,
      height: this.tall + 2,
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
    else this.markFocused();
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
