"""A cohort of synthetic chest radiographs, with planted truth.

The generative model, all of it drawn from one seed:

- A patient has a class, an anatomy (width of the thorax and heart, height of
  the diaphragm, curvature of the ribs), a sex, an age and a site. The site, a
  hospital in a country, has one scanner: contrast, gamma, noise, blur, margin,
  marker, file format. Anatomy, site and class are independent of each other.
- A patient of the class COVID-19 also belongs to one of `variants` appearance
  groups, independent of all else. Groups differ in where their opacities lie
  (height and distance from the midline), how large and how many they are;
  `variant_strength` scales the distance between their parameters, so that at 0
  all groups are one. With `variant_sites` a group's patients come from one
  hospital, so that the scanner explains the groups.
- An image shows its patient at a time: severity rises to a peak and falls, the
  pose jitters, the view is PA, AP, AP Supine or, rarely, lateral.
- Opacities by class: COVID-19 ground-glass patches, by default peripheral and
  basal on both sides; bacterial one dense consolidation; viral diffuse streaks;
  normal none.
- The metadata are as untidy as upstream's, and a handful of entries is broken
  on purpose.

`truth.csv` beside the metadata says what was planted. No reader reads it; the evidence
compares the clusters with it.
"""
