"""Event files read back byte by byte, and logs posted to a server of the test."""

import json
import struct
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

import lamina
from lamina import callbacks
from lamina.callbacks.event_file import crc32c, masked
from lamina.errors import ConfigError


def fields(data):
    """(number, value) of a protocol buffers message; values of length-delimited fields as bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        elif kind == 2:
            size = varint()
            yield key >> 3, data[at : at + size]
            at += size
        else:
            size, form = {1: (8, "<d"), 5: (4, "<f")}[kind]
            yield key >> 3, struct.unpack(form, data[at : at + size])[0]
            at += size


def events(folder):
    (path,) = folder.glob("events.out.tfevents.*")
    data = path.read_bytes()
    while data:
        (size,) = struct.unpack("<Q", data[:8])
        body = data[12 : 12 + size]
        assert struct.unpack("<I", data[8:12])[0] == masked(data[:8])
        assert struct.unpack("<I", data[12 + size : 16 + size])[0] == masked(body)
        yield dict(fields(body))
        data = data[16 + size :]


def values(folder):
    """(tag, step, the value's fields) of everything in a folder's file."""
    first, *rest = events(folder)
    assert first[3] == b"brain.Event:2"
    for event in rest:
        for _, value in fields(event[5]):
            parts = dict(fields(value))
            yield parts[1].decode(), event.get(2, 0), parts


def train(*given, epochs=2):
    lamina.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2, name="out")])
    model.compile("sgd", "mse")
    return model, model.fit(
        x,
        x[:, :2],
        batch_size=4,
        epochs=epochs,
        verbose=0,
        validation_split=0.5,
        callbacks=list(given),
    )


def test_checksums_are_castagnoli():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4


def test_events_hold_the_history(tmp_path):
    _, history = train(callbacks.TensorBoard(tmp_path, update_freq=1, histogram_freq=1))
    scalars = {(tag, step): parts.get(2) for tag, step, parts in values(tmp_path / "train")}
    held_out = {(tag, step): parts.get(2) for tag, step, parts in values(tmp_path / "validation")}
    for epoch in range(2):
        assert scalars["epoch_loss", epoch] == pytest.approx(history.history["loss"][epoch])
        assert held_out["epoch_loss", epoch] == pytest.approx(history.history["val_loss"][epoch])
        assert scalars["epoch_learning_rate", epoch] == pytest.approx(0.01)
    assert {step for tag, step in scalars if tag == "batch_loss"} == {0, 1, 2, 3}


def test_histograms_hold_the_weights(tmp_path):
    model, _ = train(callbacks.TensorBoard(tmp_path, histogram_freq=1), epochs=1)
    kernel = model.get_weights()[0]
    (parts,) = (p for tag, _, p in values(tmp_path / "train") if tag == "out/kernel/histogram")
    histogram = dict(fields(parts[5]))
    assert histogram[1] == pytest.approx(kernel.min())
    assert histogram[2] == pytest.approx(kernel.max())
    assert histogram[3] == kernel.size
    assert histogram[4] == pytest.approx(kernel.sum(), rel=1e-5)
    counts = struct.unpack("<30d", histogram[7])
    assert sum(counts) == kernel.size
    assert len(histogram[6]) == len(histogram[7])


@pytest.mark.parametrize(
    "option", [{"write_images": True}, {"profile_batch": 2}, {"embeddings_freq": 1}]
)
def test_what_is_not_written_is_refused(tmp_path, option):
    with pytest.raises(ConfigError, match="is not supported"):
        callbacks.TensorBoard(tmp_path, **option)


@pytest.mark.parametrize("as_json", [False, True])
def test_logs_are_posted_to_the_address_given(as_json):
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, self.headers["X-Key"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        monitor = callbacks.RemoteMonitor(root, headers={"X-Key": "k"}, send_as_json=as_json)
        monitor.on_epoch_end(3, {"loss": np.float32(0.5)})
        server.shutdown()
    ((path, key, body),) = received
    assert (path, key) == ("/publish/epoch/end/", "k")
    message = body if as_json else urllib.parse.parse_qs(body)["data"][0]
    assert json.loads(message) == {"epoch": 3, "loss": 0.5}


def test_only_web_addresses_are_posted_to():
    with pytest.raises(ConfigError, match="must begin with http"):
        callbacks.RemoteMonitor("file:///etc")
