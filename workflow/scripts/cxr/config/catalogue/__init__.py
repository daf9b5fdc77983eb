"""What a study can name: architectures, controls, null models, readers, recorded fields.

Each is listed once, here. The config accepts these names, and the stages that
use one read its entry. Only code that must differ lies elsewhere.
"""
