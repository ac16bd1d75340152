"""What bench/run, bench/calibrate and bench/torch_peer.py share: building programs, and finding data."""
import lzma
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
CACHE = BUILD / "bench-cache"


def build(program="spnn-bench"):
    """Configures the release build if needed, builds a program, returns its path."""
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, check=True, stdout=sys.stderr)
    done = subprocess.run(["ninja", "-C", str(BUILD), program], capture_output=True, text=True)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        sys.exit("bench: the build failed")
    return BUILD / "bin" / program


def find_data(name):
    """The folder of that name below $SPNN_DATA or ../shared/data."""
    return pathlib.Path(os.environ.get("SPNN_DATA", ROOT.parent / "shared" / "data")) / name


def unpack_dlmc():
    """The folder of unpacked DLMC patterns, or None if they are not on this machine."""
    source = find_data("dlmc")
    files = sorted(source.glob("**/*.smtx.xz"))
    if not files:
        return None
    target = CACHE / "dlmc"
    for file in files:
        # <network>/<method>/<sparsity>/<layer>: the method is the same for all that we use.
        relative = file.relative_to(source)
        name = f"{relative.parts[0]}-{file.name[:-len('.xz')]}"
        for long, short in (("_fully_connected", ""), ("self_attention_multihead_attention", "attention"),
                            ("bottleneck_", ""), ("block_group", "group"), ("body_", "")):
            name = name.replace(long, short)
        out = target / relative.parts[-2] / name
        if not out.exists():
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_bytes(lzma.decompress(file.read_bytes()))
    return target


def run(command):
    # Without a spinning pool left behind by one kernel, the next one has the cores for itself.
    environment = {"KMP_BLOCKTIME": "1", **os.environ}
    return subprocess.run(command, env=environment).returncode
