"""The DICOM conformance statement, made from the code that it is about; each line names the test that holds it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pynetdicom.sop_class import _STORAGE_CLASSES
from starlette.routing import Route

from recon import __version__
from recon.doors.node.admission import CALLED_UNKNOWN, CALLING_UNKNOWN, LIMIT
from recon.doors.node.commitment import NO_SUCH_INSTANCE, PROCESSING_FAILURE
from recon.doors.node.config import Completion, NodeConfig, NodeLimits
from recon.doors.node.outcome import outcome_of_status
from recon.doors.node.part10 import IMPLEMENTATION_NAME, IMPLEMENTATION_UID
from recon.doors.node.peers import Destination
from recon.doors.node.receive import DIFFERING_DUPLICATE, OUT_OF_RESOURCES, SUCCESS
from recon.doors.node.stow_in import CALLING
from recon.doors.node.tls import CIPHERS


def _tests_of(module: str) -> str:
    return f"tests/doors/node/test_{module}.py::"


_CLEANING = _tests_of("cleaning")
_COMMITMENT = _tests_of("commitment")
_COMPLETION = _tests_of("completion")
_COURIER = _tests_of("courier")
_EARLY = _tests_of("early")
_INBOX = _tests_of("inbox")
_LISTENER = _tests_of("listener")
_METRICS = _tests_of("metrics")
_ORTHANC = _tests_of("orthanc")
_OUTCOME = _tests_of("outcome")
_PAGE = _tests_of("page")
_QIDO = _tests_of("qido")
_RECEIVE = _tests_of("receive")
_RELEASES = _tests_of("releases")
_REPORTER = _tests_of("reporter")
_STORE_OUT = _tests_of("store_out")
_STOW_IN = _tests_of("stow_in")
_TLS = _tests_of("tls")
_VERDICT = _tests_of("verdict")
_VIEWER = _tests_of("viewer")
_WADO = _tests_of("wado")
_WORK = _tests_of("work")
#: Of searches and retrievals, by the last word of the path.
_TESTS = {
    "studies": f"{_QIDO}test_the_list_of_studies_is_searched_as_the_viewer_does",
    "metadata": f"{_WADO}test_metadata_lead_to_frames",
    "{frames}": f"{_WADO}test_frames_come_as_they_are_asked_for",
}

Line = tuple[str, str, str]


def sections(routes: Iterable[Route]) -> list[tuple[str, list[Line]]]:
    """Title of each section, and its lines: what, how, and the test.

    Parameters
    ----------
    routes
        Of the DICOMweb application.
    """
    limits, completion = NodeLimits(), Completion()
    fields = Destination.model_fields
    return [
        ("Implementation", [
            ("Implementation Class UID", IMPLEMENTATION_UID, f"{_RECEIVE}test_objects_are_kept_as_they_came"),
            ("Implementation Version Name", IMPLEMENTATION_NAME, f"{_RECEIVE}test_objects_are_kept_as_they_came"),
        ]),
        ("Services as SCP", [
            ("Verification (C-ECHO)", "Implicit and Explicit VR", f"{_RECEIVE}test_echo"),
            (f"Storage (C-STORE), {len(_STORAGE_CLASSES)} standard classes, private and future ones",
             "any transfer syntax that is proposed first; kept as received",
             f"{_RECEIVE}test_objects_are_kept_as_they_came"),
            ("Storage in big endian", "kept as received", f"{_RECEIVE}test_damaged_and_big_endian_data_pass"),
            ("Storage Commitment Push Model (N-ACTION)",
             "report on an association of its own, Implicit VR; calling title = the title that was asked",
             f"{_REPORTER}test_a_modality_asks_and_is_told"),
        ]),
        ("Services as SCU", [
            ("Verification (C-ECHO)", "recon node ping", f"{_STORE_OUT}test_sending_speaks_tls"),
            ("Storage (C-STORE)", "an object's own syntax; decompressed only where that is refused",
             f"{_STORE_OUT}test_it_is_decompressed_only_for_a_peer_that_refuses"),
            ("Storage, associations", "one a study", f"{_STORE_OUT}test_a_study_goes_on_one_association"),
            ("Storage Commitment Push Model", "report on the same association or on another one",
             f"{_ORTHANC}test_it_commits_what_we_send_and_is_told_what_we_hold"),
        ]),
        ("Answers to C-STORE", [
            (f"{SUCCESS:04X}", "on disk and in the ledger: after fsync and rename",
             f"{_INBOX}test_what_was_confirmed_survives_sigkill"),
            (f"{OUT_OF_RESOURCES:04X}", "too little room on the disk, or it can't be written",
             f"{_INBOX}test_no_room_is_said"),
            (f"{DIFFERING_DUPLICATE:04X}",
             "other content under a UID that came before; 0000 instead by default, the first is kept either way",
             f"{_RECEIVE}test_another_with_the_same_uid"),
        ]),
        ("Statuses of peers", [
            (f"{status:04X}", outcome_of_status(status).meaning.value, f"{_OUTCOME}test_what_a_status_means")
            for status in (0x0000, 0xB000, 0xB007, 0xA700, 0xA900, 0xC123, 0x0110)
        ]),
        ("Associations", [
            (f"A-ASSOCIATE-RJ {one.result} {one.source} {one.reason}", one.words, test)
            for one, test in (
                (CALLED_UNKNOWN, f"{_RECEIVE}test_strangers_hear_why"),
                (CALLING_UNKNOWN, f"{_RECEIVE}test_a_known_title_from_elsewhere_is_a_stranger"),
                (LIMIT, f"{_LISTENER}test_the_limit_of_one_sender_leaves_room_for_others"),
            )
        ] + [
            ("Associations at a time", f"{limits.associations}, and a limit for each sender",
             f"{_LISTENER}test_the_limit_of_one_sender_leaves_room_for_others"),
            ("Idle timeout", f"{limits.idle_s:g} s", f"{_LISTENER}test_a_caller_that_goes_silent_is_let_go"),
        ]),
        ("Completion", [
            ("Series without an announced count", f"whole after {completion.quiet_s:g} s without a new instance",
             f"{_COMPLETION}test_when_a_series_is_whole"),
            ("Series with (0020,1209), or temporal positions times slices",
             f"whole with all instances and {completion.counted_quiet_s:g} s of quiet, or after "
             f"{completion.longest_wait_s:g} s",
             f"{_COMPLETION}test_a_pause_does_not_cut_a_series"),
            ("Work on a series of one scan", f"begins after {completion.early_s:g} s of quiet; leaves when it is whole",
             f"{_EARLY}test_what_was_worked_on_early_leaves_when_the_series_is_whole"),
            ("Late instances", "a new version", f"{_COMPLETION}test_late_instances_make_a_new_version"),
        ]),
        ("Derived objects", [
            ("Images and maps", "new series and instance UIDs; same study, patient and frame of reference",
             f"{_WORK}test_a_job_becomes_objects_on_their_way"),
            ("Verdict", "Comprehensive SR, TID 1500", f"{_VERDICT}test_the_verdict_is_a_report_that_others_read"),
            ("Verdict", "Secondary Capture Image", f"{_PAGE}test_the_page_is_a_picture_of_the_verdict"),
        ]),
        ("Storage commitment", [
            (f"Failure reason {NO_SUCH_INSTANCE:04X}", "no such instance",
             f"{_REPORTER}test_a_modality_asks_and_is_told"),
            (f"Failure reason {PROCESSING_FAILURE:04X}", "its file is damaged or gone",
             f"{_COMMITMENT}test_a_file_that_is_gone_is_not_committed"),
            ("Pending requests of one sender", f"{limits.pending_commitments}; more are refused",
             f"{_COMMITMENT}test_pending_requests_are_limited"),
            ("No report", f"asked again after {fields['commitment_wait_s'].default:g} s, dead letters after "
             f"{fields['final_after'].default} times",
             f"{_COMMITMENT}test_an_archive_that_never_reports_ends_in_dead_letters"),
        ]),
        ("Delivery", [
            ("Waiting between tries", f"{fields['retry_first_s'].default:g} s, doubling up to "
             f"{fields['retry_most_s'].default:g} s", f"{_OUTCOME}test_waiting_doubles_and_ends_growing"),
            ("Given up", f"after {fields['give_up_after_s'].default / 3600:g} h",
             f"{_COURIER}test_what_is_too_old_is_given_up"),
            ("Refused", f"dead letter after {fields['final_after'].default} times",
             f"{_COURIER}test_an_object_that_is_refused_becomes_a_dead_letter"),
            ("Results held back for a reader", "where a rule says hold_review: sent when accepted on the readers' page",
             f"{_RELEASES}test_a_result_is_held_until_a_reader_accepts_it"),
            ("Retention", "what was sent stays for a while; what could not be stays",
             f"{_CLEANING}test_what_is_done_and_sent_goes_and_nothing_else"),
        ]),
        ("Security", [
            ("TLS 1.2 and 1.3, BCP 195", f"cipher suites of 1.2: {CIPHERS}", f"{_TLS}test_tls_of_both_versions"),
            ("Mutual authentication", "where an authority is configured",
             f"{_TLS}test_tls_asks_for_a_certificate_where_told_to"),
            ("Handshakes", f"each on its own, {limits.handshake_s:g} s",
             f"{_LISTENER}test_a_silent_tls_client_shuts_nobody_out"),
            ("Logs", "no patient data", f"{_COURIER}test_a_destination_that_is_down_holds_up_no_other"),
            ("Metrics", "no patient data", f"{_METRICS}test_metrics_count_and_name_nobody"),
            ("Names of files", "no patient data", f"{_RECEIVE}test_names_of_files_hold_no_patient_data"),
        ]),
        ("DICOMweb", [
            (f"{' '.join(sorted((route.methods or set()) - {'HEAD'}))} {route.path}", _service(route), _test_of(route))
            for route in routes
            if route.path.startswith("/dicom-web")
        ] + [
            ("Accept", "multipart/related or, for one object or frame, the kind alone; else 406",
             f"{_WADO}test_frames_come_as_they_are_asked_for"),
            ("Cross-origin requests", "for the origins of http_origins",
             f"{_VIEWER}test_pages_of_named_origins_may_read"),
        ] + [("Calling AE title that rules see", CALLING, f"{_STOW_IN}test_objects_come_in_by_stow")]),
    ]  # fmt: skip


def statement(routes: Iterable[Route]) -> str:
    """The statement as Markdown."""
    lines = [
        f"# DICOM conformance statement: recon node {__version__}",
        "",
        "Not a medical device; for research use. Values are those of an empty configuration; `node.yaml` changes them.",
    ]
    for title, rows in sections(routes):
        lines += ["", f"## {title}", "", "| what | how | tested by |", "|---|---|---|"]
        lines += [f"| {what} | {how} | `{test}` |" for what, how, test in rows]
    return "\n".join(lines) + "\n"


def default_config() -> NodeConfig:
    """A configuration that has nothing but what it must have."""
    return NodeConfig.model_validate({"titles": ["RECON"], "folder": "node", "senders": [{"title": "*"}]})


def dicomweb_routes() -> Sequence[Route]:
    """The routes that the node answers, without a node."""
    from recon.doors.node import qido, stow_in, wado
    from recon.doors.node.web import ROOT

    config = default_config()
    # the handlers are not called, so that neither inbox nor ledger is needed
    return [*stow_in.routes(ROOT, config, None), *qido.routes(ROOT, None), *wado.routes(ROOT, None)]  # type: ignore[arg-type]


def _service(route: Route) -> str:
    if "POST" in (route.methods or set()):
        return "STOW-RS: multipart/related; type=application/dicom"
    if route.endpoint.__qualname__.startswith("routes.<locals>.search"):
        return "QIDO-RS on results: application/dicom+json"
    return "WADO-RS on results"


def _test_of(route: Route) -> str:
    if "POST" in (route.methods or set()):
        return f"{_STOW_IN}test_the_answer_is_object_by_object"
    return _TESTS.get(route.path.rpartition("/")[2], f"{_QIDO}test_a_study_is_opened_as_the_viewer_does")
