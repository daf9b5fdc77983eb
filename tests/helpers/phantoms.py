"""Settings of small synthetic cohorts."""

from cxr.synthetic.settings import SyntheticCohort

# One image a patient, and COVID-19 of one appearance.
PLAIN_COHORT = SyntheticCohort(
    patients=4,
    images_per_patient=1.0,
    image_size=128,
    variants=1,
    variant_strength=1.0,
    variant_sites=False,
    seed=1,
)
