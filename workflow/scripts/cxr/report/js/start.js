// Starts the page.

readDocument(document.getElementById("data").textContent).then((page) => {
  window.explorer = new Explorer(document.getElementById("explorer"), page);
  requestAnimationFrame(() => performance.mark("rendered"));
});
