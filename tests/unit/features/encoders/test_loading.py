"""What an encoder's files may hold, and the line for each that is wrong."""

import io
import json
import os
import pickle
import shutil
import sys
import tarfile
import zipfile

import pytest
import torch
from safetensors.torch import load_file, save_file

from cxr.core.errors import InputError
from cxr.features.encoders.load import load_encoder
from cxr.features.encoders.pickled import LEGACY, read_pickled
from tests.helpers.encoders import (
    densenet,
    save_clip,
    save_dinov2,
    save_pickled,
    save_siglip,
    save_timm,
    save_vit,
    settings_of,
)

OF_HUB = settings_of("transformers")


class Command:
    """An object whose unpickling runs a command."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickled_network_has_the_weights_of_the_network(legacy, tmp_path):
    model = densenet()
    state = read_pickled(save_pickled(model, tmp_path / "a.pt", legacy=legacy))
    expected = model.state_dict()
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[name], expected[name]) for name in expected)
    plain = read_pickled(save_pickled(expected, tmp_path / "b.pt", legacy=legacy))
    assert plain.keys() == expected.keys()


@pytest.mark.parametrize("legacy", [False, True])
def test_a_hostile_pickle_runs_nothing(legacy, tmp_path):
    target = tmp_path / "ran"
    content = {"classifier.weight": torch.zeros(2), "x": Command(target)}
    path = save_pickled(content, tmp_path / "folder" / "a.pt", legacy=legacy)
    settings = settings_of("torchxrayvision", path=str(path))
    with pytest.raises(InputError, match=r"it asks for (posix|nt)\.system") as caught:
        load_encoder(settings, path.parent)
    assert "\n" not in str(caught.value)
    assert not target.exists()


class Call:
    """A pickle that calls a function of a module, without importing it here."""

    def __init__(self, module, name, *arguments):
        self.parts = module, name, arguments

    def pickled(self):
        module, name, arguments = self.parts
        return (
            b"\x80\x02c" + f"{module}\n{name}\n".encode() + pickle.dumps(arguments, 2)[2:-1] + b"R."
        )


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("torch", "load"),
        ("torch.hub", "load"),
        ("torch._utils", "_rebuild_tensor"),
        ("torch.nn.modules.container", "Sequential.forward"),
        ("torchxrayvision.models", "get_weights"),
        ("collections", "OrderedDict.__init__"),
    ],
)
def test_other_names_are_refused(module, name, tmp_path):
    data = Call(module, name, "1").pickled()
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", data)
        archive.writestr("a/version", "3\n")
    with pytest.raises(InputError, match="it asks for"):
        read_pickled(tmp_path / "a.pt")


def test_a_pickle_changes_no_function_of_torch(tmp_path):
    # BUILD with a pair sets attributes of what came before: here of the function itself.
    state = pickle.dumps((None, {"__defaults__": (1,)}), 2)[2:-1]
    data = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n" + state + b"b."
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", data)
        archive.writestr("a/version", "3\n")
    before = torch._utils._rebuild_tensor_v2.__defaults__
    with pytest.raises(InputError):
        read_pickled(tmp_path / "a.pt")
    assert torch._utils._rebuild_tensor_v2.__defaults__ == before


def test_modules_without_end_are_refused(tmp_path):
    # A module that has itself for a part.
    data = (
        b"\x80\x02ctorch.nn.modules.container\nSequential\n)\x81q\x00}"
        b"X\x08\x00\x00\x00_modules}X\x01\x00\x00\x00ah\x00ssb."
    )
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", data)
        archive.writestr("a/version", "3\n")
    with pytest.raises(InputError, match="modules without end"):
        read_pickled(tmp_path / "a.pt")


def test_other_files_of_torch_are_refused(tmp_path):
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "script.pt")
    with tarfile.open(tmp_path / "tar.pt", "w") as archive:
        archive.addfile(tarfile.TarInfo(LEGACY.decode("latin-1")), io.BytesIO())
    (tmp_path / "text.pt").write_text("<html>not found</html>")
    save_pickled(densenet(), tmp_path / "whole.pt")
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(10**6))
    whole = (tmp_path / "whole.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[: len(whole) // 2])
    save_pickled([1, 2], tmp_path / "list.pt")
    for name in ("script", "tar", "text", "cut", "bomb", "list"):
        with pytest.raises(InputError) as caught:
            read_pickled(tmp_path / f"{name}.pt")
        assert f"{name}.pt: " in str(caught.value)


def test_weights_of_another_network_are_one_line(tmp_path):
    path = save_pickled({"classifier.weight": torch.zeros(18, 1024)}, tmp_path / "x" / "a.pt")
    with pytest.raises(InputError, match=r"a.pt: torchxrayvision can't load this encoder \(.*miss"):
        load_encoder(settings_of("torchxrayvision", path=str(path)), path.parent)


@pytest.mark.parametrize("library", ["transformers", "timm"])
def test_truncated_weights_are_one_line(library, tmp_path):
    save = {"transformers": save_dinov2, "timm": save_timm}[library]
    path = save(tmp_path / "a") / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=f"{library} can't load this encoder") as caught:
        load_encoder(settings_of(library), tmp_path / "a")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("library", ["transformers", "timm"])
def test_a_hostile_file_of_weights_runs_nothing(library, tmp_path):
    save = {"transformers": save_dinov2, "timm": save_timm}[library]
    folder, target = save(tmp_path / "a"), tmp_path / "ran"
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    save_pickled({**state, "x": Command(target)}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match=f"{library} can't load this encoder"):
        load_encoder(settings_of(library), folder)
    assert not target.exists()
    save_pickled(state, folder / "pytorch_model.bin")
    assert load_encoder(settings_of(library), folder).dimension > 0


def test_code_beside_the_weights_does_not_run(tmp_path):
    folder, target = save_dinov2(tmp_path / "a"), tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(target)!r}, 'w')\n")
    maps = {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}
    edit(folder / "config.json", auto_map=maps)
    edit(folder / "preprocessor_config.json", auto_map={"AutoImageProcessor": "evil.Processor"})
    assert load_encoder(OF_HUB, folder).dimension == 32
    edit(folder / "config.json", model_type="unheard-of")
    with pytest.raises(InputError, match="transformers can't load this encoder"):
        load_encoder(OF_HUB, folder)
    assert not target.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantization_config": {"quant_method": "bitsandbytes"}}, "weights are quantised"),
        ({"attn_implementation": "owner/kernel"}, "asks for the code of owner/kernel"),
    ],
)
def test_a_config_that_asks_for_more_is_refused(change, words, tmp_path):
    folder = save_dinov2(tmp_path / "a")
    edit(folder / "config.json", **change)
    with pytest.raises(InputError, match=words):
        load_encoder(OF_HUB, folder)


def test_weights_that_are_missing_are_not_drawn_at_random(tmp_path):
    path = save_dinov2(tmp_path / "a") / "model.safetensors"
    state = load_file(path)
    name = next(name for name in state if "layer.1" in name)
    save_file({key: value for key, value in state.items() if key != name}, path, {"format": "pt"})
    with pytest.raises(InputError, match="1 of its weights are missing"):
        load_encoder(OF_HUB, tmp_path / "a")


def test_shards_are_one_encoder(tmp_path):
    whole = load_encoder(OF_HUB, save_dinov2(tmp_path / "whole"))
    folder = save_dinov2(tmp_path / "shards", max_shard_size="20KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    batch = torch.ones((1, 3, 70, 70))
    assert torch.equal(load_encoder(OF_HUB, folder).forward(batch), whole.forward(batch))


def test_a_model_without_pooled_output_needs_pooling(tmp_path):
    folder = save_vit(tmp_path / "vit", pooler=False)
    with pytest.raises(InputError, match="no pooled output; set its `pooling` to cls or mean"):
        load_encoder(OF_HUB, folder)
    encoders = {
        pooling: load_encoder(settings_of("transformers", pooling=pooling), folder)
        for pooling in ("cls", "mean")
    }
    batch = torch.rand((2, 3, 56, 56))
    with torch.inference_mode():
        tokens = encoders["cls"].network(pixel_values=batch).last_hidden_state
        assert torch.equal(encoders["cls"].forward(batch), tokens[:, 0])
        assert torch.equal(encoders["mean"].forward(batch), tokens[:, 1:].mean(1))


def test_clips_poolings_are_before_its_projection(tmp_path):
    folder = save_clip(tmp_path / "clip")
    dimensions = {
        pooling: load_encoder(settings_of("transformers", pooling=pooling), folder).dimension
        for pooling in (None, "pooler", "cls", "mean")
    }
    assert dimensions == {None: 24, "pooler": 32, "cls": 32, "mean": 32}


def test_a_network_without_class_token_says_so(tmp_path):
    settings = settings_of("transformers", pooling="cls")
    with pytest.raises(InputError, match="no class token; set its `pooling` to mean"):
        load_encoder(settings, save_siglip(tmp_path / "siglip"))


def test_poolings_of_timm(tmp_path):
    folder = save_timm(tmp_path / "vit")
    batch = torch.rand((2, 3, 64, 64))
    encoder = load_encoder(settings_of("timm", pooling="mean"), folder)
    with torch.inference_mode():
        tokens = encoder.network.forward_features(batch)
        assert torch.equal(encoder.forward(batch), tokens[:, 1:].mean(1))
    shutil.rmtree(folder)
    save_timm(folder, "resnet18", img_size=None, depth=None)
    assert load_encoder(settings_of("timm", pooling="mean"), folder).dimension == 512
    with pytest.raises(InputError, match="no class token"):
        load_encoder(settings_of("timm", pooling="cls"), folder)


@pytest.mark.parametrize("library", ["timm", "transformers", "torchxrayvision"])
def test_a_missing_package_is_the_line_that_installs_it(library, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    line = f"config key 'encoders': the package {library} is not installed; run `make encoders`"
    with pytest.raises(InputError, match=line):
        load_encoder(settings_of(library), tmp_path)
