"""What a fresh process imports: modules are counted, since a busy machine changes times but not them."""

import subprocess
import sys

TORCH = {"torch", "numpy", "jaxtyping"}
HEAVY = {"scipy", "sklearn", "matplotlib", "pydantic", "pooch", "h5py", "pandas", "jinja2", "onnx", "onnxruntime"}


def imported_after(code):
    """Top-level modules that a fresh process holds after running ``code``."""
    code = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())
