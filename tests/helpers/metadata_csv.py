"""Metadata in the layout of ieee8023/covid-chestxray-dataset."""

HEADER = "patientid,offset,sex,age,finding,view,modality,date,location,folder,filename,doi,license,"
REVISION = "patientid,sex,age,finding,view,modality,date,location,filename"


def write(folder, *lines, header=HEADER, encoding="utf-8"):
    folder.mkdir(exist_ok=True)
    (folder / "metadata.csv").write_bytes("\n".join([header, *lines, ""]).encode(encoding))
    return folder


def row(patient, file, finding="COVID-19", view="PA", location="", folder="images"):
    cells = [patient, 3, "M", 65, finding, view, "X-ray", 2020, f'"{location}"', folder, file]
    return ",".join(map(str, [*cells, "10.1000/x", "CC BY", ""]))
