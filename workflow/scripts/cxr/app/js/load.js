// What the page carries: programs, the network and data, compressed and as text in its elements.

// As of cxr.app.packing: a letter has 15 bits.
const LETTER_BITS = 15;
const FIRST_LETTER = 0x4000;

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

function bytesOfLetters(text, length) {
  const bytes = new Uint8Array(length);
  let [held, bits, filled] = [0, 0, 0];
  for (let i = 0; filled < length; i += 1) {
    held = (held << LETTER_BITS) | (text.charCodeAt(i) - FIRST_LETTER);
    for (bits += LETTER_BITS; bits >= 8 && filled < length; filled += 1) {
      bits -= 8;
      bytes[filled] = held >> bits;
    }
    held &= (1 << bits) - 1;
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
  const blob = new Blob([await carriedBytes(name)], { type: "text/javascript" });
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
