"""The command line as a contract: streams, exit codes, and no traceback for what a user did."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import made_bundles
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_bundles import FULL, save
from made_cohorts import cohort, write

import predictor
from predictor import cli
from predictor.errors import BundleError
from predictor.fitted.bundle import load_bundle, save_bundle

HEAD = "patient,c3,marker,fever,organ\n"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Call the command line in this process, which is quicker by far than a new one."""

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["predictor", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        found = capsys.readouterr()
        assert "Traceback" not in found.err
        return Ended(code, found.out, found.err)

    yield call
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _as_in_the_foreground() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*arguments: object, **given: object) -> subprocess.Popen[str]:
    """The command line as a process and leader of a group, as a shell starts it."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    return subprocess.Popen(
        [sys.executable, "-m", "predictor", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A suite started in the background ignores Ctrl-C, and so would what it starts.
        preexec_fn=_as_in_the_foreground,  # noqa: PLW1509 - no threads here that it could harm
        env=environment | given.pop("env", {}),  # type: ignore[operator]
        **given,  # type: ignore[call-overload]
    )


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("cli") / "b")


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    (tmp_path / "p.json").write_text(json.dumps(FULL))
    return tmp_path / "p.json"


COMMANDS = ("check", "init", "inspect", "predict", "track", "train", "variables")


def test_every_command_of_the_contract_is_there() -> None:
    assert set(cli.app.commands) >= set(COMMANDS)


@pytest.mark.parametrize("command", sorted(cli.app.commands))
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help_with_an_example(command: str, flag: str, run: Run) -> None:
    ended = run(command, flag)
    assert ended.code == 0
    assert f"Example:\n    predictor {command} " in ended.out
    assert not ended.err


def test_version_and_help(run: Run) -> None:
    assert run("--version") == Ended(0, f"predictor {predictor.__version__}\n", "")
    ended = run("--help")
    assert ended.code == 0
    assert all(command in ended.out for command in COMMANDS)
    assert "..." not in ended.out.split("Commands:")[1]  # no summary is cut short


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["--nonsense"],
        ["predict"],
        ["predict", "p.json"],
        ["predict", "p.json", "--model"],
        ["predict", "p.json", "--model", "b", "--format", "xml"],
        ["predict", "p.csv", "--model", "b", "--decimal", ";"],
        ["predict", "a", "b", "--model", "c"],
        ["train"],
        ["train", "c.yaml", "--workers", "0"],
        ["train", "c.yaml", "--workers", "many"],
        ["check", "c.csv", "--limit", "0"],
        ["init"],
    ],
)
def test_bad_usage_ends_with_2_and_nothing_on_stdout(arguments: list[str], run: Run) -> None:
    ended = run(*arguments)
    assert ended.code == 2
    assert not ended.out
    assert ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "nobody.yaml"],
        ["train", "."],
        ["train", "p.json"],
        ["check", "nobody.csv"],
        ["check", "p.json"],
        ["predict", "nobody.json", "--model", "{bundle}"],
        ["predict", ".", "--model", "{bundle}"],
        ["predict", "p.txt", "--model", "{bundle}"],
        ["predict", "p.json", "--model", "nobody"],
        ["predict", "p.json", "--model", ""],
        ["predict", "p.json", "--model", "p.json"],
        ["predict", "p.json", "--model", "{bundle}", "--out", "answers.txt"],
        ["predict", "p.json", "--model", "{bundle}", "--out", "no/where/answers.json"],
        ["predict", "p.json", "--model", "{bundle}", "--waterfall", "w.pdf"],
        ["predict", "p.csv", "--model", "{bundle}", "--waterfall", "w.png"],
        ["inspect", "nobody"],
        ["inspect", "p.json"],
        ["track", "nobody"],
        ["variables", "--dictionary", "nobody.yaml"],
        ["variables", "--dictionary", "p.json"],
        ["init", "p.json"],
        ["init", "no/where.yaml"],
    ],
)
def test_bad_input_ends_with_2_one_message_and_nothing_written(
    arguments: list[str], run: Run, bundle: Path, patient: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(patient.parent)
    Path("p.csv").write_text(f"{HEAD}A,75,40,yes,kidney\n")
    ended = run(*(word.format(bundle=bundle) for word in arguments))
    assert ended.code == 2, ended
    assert not ended.out
    assert ended.err.startswith(("predictor: ", "Usage:", "Error:"))
    assert sorted(os.listdir()) == ["p.csv", "p.json"]


WORDS = """
predict train check inspect track init variables --model --format --out --data --config --help
--limit --decimal --ignore-unknown --workers --waterfall --uri json text p.json p.csv c.yaml b
x.json x.csv . -1 0 1 -- - = sqlite:/// http://127.0.0.1:9
"""
words = st.sampled_from([*WORDS.split(), "", "é\u202e", "\udc80"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(arguments=st.lists(words, max_size=6))
def test_no_combination_of_arguments_shows_a_traceback(
    arguments: list[str], run: Run, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text(json.dumps(FULL))
    Path("p.csv").write_text(f"{HEAD}A,75,40,yes,kidney\n")
    Path("c.yaml").write_text("name: x\n")
    if not Path("b").exists():
        Path("b").symlink_to(bundle)
    ended = run(*arguments)
    assert ended.code in (0, 1, 2), ended
    assert "internal error" not in ended.err


def test_one_patient_as_text_and_as_json(run: Run, bundle: Path, patient: Path) -> None:
    ended = run("predict", patient, "--model", bundle)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Patient P07\nRemission, 6 months: ")
    ended = run("predict", patient, "--model", bundle, "--format", "json")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert found == predictor.predict(FULL, bundle).to_dict()


def test_one_refused_patient_is_an_answer_too(run: Run, bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("patient: P07\nc3: -7391\nmarker: 5\nfever: maybe\n")
    ended = run("predict", path, "--model", bundle)
    assert (ended.code, ended.err) == (1, "")
    assert "c3: is impossible" in ended.out
    assert "fever: is not yes or no" in ended.out
    assert "7391" not in ended.out
    ended = run(
        "predict", path, "--model", bundle, "--format", "json", "--out", tmp_path / "o.json"
    )
    assert (ended.code, ended.err) == (1, "")
    found = json.loads(ended.out)
    assert found["predictions"] == []
    assert [reason["variable"] for reason in found["refused"][0]["reasons"]] == ["c3", "fever"]
    assert json.loads((tmp_path / "o.json").read_text()) == found


def test_many_patients_and_the_exit_code(run: Run, bundle: Path, tmp_path: Path) -> None:
    path, good, bad = tmp_path / "p.csv", "A,75,40,yes,kidney\n", "B,-5,40,yes,kidney\n"
    path.write_text(HEAD + good + bad)
    ended = run("predict", path, "--model", bundle, "--out", tmp_path / "o.csv")
    assert (ended.code, ended.err) == (0, "")
    assert "1 answered, 1 refused." in ended.out
    assert "Refused: row 3 (B)" in ended.out
    assert (tmp_path / "o.csv").read_text().count("\n") == 3
    path.write_text(HEAD + bad + bad)
    assert run("predict", path, "--model", bundle).code == 1
    ended = run("predict", path, "--model", bundle, "--format", "json")
    assert ended.code == 1
    assert [row["row"] for row in json.loads(ended.out)["refused"]] == [2, 3]


def test_a_demonstration_says_so_also_for_many(run: Run, tmp_path: Path) -> None:
    evidence = {"level": "demonstration", "statement": "Not for care.", "patients": 0, "events": 0}
    folder = save(tmp_path / "b", evidence=evidence)
    (tmp_path / "p.csv").write_text(f"{HEAD}A,75,40,yes,kidney\n")
    out = run("predict", tmp_path / "p.csv", "--model", folder).out
    assert out.startswith("DEMONSTRATION, NOT FOR CARE")


def test_a_waterfall_is_a_picture(run: Run, bundle: Path, patient: Path, tmp_path: Path) -> None:
    ended = run("predict", patient, "--model", bundle, "--waterfall", tmp_path / "w.png")
    assert ended.code == 0
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")


def test_inspect_tells_without_running_and_survives_a_poor_manifest(run: Run, bundle: Path) -> None:
    found = json.loads(run("inspect", bundle, "--format", "json").out)
    assert found["name"] == "made-up"
    ended = run("inspect", bundle)  # has no cohort and no validation
    assert ended.code == 2
    assert "says too little" in ended.err


def test_init_check_and_train_in_an_empty_directory(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run("init", "mine.yaml", "--schema").code == 0
    assert run("init", "mine.yaml").code == 2
    assert json.loads(Path("predictor.schema.json").read_text())
    assert run("check", "cohort.csv", "--config", path).code == 0
    ended = run("train", path, "--workers", "1")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("EXPLORATORY. 60 patients with")
    assert any(line.strip().startswith("→ Ridge logistic") for line in lines)
    assert lines[-1] == "Next: predictor predict PATIENT.json --model runs/tiny"
    text = run("inspect", "runs/tiny").out
    assert "Predictors:  age, sex, c3, c4, sledai_2k" in text
    ended = run("train", path, "--workers", "1", "--format", "json", "--out", "runs/other")
    assert json.loads(ended.out)["bundle"] == "runs/other"
    table = cohort()
    table["c3"] = -1.0
    table.to_csv("bad.csv", index=False)
    assert run("check", "bad.csv", "--config", path).code == 1
    ended = run("train", path, "--data", "bad.csv", "--out", "runs/none")
    assert ended.code == 2
    assert sorted(os.listdir("runs")) == ["other", "tiny"]


def test_an_internal_error_is_told_without_values(
    run: Run, bundle: Path, patient: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("c3 was 7391")

    monkeypatch.setattr("predictor.workflow.predict.predict", fail)
    ended = run("predict", patient, "--model", bundle)
    assert ended.code == 70
    assert "internal error (RuntimeError at test_cli.py:" in ended.err
    assert "7391" not in ended.err


# What only a process of its own can show.


def test_the_bedside_command_loads_nothing_heavy(bundle: Path, patient: Path) -> None:
    program = (
        "import sys; from predictor import cli\n"
        "try: cli.main()\nexcept SystemExit as end: assert not end.code\n"
        "heavy = 'pandas sklearn scipy shap mlflow pydantic yaml rich jinja2 matplotlib joblib '\n"
        "heavy += 'skops pyarrow'\n"
        "print(sorted(set(heavy.split()) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "predict", str(patient), "--model", str(bundle)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_terminal_that_knows_only_ascii_gets_escapes(form: str, tmp_path: Path) -> None:
    folder = save(
        tmp_path / "b", outcome=dict.fromkeys(("name", "label", "horizon", "population"), "µé→")
    )
    (tmp_path / "p.json").write_text(json.dumps(FULL | {"patient": "Ärztin"}))
    process = start(
        "predict",
        tmp_path / "p.json",
        "--model",
        folder,
        "--format",
        form,
        env={"PYTHONIOENCODING": "ascii"},
    )
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.isascii()
    if form == "json":
        assert json.loads(out)["patient"] == "Ärztin"


def test_a_reader_of_a_pipe_may_leave() -> None:
    process = start("variables", "--format", "json")
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_told(bundle: Path, patient: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "predictor", "predict", str(patient), "--model", str(bundle)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
    assert done.returncode == 2
    assert "standard output: the result cannot be written (No space left on device)" in done.stderr


ESCAPE = "\x1b[2J\x9b31m\u202e"
ESCAPED = "\\u001b[2J\\u009b31m\\u202e"


@pytest.mark.parametrize(
    "words",
    [
        ("predict", "{patient}", "--model", f"no{ESCAPE}"),
        ("predict", f"no{ESCAPE}.json", "--model", "{model}"),
        ("predict", "{patient}", f"--no{ESCAPE}"),
        ("inspect", f"no{ESCAPE}"),
    ],
)
def test_no_word_of_the_command_line_reaches_the_terminal_raw(
    bundle: Path,
    patient: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [word.format(patient=patient, model=bundle) for word in words]
    monkeypatch.setattr(sys, "argv", ["predictor", *given])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert not set(ESCAPE) - set("[2J31m") & set(told)
    assert ESCAPED in told or repr(ESCAPE)[1:-1] in told  # which is how click shows it


def test_no_name_of_a_model_reaches_the_terminal_raw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = made_bundles.manifest(name=f"a{ESCAPE}")
    folder = tmp_path / "b"
    save_bundle(folder, named, made_bundles.preparation(), made_bundles.LINEAR, {})
    (tmp_path / "p.json").write_text(json.dumps(made_bundles.FULL), encoding="utf-8")
    names = []
    for words in (
        ("predict", str(tmp_path / "p.json"), "--model", str(folder)),
        ("inspect", str(folder)),
    ):
        for form in ("text", "json"):
            monkeypatch.setattr(sys, "argv", ["predictor", *words, "--format", form])
            with contextlib.suppress(SystemExit):
                cli.main()
            told, beside = capsys.readouterr()
            assert told or beside
            assert not set("\x1b\x9b\u202e") & set(told + beside)
            if form == "json":
                found = json.loads(told)
                names.append(found["name"] if "name" in found else found["model"]["name"])
    assert names == [f"a{ESCAPE}"] * 2


@pytest.mark.skipif(os.name != "posix", reason="closes a stream as a POSIX shell does")
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_a_closed_stdout_is_told_before_anything_is_written(
    bundle: Path, patient: Path, tmp_path: Path, closed: str
) -> None:
    command = f'"$0" -m predictor predict "$1" --model "$2" --out answer.json {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, str(patient), str(bundle)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 2
    if "2>" not in closed:
        assert done.stderr.startswith("predictor: standard output: it is closed, so the result")
    assert not (tmp_path / "answer.json").exists()


LONG = {
    "models": {"random_forest": {"trees": 60, "min_samples_leaf": [1, 5]}},
    "validation": {"folds": 5, "repeats": 100, "inner_folds": 5},
}


def processes_of(session: int) -> list[str]:
    """Command lines of what still runs in a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append((folder / "cmdline").read_text().replace("\0", " "))
    return found


