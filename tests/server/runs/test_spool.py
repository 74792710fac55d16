"""The spool: whole records in order, whatever a kill or a full disk leaves behind."""

import errno
import os
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina_studio.runs.spool import MAGIC, SpoolReader, SpoolWriter

payload_lists = st.lists(st.binary(max_size=200), max_size=12)


def write(path, payloads):
    writer = SpoolWriter(path)
    writer.append(payloads)
    writer.close()


def read_all(path, offset=0):
    with SpoolReader(path, offset) as reader:
        return list(iter_read(reader))


def iter_read(reader):
    while found := reader.read(limit=3):
        yield from found


@given(payload_lists)
def test_reads_what_was_written(tmp_path_factory, payloads):
    path = tmp_path_factory.mktemp("spool") / "spool"
    write(path, payloads)
    assert read_all(path) == payloads


@given(payload_lists, st.data())
def test_a_file_torn_anywhere_gives_its_whole_records(tmp_path_factory, payloads, data):
    path = tmp_path_factory.mktemp("spool") / "spool"
    write(path, payloads)
    size = path.stat().st_size
    cut = data.draw(st.integers(0, size))
    os.truncate(path, cut)
    ends = [len(MAGIC)]
    for payload in payloads:
        ends.append(ends[-1] + 8 + len(payload))
    whole = sum(end <= cut for end in ends[1:])
    assert read_all(path) == payloads[:whole]


@given(payload_lists, st.binary(min_size=1, max_size=64), payload_lists)
def test_a_writer_goes_on_behind_a_torn_tail(tmp_path_factory, before, torn, after):
    path = tmp_path_factory.mktemp("spool") / "spool"
    write(path, before)
    with path.open("ab") as file:
        file.write(b"\xff\xff\x00\x00" + torn)  # a length that the file does not have
    write(path, after)
    assert read_all(path) == before + after


@given(payload_lists.filter(bool), st.data())
def test_a_flipped_bit_ends_the_file_before_that_record(tmp_path_factory, payloads, data):
    path = tmp_path_factory.mktemp("spool") / "spool"
    write(path, payloads)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(len(MAGIC), len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    found = read_all(path)
    assert found == payloads[: len(found)]
    assert len(found) < len(payloads)


@given(payload_lists, payload_lists)
def test_an_offset_continues_without_gap_or_repeat(tmp_path_factory, first, second):
    path = tmp_path_factory.mktemp("spool") / "spool"
    writer = SpoolWriter(path)
    writer.append(first)
    with SpoolReader(path) as reader:
        assert list(iter_read(reader)) == first
        offset = reader.offset
    writer.append(second)
    assert read_all(path, offset) == second
    writer.close()


def test_a_record_larger_than_a_read_block_comes_whole(tmp_path):
    payloads = [b"a", b"x" * (3 << 20), b"b"]
    write(tmp_path / "spool", payloads)
    assert read_all(tmp_path / "spool") == payloads


def test_says_that_a_foreign_file_is_no_spool(tmp_path):
    (tmp_path / "spool").write_bytes(b"PK\x03\x04 something else")
    with SpoolReader(tmp_path / "spool") as reader, pytest.raises(ValueError, match="Not a spool"):
        reader.read()


def test_a_full_disk_leaves_the_file_as_it_was_and_the_append_can_be_repeated(
    tmp_path, monkeypatch
):
    path = tmp_path / "spool"
    writer = SpoolWriter(path)
    writer.append([b"kept"])
    pwrite = os.pwrite

    def half_then_full(fd, block, offset):
        if len(block) > 4:
            return pwrite(fd, block[:4], offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", half_then_full)
        with pytest.raises(OSError, match="No space left"):
            writer.append([b"more"])
    assert read_all(path) == [b"kept"]
    writer.append([b"more"])
    writer.close()
    assert read_all(path) == [b"kept", b"more"]


def test_what_was_appended_survives_kill_9_of_the_writer(tmp_path):
    path = tmp_path / "spool"
    program = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from lamina_studio.runs.spool import SpoolWriter
        writer = SpoolWriter(Path(sys.argv[1]))
        for number in range(500):
            writer.append([b"record %d" % number])
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert ended.returncode == -9
    assert read_all(path) == [b"record %d" % number for number in range(500)]
