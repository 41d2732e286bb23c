"""Studies, series and instances are searched as OHIF's data source searches them."""

from __future__ import annotations

import httpx
import pytest

from tests.doors.node.viewing import value

pytestmark = pytest.mark.service


def test_the_list_of_studies_is_searched_as_the_viewer_does(web: httpx.Client) -> None:
    """With its parameters of the study list: wildcards, a range of dates, a list of UIDs, fields to include."""
    fields = "00081030,00080060,00080090,00100030"
    always = {"limit": "101", "offset": "0", "fuzzymatching": "false", "includefield": fields}

    def found(**given: str) -> list[str]:
        answer = web.get("/studies", params={**always, **given})
        assert answer.status_code in (200, 204), answer.text
        return [value(one, "0020000D") for one in answer.json()] if answer.status_code == 200 else []

    assert found() == ["1.2.3", "1.2.4"]
    assert found(**{"00100020": "*D3*"}) == ["1.2.3"]
    assert found(PatientName="*test*") == ["1.2.3", "1.2.4"]
    assert found(PatientName="*nobody*") == []
    assert found(StudyDescription="*hest*", StudyDate="20260101-20261231") == ["1.2.3"]
    assert found(StudyDate="19700102-20251231") == ["1.2.4"]
    assert found(ModalitiesInStudy="CT") == ["1.2.3", "1.2.4"]
    assert found(ModalitiesInStudy="MR") == []
    assert found(StudyInstanceUID="1.2.3\\1.2.4") == ["1.2.3", "1.2.4"]
    assert found(StudyInstanceUID="1.2.4") == ["1.2.4"]
    assert found(limit="1") == ["1.2.3"]
    assert found(limit="1", offset="1") == ["1.2.4"]
    (study,) = web.get("/studies", params={**always, "StudyInstanceUID": "1.2.3"}).json()
    assert (value(study, "00081030"), value(study, "00080020")) == ("Chest", "20260101")
    assert set(study["00080061"]["Value"]) == {"CT", "OT", "SR"}
    assert value(study, "00201208") == 3
    assert value(study, "00081190") == f"{web.base_url}studies/1.2.3"
    assert "Warning" in web.get("/studies", params={"fuzzymatching": "true"}).headers
    assert web.get("/studies", params={"includefield": "NoSuch"}).status_code == 400


def test_a_study_is_opened_as_the_viewer_does(web: httpx.Client) -> None:
    """Its series with the fields that it sorts by, then one of them, then its instances."""
    fields = {"includefield": "0008103E,00080021"}
    series = web.get("/studies/1.2.3/series", params=fields).json()
    assert {value(one, "00080060") for one in series} == {"CT", "SR", "OT"}
    (image,) = (one for one in series if value(one, "00080060") == "CT")
    assert value(image, "00201209") == 1
    uid = value(image, "0020000E")
    (same,) = web.get("/studies/1.2.3/series", params={"SeriesInstanceUID": uid}).json()
    assert value(same, "0020000E") == uid
    (instance,) = web.get(f"/studies/1.2.3/series/{uid}/instances", params={"includefield": "all"}).json()
    assert value(instance, "00280030") == 0.8
    assert web.get(f"/studies/1.2.3/series/{uid}/instances", params={"offset": "1"}).status_code == 204
