// Figures, and files that stand on the page, as downloads.

for (const figure of document.querySelectorAll("main figure")) {
  const image = figure.querySelector("img");
  const tools = makeElement("div", { class: "figure-tools" });
  const button = smallButton("SVG", () => {
    const text = decodeURIComponent(image.src.slice(image.src.indexOf(",") + 1));
    saveAs(fileName(figure, "svg"), "image/svg+xml", text);
  });
  button.setAttribute("aria-label", `Download as SVG: ${image.alt}`);
  tools.append(button, " ", scrollCue());
  figure.append(tools);
}

for (const code of document.querySelectorAll("main .code")) {
  const button = smallButton(`Download ${code.dataset.file}`, () => {
    saveAs(code.dataset.file, "text/plain", code.querySelector("pre").textContent);
  });
  code.append(button);
}
