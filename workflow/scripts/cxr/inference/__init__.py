"""Trained networks on new images, and as ONNX."""
