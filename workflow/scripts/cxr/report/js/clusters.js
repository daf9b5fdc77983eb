// The clusters: whether they are supported, how large and how stable, and their composition.

class ClusterPanel {
  constructor(parts, handlers) {
    Object.assign(this, { parts, handlers });
    parts.field.addEventListener("change", () => {
      this.compose();
      handlers.changed();
    });
  }

  // The clusters of a labelling; `isSelected` where it is the study's selected one.
  show(shown, isSelected) {
    Object.assign(this, { shown, isSelected });
    this.parts.shown.textContent = isSelected
      ? "the study's selected clusters"
      : "clusters other than the study's selected ones";
    const totals = shown.model.totalsOf(shown.labelling);
    const colouring = byCluster(shown.labels, shown.palette, totals);
    const { groups } = colouring;
    const members = membersOf(colouring);
    const counts = totals || members.map((images) => images.length);
    const entries = groups
      .map((group, number) => [group, number, members[number]])
      .filter(([, number]) => counts[number])
      .map(([group, number, images]) => {
        const select = (event) => this.handlers.selected(images, event.shiftKey);
        const button = makeButton("", select, { title: `Select: ${group.words}` });
        const count = makeElement("span", { class: "count" }, brief(counts[number]));
        button.append(keyOf(group), makeElement("span", { class: "name" }, group.words), count);
        const grade = this.gradeOf(number, group);
        return makeElement("li", {}, button, ...(grade ? [grade] : []));
      });
    this.parts.cluster_list.replaceChildren(...entries);
    this.compose();
  }

  // How stable one of the study's selected clusters is.
  gradeOf(number, group) {
    const grade = this.isSelected && this.shown.model.verdict.stability[number];
    if (!grade || group.words === "outliers") return null;
    return makeElement("p", { class: "note" }, grade);
  }

  // The composition of each cluster by a field, beside the test of their association.
  compose() {
    const { model } = this.shown;
    const field = model.field(this.parts.field.value);
    this.parts.field.parentElement.hidden = !model.fields.length;
    if (!field) {
      this.parts.charts.replaceChildren();
      this.parts.test.textContent = "";
      return;
    }
    const test = model.tests[field.name] || "";
    const other = " This test is of the study's selected clusters, not of those shown.";
    this.parts.test.textContent = test && !this.isSelected ? test + other : test;
    this.parts.charts.replaceChildren(...clusterCharts(this.shown, field));
  }
}
