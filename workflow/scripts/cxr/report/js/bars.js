// What clusters, or a selection, hold: a bar chart each, which is a table as well.

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
function barChart(title, colour, valued, images, { longest, empty = true }) {
  const counts = countsOf(valued, images);
  const unknown = counts.length - 1;
  const rows = valued.names.map((name, i) => {
    const bar = make("span", { class: i === unknown ? "bar unknown" : "bar" });
    bar.style.width = `${(100 * counts[i]) / Math.max(1, longest)}%`;
    bar.hidden = !counts[i];
    if (i < unknown) bar.style.background = colour;
    const share = images.length ? Math.round((100 * counts[i]) / images.length) : 0;
    return make(
      "tr",
      {},
      make("th", { scope: "row", title: name }, name),
      make("td", { class: "bars" }, bar),
      make("td", { class: "number" }, counts[i].toLocaleString("en")),
      make("td", { class: "number share" }, `${share}%`),
    );
  });
  const caption = make("caption", {}, `${title} (n = ${images.length.toLocaleString("en")})`);
  const words = ["value", "bar", "images", "share"].map((w) => make("th", { scope: "col" }, w));
  const head = make("thead", { class: "hidden" }, make("tr", {}, ...words));
  const body = make("tbody", {}, ...rows.filter((_, i) => empty || counts[i]));
  return make("table", { class: "chart" }, caption, head, body);
}

// One chart for each cluster, on one scale.
function clusterCharts(model, field, labels, palette) {
  const valued = barsOf(model, field);
  const { groups, codes } = byCluster(labels, palette);
  const members = groups.map(() => []);
  codes.forEach((code, image) => members[code].push(image));
  const longest = Math.max(...members.map((images) => Math.max(...countsOf(valued, images))));
  return groups
    .map((group, i) => [group, members[i]])
    .filter(([, images]) => images.length)
    .map(([group, images]) => barChart(group.words, group.colour, valued, images, { longest }));
}
