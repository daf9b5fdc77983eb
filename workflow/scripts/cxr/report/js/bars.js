// The composition of clusters, or of a selection: a bar chart each, which is a table as well.

const MOST_BARS = 14;
const BINS = 6;

// A field's values as the names of bars, and the bar of each image.
function barsOf(model, field) {
  const values = model.column(field.values);
  return field.levels ? byLevel(field, values, MOST_BARS) : byStep(values, BINS);
}

// How many of some images each bar stands for.
function countsOf({ names, codes }, images) {
  const counts = new Array(names.length).fill(0);
  for (const image of images) counts[codes[image]] += 1;
  return counts;
}

// A chart of some images: a row a value with its bar, count and share.
function barChart(title, colour, bars, images, { longest, empty = true }) {
  const counts = countsOf(bars, images);
  const unknown = counts.length - 1;
  const rows = bars.names.map((name, i) => {
    const bar = makeElement("span", { class: i === unknown ? "bar unknown" : "bar" });
    bar.style.width = `${(100 * counts[i]) / Math.max(1, longest)}%`;
    bar.hidden = !counts[i];
    if (i < unknown) bar.style.background = colour;
    const share = images.length ? Math.round((100 * counts[i]) / images.length) : 0;
    return makeElement(
      "tr",
      {},
      makeElement("th", { scope: "row", title: name }, name),
      makeElement("td", { class: "bars" }, bar),
      makeElement("td", { class: "number" }, counts[i].toLocaleString("en")),
      makeElement("td", { class: "number share" }, `${share}%`),
    );
  });
  const caption = makeElement(
    "caption",
    {},
    `${title} (n = ${images.length.toLocaleString("en")})`,
  );
  const titles = ["value", "bar", "images", "share"].map((title) =>
    makeElement("th", { scope: "col" }, title),
  );
  const head = makeElement("thead", { class: "hidden" }, makeElement("tr", {}, ...titles));
  const body = makeElement("tbody", {}, ...rows.filter((_, i) => empty || counts[i]));
  return makeElement("table", { class: "chart" }, caption, head, body);
}

// One chart for each cluster, on one scale.
function clusterCharts(model, field, labels, palette) {
  const bars = barsOf(model, field);
  const colouring = byCluster(labels, palette);
  const members = membersOf(colouring);
  const longest = Math.max(...members.map((images) => Math.max(...countsOf(bars, images))));
  return colouring.groups
    .map((group, i) => [group, members[i]])
    .filter(([, images]) => images.length)
    .map(([group, images]) => barChart(group.words, group.colour, bars, images, { longest }));
}
