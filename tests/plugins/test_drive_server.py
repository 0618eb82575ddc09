"""The driving server, asked by a real Socket.IO client on loopback."""

import base64
import json
import socket

import numpy as np
import pytest

from workbench.data.sources.driving_log import DrivingLogSection, DrivingLogSource
from workbench.errors import UserError
from workbench.events import ServiceShown
from workbench.figures import Curves, Image
from workbench.registry import registry
from workbench.service import params_of

GREY = np.full((160, 320, 3), 90, np.uint8)
REDDISH = GREY + np.array([60, 0, 0], np.uint8)
BLUISH = GREY + np.array([0, 0, 60], np.uint8)


def frames_of(event):
    return event.numbers["frames"] if isinstance(event, ServiceShown) else -1


def test_steering_and_throttle_follow_picture_and_speed(serve, steering_model, simulator):
    car = simulator(serve(steering_model).address)
    straight, throttle = car.drive(GREY, speed=10.0)
    right, throttle_in_a_bend = car.drive(REDDISH, speed=10.0)
    left, _throttle = car.drive(BLUISH, speed=10.0)
    assert straight == pytest.approx(0, abs=0.02)
    assert right == pytest.approx(60 / 255, abs=0.03)
    assert left == pytest.approx(-60 / 255, abs=0.03)
    assert throttle == pytest.approx(1 - straight**2 - (10 / 25) ** 2)
    assert throttle_in_a_bend == pytest.approx(1 - right**2 - (10 / 25) ** 2)


def test_a_car_that_is_too_fast_is_braked_to_the_low_limit_before_it_may_be_fast_again(
    serve, steering_model, simulator
):
    car = simulator(serve(steering_model).address)
    limits = [speed / (1 - throttle) ** 0.5 for speed, (_, throttle) in
              ((speed, car.drive(GREY, speed)) for speed in (24.0, 26.0, 20.0, 9.0, 20.0))]  # fmt: skip
    assert limits == pytest.approx([25, 10, 10, 25, 25], rel=0.01)


def test_polling_works_as_well_as_a_websocket(serve, steering_model, simulator):
    car = simulator(serve(steering_model).address, transport="polling")
    assert car.drive(REDDISH)[0] > 0.1


def test_a_client_that_says_version_4_and_speaks_3_is_let_in_as_the_simulator_does(serve, steering_model, told):
    import websocket

    address = serve(steering_model).address
    client = websocket.create_connection(f"ws://{address}/socket.io/?EIO=4&transport=websocket", timeout=20)
    try:
        greeting = [client.recv() for _message in range(3)]
        client.send("42" + json.dumps(["telemetry", told(REDDISH)]))
        answer = json.loads(client.recv().removeprefix("42"))
    finally:
        client.close()
    assert greeting[0].startswith("0{")
    assert greeting[1:] == ["40", '42["steer",{"steering_angle":"0.0","throttle":"0.0"}]']
    assert answer[0] == "steer"
    assert set(answer[1]) == {"steering_angle", "throttle"}


@pytest.mark.parametrize("data", [None, {}, ""])
def test_empty_telemetry_hands_the_car_back(serve, steering_model, simulator, data):
    assert simulator(serve(steering_model).address).tell(data)[0] == "manual"


