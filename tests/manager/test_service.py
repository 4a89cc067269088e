"""The program as a service: its options, its key, its signals, and what it leaves, which is nothing."""

import os
import signal
import stat
import subprocess

import pytest

from manager import BUILD, KEY, PROGRAM, TIMEOUT, Manager, manager, pipe_with, stock


def fails(*options, **more):
    """What it says where it does not begin."""
    done = subprocess.run([PROGRAM, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT, **more)
    assert done.returncode == 1 and done.stdout == ""
    return done.stderr


def service(folder, *options):
    """As the unit starts it: with files in a folder, and nothing handed over."""
    return subprocess.Popen(
        [PROGRAM, "--address", folder / "socket", "--authkey-file", folder / "key", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )


def ended(running, number=signal.SIGTERM):
    running.send_signal(number)
    running.stdout.close()
    return running.wait(TIMEOUT)


def test_its_key_is_made_once_and_for_its_owner_alone(tmp_path):
    keys = []
    for _ in range(2):
        running = service(tmp_path)
        assert running.stdout.readline().strip() == str(tmp_path / "socket")
        keys.append((tmp_path / "key").read_bytes())
        stock("debian", "share", str(tmp_path / "socket"), keys[-1].hex(), f"test-service-{os.getpid()}")
        assert ended(running) == 0
    assert keys[0] == keys[1] and len(keys[0]) == 32
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_key_that_others_can_read_is_refused(tmp_path):
    (tmp_path / "key").write_bytes(b"secret")
    (tmp_path / "key").chmod(0o640)
    assert "a key is for its owner alone" in fails("--authkey-file", str(tmp_path / "key"))
    assert "No such file" in fails("--authkey-file", str(tmp_path / "nowhere" / "key"))
    assert "a key is needed" in fails()
    assert "a key is needed" in fails("--authkey-file", "x", "--authkey-fd", "0")


def test_its_key_is_in_no_argument_and_in_no_environment():
    with manager() as running:
        for file in ("cmdline", "environ"):
            with open(f"/proc/{running.process.pid}/{file}", "rb") as text:
                assert KEY not in text.read()


def test_its_socket_is_for_its_owner_alone(tmp_path):
    with manager(address=str(tmp_path / "socket")):
        assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) == 0o700


def test_what_is_there_already_is_left_alone(tmp_path):
    place = tmp_path / "socket"
    place.write_text("mine")
    reader = pipe_with(KEY)
    assert "Address already in use" in fails("--authkey-fd", str(reader), "--address", str(place), pass_fds=[reader])
    assert place.read_text() == "mine"
    os.close(reader)


def test_what_took_its_place_is_left_alone(tmp_path):
    place = tmp_path / "socket"
    with manager(address=str(place)) as running:
        place.unlink()
        place.write_text("mine")
        running.process.terminate()
        running.wait()
    assert place.read_text() == "mine"


def test_bad_options_are_named():
    assert "'nowhere' is no address" in fails("--authkey-fd", "0", "--address", "nowhere")
    assert "'x' is no descriptor" in fails("--authkey-fd", "x")
    assert "cannot read the key" in fails("--authkey-fd", "77")
    assert "--help" in fails("--bogus")
    assert "there is nothing to say but options" in fails("--authkey-fd", "0", "more")
    help_text = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True).stdout
    for option in ("--address", "--authkey-file", "--authkey-fd", "--no-md5", "--address-fd", "--tracker-fd",
                   "--lifeline-fd", "--owner", "--help", "--version"):
        assert option in help_text
    assert subprocess.run([PROGRAM, "-V"], capture_output=True, check=True).stdout.startswith(b"shareable-manager ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGPIPE])
def test_signals_but_sigterm_are_ignored(number, tmp_path):
    running = service(tmp_path)
    running.stdout.readline()
    running.send_signal(number)
    stock("debian", "share", str(tmp_path / "socket"), (tmp_path / "key").read_bytes().hex(),
          f"test-service-{os.getpid()}")
    assert ended(running) == 0


def test_it_ends_when_its_lifeline_does():
    reader, writer = os.pipe()
    running = Manager("--lifeline-fd", str(reader), pass_fds=[reader])
    os.close(reader)
    os.write(writer, b"what is written there is nothing")
    stock("debian", "share", running.address, KEY.hex(), f"test-service-{os.getpid()}")
    os.close(writer)
    assert running.wait() == 0
    assert not os.path.exists(os.path.dirname(running.address))


def test_an_owner_that_is_gone_already_is_no_owner():
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    running = Manager("--owner", str(gone.pid))
    assert running.wait() == 0


def test_its_unit_says_what_the_program_takes(tmp_path):
    unit = BUILD / "manager" / "shareable-manager.service"
    lines = unit.read_text().splitlines()
    assert not [line for line in lines if "@" in line.replace("=@", "=").replace("=~@", "=")]
    [command] = [line.partition("=")[2].split() for line in lines if line.startswith("ExecStart=")]
    assert command[0].startswith("/") and command[0].endswith("/bin/shareable-manager")
    places = {"%t": "run", "%S": "state"}
    for place in places.values():
        (tmp_path / place / "shareable").mkdir(parents=True, mode=0o700)
    options = [option.replace(option[:2], str(tmp_path / places[option[:2]])) if option[:2] in places else option
               for option in command[1:]]
    running = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline().strip() == str(tmp_path / "run" / "shareable" / "manager")
    assert ended(running) == 0
