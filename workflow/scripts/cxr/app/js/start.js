// The page starts here.

const byId = (id) => document.getElementById(id);

// Files that are dropped, pasted or chosen; whatever else comes with them is left alone.
function listen(take) {
  const [zone, input] = [byId("drop"), byId("choose")];
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  document.addEventListener("paste", (event) => take([...(event.clipboardData?.files ?? [])]));
  // A file that misses the zone must not replace the page.
  for (const name of ["dragover", "drop"])
    document.addEventListener(name, (event) => event.preventDefault());
  document.addEventListener("dragover", () => zone.classList.add("over"));
  document.addEventListener(
    "dragleave",
    (event) => event.relatedTarget ?? zone.classList.remove("over"),
  );
  document.addEventListener("drop", (event) => {
    zone.classList.remove("over");
    take([...(event.dataTransfer?.files ?? [])]);
  });
}

async function start() {
  const began = performance.now();
  const status = byId("status");
  const early = [];
  let take = (files) => early.push(...files);
  listen((files) => take(files));
  const study = unpackStudy(await carriedDocument("document"));
  const network = await Network.start(study);
  const detail = new Detail(byId("detail"), study);
  const table = new ResultTable(byId("table"), study, (result) => detail.show(result));
  const found = (result) => {
    table.add(result);
    byId("several").hidden = false;
    if (table.results.length === 1) table.select(0);
  };
  const parts = {
    table,
    found,
    status,
    progress: document.querySelector("progress"),
    stop: byId("stop"),
    refused: byId("refused"),
  };
  const queue = new Queue(network, study, parts);
  byId("save").addEventListener("click", () =>
    saveText(table.csv(queue.refused), `${study.name}.csv`),
  );
  byId("clear").addEventListener("click", () => {
    queue.clear();
    table.clear();
    detail.hide();
    byId("several").hidden = true;
    status.textContent = "Ready.";
    byId("choose").focus();
  });
  take = (files) => queue.add(files);
  status.textContent = "Ready.";
  document.body.dataset.started = Math.round(performance.now() - began);
  window.app = { study, network, queue, table, detail };
  queue.add(early);
}

start().catch((error) => {
  const reason =
    error instanceof Refused
      ? error.message
      : /memory|allocat/i.test(error?.message) || error instanceof RangeError
        ? "this browser has not enough memory for the network"
        : `it can't start here (${error?.message})`;
  byId("status").textContent = `The network can't run: ${reason}.`;
  document.body.dataset.failed = "";
});
