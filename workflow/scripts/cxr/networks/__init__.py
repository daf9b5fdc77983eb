"""The networks: architectures, weights, devices, augmentation."""
