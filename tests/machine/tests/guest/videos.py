# SPDX-License-Identifier: GPL-2.0-only
"""Videos; ffmpeg plays them over HTTP: videos.py"""

import os

import status
from resumption import run

SITE = "/tmp/site"
URL = "http://127.0.0.1:8080"

# Longer than what a player gets ahead of what it plays.
SECONDS = 120
PICTURES = f"testsrc=size=128x96:rate=5:duration={SECONDS},noise=alls=100:allf=t"
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
# The index of the MP4 is behind its frames.
NAMES = {
    "v.webm": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"],
    "v.mp4": H264,
}
STREAM = {"v.m3u8": [*H264, "-f", "hls", "-hls_time", "10", "-hls_list_size", "0"]}


def ffmpeg(*options):
    """Runs ffmpeg; returns its output."""
    return run("ffmpeg", "-loglevel", "error", "-y", *options)


def make(folder, names=NAMES):
    """Writes the videos."""
    os.makedirs(folder, exist_ok=True)
    for name, codec in names.items():
        options = ["-b:v", "2M", "-g", "10", f"{folder}/{name}"]
        ffmpeg("-f", "lavfi", "-i", PICTURES, *codec, *options)


def pictures(source, second):
    """Returns the digests of five pictures from a second on."""
    return ffmpeg("-ss", str(second), "-i", source, "-frames:v", "5", "-f", "framemd5", "-")


def main():
    """Seeks in each video, and gets the segments of a stream."""
    names = NAMES | STREAM
    make(SITE, names)
    status.command(f"root {SITE}", "reload")
    for name in names:
        for second in (0, 100, 50):
            seen = pictures(f"{URL}/{name}", second)
            assert seen == pictures(f"{SITE}/{name}", second), (name, second, seen)
            assert seen.count("\n") > 5, seen


if __name__ == "__main__":
    main()
