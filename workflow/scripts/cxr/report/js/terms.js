// Statistics by name: each heading that the glossary explains has a tooltip and a link to it.

class Terms {
  constructor(list) {
    this.entries = new Map();
    for (const term of list.querySelectorAll("dt")) {
      for (const name of term.dataset.names.split("\n")) this.entries.set(name, term);
    }
    this.tip = makeElement("div", { class: "tip", role: "tooltip", id: "tip" });
    this.tip.hidden = true;
    document.body.append(this.tip);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.hide();
    });
    // What has the focus or the pointer may be scrolled into sight.
    const follow = () => (this.described?.matches(":hover, :focus") ? this.place() : this.hide());
    document.addEventListener("scroll", follow, { passive: true, capture: true });
  }

  // Text at the beginning of an element becomes a link, where the glossary has it.
  link(element) {
    const text = [...element.childNodes].find(({ nodeType }) => nodeType === Node.TEXT_NODE);
    const term = text && this.entry(text.data);
    if (!term) return;
    const link = makeElement("a", { class: "term", href: `#${term.id}` }, text.data.trim());
    text.replaceWith(link);
    this.explain(link, term);
  }

  // The entry of a name; "precision at 8" is that of precision.
  entry(text) {
    const name = text.trim().toLowerCase();
    return this.entries.get(name) ?? this.entries.get(name.replace(/ at \d+$/, ""));
  }

  explain(element, term) {
    const show = () => this.show(element, term);
    for (const event of ["mouseenter", "focus"]) element.addEventListener(event, show);
    for (const event of ["mouseleave", "blur"]) element.addEventListener(event, () => this.hide());
  }

  show(element, term) {
    this.tip.textContent = term.nextElementSibling.textContent;
    this.tip.hidden = false;
    element.setAttribute("aria-describedby", "tip");
    this.described = element;
    this.place();
  }

  // Below what it explains, or above where there is no room.
  place() {
    const box = this.described.getBoundingClientRect();
    const { width, height } = this.tip.getBoundingClientRect();
    const below = box.bottom + 6 + height < window.innerHeight;
    const left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - width - 8));
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`;
  }

  hide() {
    this.tip.hidden = true;
    this.described?.removeAttribute("aria-describedby");
    this.described = null;
  }
}

const terms = new Terms(document.querySelector(".glossary"));
for (const heading of document.querySelectorAll("main thead th, main .estimates tbody th")) {
  terms.link(heading);
}
for (const light of document.querySelectorAll(".light")) {
  const link = light.querySelector("a");
  const term = terms.entry(link.textContent);
  if (term) terms.explain(link, term);
}
