// The composition of clusters, or of a selection: a bar chart each, which is a table as well.

const MOST_BARS = 14;
const BINS = 6;

// A field's values as the names of bars, and the bar of each image.
function barsOf(model, field) {
  const values = model.column(field.values);
  if (field.levels) return byLevel(field, values, MOST_BARS);
  return byStep(values, BINS, field.range || rangeOf(values));
}

// How many of some images each bar stands for.
function countsOf({ names, codes }, images) {
  const counts = new Array(names.length).fill(0);
  for (const image of images) counts[codes[image]] += 1;
  return counts;
}

// A chart of some images: a row a value with its bar, count and share.
function barChart(title, colour, { names }, counts, { longest, empty = true }) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const unknown = counts.length - 1;
  const rows = names.map((name, i) => {
    const bar = makeElement("span", { class: i === unknown ? "bar unknown" : "bar" });
    bar.style.width = `${(100 * counts[i]) / Math.max(1, longest)}%`;
    bar.hidden = !counts[i];
    if (i < unknown) bar.style.background = colour;
    const share = total ? Math.round((100 * counts[i]) / total) : 0;
    return makeElement(
      "tr",
      {},
      makeElement("th", { scope: "row", title: name }, name),
      makeElement("td", { class: "bars" }, bar),
      makeElement("td", { class: "number" }, counts[i].toLocaleString("en")),
      makeElement("td", { class: "number share" }, `${share}%`),
    );
  });
  const caption = makeElement("caption", {}, `${title} (n = ${total.toLocaleString("en")})`);
  const titles = ["value", "bar", "images", "share"].map((title) =>
    makeElement("th", { scope: "col" }, title),
  );
  const head = makeElement("thead", { class: "hidden" }, makeElement("tr", {}, ...titles));
  const body = makeElement("tbody", {}, ...rows.filter((_, i) => empty || counts[i]));
  return makeElement("table", { class: "chart" }, caption, head, body);
}

// One chart for each cluster, on one scale; of all images, where the page shows a part of them.
function clusterCharts({ model, labels, labelling, palette }, field) {
  const bars = barsOf(model, field);
  const { groups, codes } = byCluster(labels, palette, model.totalsOf(labelling));
  const totals = labelling && labelling.totals;
  const all = totals && model.column(totals.fields[model.fields.indexOf(field)]);
  const width = bars.names.length;
  const counts = all
    ? groups.map((_, number) => [...all.slice(number * width, (number + 1) * width)])
    : membersOf({ groups, codes }).map((images) => countsOf(bars, images));
  const longest = Math.max(...counts.flat());
  return groups
    .map((group, number) => [group, counts[number]])
    .filter(([, numbers]) => numbers.some(Boolean))
    .map(([group, numbers]) => barChart(group.words, group.colour, bars, numbers, { longest }));
}
