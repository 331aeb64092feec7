"""The same made-up visits in every form that hospitals keep: file, database, REDCap, OMOP."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

Row = tuple[str, str, str, float | None, float | None, str | None, int]

START = date(2019, 3, 1)
COLUMNS = ("patient", "visit_date", "sex", "c3", "crp", "hydroxychloroquine", "sledai_2k")

CONFIG: dict[str, Any] = {
    "name": "visits",
    "question": {
        "outcome": "quiet",
        "event": [1],
        "horizon": "6 months",
        "population": "made-up patients",
    },
    "cohort": {
        "visits": {"patient": "patient", "time": "visit_date", "unit": "date"},
        "index": {"first": "sledai_2k >= 6"},
        "baseline": {"latest_within": [-30, 0]},
        "outcome": {"rule": "sledai_2k <= 4", "at": {"nearest": 180, "within": [90, 365]}},
    },
    "predictors": ["sex", "c3", "crp", "hydroxychloroquine"],
    "baseline": "c3",
    "models": {"ridge": {"penalty": [1.0]}},
    "validation": {"folds": 2},
    "tracking": {"enabled": False},
}


def rows(patients: int = 24) -> list[Row]:
    """Visits by patient and day; some values missing, most tenths that no float is."""
    found: list[Row] = []
    for i in range(patients):
        for visit in range(3):
            day = START + timedelta(days=11 * i + (0, 30, 185)[visit])
            c3 = None if (i + visit) % 7 == 0 else round(62.1 + 1.7 * i + 5.3 * visit, 1)
            crp = None if (i * visit) % 5 == 1 else round(3.3 + 0.7 * ((i * 5 + visit) % 11), 1)
            sledai = 4 + 2 * ((i + visit) % 4) if visit < 2 else (2, 8, 3)[i % 3]
            drug = "yes" if (i + visit) % 3 else "no"
            sex = ("female", "male")[i % 4 == 0]
            found.append((str(100 + i), day.isoformat(), sex, c3, crp, drug, sledai))
    return found


def text(cell: object) -> str:
    return "" if cell is None else str(cell)


def write_csv(folder: Path) -> dict[str, Any]:
    with (folder / "visits.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *([text(c) for c in row] for row in rows())])
    return {"file": "visits.csv"}


def fill_table(connection: Any) -> None:
    """Make the table of visits in any database, through a connection of SQLAlchemy."""
    import sqlalchemy as sa

    table = sa.Table(
        "visits",
        sa.MetaData(),
        sa.Column("patient", sa.Integer),
        sa.Column("visit_date", sa.Date),
        sa.Column("sex", sa.Text),
        sa.Column("c3", sa.Float),
        sa.Column("crp", sa.Numeric(6, 1)),
        sa.Column("hydroxychloroquine", sa.Text),
        sa.Column("sledai_2k", sa.Integer),
    )
    table.create(connection)
    cells = [
        {**dict(zip(COLUMNS, row, strict=True)), "visit_date": date.fromisoformat(row[1])}
        for row in rows()
    ]
    connection.execute(table.insert(), [{**c, "patient": int(c["patient"])} for c in cells])


QUERY = "select * from visits order by patient, visit_date"

REDCAP_DATE = "visit_date,baseline,,text,Date of the visit,,,date_ymd,,,,,,,,,,\n"
YES = {"yes": "1", "no": "0", None: ""}


def write_redcap(folder: Path, dictionary: bytes) -> dict[str, Any]:
    """The raw export of a project that was made from the data dictionary of this package."""
    lines = dictionary.decode("utf-8-sig").splitlines(keepends=True)
    (folder / "dictionary.csv").write_text("".join(lines) + REDCAP_DATE, encoding="utf-8")
    with (folder / "export.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS[:2], "redcap_event_name", *COLUMNS[2:], "baseline_complete"])
        for n, row in enumerate(rows()):
            cells = [text(cell) for cell in row]
            cells[5] = YES[row[5]]
            writer.writerow([*cells[:2], f"visit_{n % 3}_arm_1", *cells[2:], "2"])
    return {"redcap": {"file": "export.csv", "dictionary": "dictionary.csv"}}


REPEATED = """Variable / Field Name,Form Name,Field Type,Field Label,\
"Choices, Calculations, OR Slider Labels",Text Validation Type OR Show Slider Number
patient,person,text,Study code,,
sex,person,radio,Sex,"1, Female | 2, Male",
visit_date,visit,text,Date of the visit,,date_dmy
c3,visit,text,Complement C3,,number_comma_decimal
crp,visit,text,CRP,,number
hydroxychloroquine,visit,yesno,Hydroxychloroquine,,
sledai_2k,visit,text,SLEDAI-2K,,integer
"""


def write_repeated_redcap(folder: Path) -> dict[str, Any]:
    """A labelled export of a project of another kind: sex once, each visit a repetition."""
    (folder / "dictionary.csv").write_text(REPEATED, encoding="utf-8")
    labels = {"female": "Female", "male": "Male", "yes": "Yes", "no": "No", None: ""}
    header = ["Study code", "Repeat Instrument", "Repeat Instance", "Sex", "Date of the visit"]
    header += ["Complement C3", "CRP", "Hydroxychloroquine", "SLEDAI-2K"]
    known: dict[str, int] = {}
    with (folder / "export.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for patient, day, sex, c3, crp, drug, sledai in rows():
            if patient not in known:
                writer.writerow([patient, "", "", labels[sex], *[""] * 5])
            known[patient] = known.get(patient, 0) + 1
            c3_told = text(c3).replace(".", ",")
            told = [day, c3_told, "-99" if crp is None else crp, labels[drug], sledai]
            writer.writerow([patient, "Visit", known[patient], "", *told])
    place = {"file": "export.csv", "dictionary": "dictionary.csv", "choices": "labels"}
    return {"redcap": {**place, "once": "sex", "missing_codes": {"-99": "Not done"}}}


# Concepts of the OMOP vocabularies; from 2 billion on they are a centre's own.
CRP, DRUG, FEMALE, MALE, MG_DL, G_L, MG_L = 3020460, 1777087, 8532, 8507, 8840, 8636, 8751
C3, SLEDAI = 2_000_000_001, 2_000_000_002
CONCEPTS = {
    "variables": {
        "sex": {"person": "gender_concept_id", "values": {FEMALE: "female", MALE: "male"}},
        "c3": {"measurement": [C3], "units": {MG_DL: "mg/dL", G_L: "g/L"}},
        "crp": {"measurement": [CRP], "units": {MG_L: "mg/L"}},
        "sledai_2k": {"measurement": [SLEDAI]},
        "hydroxychloroquine": {"drug": [DRUG], "descendants": True, "absent": "no"},
    }
}
MEASUREMENT = (
    "person_id",
    "measurement_date",
    "measurement_concept_id",
    "value_as_number",
    "value_as_concept_id",
    "unit_concept_id",
    "operator_concept_id",
)


def fill_omop(connection: Any) -> None:
    """Make the tables of OMOP CDM v5.4 that are read, through a connection of SQLAlchemy."""
    import sqlalchemy as sa

    meta = sa.MetaData()

    def table(name: str, *columns: str) -> Any:
        kinds = {"date": sa.Date, "number": sa.Float}
        made = [sa.Column(c, kinds.get(c.rsplit("_", 1)[-1], sa.Integer)) for c in columns]
        return sa.Table(name, meta, *made)

    person = table("person", "person_id", "gender_concept_id", "year_of_birth")
    measurement = table("measurement", *MEASUREMENT)
    drug = table(
        "drug_exposure",
        "person_id",
        "drug_concept_id",
        "drug_exposure_start_date",
        "drug_exposure_end_date",
    )
    ancestor = table("concept_ancestor", "ancestor_concept_id", "descendant_concept_id")
    meta.create_all(connection)
    persons: dict[int, str] = {}
    for told, day_text, sex, c3, crp, taken, sledai in rows():
        patient, day = int(told), date.fromisoformat(day_text)
        persons[patient] = sex
        units = ((C3, c3, MG_DL), (CRP, crp, MG_L), (SLEDAI, sledai, None))
        for concept, value, unit in units:
            if value is not None:
                cells = (patient, day, concept, value, None, unit, None)
                connection.execute(measurement.insert(), dict(zip(MEASUREMENT, cells, strict=True)))
        if taken == "yes":
            connection.execute(
                drug.insert(),
                {
                    "person_id": patient,
                    "drug_concept_id": DRUG + 1,  # a product of the substance that is listed
                    "drug_exposure_start_date": day,
                    "drug_exposure_end_date": day,
                },
            )
    connection.execute(
        ancestor.insert(), [{"ancestor_concept_id": DRUG, "descendant_concept_id": DRUG + 1}]
    )
    genders = {"female": FEMALE, "male": MALE}
    connection.execute(
        person.insert(),
        [
            {"person_id": p, "gender_concept_id": genders[s], "year_of_birth": 1980}
            for p, s in persons.items()
        ],
    )


def filled(url: str, fill: Callable[[Any], None]) -> None:
    """Fill a database."""
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()


def write_study(folder: Path, place: dict[str, Any], **visits: Any) -> Path:
    """Write the configuration of a place into a folder."""
    told = {**CONFIG["cohort"]["visits"], **place, **visits}
    config = {**CONFIG, "cohort": {**CONFIG["cohort"], "visits": told}}
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path
