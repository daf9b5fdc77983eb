"""What a synthetic cohort is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SyntheticCohort:
    """The parameters of a synthetic cohort.

    Attributes
    ----------
    patients : int
        In each of the four classes.
    images_per_patient : float
        Mean number of images, at least one.
    image_size : int
        Height of the radiographs, pixels.
    variants : int
        Appearance groups inside COVID-19.
    variant_strength : float
        0 makes the groups equal, 1 clearly different on average.
    variant_sites : bool
        Whether a group's patients all come from one hospital, another for each.
    seed : int
        Patient i of a class is the same whatever the number of patients.
    """

    patients: int
    images_per_patient: float
    image_size: int
    variants: int
    variant_strength: float
    variant_sites: bool
    seed: int
