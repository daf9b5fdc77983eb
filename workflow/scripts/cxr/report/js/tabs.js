// Tabs: one panel at a time; arrow keys move between them.

class Tabs {
  constructor(root, changed) {
    this.tabs = [...root.querySelectorAll('[role="tab"]')];
    this.panels = this.tabs.map((tab) =>
      document.getElementById(tab.getAttribute("aria-controls")),
    );
    this.changed = changed;
    this.tabs.forEach((tab, number) => {
      tab.addEventListener("click", () => this.open(number));
      tab.addEventListener("keydown", (event) => this.pressKey(event, number));
    });
    this.show(0);
  }

  get current() {
    return this.tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
  }

  show(current) {
    this.tabs.forEach((tab, number) => {
      tab.setAttribute("aria-selected", number === current);
      tab.tabIndex = number === current ? 0 : -1;
      this.panels[number].hidden = number !== current;
    });
  }

  open(number) {
    this.show(number);
    this.changed(number);
  }

  pressKey(event, number) {
    const last = this.tabs.length - 1;
    const moves = {
      ArrowRight: number === last ? 0 : number + 1,
      ArrowLeft: number === 0 ? last : number - 1,
      Home: 0,
      End: last,
    };
    if (moves[event.key] === undefined) return;
    event.preventDefault();
    this.open(moves[event.key]);
    this.tabs[moves[event.key]].focus();
  }
}
