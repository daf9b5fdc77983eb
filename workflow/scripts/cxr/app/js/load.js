// What the page carries: programs, the network and data, compressed and as text in its elements.

const carried = new Map();

// The bytes of a part of the page; they are unpacked once.
function carriedBytes(name) {
  if (!carried.has(name)) carried.set(name, unpackedPart(name));
  return carried.get(name);
}

async function unpackedPart(name) {
  const element = document.querySelector(`script[data-part="${name}"]`);
  const text = element.textContent;
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(text) : bytesOf(text);
  const stream = new Blob([bytes]).stream();
  element.remove();
  const plain = stream.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
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
