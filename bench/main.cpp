//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-bench: the program behind bench/run and bench/calibrate.
//
//===----------------------------------------------------------------------===//
#include "Suites.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <functional>
#include <map>

using namespace spnn::bench;
using llvm::StringRef;

static constexpr const char *kUsage =
    R"(usage: spnn-bench matmul [options] | sweep [options] | block [options] | gat [options] | spmm [options] | scaling [options] |
                  calibrate [options] | check [options]
matmul, sweep, block, gat, spmm, scaling:
  --quick             fewer cases, shorter
  --threads N         OpenMP threads of ours and of oneDNN (default 1)
  --json FILE         write the rows there
  --filter REGEX      only cases whose name contains a match
  --seconds S         measuring time of a case
  --tune              suite sweep: beside the predicted choice the one of the compiler's option tune
  --cases N           layers of the suite sweep (default 300, with --quick 40)
  --rotate N          matrices that a case rotates through
  --activation-density D  share of the activations that are not zero, which the compiler is told (default 1)
  --format F          force this format of ours (csr, bsr4x1, dense, ...)
  --kernel K          force this kernel of ours (csr, csr-matvec, hardcoded, pattern-tile, block, ...)
  --split-columns S   compute ours slice by slice of their columns: auto (default), off, or sizes like 128 or 16+1
  --cluster-rows C    rows of constant graphs in clusters: auto (default), on or off
  --weights T         element type of our weights: f16, bf16 or i8 (default f32)
  --activations T     and of our activations: bf16 or i8 with weights of the same type (default f32)
  --target-cpu CPU    compile our kernels, not the peers, for this CPU (default native)
  --target-file FILE  target description of our cost model
  --dlmc DIR          folder with .smtx patterns
  --data DIR          folder with graphs in .npz files
  --cache DIR         folder that keeps the peers compiled for a shape (default bench-cache in the build folder)
calibrate:
  -o FILE             the target description to write ('-': standard output)
  --target-cpu CPU    compile the kernels for this CPU (default native)
  --name NAME         name of the description
  --kernel K          measure this kernel alone ...
  --file FILE         ... and take everything else from this target description, a file or a name
check:
  --file FILE         the target description to check
  --target-cpu CPU    compile the kernels for this CPU (default native)
)";

/// LLVM's own parser of command lines is out of reach: the library registers options of names that we need.
int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  SuiteOptions suite;
  // build/bench-cache, as in bench/run: never a folder of the sources.
  llvm::SmallString<128> cache(
      llvm::sys::path::parent_path(llvm::sys::fs::getMainExecutable(argv[0], reinterpret_cast<void *>(&main))));
  llvm::sys::path::append(cache, "..", "bench-cache");
  llvm::sys::path::remove_dots(cache, /*remove_dot_dot=*/true);
  suite.cache = cache.str().str();
  CalibrateOptions calibration;
  std::string file;
  bool bad = false;
  auto text = [](std::string &target) {
    return [&target](StringRef value) {
      target = value.str();
      return true;
    };
  };
  auto number = [](auto &target) {
    return [&target](StringRef value) { return !value.consumeInteger(10, target) && value.empty(); };
  };
  std::map<std::string, std::function<bool(StringRef)>> options{
      {"--threads", number(suite.threads)},
      {"--json", text(suite.json)},
      {"--filter", text(suite.filter)},
      {"--seconds", [&](StringRef value) { return !value.getAsDouble(suite.seconds); }},
      {"--activation-density",
       [&](StringRef value) {
         return !value.getAsDouble(suite.activationDensity) && suite.activationDensity >= 0 &&
                suite.activationDensity <= 1;
       }},
      {"--rotate", number(suite.rotate)},
      {"--cases", number(suite.cases)},
      {"--format", text(suite.format)},
      {"--kernel",
       [&](StringRef value) {
         suite.kernel = calibration.kernel = value.str();
         return true;
       }},
      {"--split-columns", text(suite.splitColumns)},
      {"--cluster-rows", text(suite.clusterRows)},
      {"--weights", text(suite.types.weights)},
      {"--activations", text(suite.types.activations)},
      {"--target-file", text(suite.targetFile)},
      {"--dlmc", text(suite.dlmc)},
      {"--data", text(suite.data)},
      {"--cache", text(suite.cache)},
      {"-o", text(calibration.output)},
      {"--target-cpu",
       [&](StringRef value) {
         suite.cpu = calibration.cpu = value.str();
         return true;
       }},
      {"--name", text(calibration.name)},
      {"--file", text(file)},
  };
  StringRef command;
  for (int i = 1; i < argc && !bad; ++i) {
    auto [name, value] = StringRef(argv[i]).split('=');
    if (name == "--quick") {
      suite.quick = true;
    } else if (name == "--tune") {
      suite.tune = true;
    } else if (auto option = options.find(name.str()); option != options.end()) {
      if (!StringRef(argv[i]).contains('=')) {
        bad = ++i == argc;
        value = bad ? "" : argv[i];
      }
      if (bad || !option->second(value)) {
        llvm::errs() << "spnn-bench: option " << name << " has no valid value\n";
        return 1;
      }
    } else if (command.empty() && !name.starts_with("-")) {
      command = name;
    } else {
      llvm::errs() << "spnn-bench: unknown argument '" << argv[i] << "'\n";
      bad = true;
    }
  }
  if (suite.threads < 1) {
    llvm::errs() << "spnn-bench: --threads must be positive\n";
    return 1;
  }
  if (!bad && command == "matmul")
    return runMatmulSuite(suite);
  if (!bad && command == "sweep")
    return runSweepSuite(suite);
  if (!bad && command == "block")
    return runBlockSuite(suite);
  if (!bad && command == "gat")
    return runGatSuite(suite);
  if (!bad && command == "spmm")
    return runSpmmSuite(suite);
  if (!bad && command == "scaling")
    return runScalingSuite(suite);
  if (!bad && command == "calibrate")
    return calibration.kernel = suite.kernel, calibration.base = file, calibrate(calibration);
  if (!bad && command == "check")
    return checkCalibration(file, calibration.cpu);
  llvm::errs() << kUsage;
  return 1;
}
