#!/usr/bin/env bash
# A fragmented MP4 that was cut between two fragments is a shorter film; only its last box tells, where it is `mfra`.
#
# One would guess: a film that lacks its second half fails to decode, or at least warns. And if the box `mfra` is
# the end of a fragmented film, then the flags `dash` and `cmaf`, which are made for segments, leave it out.
#
# True: cut at the end of a fragment, it decodes without a word, with `-xerror -err_detect explode` too, to a film
# of half the length, even where a `sidx` in its head lists all four fragments (`global_sidx`). ffmpeg's `mp4`
# muxer writes `mfra` behind the last fragment with each of these flags, `dash` and `cmaf` too, unless it has
# `skip_trailer`. Its muxers `dash` and `hls`, which write the same boxes into one file, never write it. So a film
# that ends in `mfra` has its end; of one that does not, nobody can say.
#
# Why it matters to people who pay for video: a film that comes without a length, and whose connection ends
# between two fragments, passes for the film that was paid for. "It decodes" is no check. A file without `mfra`
# is no proof of a cut either: to throw it away and pay for another may be to pay for the same one again.
#
# Needs python3. Exits 1 if this has changed.
set -euo pipefail

imageio_ffmpeg_version=0.6.0 # It brings ffmpeg 7.0.2. Debian's 5.1.9 does the same.

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "imageio-ffmpeg==$imageio_ffmpeg_version"

cat > "$folder/films.py" <<'PYTHON'
"""Two seconds of film in four fragments, by each muxer; then the first two fragments alone."""

import os
import struct
import subprocess
import sys

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SOURCE = "-f lavfi -i testsrc2=size=128x96:rate=10:duration=2 -c:v libx264 -g 5"
MUXERS = {
    "-f mp4 -movflags frag_keyframe+empty_moov": "mfra",
    "-f mp4 -movflags frag_keyframe+delay_moov": "mfra",
    "-f mp4 -movflags dash": "mfra",
    "-f mp4 -movflags dash+global_sidx": "mfra",
    "-f mp4 -movflags cmaf": "mfra",
    "-f mp4 -movflags cmaf+skip_trailer": "mdat",
    "-f dash -single_file 1 -seg_duration 0.5": "mdat",
    "-f hls -hls_time 0.5 -hls_segment_type fmp4 -hls_flags single_file": "mdat",
}


def ffmpeg(arguments):
    return subprocess.run([FFMPEG, *arguments.split()], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)


def film(options):
    """Writes it, and gives the bytes of the one file with the film in it."""
    name = {"mp4": "film.mp4", "dash": "film.mpd", "hls": "film.m3u8"}[options.split()[1]]
    ffmpeg(f"-v error -y {SOURCE} {options} {name}").check_returncode()
    written = [it for it in os.listdir() if it.endswith((".mp4", ".m4s"))]
    assert len(written) == 1, written
    with open(written[0], "rb") as file:
        content = file.read()
    for it in os.listdir():
        os.remove(it)
    return content


def boxes(content):
    """The kind of each box, and where it ends."""
    found, place = [], 0
    while place < len(content):
        size, kind = struct.unpack(">I4s", content[place : place + 8])
        place += size
        found.append((kind.decode(), place))
    return found


def decoded(content):
    """How many frames there are, and what the strictest reader says."""
    with open("cut", "wb") as file:
        file.write(content)
    progress = ffmpeg("-v quiet -i cut -progress - -f null -").stdout.decode()
    strict = ffmpeg("-v warning -xerror -err_detect explode -i cut -f null -")
    os.remove("cut")
    frames = [line for line in progress.split() if line.startswith("frame=")][-1]
    return f"{frames} status {strict.returncode} {strict.stderr.decode().strip() or 'no complaint'}"


os.chdir(sys.argv[1])
print(ffmpeg("-version").stdout.decode().split(" Copyright")[0])
as_described = True
for options, last in MUXERS.items():
    content = film(options)
    found = boxes(content)
    cut = [end for kind, end in found if kind == "mdat"][1]
    whole_says, cut_says = decoded(content), decoded(content[:cut])
    print(options)
    print(f"  boxes  {' '.join(kind for kind, _ in found)}")
    print(f"  whole  {whole_says}")
    print(f"  cut    {cut_says}")
    as_described &= found[-1][0] == last
    as_described &= whole_says == "frame=20 status 0 no complaint" and cut_says == "frame=10 status 0 no complaint"
sys.exit(0 if as_described else 1)
PYTHON

echo "behaviour: half of the fragments decode without a complaint; some muxers end in mfra, some do not"
mkdir "$folder/films"
if timeout 120 "$folder/venv/bin/python" "$folder/films.py" "$folder/films"; then
  echo "as described"
else
  echo "this has changed"
  exit 1
fi
