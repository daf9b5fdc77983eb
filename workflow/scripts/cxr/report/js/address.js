// The state of the explorer in the page's address: a link reproduces the view.

const MARK = "#view=";
// A longer address is cut by some programs; selections are left out of it then.
const LONGEST = 8000;

// Ascending whole numbers as ranges: 3-5,9.
function rangesOf(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const ranges = [];
  for (const number of sorted) {
    const last = ranges.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join();
}

function numbersIn(ranges, count) {
  if (typeof ranges !== "string" || !ranges) return [];
  return ranges.split(",").flatMap((range) => {
    const [from, to = from] = range.split("-").map(Number);
    if (!(from >= 0 && to >= from && to < count)) return [];
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

// Writes a state; without its selections where it is too long.
function writeAddress(state) {
  const written = (document) => MARK + encodeURIComponent(JSON.stringify(document));
  const whole = written(state);
  const fits = whole.length <= LONGEST;
  history.replaceState(null, "", fits ? whole : written({ ...state, selection: "", saved: [] }));
  return fits;
}

// The state of the address; null where it has none.
function readAddress() {
  if (!location.hash.startsWith(MARK)) return null;
  try {
    const state = JSON.parse(decodeURIComponent(location.hash.slice(MARK.length)));
    return state && typeof state === "object" ? state : null;
  } catch {
    return null;
  }
}
