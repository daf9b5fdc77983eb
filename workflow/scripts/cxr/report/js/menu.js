// The menu: what is in sight, a search of headings and terms, and which model is shown.

const MOST_HITS = 12;

class Menu {
  constructor(root) {
    this.root = root;
    this.body = root.querySelector(".menu-body");
    this.toggle = root.querySelector(".menu-toggle");
    this.links = new Map();
    root.classList.remove("static");
    this.toggle.hidden = false;
    for (const field of root.querySelectorAll(".menu-field")) field.hidden = false;
    this.open(false);
    this.toggle.addEventListener("click", () => this.open(this.body.classList.contains("closed")));
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.open(false);
      if (this.toggle.offsetParent) this.toggle.focus();
    });
    root.addEventListener("click", (event) => {
      if (event.target.closest("a")) this.open(false);
    });
    this.nameHeadings();
    this.listSections();
    this.search = this.part("search");
    this.search.addEventListener("input", () => this.find());
    this.modelSwitch = this.part("shown-model");
    this.modelSwitch?.addEventListener("change", () => this.showModel(this.modelSwitch.value));
    if (this.modelSwitch) this.showModel("0");
    window.addEventListener("hashchange", () => this.reveal(location.hash.slice(1)));
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      if (link) this.reveal(link.hash.slice(1));
    });
    this.follow();
    if (location.hash) this.reveal(location.hash.slice(1));
  }

  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  open(open) {
    this.body.classList.toggle("closed", !open);
    this.toggle.setAttribute("aria-expanded", open);
  }

  // What can be found needs a place to go to.
  nameHeadings() {
    this.places = [];
    const found = "main :is(h1, h2, h3, h4, caption, figcaption, summary, dt[data-names])";
    document.querySelectorAll(found).forEach((element, i) => {
      if (!element.id) element.id = `place-${i}`;
      const words = [...element.childNodes].filter((node) => !node.matches?.(".table-tools"));
      this.places.push({ element, text: words.map((node) => node.textContent).join("").trim() });
    });
  }

  listSections() {
    for (const link of this.part("sections").querySelectorAll("a")) {
      const heading = document.getElementById(link.hash.slice(1));
      if (!heading) continue;
      this.links.set(heading, link);
      const inside = heading.closest("section")?.querySelectorAll("h3[id]:not(.small)") ?? [];
      const entries = [...inside].filter((part) => part.offsetParent !== null || part.id);
      if (!entries.length || heading.id === "explore") continue;
      const list = makeElement("ul", {});
      list.hidden = true;
      for (const part of entries) {
        const entry = makeElement("a", { href: `#${part.id}` }, part.textContent.trim());
        this.links.set(part, entry);
        list.append(makeElement("li", {}, entry));
      }
      link.after(list);
    }
  }

  find() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = words.length
      ? this.places.filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)))
      : [];
    const entries = found.slice(0, MOST_HITS).map(({ element, text }) => {
      const short = text.length > 90 ? `${text.slice(0, 90)}…` : text;
      const link = makeElement("a", { href: `#${element.id}` }, short);
      const section = element.closest("section")?.querySelector("h2")?.textContent;
      if (section && section !== text) link.append(makeElement("small", {}, section));
      return makeElement("li", {}, link);
    });
    this.part("hits").replaceChildren(...entries);
    this.part("hits").hidden = !entries.length;
    this.part("sections").hidden = Boolean(entries.length);
    this.part("count").textContent = words.length ? plural(found.length, "result") : "";
  }

  // The parts of one model, or of all; the explorer follows.
  showModel(value) {
    for (const part of document.querySelectorAll("[data-model]")) {
      part.hidden = value !== "all" && part.dataset.model !== value;
    }
    const explored = document.querySelector('#explorer [data-part="model"]');
    if (value !== "all" && explored && explored.value !== value) {
      explored.value = value;
      explored.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  // Opens what hides a place.
  reveal(id) {
    const element = document.getElementById(id);
    if (!element) return;
    const model = element.closest("[data-model]");
    if (model?.hidden && this.modelSwitch) {
      this.modelSwitch.value = model.dataset.model;
      this.showModel(model.dataset.model);
    }
    for (let box = element.parentElement; box; box = box.parentElement) {
      if (box.tagName === "DETAILS") box.open = true;
    }
    element.scrollIntoView();
  }

  // Marks the heading above what is in sight, and opens its section in the menu.
  follow() {
    let waiting = false;
    const mark = () => {
      waiting = false;
      const shown = [...this.links].filter(([heading]) => heading.offsetParent !== null);
      const above = shown.filter(([heading]) => heading.getBoundingClientRect().top < 120);
      const current = above.reduce(
        (last, entry) =>
          !last || last[0].compareDocumentPosition(entry[0]) & Node.DOCUMENT_POSITION_FOLLOWING
            ? entry
            : last,
        shown[0],
      );
      for (const [, link] of this.links) link.removeAttribute("aria-current");
      if (!current) return;
      current[1].setAttribute("aria-current", "true");
      const section = current[0].closest("section");
      for (const [heading, link] of this.links) {
        const list = link.nextElementSibling;
        if (list) list.hidden = !section || heading.closest("section") !== section;
      }
    };
    const later = () => {
      if (!waiting) requestAnimationFrame(mark);
      waiting = true;
    };
    document.addEventListener("scroll", later, { passive: true });
    window.addEventListener("resize", later);
    mark();
  }
}

// On paper all is open; afterwards it is as it was.
const closedDetails = [];
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("main details:not([open])")) {
    closedDetails.push(details);
    details.open = true;
  }
});
window.addEventListener("afterprint", () => {
  for (const details of closedDetails.splice(0)) details.open = false;
});

const menu = new Menu(document.querySelector('[data-part="menu"]'));
