// Tables: sorting, folding, a cue where they scroll, and a download. Without script they are plain.

const HEADLINE_ROWS = 10;
const LEAST_FOLDED = 3;
// Characters: shorter cells are not broken, longer ones are text.
const SHORT = 28;
const LONG = 60;

// A file of some text that the reader saves; no request leaves the page.
function saveAs(name, type, text) {
  const link = makeElement("a", { download: name });
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function smallButton(words, handler, attributes = {}) {
  const button = makeElement("button", { type: "button", class: "small-button", ...attributes });
  button.textContent = words;
  button.addEventListener("click", handler);
  return button;
}

// The name of a file for something on the page: of its study, its model, and its own words.
function fileName(element, suffix) {
  const { file } = element.dataset;
  const caption = element.querySelector("caption, figcaption, img")?.alt ?? captionOf(element);
  const words = (file || caption).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-");
  const model = element.closest("[data-model]")?.dataset.name;
  const { study } = document.querySelector("main").dataset;
  return `${study}${model ? `.${model}` : ""}.${words.slice(0, 60).replace(/^-|-$/g, "")}.${suffix}`;
}

function captionOf(element) {
  return element.querySelector("caption, figcaption")?.textContent ?? "table";
}

// What a cell is sorted by: the number that its text begins with, or else the text.
function sortKey(text) {
  const words = text.trim().replaceAll(",", "").replace("−", "-");
  const number = /^[<≤]?\s*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?:$|[\s%(;])/i.exec(words);
  return number ? Number(number[1]) : words;
}

// Numbers first, then texts, and what is empty last.
function compareKeys(a, b) {
  if (a === b) return 0;
  if (a === "" || b === "") return a === "" ? 1 : -1;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
}

function markLength(cell) {
  const { length } = cell.textContent.trim();
  if (length <= (cell.closest("thead") ? SHORT / 2 : SHORT)) cell.classList.add("short");
  if (length > LONG) cell.classList.add("text");
}

class SortedTable {
  constructor(table) {
    this.table = table;
    this.body = table.tBodies[0];
    this.rows = [...this.body.rows];
    this.headings = [...table.tHead.rows[0].cells];
    this.column = -1;
    this.falls = false;
    this.names = this.headings.map((heading) => heading.textContent.trim());
    for (const row of table.rows) [...row.cells].forEach((cell) => markLength(cell));
    if (this.rows.length > 1) this.addButtons();
    this.wrapCaption();
    this.tools = makeElement("div", { class: "table-tools" });
    table.closest(".scroll").after(this.tools);
    this.fold();
    const download = smallButton("CSV", () => this.download());
    download.setAttribute("aria-label", `Download as CSV: ${captionOf(table)}`);
    this.tools.append(download);
  }

  addButtons() {
    this.headings.forEach((heading, column) => {
      const label = `Sort by ${this.names[column] || `column ${column + 1}`}`;
      const button = makeElement("button", { type: "button", class: "sort", "aria-label": label });
      button.textContent = "↕";
      button.addEventListener("click", () => this.sort(column));
      heading.append(" ", button);
    });
  }

  // The caption stays in sight where the table scrolls.
  wrapCaption() {
    const { caption } = this.table;
    if (!caption) return;
    const words = makeElement("span", { class: "caption" });
    words.append(...caption.childNodes);
    caption.append(words);
  }

  // Rising, falling, and as it was; totals stay last.
  sort(column) {
    const cycle = this.column !== column ? "rises" : this.falls ? "none" : "falls";
    this.column = cycle === "none" ? -1 : column;
    this.falls = cycle === "falls";
    const rows = [...this.rows];
    if (cycle !== "none") {
      const direction = this.falls ? -1 : 1;
      const keys = new Map(rows.map((row) => [row, sortKey(row.cells[column].textContent)]));
      rows.sort((a, b) => {
        const totals = a.classList.contains("total") - b.classList.contains("total");
        const [first, second] = [keys.get(a), keys.get(b)];
        const empty = first === "" || second === "";
        return totals || compareKeys(first, second) * (empty ? 1 : direction);
      });
    }
    this.headings.forEach((heading, i) => {
      const sorted = i === this.column;
      if (sorted) heading.setAttribute("aria-sort", this.falls ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
      heading.querySelector(".sort").textContent = sorted ? (this.falls ? "▼" : "▲") : "↕";
    });
    this.body.append(...rows);
    this.markRest();
  }

  // The first rows are shown, the others on demand.
  fold() {
    this.shown = Number(this.table.dataset.rows) || HEADLINE_ROWS;
    if (this.rows.length < this.shown + LEAST_FOLDED) return;
    this.table.classList.add("folded");
    this.markRest();
    const words = () =>
      this.table.classList.contains("folded")
        ? `Show all ${this.rows.length.toLocaleString("en")} rows`
        : `Show the first ${this.shown} rows`;
    const button = smallButton(
      words(),
      () => {
        const folded = this.table.classList.toggle("folded");
        button.textContent = words();
        button.setAttribute("aria-expanded", !folded);
      },
      { "aria-expanded": false },
    );
    this.tools.append(button);
  }

  markRest() {
    if (!this.shown) return;
    [...this.body.rows].forEach((row, i) => row.classList.toggle("rest", i >= this.shown));
  }

  download() {
    const cells = [...this.body.rows].map((row) => [...row.cells].map((c) => c.textContent.trim()));
    const lines = [this.names, ...cells].map((row) => row.map(quoted).join(","));
    saveAs(fileName(this.table, "csv"), "text/csv", `${lines.join("\r\n")}\r\n`);
  }
}

// What is wider than its place can be scrolled with keys as well, and says so.
const overflowing = new ResizeObserver((entries) => {
  for (const { target } of entries) markScroll(target);
});

function scrollCue() {
  return makeElement("span", { class: "cue" }, "scrolls sideways →");
}

function markScroll(box) {
  const wide = box.scrollWidth > box.clientWidth + 1;
  if (wide) box.setAttribute("tabindex", 0);
  else box.removeAttribute("tabindex");
  const rest = box.scrollWidth - box.clientWidth - box.scrollLeft;
  box.classList.toggle("more", wide && rest > 1);
  const cue = (box.closest("figure") ?? box.nextElementSibling)?.querySelector(".cue");
  if (cue) cue.hidden = !wide;
}

for (const table of document.querySelectorAll("main .scroll > table")) {
  const sorted = new SortedTable(table);
  sorted.tools.append(scrollCue());
}
for (const box of document.querySelectorAll(".scroll, figure .view")) {
  overflowing.observe(box);
  for (const child of box.children) overflowing.observe(child);
  box.addEventListener("scroll", () => markScroll(box), { passive: true });
}
