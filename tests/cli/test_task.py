"""``recon ct`` against the real service."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from PIL import Image
from typer.testing import CliRunner

from recon.cli import main as command
from recon.cli.main import app
from tests.conftest import body, read_hu

MakeSlice = Callable[..., Path]


@pytest.fixture
def run(service: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Runs ``recon ct ARGS -o tmp/out --server …`` as the shell would; returns exit status and stderr."""

    def call(*arguments: object, server: str = service) -> tuple[int, str]:
        words = ["recon", "ct", *map(str, arguments), "-o", str(tmp_path / "out"), "--server", server]
        monkeypatch.setattr("sys.argv", words)
        with pytest.raises(SystemExit) as done:
            command.main()
        return int(done.value.code or 0), capsys.readouterr().err

    return call


def _nifti(path: Path, slices: int = 3, size: int = 128) -> Path:
    stack = np.stack([body(size, 20, seed) for seed in range(slices)], axis=-1)
    nib.save(nib.Nifti1Image(stack.astype(np.int16), np.diag([0.7, 0.7, 3.0, 1.0])), path)
    return path


def _report(folder: Path) -> dict[str, object]:
    return json.loads((folder / "report.json").read_text())


def test_nifti(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    source = _nifti(tmp_path / "liver.nii.gz")
    assert run(source)[0] == 0
    out = tmp_path / "out" / "liver"
    assert {path.name for path in out.iterdir()} == {"image.nii.gz", "uncertainty.nii.gz", "report.json", "preview.png"}
    before, after = nib.load(source), nib.load(out / "image.nii.gz")
    np.testing.assert_array_equal(after.affine, before.affine)
    assert after.shape == before.shape
    clean = body(128, 0.0)
    tissue = (clean > -200) & (clean < 200)
    errors = [np.abs(image.get_fdata()[:, :, 0] - clean)[tissue].mean() for image in (before, after)]
    assert errors[1] < 0.75 * errors[0]
    assert (nib.load(out / "uncertainty.nii.gz").get_fdata() >= 0).all()
    report = _report(out)
    assert (report["task"], report["status"], report["schema_version"]) == ("ct", "complete", 1)
    assert report["model"]["name"] == "ct_denoise"  # type: ignore[index]
    assert Image.open(out / "preview.png").size[0] > 1000


def test_a_mixed_folder(run: Callable[..., tuple[int, str]], make_slice: MakeSlice, tmp_path: Path) -> None:
    for index in range(3):
        path = make_slice(f"{9 - index}.dcm", z=3.0 * index, seed=index)
    make_slice("scout.dcm", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    make_slice("other.dcm", SeriesInstanceUID=pydicom.uid.generate_uid(), SeriesNumber=4)
    (path.parent / "readme.txt").write_text("hello")
    code, words = run(path.parent)
    assert code == 0
    assert "scout.dcm: a localizer" in words
    assert "readme.txt: of no known format" in words
    out = tmp_path / "out"
    assert sorted(item.name for item in out.iterdir()) == ["series_3", "series_4"]
    made = [pydicom.dcmread(item) for item in sorted((out / "series_3" / "image").iterdir())]
    assert [float(item.ImagePositionPatient[2]) for item in made] == [0.0, 3.0, 6.0]
    assert len({item.SeriesInstanceUID for item in made}) == 1
    assert {item.PatientID for item in made} == {"T1"}
    assert len(list((out / "series_3" / "uncertainty").iterdir())) == 3
    assert "ct_denoise:1" in made[0].DerivationDescription
    assert pydicom.dcmread(out / "series_3" / "uncertainty.dcm").pixel_array.shape == (3, 128, 128)


def test_strength_zero_gives_the_input_back(run: Callable[..., tuple[int, str]], real_ct: Path, tmp_path: Path) -> None:
    assert run(real_ct, "--strength", 0)[0] == 0
    made = tmp_path / "out" / "CT_small" / "image" / "0001.dcm"
    np.testing.assert_array_equal(read_hu(made), read_hu(real_ct))


def test_missing_slices_go_to_review(
    run: Callable[..., tuple[int, str]], make_slice: MakeSlice, tmp_path: Path
) -> None:
    for index in (0, 1, 2, 5):
        path = make_slice(f"{index}.dcm", z=3.0 * index, seed=index)
    assert run(path.parent)[0] == 0
    report = _report(tmp_path / "out" / "series")
    assert report["verdict"] == "REVIEW"
    assert "slices missing: 2" in report["notes"][0]  # type: ignore[index]


def test_a_damaged_slice_is_named_and_the_rest_is_done(
    run: Callable[..., tuple[int, str]], make_slice: MakeSlice, tmp_path: Path
) -> None:
    for index in range(3):
        path = make_slice(f"{index}.dcm", z=3.0 * index, seed=index)
    path.write_bytes(path.read_bytes()[:-4000])
    code, words = run(path.parent)
    assert code == 1
    assert "2.dcm: truncated" in words
    assert len(list((tmp_path / "out" / "series" / "image").iterdir())) == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "absent", "no such file or folder"),
        (lambda folder: (folder / "e.nii.gz").touch() or folder / "e.nii.gz", "an empty file"),
        (lambda folder: (folder / "e.dcm").touch() or folder / "e.dcm", "an empty file"),
        (lambda folder: (folder / "d").mkdir() or folder / "d", "no CT series"),
        (lambda folder: (folder / "x.nii").write_text("no") and folder / "x.nii", "damaged or no NIfTI"),
    ],
)
def test_unusable_input_is_one_line_and_status_2(
    run: Callable[..., tuple[int, str]], tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    code, said = run(make(tmp_path))
    assert code == 2
    assert words in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_the_wrong_modality_is_named(run: Callable[..., tuple[int, str]], make_slice: MakeSlice) -> None:
    code, said = run(make_slice(SOPClassUID=pydicom.uid.MRImageStorage, Modality="MR"))
    assert code == 2
    assert "not a CT image (MR" in said


def test_an_unknown_model_is_named(run: Callable[..., tuple[int, str]], real_ct: Path) -> None:
    code, said = run(real_ct, "--model", "red_cnn")
    assert code == 2
    assert "no ct model red_cnn" in said


def test_an_output_that_can_not_be_written(run: Callable[..., tuple[int, str]], real_ct: Path, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    code, said = run(real_ct)
    assert code == 1
    assert "CT_small" in said
    assert "Traceback" not in said


def test_a_full_disk(run: Callable[..., tuple[int, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recon.tasks.ct.outputs.write_nifti", full)
    code, said = run(_nifti(tmp_path / "a.nii.gz", 1))
    assert code == 1
    assert "the disk is full" in said
    assert not (tmp_path / "out").exists()


def test_a_service_that_is_not_there(
    run: Callable[..., tuple[int, str]], real_ct: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recon.client import Client

    patient = Client.wait_ready
    monkeypatch.setattr(Client, "wait_ready", lambda self, timeout_s=1.0: patient(self, 1.0))
    code, said = run(real_ct, server="127.0.0.1:1")
    assert code == 1
    assert "no service was ready at 127.0.0.1:1" in said


@pytest.mark.service
def test_a_server_that_dies_mid_series_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from recon import client
    from recon.client import resume
    from tests.serving.processes import Service

    service = Service("--task", "ct")
    source = _nifti(tmp_path / "long.nii.gz", slices=60)
    original = resume.Run.__next__
    monkeypatch.setattr(
        client.Client.denoise_ct, "__kwdefaults__", {**client.Client.denoise_ct.__kwdefaults__, "patience_s": 1.0}
    )

    def killing(self: resume.Run) -> client.ImageSlice:
        result = original(self)
        if result.index == 4:
            service.process.kill()
        return result

    monkeypatch.setattr(resume.Run, "__next__", killing)
    monkeypatch.setattr(
        "sys.argv", ["recon", "ct", str(source), "-o", str(tmp_path / "out"), "--server", service.address]
    )
    with pytest.raises(SystemExit) as done:
        command.main()
    assert done.value.code == 1
    said = capsys.readouterr().err
    report = _report(tmp_path / "out" / "long")
    finished = 60 - len(report["slices"]["missing"])  # type: ignore[index]
    assert 5 <= finished < 60
    assert f"{finished} of 60 slices are kept" in said
    assert report["status"] == "incomplete"
    image = nib.load(tmp_path / "out" / "long" / "image.nii.gz").get_fdata()
    assert np.isfinite(image[:, :, finished - 1]).all()
    assert np.isnan(image[:, :, finished]).all()
    service.process.wait(10)
    service.wait_gone(20)


def test_json(service: str, real_ct: Path, tmp_path: Path) -> None:
    shutil.copy(real_ct, tmp_path / "a.dcm")
    words = ["ct", str(tmp_path / "a.dcm"), "-o", str(tmp_path / "out"), "--server", service, "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0
    content = json.loads(done.stdout)
    assert content["results"][0]["verdict"] in ("PASS", "REVIEW")
