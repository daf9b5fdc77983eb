// Starts the page.

// What is wider than the page can be scrolled with keys as well.
const scrollable = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", 0);
    else target.removeAttribute("tabindex");
  }
});
for (const box of document.querySelectorAll(".scroll")) scrollable.observe(box);

readDocument(document.getElementById("data").textContent).then((page) => {
  window.explorer = new Explorer(document.getElementById("explorer"), page);
  requestAnimationFrame(() => performance.mark("rendered"));
});
