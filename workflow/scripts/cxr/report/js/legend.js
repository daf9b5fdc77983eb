// The legend: the groups of a colouring; each is a button that selects its images.

class Legend {
  constructor(parts, handlers) {
    Object.assign(this, { parts, handlers });
  }

  show({ groups, codes, totals }, mask) {
    const counts = new Array(groups.length).fill(0);
    codes.forEach((code, image) => {
      if (!mask || mask[image]) counts[code] += 1;
    });
    if (totals && !mask) totals.forEach((count, group) => (counts[group] = count));
    const shown = [...groups.keys()].filter((group) => counts[group]);
    const entries = shown.map((group) => {
      const select = (event) => {
        const images = [...codes.keys()].filter(
          (image) => codes[image] === group && (!mask || mask[image]),
        );
        this.handlers.selected(images, event.shiftKey);
      };
      const button = makeButton("", select, { title: `Select: ${groups[group].words}` });
      button.append(
        keyOf(groups[group]),
        makeElement("span", { class: "name" }, groups[group].words),
        makeElement("span", { class: "count" }, counts[group].toLocaleString("en")),
      );
      return makeElement("li", {}, button);
    });
    this.parts.legend.replaceChildren(...entries);
  }
}
