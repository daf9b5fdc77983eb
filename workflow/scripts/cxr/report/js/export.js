// Files of selected images: CSV, as the results have it, and JSON.

// What a spreadsheet program would run as a formula, and marks: as in cxr/core/cells.py.
const UNMARKED = new RegExp(
  String.raw`(?:^|(?<=[;\t\r\n]))(?=[\t\r\n']|(?!-[0-9]+(?:\.[0-9]+)?(?:$|[;\t\r\n]))` +
    String.raw`[\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*` +
    "[=+@＝＋＠﹦﹢﹫﹣－−-])",
  "g",
);

// A cell of a CSV file; text that would begin a formula is marked as text.
function quoted(value) {
  const text = typeof value === "number" ? String(value) : String(value).replace(UNMARKED, "'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// The record of an image on the shown map: null where nothing is known.
function recordOf({ model, labels, points }, image) {
  const [x, y] = [0, 1].map((axis) => Number(points[2 * image + axis].toFixed(5)));
  const own = { image_id: model.ids[image], patient_id: model.patient(image), x, y };
  const cluster = labels[image] < 0 ? null : labels[image] + 1;
  const fields = model.fields.map((field) => [field.name, model.value(field, image)]);
  return { ...own, cluster, ...Object.fromEntries(fields) };
}

// Selections as CSV: a row an image of a selection, which is named where it has a name.
function selectionsCsv(shown, selections) {
  const rows = selections.flatMap(({ name, note, images }) =>
    images.map((image) => ({ selection: name, note, ...recordOf(shown, image) })),
  );
  const head = Object.keys(rows[0]);
  const cells = rows.map((row) => head.map((name) => row[name] ?? ""));
  return [head, ...cells].map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}

function selectionsJson(shown, study, selections) {
  const { model, map, labelling } = shown;
  const { method, perplexity, seed } = map;
  const cell = labelling ? { eps: labelling.eps, min_samples: labelling.min_samples } : null;
  const written = selections.map(({ name, note, images }) => ({
    name,
    note,
    images: images.map((image) => recordOf(shown, image)),
  }));
  const document = { study, model: model.name, map: { method, perplexity, seed, cell } };
  return `${JSON.stringify({ ...document, selections: written }, null, 2)}\n`;
}

// Hands a text to the browser as a file.
function saveFile(name, type, text) {
  const link = makeElement("a", { download: name });
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
