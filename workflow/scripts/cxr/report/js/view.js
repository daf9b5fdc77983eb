// The explorer's state as plain values: to the address, and back.

// Milliseconds between two changes of the address: browsers allow some 100 in 30 seconds.
const PAUSE = 400;

Object.assign(Explorer.prototype, {
  // Writes the state into the address, once something was done.
  remember() {
    if (!this.remembering || this.waiting) return;
    this.waiting = setTimeout(() => {
      this.waiting = null;
      const fits = writeAddress(this.state());
      this.parts.too_long.hidden = fits;
    }, PAUSE);
  },

  state() {
    const { model, parts, map, labelling } = this;
    return {
      model: model.name,
      method: parts.method.value,
      perplexity: this.shownMap.perplexity,
      cell: labelling ? [labelling.eps, labelling.min_samples] : null,
      colour: parts.colour.value,
      field: parts.field.value,
      tab: this.tabs.current,
      zoom: [map.zoom, ...map.centre].map((value) => Number(value.toPrecision(6))),
      pins: this.pins.map((image) => model.ids[image]),
      selection: rangesOf(this.selection),
      saved: this.selections.saved.map(({ name, note, images }) => [name, note, rangesOf(images)]),
      filters: this.filters.state,
      second: this.comparison.state,
    };
  },

  // Shows a state of the address; what it names that is not here is left as it is.
  restore(state) {
    if (!state) return false;
    this.remembering = false;
    const number = this.models.findIndex(({ name }) => name === state.model);
    this.open(Math.max(0, number));
    const { model, parts } = this;
    const choose = (part, value) => {
      if ([...part.options].some((option) => option.value === value)) part.value = value;
    };
    choose(parts.method, state.method);
    const place = model.series.findIndex(({ perplexity }) => perplexity === state.perplexity);
    if (place >= 0) parts.perplexity.value = place;
    choose(parts.colour, state.colour);
    choose(parts.field, state.field);
    this.changeMap();
    const [eps, minSamples] = listOf(state.cell);
    const cell = this.shownMap.labellings.find(
      (labelling) => labelling.eps === eps && labelling.min_samples === minSamples,
    );
    if (cell) this.label(cell);
    const [zoom, x, y] = listOf(state.zoom);
    if ([zoom, x, y].every(Number.isFinite)) Object.assign(this.map, { zoom, centre: [x, y] });
    this.restoreImages(state);
    if (this.tabs.tabs[state.tab]) this.tabs.show(state.tab);
    this.comparison.state = Array.isArray(state.second) ? state.second : null;
    this.showMap();
    this.remembering = true;
    return true;
  },

  restoreImages(state) {
    const { model } = this;
    const count = model.ids.length;
    this.filters.state = filtersOf(state.filters);
    this.filter();
    const pins = listOf(state.pins).map((id) => model.rows.get(id));
    this.pins = pins.filter((image) => image !== undefined);
    this.selection = numbersIn(state.selection, count);
    this.selections.saved = listOf(state.saved)
      .filter(Array.isArray)
      .map(([name, note, ranges]) => ({
        name: String(name),
        note: String(note),
        images: numbersIn(ranges, count),
      }));
  },
});

function listOf(value) {
  return Array.isArray(value) ? value : [];
}

// The filters of an address: pairs of a field's name and its values, or its range.
function filtersOf(state) {
  const { search, levels, ranges } = state && typeof state === "object" ? state : {};
  return {
    search: typeof search === "string" ? search : "",
    levels: listOf(levels).filter((pair) => Array.isArray(pair) && Array.isArray(pair[1])),
    ranges: listOf(ranges).filter((pair) => Array.isArray(pair) && pair[1]),
  };
}
