// Files one after the other; what can't be used is listed with its reason and the page goes on.

const MEMORY = "this browser has not enough memory for an image of this size";
const LISTED = 50;

class Queue {
  constructor(network, study, parts) {
    Object.assign(this, { network, study, parts });
    Object.assign(this, { waiting: [], refused: [], done: 0, total: 0, running: false });
    parts.stop.addEventListener("click", () => this.stop());
  }

  add(files) {
    if (!files.length) return;
    if (!this.running) Object.assign(this, { done: 0, total: 0 });
    this.waiting.push(...files);
    this.total += files.length;
    if (!this.running) this.run();
  }

  stop() {
    this.total -= this.waiting.length;
    this.waiting = [];
  }

  clear() {
    this.stop();
    this.refused = [];
    this.list();
  }

  async run() {
    this.running = true;
    const first = this.parts.table.results.length;
    while (this.waiting.length) {
      this.tell();
      const file = this.waiting.shift();
      try {
        this.parts.found(await assessFile(file, this.network, this.study));
      } catch (error) {
        this.refuse(file, error);
      }
      this.done += 1;
      // The page draws and listens between two images.
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.running = false;
    this.tell(this.parts.table.results.length - first);
  }

  refuse(file, error) {
    let reason = "it can't be used";
    if (error instanceof Refused) reason = error.message;
    else if (error instanceof RangeError || /memory|allocat/i.test(error?.message)) reason = MEMORY;
    this.refused.push({ name: file.name || "pasted image", reason });
    this.list();
  }

  list() {
    const { refused } = this.parts;
    refused.hidden = !this.refused.length;
    if (this.refused.length === 1) refused.open = true;
    refused.querySelector("summary").textContent =
      `${plural(this.refused.length, "file")} could not be used`;
    const shown = this.refused
      .slice(0, LISTED)
      .map(({ name, reason }) => makeElement("li", {}, `${name}: ${reason}`));
    const rest = this.refused.length - shown.length;
    if (rest > 0)
      shown.push(makeElement("li", {}, `and ${plural(rest, "more file")}, all in the CSV table`));
    refused.querySelector("ul").replaceChildren(...shown);
  }

  tell(found) {
    const { progress, status } = this.parts;
    progress.parentElement.hidden = !this.running || this.total < 2;
    Object.assign(progress, { max: this.total, value: this.done });
    if (this.running) status.textContent = `Image ${this.done + 1} of ${this.total}…`;
    else
      status.textContent = found ? `Done: ${plural(found, "image")}.` : "No image could be used.";
  }
}
