#!/usr/bin/env python3
"""Applications that see, with what they are given in practice: broken files, videos, no camera.

usage: vision_test.py pictures|videos PROGRAM PICTURE.jpg

Exit status: 77 if FFmpeg's programs are needed and missing.
"""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

# Peaks of memory of two runs may differ by this much for other reasons than the number of frames.
MEMORY_BYTES = 4 << 20


def png(path: pathlib.Path, width: int, height: int) -> pathlib.Path:
    """A black picture."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    pixels = zlib.compress(bytes((1 + 3 * width) * height), 1)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
    return path


class Program:
    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def run(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
        kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        return subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                              env=kept | environment)

    def succeeds(self, *arguments: object) -> list[dict]:
        done = self.run("--json", *arguments)
        assert done.returncode == 0 and not done.stderr, (arguments, done)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def fails(self, says: str, *arguments: object, **environment: str) -> list[dict]:
        """With one line, which says that; returns what it printed all the same."""
        done = self.run("--json", *arguments, **environment)
        assert done.returncode == 1, (arguments, done)
        assert done.stderr.count("\n") == 1 and says in done.stderr, (arguments, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]


def test_pictures(program: Program, photo: pathlib.Path, folder: pathlib.Path) -> None:
    text = folder / "text.jpg"
    text.write_text("This is no picture.\n")
    cut = folder / "cut.jpg"
    cut.write_bytes(photo.read_bytes()[:600])
    whole = program.succeeds(photo)[0]
    for says, bad in (("no PNG, JPEG or PPM picture", text),
                      ("no PNG, JPEG or PPM picture", cut),
                      ("1 x 1 pixels, too few", png(folder / "pixel.png", 1, 1)),
                      ("8000 x 5000 pixels, too many", png(folder / "large.png", 8000, 5000)),
                      ("cannot be read", folder / "there_is_none.jpg"),
                      ("cannot be read", folder)):
        # What stands before it and behind it is done.
        output = folder / f"marked-{bad.name}"
        *lines, total = program.fails(says, photo, bad, photo, "--output", output)
        assert [line["checksum"] for line in lines] == [whole["checksum"]] * 2 and total["pictures"] == 2
        assert sorted(path.name for path in output.iterdir()) == [f"{photo.stem}-marked-2.png",
                                                                  f"{photo.stem}-marked.png"]
    narrow = program.succeeds(png(folder / "narrow.png", 8, 3000))[0]
    assert narrow["findings"] == []
    program.fails("no display", photo, "--window")
    program.fails("Not a directory", photo, "--output", text)
    program.fails("ffmpeg is missing", folder / "video.mp4", PATH="/there_is_none")
    # All schedules run and agree, or the program fails.
    *_, total = program.succeeds(photo, "--schedule", "all")
    assert len(total["schedules"]) > 1
    # What the network saw of it is seen as it is.
    program.succeeds(photo, "--output", folder / "seen", "--seen")
    seen = program.succeeds(folder / "seen" / f"{photo.stem}-seen.ppm")[0]
    assert seen["checksum"] == whole["checksum"]


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *map(str, arguments)], check=True)


def frames_of(video: pathlib.Path) -> int:
    return int(subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                               "stream=nb_read_frames", "-of", "default=nw=1:nk=1", video],
                              check=True, capture_output=True, text=True).stdout)


def peak_bytes(program: Program, *arguments: object) -> int:
    """The most memory that the program, or one that it started, had."""
    started = subprocess.Popen([program.path, *map(str, arguments)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(started.pid, 0)
    assert status == 0, arguments
    return 1024 * usage.ru_maxrss


def test_videos(program: Program, photo: pathlib.Path, folder: pathlib.Path) -> None:
    # A camera that moves over the photograph.
    clip = folder / "clip.mkv"
    ffmpeg("-loop", 1, "-i", photo, "-vf", "zoompan=z='1+on/400':d=1:x='iw*on/900':y=0:s=320x240:fps=25",
           "-frames:v", 200, "-c:v", "mpeg2video", "-g", 10, "-q:v", 4, clip)
    output = folder / "marked"
    *frames, total = program.succeeds(clip, "--output", output)
    assert [frame["frame"] for frame in frames] == list(range(200)) and total["pictures"] == 200
    assert all((frame["width"], frame["height"]) == (320, 240) for frame in frames)
    assert frames_of(output / "clip-marked.mp4") == 200
    print(f"{total['pictures_per_second']:.1f} frames a second, marked and written")
    # The encoder looks some 60 frames ahead.
    few = peak_bytes(program, clip, "--output", folder / "few", "--frames", 100)
    many = peak_bytes(program, clip, "--output", folder / "many")
    print(f"{few} bytes of memory at most for 100 frames, {many} for 200")
    assert many < few + MEMORY_BYTES

    # Damaged in the middle, and cut off there: what was whole until then is found and kept.
    data = clip.read_bytes()
    middle = len(data) // 2
    for name, content in (("damaged.mkv", data[:middle] + bytes(3000) + data[middle + 3000:]),
                          ("cut.mkv", data[:middle])):
        broken = folder / name
        broken.write_bytes(content)
        *some, total = program.fails("cannot be read after", broken, "--output", output)
        assert 20 <= total["pictures"] < 200 and len(some) == total["pictures"]
        assert [frame["checksum"] for frame in some] == [frame["checksum"] for frame in frames[:len(some)]]
        assert frames_of(output / f"{broken.stem}-marked.mp4") == len(some)
    text = folder / "text.mp4"
    text.write_text("This is no video.\n")
    program.fails("Invalid data", text)
    program.fails("No such file", folder / "there_is_none.mp4")
    program.fails("camera /dev/there_is_none: cannot be read", "--camera", "/dev/there_is_none")
    # A sound without pictures.
    sound = folder / "sound.wav"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", sound)
    program.fails("cannot be read", sound)
    # Other kinds of pictures are videos of one frame.
    ffmpeg("-i", photo, folder / "photo.bmp")
    assert len(program.succeeds(folder / "photo.bmp")) == 2


def main() -> int:
    part, program, photo = sys.argv[1], Program(pathlib.Path(sys.argv[2])), pathlib.Path(sys.argv[3])
    if part == "videos" and any(shutil.which(tool) is None for tool in ("ffmpeg", "ffprobe")):
        print("SKIPPED: ffmpeg is missing (Debian: ffmpeg)")
        return 77
    with tempfile.TemporaryDirectory(prefix="inlay-vision-") as scratch:
        {"pictures": test_pictures, "videos": test_videos}[part](program, photo, pathlib.Path(scratch))
    return 0


if __name__ == "__main__":
    sys.exit(main())
