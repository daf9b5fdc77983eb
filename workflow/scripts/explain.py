"""What a network looks at in the test images: Grad-CAM panels and its share in the lungs."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_table, write_csv
from cxr.core.job import job
from cxr.evaluation.gradcam import attention, grad_cam, overlay, select_examples
from cxr.figures.gradcam import panels
from cxr.figures.style import save
from cxr.networks.weights import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    network, card = load_model(input.weights, input.model)
    predictions, classes = read_table(input.predictions), card["classes"]
    test = predictions.loc[predictions["split"] == "test"]
    images = read_array(input.images)[test.index]
    targets = test["predicted"].map({name: k for k, name in enumerate(classes)}).to_numpy()
    cams = grad_cam(network, images, card["image_size"], targets)
    write_csv(attention(test, images, cams, cfg["modality"]), output.attention)
    test = test.reset_index(drop=True)
    chosen = select_examples(test, classes, cfg["explained"])
    pictures = [overlay(images[row], cams[row]) for row in chosen.index]
    save(panels(chosen, pictures, classes, cfg["explained"]), output.figure)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
