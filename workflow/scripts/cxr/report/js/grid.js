// The grid of a map: a square for each cell, coloured by its balance score.

const SIDE = 22;
const LEFT = 44;
const TOP = 24;
const BELOW = 40;

class GridView {
  constructor(place, line, table, told) {
    this.place = place;
    this.line = line;
    this.table = table;
    this.told = told;
    this.at = [0, 0];
    place.addEventListener("keydown", (event) => this.key(event));
    place.addEventListener("mouseleave", () => this.say());
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
    const svg = draw("svg", {
      viewBox: `0 0 ${LEFT + eps.length * SIDE + 2} ${TOP + minSamples.length * SIDE + BELOW}`,
      width: LEFT + eps.length * SIDE + 2,
      "aria-hidden": "true",
    });
    svg.append(...this.squares(), ...this.labels(), this.outline());
    this.place.replaceChildren(svg);
    if (labelling) this.at = this.place_of(labelling);
    this.at = [Math.min(this.at[0], eps.length - 1), Math.min(this.at[1], minSamples.length - 1)];
    this.say();
    this.tabulate();
  }

  // The column and the row of a labelling's cell.
  place_of(labelling) {
    return [this.eps.indexOf(labelling.eps), this.minSamples.indexOf(labelling.min_samples)];
  }

  corner(column, row) {
    return [LEFT + column * SIDE, TOP + (this.minSamples.length - 1 - row) * SIDE];
  }

  squares() {
    const made = [];
    for (let row = 0; row < this.minSamples.length; row += 1) {
      for (let column = 0; column < this.eps.length; column += 1) {
        const [x, y] = this.corner(column, row);
        const square = draw("rect", { x, y, width: SIDE - 1, height: SIDE - 1, rx: 2 });
        square.dataset.place = `${column},${row}`;
        square.setAttribute("class", this.kept(column, row) ? "cell kept" : "cell");
        square.setAttribute("fill", this.fill(this.scores[this.index(column, row)]));
        if (this.scores[this.index(column, row)] < 0) square.setAttribute("class", "cell out");
        square.addEventListener("mouseenter", () => this.say(column, row));
        square.addEventListener("click", () => this.choose(column, row));
        made.push(square);
      }
    }
    return made;
  }

  index(column, row) {
    return row * this.eps.length + column;
  }

  fill(score) {
    if (score < 0) return "none";
    const part = this.high > this.low ? (score - this.low) / (this.high - this.low) : 0;
    return onRamp(1 - part, this.palette);
  }

  labels() {
    const every = (count, most) => Math.ceil(count / most);
    const made = [];
    const bottom = TOP + this.minSamples.length * SIDE;
    for (let c = 0; c < this.eps.length; c += every(this.eps.length, 12)) {
      const at = { x: LEFT + (c + 0.5) * SIDE, y: bottom + 14, "text-anchor": "middle" };
      made.push(draw("text", at, brief(this.eps[c])));
    }
    for (let r = 0; r < this.minSamples.length; r += every(this.minSamples.length, 10)) {
      const at = { x: LEFT - 6, y: this.corner(0, r)[1] + SIDE / 2 + 4, "text-anchor": "end" };
      made.push(draw("text", at, String(this.minSamples[r])));
    }
    made.push(draw("text", { x: LEFT, y: bottom + 32 }, "eps"));
    made.push(draw("text", { x: 0, y: 12 }, "min_samples"));
    return made;
  }

  outline() {
    const cell = this.labelling;
    if (!cell) return draw("g", {});
    const [x, y] = this.corner(...this.place_of(cell));
    return draw("rect", {
      x: x - 1,
      y: y - 1,
      width: SIDE + 1,
      height: SIDE + 1,
      rx: 3,
      class: "chosen-cell",
    });
  }

  // The stored labelling of a cell, if there is one.
  kept(column, row) {
    const [eps, minSamples] = [this.eps[column], this.minSamples[row]];
    return this.map.labellings.find((one) => one.eps === eps && one.min_samples === minSamples);
  }

  words(column, row) {
    const i = this.index(column, row);
    const clusters = this.model.column(this.map.grid.n_clusters)[i];
    const outliers = this.model.column(this.map.grid.n_outliers)[i];
    const cell = `eps ${brief(this.eps[column])}, min_samples ${this.minSamples[row]}`;
    const found = `${plural(clusters, "cluster")}, ${plural(outliers, "outlier")}`;
    if (this.scores[i] < 0) {
      const { min_clusters: least, max_clusters: most } = this.model.bounds;
      return `${cell}: ${found}. It does not qualify: the study asks for ${least} to ${most} clusters.`;
    }
    const scored = `${cell}: ${found}, balance score ${brief(this.scores[i])}.`;
    const best = this.map.labellings.length;
    return this.kept(column, row)
      ? `${scored} ${this.kept(column, row) === this.labelling ? "Shown on the map." : "Click to show it on the map."}`
      : `${scored} This page holds the labels of the best ${plural(best, "cell")} of a map only.`;
  }

  say(column, row) {
    if (column !== undefined) {
      this.line.textContent = this.words(column, row);
    } else if (this.labelling) {
      this.line.textContent = this.words(...this.place_of(this.labelling));
    } else {
      const [least, most] = [this.model.bounds.min_clusters, this.model.bounds.max_clusters];
      this.line.textContent = `No cell of this map makes ${least} to ${most} clusters.`;
    }
  }

  choose(column, row) {
    const kept = this.kept(column, row);
    this.at = [column, row];
    if (kept) this.told.chosen(kept);
    this.say(column, row);
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.key === "Enter" || event.key === " ") this.choose(...this.at);
    else if (steps[event.key]) {
      const [x, y] = steps[event.key];
      const clamp = (value, count) => Math.min(count - 1, Math.max(0, value));
      this.at = [
        clamp(this.at[0] + x, this.eps.length),
        clamp(this.at[1] + y, this.minSamples.length),
      ];
      this.mark();
      this.say(...this.at);
    } else return;
    event.preventDefault();
  }

  mark() {
    for (const square of this.place.querySelectorAll("rect[data-place]")) {
      square.classList.toggle("at", square.dataset.place === this.at.join(","));
    }
  }

  // The same numbers as a table, made when it is opened.
  tabulate() {
    if (!this.map || !this.table.parentElement.open) return;
    const head = ["min_samples \\ eps", ...this.eps.map(brief)].map((words) =>
      make("th", { scope: "col" }, words),
    );
    const rows = this.minSamples.map((count, row) => {
      const cells = this.eps.map((_, column) => {
        const score = this.scores[this.index(column, row)];
        return make("td", { class: "number" }, score < 0 ? "" : brief(score));
      });
      return make("tr", {}, make("th", { scope: "row" }, String(count)), ...cells);
    });
    const caption = make(
      "caption",
      {},
      "Balance score; empty where the number of clusters does not qualify",
    );
    const whole = make(
      "table",
      {},
      caption,
      make("thead", {}, make("tr", {}, ...head)),
      make("tbody", {}, ...rows),
    );
    this.table.replaceChildren(whole);
  }
}
