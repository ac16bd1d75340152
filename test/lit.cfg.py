"""Configuration of the lit tests: one folder a room of the compiler."""
import os

import lit.formats

# Pass tests run twice: in our own tool and, with --param tool=plugin, in the distribution's mlir-opt. A test that
# means either says %spnn_opt and gives its passes by --pass-pipeline (a plugin's passes are no flags).
plugin = lit_config.params.get("tool", "sparse-opt") == "plugin"

config.name = "SPNN-plugin" if plugin else "SPNN"
config.test_format = lit.formats.ShTest(not os.environ.get("SPNN_LIT_EXTERNAL_SHELL"))
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "unit", "fuzz"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.spnn_build_dir, "test-out", "plugin" if plugin else "own")

own = os.path.join(config.spnn_build_dir, "bin", "sparse-opt")
library = os.path.join(config.spnn_build_dir, "lib", "SPNNPlugin.so")
stock = "{} --load-dialect-plugin={} --load-pass-plugin={}".format(
    os.path.join(config.llvm_tools_dir, "mlir-opt"), library, library)

config.substitutions.append(("%spnn_opt", stock if plugin else own))
config.substitutions.append(("%spnn_src", config.spnn_source_dir))
config.substitutions.append(("%spnn_build", config.spnn_build_dir))
config.substitutions.append(("%mlir_lib", os.path.join(os.path.dirname(config.llvm_tools_dir), "lib")))
config.substitutions.append(("%cxx", os.path.join(config.llvm_tools_dir, "clang++")))
config.substitutions.append(("%cc", os.path.join(config.llvm_tools_dir, "clang")))
config.substitutions.append(("%python", config.python))

config.available_features.add("plugin" if plugin else "own-tool")
if config.sanitizer:
    config.available_features.add("sanitizer")

path = [os.path.join(config.spnn_build_dir, "bin"), config.llvm_tools_dir, os.environ.get("PATH", "")]
config.environment["PATH"] = os.pathsep.join(path)
config.environment["ASAN_OPTIONS"] = "detect_leaks=0:allow_user_poisoning=0:" + os.environ.get("ASAN_OPTIONS", "")
config.environment["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", "2")
# Only tests that mean the tool itself differ between the two; everything else would only repeat.
if plugin:
    config.test_format = lit.formats.ShTest(not os.environ.get("SPNN_LIT_EXTERNAL_SHELL"))
    config.excludes += ["e2e", "Tools", "Import", "Reference", "Docs", "Target", "Profiling"]