def test_garbage_is_named_and_the_server_goes_on(serve, steering_model, simulator, told):
    service = serve(steering_model)
    car = simulator(service.address)
    whole = told(GREY)
    text = base64.b64encode(b"no picture at all").decode()
    for data, words in (
        (whole | {"image": "###"}, "the image is not base64"),
        (whole | {"image": text}, "the image cannot be read"),
        (whole | {"image": whole["image"][: len(whole["image"]) // 8 * 4]}, "truncated"),
        (whole | {"image": 5}, "there is no image"),
        (whole | {"speed": "fast"}, "speed is 'fast', where a number was expected"),
        (whole | {"speed": "nan"}, "speed is 'nan'"),
        (whole | {"steering_angle": [1]}, "steering_angle is"),
        (whole | {"throttle": None}, "throttle is None"),
        ({"image": whole["image"]}, "speed is None"),
        ([1, 2], "of the type list, where an object was expected"),
        (7, "of the type int"),
    ):
        assert car.tell(data)[0] == "manual"
        service.note(words)
    assert car.drive(REDDISH)[0] > 0.1


def test_numbers_with_a_decimal_comma_are_understood(serve, steering_model, simulator, told):
    car = simulator(serve(steering_model).address)
    name, data = car.tell(told(GREY) | {"speed": "12,5", "steering_angle": "0,1"})
    assert name == "steer"
    assert float(data["throttle"]) == pytest.approx(1 - 0.25, abs=0.01)


def test_clients_that_break_the_protocol_or_leave_disturb_nobody(serve, steering_model, simulator):
    import websocket

    service = serve(steering_model)
    host, port = service.address.rsplit(":", 1)
    car = simulator(service.address)
    rude = websocket.create_connection(f"ws://{service.address}/socket.io/?EIO=3&transport=websocket", timeout=20)
    for message in ("42", '42["telemetry"', "zzzz", "9"):
        rude.send(message)
    rude.close()
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(b"\x00\xff no protocol\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1")
    service.wait_for(lambda event: isinstance(event, ServiceShown) and event.numbers["rejected"] > 0)
    other = simulator(service.address)
    assert other.drive(BLUISH)[0] < -0.1
    other.close()
    service.note("A client disconnected")
    assert car.drive(REDDISH)[0] > 0.1


def test_it_shows_what_the_car_sees_and_where_it_steers(serve, steering_model, simulator):
    service = serve(steering_model)
    car = simulator(service.address)
    for _frame in range(6):
        car.drive(REDDISH, speed=8.0)
    shown = service.wait_for(lambda event: frames_of(event) == 6)
    picture, curve = shown.figures
    assert isinstance(picture, Image)
    assert isinstance(curve, Curves)
    assert curve.curves[0].y.tolist() == pytest.approx([60 / 255] * 6, abs=0.03)
    assert "8.0 mph" in picture.note
    assert list(shown.numbers) == list(registry().services.get("drive").number_titles)
    assert 0 < shown.numbers["latency_p50_ms"] <= shown.numbers["latency_p99_ms"]
    assert (shown.numbers["speed"], shown.numbers["clients"], shown.numbers["rejected"]) == (8.0, 1, 0)


def test_a_taken_port_is_refused_with_what_to_do_and_the_first_server_goes_on(serve, steering_model, simulator):
    first = serve(steering_model)
    port = int(first.address.rsplit(":", 1)[1])
    second = serve(steering_model, port=port)
    with pytest.raises(UserError, match=rf"Port {port} is taken"):
        second.wait_for(lambda event: False)
    assert simulator(first.address).drive(REDDISH)[0] > 0.1


def test_an_address_of_another_machine_is_refused(serve, steering_model):
    with pytest.raises(UserError, match=r"192\.0\.2\.1 is not an address of this machine"):
        serve(steering_model, host="192.0.2.1").wait_for(lambda event: False)


def test_a_model_that_says_no_number_is_refused(serve, tmp_path):
    import keras

    picture = keras.Input((8, 8, 3))
    keras.Model(picture, keras.layers.Dense(3)(keras.layers.Flatten()(picture))).save(tmp_path / "three.keras")
    with pytest.raises(UserError, match=r"cannot steer.*\(None, 3\)"):
        serve(tmp_path / "three.keras").wait_for(lambda event: False)


def test_settings_out_of_their_limits_are_refused():
    drive = registry().services.get("drive")
    with pytest.raises(UserError, match="port"):
        params_of(drive, {"port": 70_000})
    with pytest.raises(UserError, match="Did you mean 'fast_limit'"):
        params_of(drive, {"fastlimit": 30})


def test_a_recording_can_be_learned_from_and_the_next_one_takes_its_place(serve, steering_model, simulator, tmp_path):
    folder = tmp_path / "Lái xe" / "1"
    for frames in (4, 2):
        service = serve(steering_model, record=str(folder))
        car = simulator(service.address)
        for _frame in range(frames):
            car.drive(REDDISH, speed=8.0)
        car.close()
        service.stop()
        log = DrivingLogSection(path=str(folder), cameras="centre")
        samples = DrivingLogSource().open(log, lambda event: None)
        assert len(samples.names) == frames
        assert samples.targets[:, 0].tolist() == pytest.approx([60 / 255] * frames, abs=0.03)
        assert samples.read(0, 3).shape == (160, 320, 3)


def test_a_folder_of_another_origin_is_not_emptied(serve, steering_model, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UserError, match="not emptied"):
        serve(steering_model, record=str(tmp_path)).wait_for(lambda event: False)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(UserError, match="is not a folder"):
        serve(steering_model, record=str(tmp_path / "thesis.txt")).wait_for(lambda event: False)


def test_what_others_put_into_a_recording_stays(serve, steering_model, tmp_path):
    serve(steering_model, record=str(tmp_path / "drive")).address  # noqa: B018  waits until it is ready
    (tmp_path / "drive" / "IMG" / "mine.jpg").write_bytes(b"mine")
    (tmp_path / "drive" / "IMG" / "center_2020_01_01.jpg").write_bytes(b"recorded")
    serve(steering_model, record=str(tmp_path / "drive")).address  # noqa: B018
    assert [path.name for path in (tmp_path / "drive" / "IMG").iterdir()] == ["mine.jpg"]


def test_what_is_not_installed_is_named_with_how_to_install_it(monkeypatch):
    from importlib import metadata

    drive = registry().services.get("drive")
    assert drive.missing() == ""
    versions = {"python-socketio": "5.11.0", "python-engineio": "3.14.2", "aiohttp": "3.14.5"}
    monkeypatch.setattr(metadata, "version", versions.__getitem__)
    assert "python-socketio 4.x" in drive.missing()
    assert "5.11.0" in drive.missing()

    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert 'pip install "workbench[drive]"' in drive.missing()
