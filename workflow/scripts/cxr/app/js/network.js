// The trained network, run by ONNX Runtime in WebAssembly on one thread.

class Network {
  static async start({ model, separated }) {
    if (typeof WebAssembly !== "object") {
      throw new Refused(
        "this browser has no WebAssembly, or it is switched off; open the page in another one",
      );
    }
    const [ort, wasmBinary, onnx] = await Promise.all([
      loadModule("onnxruntime/ort.wasm.bundle.min.mjs"),
      carriedBytes("onnxruntime/ort-wasm-simd-threaded.wasm"),
      carriedBytes("model.onnx"),
    ]);
    joinNumbers(onnx, separated);
    Object.assign(ort.env.wasm, { wasmBinary, numThreads: 1 });
    ort.env.logLevel = "error";
    const session = await ort.InferenceSession.create(onnx, { executionProviders: ["wasm"] });
    return new Network(ort, session, model);
  }

  constructor(ort, session, model) {
    Object.assign(this, { ort, session, model });
  }

  // The outputs of a canonical image by name, each a Float32Array.
  async run(image) {
    const side = this.model.image_size;
    const { pixels } = resizeBilinear(image, side, side);
    const input = new this.ort.Tensor(
      "float32",
      Float32Array.from(pixels, (v) => v / 255),
      [1, 1, side, side],
    );
    const results = await this.session.run({ images: input });
    const outputs = {};
    for (const [name, tensor] of Object.entries(results)) {
      outputs[name] = Float32Array.from(tensor.data);
      if (name === "cams") outputs.camSize = tensor.dims.slice(2);
      tensor.dispose();
    }
    input.dispose();
    return outputs;
  }
}
