"""The terms of findings that published sets of chest images use, and other words for them.

A term has one spelling; case, spaces, hyphens and underscores of a text make no difference.
"""

# Causes of a pneumonia in the COVID-19 image data collection (ieee8023/covid-chestxray-dataset).
ETIOLOGIES = (
    *("COVID-19", "SARS", "MERS", "Escherichia coli", "Klebsiella", "Legionella"),
    *("Chlamydophila", "Mycoplasma", "Nocardia", "Streptococcus", "Staphylococcus", "MRSA"),
    *("Pneumocystis", "Aspergillosis", "Influenza", "H1N1", "Varicella", "Herpes"),
)
# Terms by the vocabulary that they are from; the first one that has a term gives its spelling.
TERMS = {
    "ieee8023": (
        *ETIOLOGIES,
        *("ARDS", "No finding", "pneumonia", "bacterial pneumonia", "viral pneumonia"),
        *("fungal pneumonia", "lipoid pneumonia", "aspiration pneumonia", "Tuberculosis"),
    ),
    "COVIDx": ("non-COVID-19 pneumonia",),
    # X. Wang et al., "ChestX-ray8", 2017, arXiv:1705.02315: the fourteen labels of ChestX-ray14.
    "NIH ChestX-ray14": (
        *("Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule"),
        *("Pneumothorax", "Consolidation", "Edema", "Emphysema", "Fibrosis"),
        *("Pleural thickening", "Hernia"),
    ),
    # J. Irvin et al., "CheXpert", 2019, arXiv:1901.07031, whose labels MIMIC-CXR-JPG has too.
    "CheXpert": (
        *("Enlarged Cardiomediastinum", "Lung Opacity", "Lung Lesion", "Pleural Other"),
        *("Fracture", "Support Devices"),
    ),
    # G. Shih et al., "Augmenting the NIH chest radiograph dataset", 2019: the RSNA challenge.
    "RSNA Pneumonia Detection": ("No Lung Opacity / Not Normal",),
    # H. Q. Nguyen et al., "VinDr-CXR", 2022, arXiv:2012.15029.
    "VinDr-CXR": (
        *("Aortic enlargement", "Calcification", "Clavicle fracture", "Enlarged PA"),
        *("Interstitial lung disease", "Lung cavity", "Lung cyst", "Mediastinal shift"),
        *("Nodule/Mass", "Rib fracture", "Other lesion", "COPD", "Lung tumor", "Other disease"),
    ),
    # A. Bustos et al., "PadChest", 2020, arXiv:1901.07441: its more frequent labels.
    "PadChest": (
        *("unchanged", "exclude", "suboptimal study", "COPD signs", "air trapping"),
        *("alveolar pattern", "interstitial pattern", "reticular interstitial pattern"),
        *("reticulonodular interstitial pattern", "miliary opacities", "ground glass pattern"),
        *("increased density", "pseudonodule", "multiple nodules", "pulmonary mass"),
        *("laminar atelectasis", "lobar atelectasis", "atelectasis basal", "volume loss"),
        *("costophrenic angle blunting", "loculated pleural effusion", "pleural plaques"),
        *("apical pleural thickening", "calcified pleural thickening", "fissure thickening"),
        *("calcified granuloma", "granuloma", "calcified adenopathy", "calcified densities"),
        *("hilar enlargement", "hilar congestion", "vascular hilar enlargement", "adenopathy"),
        *("bronchiectasis", "bronchovascular markings", "cavitation", "bullas", "air bronchogram"),
        *("aortic elongation", "aortic atheromatosis", "aortic button enlargement"),
        *("vascular redistribution", "pulmonary artery enlargement", "heart insufficiency"),
        *("mediastinal enlargement", "superior mediastinal enlargement", "mediastinal mass"),
        *("hemidiaphragm elevation", "diaphragmatic eventration", "flattened diaphragm"),
        *("hiatal hernia", "scoliosis", "kyphosis", "vertebral degenerative changes"),
        *("callous rib fracture", "vertebral compression", "osteopenia", "osteoporosis"),
        *("subcutaneous emphysema", "pneumomediastinum", "hydropneumothorax", "hyperinflated lung"),
        *(
            "tuberculosis sequelae",
            "post radiotherapy changes",
            "lung metastasis",
            "pneumoperitoneo",
        ),
        *(
            "pacemaker",
            "NSG tube",
            "endotracheal tube",
            "central venous catheter",
            "chest drain tube",
        ),
        *("sternotomy", "mastectomy", "nipple shadow", "chronic changes", "fibrotic band"),
        *("lymphangitis carcinomatosa", "pulmonary hypertension", "asbestosis signs"),
    ),
    # M. de la Iglesia Vaya et al., "BIMCV COVID-19+", 2020, arXiv:2006.01174.
    "BIMCV COVID-19+": ("COVID-19 uncertain",),
    # P. Lakhani et al., "The 2021 SIIM-FISABIO-RSNA machine learning COVID-19 challenge", 2023;
    # E. B. Tsai et al., "RICORD", 2021.
    "SIIM-FISABIO and RICORD": (
        *("Typical appearance", "Indeterminate appearance", "Atypical appearance"),
    ),
    # Y. Liu et al., "Rethinking computer-aided tuberculosis diagnosis" (TBX11K), 2020.
    "TBX11K": (
        *("sick but non-tuberculosis", "active tuberculosis", "latent tuberculosis"),
        *("uncertain tuberculosis",),
    ),
    # RadLex 4.1 and the Fleischner Society's glossary (D. M. Hansell et al., 2008).
    "RadLex": (
        *("ground-glass opacity", "honeycombing", "crazy-paving pattern", "abscess", "empyema"),
        *("lung cancer", "lymphadenopathy", "reticulation", "bulla", "pneumonitis", "bronchitis"),
        *("halo sign", "tree-in-bud pattern", "septal thickening", "pericardial effusion"),
        *("abnormal",),
    ),
}