def wait_for_workers(process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 90
    while sum("LokyProcess" in line for line in processes_of(process.pid)) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("sent", "to", "code"),
    [
        ("SIGINT", "group", 130),
        pytest.param("SIGINT", "one", 130, marks=pytest.mark.slow),
        pytest.param("SIGTERM", "one", 143, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_training_leaves_nothing(
    sent: str, to: str, code: int, tmp_path: Path
) -> None:
    path = write(tmp_path, **LONG)
    process = start("train", path, "--workers", 2, cwd=tmp_path)
    try:
        wait_for_workers(process)
        (os.killpg if to == "group" else os.kill)(process.pid, signal.Signals[sent])
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (code, "")
        assert err == "predictor: interrupted; nothing was left half-written\n"
        deadline = time.monotonic() + 10
        while processes_of(process.pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert processes_of(process.pid) == []
        assert sorted(os.listdir(tmp_path)) == ["cohort.csv", "study.yaml"]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_killed_worker_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    path = write(tmp_path, **LONG)
    process = start("train", path, "--workers", 2, cwd=tmp_path)
    try:
        wait_for_workers(process)
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                ours = int(fields[3]) == process.pid
                if ours and "LokyProcess-1" in (folder / "cmdline").read_text():
                    os.kill(int(folder.name), signal.SIGKILL)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (2, "")
        assert "a worker process was killed from outside" in err
        assert "Traceback" not in err
        assert sorted(os.listdir(tmp_path)) == ["cohort.csv", "study.yaml"]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_an_unreachable_store_is_told_in_time_and_before_fitting(tmp_path: Path) -> None:
    path = write(tmp_path, **LONG, tracking={"experiment": "x"})
    begin = time.monotonic()  # Python and what it imports take their time on a busy machine
    assert start("train", "nobody.yaml", cwd=tmp_path).wait(timeout=60) == 2
    importing = time.monotonic() - begin
    begin = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the call and says nothing
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = start("train", path, cwd=tmp_path, env={"MLFLOW_TRACKING_URI": address})
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert address in err
    assert time.monotonic() - begin - importing < 10
    assert sorted(os.listdir(tmp_path)) == ["cohort.csv", "study.yaml"]


@pytest.mark.slow
def test_a_training_killed_at_ten_random_moments_leaves_no_bundle_or_a_loadable_one(
    tmp_path: Path,
) -> None:
    path = write(tmp_path)
    arguments = ("train", path, "--workers", 1)
    begin = time.monotonic()
    first = start(*arguments, cwd=tmp_path)
    assert first.wait(timeout=300) == 0
    whole = time.monotonic() - begin
    bundle = tmp_path / "runs" / "tiny"
    digest = load_bundle(bundle).digest
    moments = random.Random(20241120)  # noqa: S311 - moments, not secrets
    for attempt in range(10):
        if attempt == 5:  # from here on there is nothing to fall back to
            subprocess.run(["rm", "-r", str(bundle)], check=True)
        process = start(*arguments, cwd=tmp_path)
        # Half of the moments fall where the bundle is written.
        low = 0.0 if attempt % 2 else 0.7
        time.sleep(moments.uniform(low, 1.05) * whole)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        try:
            assert load_bundle(bundle).digest == digest
        except BundleError as error:
            assert error.rule == "no such bundle"  # noqa: PT017 - the other allowed outcome
            assert attempt >= 5
    assert start(*arguments, cwd=tmp_path).wait(timeout=300) == 0
    assert load_bundle(bundle).digest == digest
    assert sorted(os.listdir(tmp_path / "runs")) == ["tiny"]
