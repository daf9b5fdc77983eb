// What the page carries: programs, the network and data, compressed and as text in its elements.

// As of cxr.app.packing: before a letter that is another one, and what makes it that.
const MARK = "~".charCodeAt(0);
const TURNED = 0x8000;

const carried = new Map();

// The bytes of a part of the page; they are unpacked once.
function carriedBytes(name) {
  if (!carried.has(name)) carried.set(name, unpackedPart(name));
  return carried.get(name);
}

async function unpackedPart(name) {
  const element = document.querySelector(`script[data-part="${name}"]`);
  const bytes = bytesOfLetters(element.textContent, Number(element.dataset.length));
  const stream = new Blob([bytes]).stream();
  element.remove();
  const plain = stream.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

// A letter is two bytes, the lower one first.
function bytesOfLetters(text, length) {
  const bytes = new Uint8Array(length);
  for (let i = 0, filled = 0; filled < length; i += 1, filled += 2) {
    let letter = text.charCodeAt(i);
    if (letter === MARK) {
      i += 1;
      letter = text.charCodeAt(i) ^ TURNED;
    }
    bytes[filled] = letter;
    bytes[filled + 1] = letter >> 8;
  }
  return bytes;
}

// Numbers whose first bytes lie first, with the bytes of each together again.
function joinNumbers(bytes, places) {
  for (const [start, length, size] of places) {
    const apart = bytes.slice(start, start + length);
    const count = length / size;
    for (let byte = 0; byte < size; byte += 1) {
      for (let i = 0; i < count; i += 1) bytes[start + i * size + byte] = apart[byte * count + i];
    }
  }
}

async function carriedDocument(name) {
  return JSON.parse(new TextDecoder().decode(await carriedBytes(name)));
}

async function addressOf(name) {
  // Without a charset a script would be read in the page's own, which is UTF-16.
  const type = "text/javascript; charset=utf-8";
  const blob = new Blob([await carriedBytes(name)], { type });
  return URL.createObjectURL(blob);
}

const loaded = new Map();

function once(name, load) {
  if (!loaded.has(name)) loaded.set(name, load());
  return loaded.get(name);
}

// A program that is a module.
function loadModule(name) {
  return once(name, async () => import(await addressOf(name)));
}

// A program that leaves one global name.
function loadScript(name, global) {
  return once(name, async () => {
    const script = makeElement("script", { src: await addressOf(name) });
    await new Promise((resolve, reject) => {
      script.addEventListener("load", resolve);
      script.addEventListener("error", () => reject(new Error(`${name} can't be started`)));
      document.head.append(script);
    });
    return window[global];
  });
}

// A decoder in WebAssembly.
function loadCodec(folder, global) {
  return once(folder, async () => {
    const [factory, wasmBinary] = await Promise.all([
      loadScript(`${folder}/decoder.js`, global),
      carriedBytes(`${folder}/decoder.wasm`),
    ]);
    // What it would tell a programmer's console.
    const print = () => {};
    return factory({ wasmBinary, print, printErr: print });
  });
}
