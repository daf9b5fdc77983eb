"""Small encoders with random weights, saved in the layout of each library."""

import json
import warnings
from pathlib import Path

import timm
import torch
import torchvision
import torchxrayvision
import transformers
from transformers import (
    BitImageProcessor,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    Dinov2Config,
    Dinov2Model,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
)

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION = {**SMALL, "intermediate_size": 64, "image_size": 56, "patch_size": 14}
TEXT = {**SMALL, "intermediate_size": 64, "vocab_size": 99, "max_position_embeddings": 8}
DEFAULTS = {"model": None, "path": None, "revision": None, "pooling": None, "batch_size": 4}

transformers.logging.disable_progress_bar()


def settings_of(library, **others):
    """An encoder's section as jobs get it."""
    return {"library": library, **DEFAULTS, "licence": "", "citation": "", **others}


def save_dinov2(folder, **options):
    """As microsoft/rad-dino and facebook/dinov2: a network of two layers, and BitImageProcessor."""
    torch.manual_seed(0)
    Dinov2Model(Dinov2Config(**{**VISION, "image_size": 70})).save_pretrained(folder, **options)
    BitImageProcessor(
        size={"shortest_edge": 70},
        crop_size={"height": 70, "width": 70},
        image_mean=[0.5307] * 3,
        image_std=[0.2583] * 3,
    ).save_pretrained(folder)
    return folder


def save_siglip(folder):
    """As google/medsiglip-448: a network of images and texts."""
    torch.manual_seed(0)
    SiglipModel(SiglipConfig(text_config=TEXT, vision_config=VISION)).save_pretrained(folder)
    SiglipImageProcessor(size={"height": 56, "width": 56}).save_pretrained(folder)
    return folder


def save_clip(folder):
    """As openai/clip: images and texts, each with a projection."""
    torch.manual_seed(0)
    config = CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=24)
    CLIPModel(config).save_pretrained(folder)
    _clip_processor().save_pretrained(folder)
    return folder


def save_clip_vision(folder):
    """The part of CLIP that sees images, without the projection."""
    torch.manual_seed(0)
    CLIPVisionModel(CLIPVisionConfig(**VISION)).save_pretrained(folder)
    _clip_processor().save_pretrained(folder)
    return folder


def _clip_processor():
    size = {"height": 56, "width": 56}
    return CLIPImageProcessor(size={"shortest_edge": 56}, crop_size=size)


def save_vit(folder, *, pooler):
    """A ViT, whose pooled output is a layer of its own that weights may lack."""
    torch.manual_seed(0)
    ViTModel(ViTConfig(**VISION), add_pooling_layer=pooler).save_pretrained(folder)
    ViTImageProcessor(size={"height": 56, "width": 56}).save_pretrained(folder)
    return folder


def save_timm(folder, name="vit_tiny_patch16_224", **options):
    """A network of timm as it saves one for the hub."""
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False, **{"img_size": 64, "depth": 2, **options})
    timm.models.save_for_hf(model, folder, safe_serialization=True)
    return folder


def densenet():
    """The DenseNet-121 of torchxrayvision with random weights."""
    torch.manual_seed(0)
    return torchxrayvision.models.DenseNet(num_classes=18).eval()


def resnet():
    """The ResNet-50 that torchxrayvision's has inside: torchvision's, with one channel."""
    torch.manual_seed(0)
    model = torchvision.models.resnet50(weights=None, num_classes=18)
    model.conv1 = torch.nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
    return model.eval()


def save_pickled(content, path: Path, *, legacy=False):
    """A file as torch pickles it, today or before 1.6."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


def save_open_clip(folder):
    """As microsoft/BiomedCLIP: a ViT of timm with a projection, in the layout of open_clip."""
    torch.manual_seed(0)
    trunk = timm.create_model("test_vit", pretrained=False, num_classes=0)
    projection = torch.nn.Linear(trunk.num_features, 24, bias=False)
    state = {f"visual.trunk.{name}": value for name, value in trunk.state_dict().items()}
    state |= {"visual.head.proj.weight": projection.weight.detach(), "logit_scale": torch.ones(())}
    vision = {"timm_model_name": "test_vit", "timm_model_pretrained": False, "timm_pool": ""}
    vision |= {"timm_proj": "linear", "image_size": 160}
    steps = {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4], "interpolation": "bicubic"}
    config = {"model_cfg": {"embed_dim": 24, "vision_cfg": vision}, "preprocess_cfg": steps}
    folder.mkdir(parents=True)
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    save_pickled(state, folder / "open_clip_pytorch_model.bin")
    return trunk.eval(), projection