# Other words by their term, those of COVIDx (lindawangg/COVID-Net), the COVID-19 Radiography
# Database, CoronaHack ("Pnemonia" is its spelling) and Kermany et al. among them.
OTHER_WORDS = {
    "COVID-19": (
        *(
            "SARS-CoV-2",
            "COVID",
            "nCoV",
            "2019-nCoV",
            "novel coronavirus",
            "coronavirus disease 2019",
        ),
        *(
            "COVID-19 pneumonia",
            "COVID pneumonia",
            "pneumonia COVID-19",
            "COVID-19 viral pneumonia",
        ),
        *("SARS-CoV-2 pneumonia", "SARS-CoV-2 infection", "COVID-19 infection", "NCP"),
    ),
    "SARS": ("severe acute respiratory syndrome", "SARS-CoV", "SARS-CoV-1"),
    "MERS": ("MERS-CoV", "Middle East respiratory syndrome"),
    "non-COVID-19 pneumonia": (
        *("non-COVID pneumonia", "pneumonia non-COVID", "COVID negative pneumonia"),
        "COVID-19 negative pneumonia",
    ),
    "ARDS": ("acute respiratory distress syndrome",),
    "No finding": (
        *("No findings", "normal", "healthy", "no abnormality", "no abnormalities", "unremarkable"),
        *("no abnormal finding", "no abnormal findings", "no significant finding"),
        *("no significant findings", "no significant abnormality", "within normal limits", "WNL"),
        *("normal chest", "normal lung", "normal lungs", "normal study", "normal CXR"),
        *(
            "healthy control",
            "healthy controls",
            "normal chest x-ray",
            "normal radiograph",
            "no acute findings",
            "no acute finding",
        ),
        *("no acute cardiopulmonary process", "no acute cardiopulmonary disease", "NAD"),
        *("no acute cardiopulmonary abnormality", "no abnormality detected"),
        *("no acute abnormality", "no disease", "no active disease", "no pathology"),
    ),
    "abnormal": ("abnormality", "abnormalities", "not normal"),
    "pneumonia": ("pneumonias", "pnemonia", "pneumonia unspecified"),
    "bacterial pneumonia": (
        *("pneumonia bacterial", "bacteria pneumonia", "pneumonia bacteria"),
        *("mycoplasma bacterial pneumonia", "pneumonia, bacterial"),
    ),
    "viral pneumonia": (
        "pneumonia viral",
        "virus pneumonia",
        "pneumonia virus",
        "pneumonia, viral",
    ),
    "fungal pneumonia": ("pneumonia fungal",),
    "lipoid pneumonia": ("pneumonia lipoid",),
    "aspiration pneumonia": ("pneumonia aspiration", "pneumonia, aspiration"),
    "Escherichia coli": ("E.Coli",),
    "Pneumocystis": ("PCP", "PJP", "Pneumocystis pneumonia", "Pneumocystis jirovecii"),
    "Influenza": ("flu", "influenza pneumonia"),
    "Tuberculosis": ("TB", "PTB", "pulmonary tuberculosis", "pulmonary TB"),
    "active tuberculosis": ("active TB",),
    "latent tuberculosis": ("latent TB",),
    "uncertain tuberculosis": ("uncertain TB",),
    "sick but non-tuberculosis": ("sick but non-TB", "sick (but non-TB)"),
    "Atelectasis": ("atelectases", "pulmonary atelectasis"),
    "Cardiomegaly": ("enlarged heart", "cardiac enlargement"),
    "Effusion": ("pleural effusion", "pleural effusions", "effusions"),
    "Infiltration": ("infiltrate", "infiltrates", "pulmonary infiltrate", "pulmonary infiltrates"),
    "Mass": ("masses", "lung mass"),
    "Nodule": ("nodules", "pulmonary nodule", "lung nodule", "solitary pulmonary nodule"),
    "Pneumothorax": ("pneumothoraces",),
    "Consolidation": ("consolidations", "pulmonary consolidation", "lung consolidation"),
    "Edema": ("oedema", "pulmonary edema", "pulmonary oedema", "lung edema"),
    "Emphysema": ("pulmonary emphysema",),
    "Fibrosis": ("pulmonary fibrosis", "lung fibrosis"),
    "Enlarged Cardiomediastinum": ("enlarged cardiomediastinal silhouette",),
    "Lung Opacity": (
        *("lung opacities", "pulmonary opacity", "pulmonary opacities", "opacity", "opacities"),
        *("airspace opacity", "airspace opacities", "air space opacity"),
    ),
    "Lung Lesion": ("lung lesions", "pulmonary lesion"),
    "Fracture": ("fractures",),
    "Support Devices": ("support device",),
    "No Lung Opacity / Not Normal": ("no lung opacity not normal", "no opacity not normal"),
    "Interstitial lung disease": ("ILD",),
    "Clavicle fracture": ("clavicular fracture",),
    "Rib fracture": ("rib fractures",),
    "Nodule/Mass": ("nodule or mass", "nodule and mass"),
    "COPD": (*("chronic obstructive pulmonary disease", "pulmonary disease, chronic obstructive"),),
    "Lung tumor": ("lung tumour", "pulmonary tumor"),
    "Other disease": ("other diseases",),
    "Other lesion": ("other lesions",),
    "ground-glass opacity": ("GGO", "ground glass opacities", "ground glass", "groundglass"),
    "crazy-paving pattern": ("crazy paving",),
    "pneumoperitoneo": ("pneumoperitoneum",),
    "COVID-19 uncertain": ("COVID uncertain", "uncertain COVID-19"),
}

# Parts of a path that name a kind of the term before them: Pneumonia/Viral/COVID-19.
PARENT = "pneumonia"
KINDS = {
    "viral": "viral pneumonia",
    "virus": "viral pneumonia",
    "bacterial": "bacterial pneumonia",
    "bacteria": "bacterial pneumonia",
    "fungal": "fungal pneumonia",
    "lipoid": "lipoid pneumonia",
    "aspiration": "aspiration pneumonia",
}
