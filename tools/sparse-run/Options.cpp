//===- Options.cpp - What sparse-run was asked to do ----------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The parser of sparse-run's command line and its help text.
//
//===----------------------------------------------------------------------===//
#include "Options.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

using namespace spnn::run;

const char *const spnn::run::helpText =
    R"(usage: sparse-run MODEL [options]

Runs a compiled model (.so). A model in MLIR (.mlir) is compiled first.

What runs
  --function NAME      the function to call (default: the only one, or main)
  --threads N          threads (default: as many as OpenMP would use)
  --options TEXT       options of the CPU pipeline, when a .mlir is compiled
  --tune               and then measure the likeliest kernels on this machine
  --tune-cache FILE    file of measured times for --tune (default:
                       spnn/tune.json in $XDG_CACHE_HOME or ~/.cache)
  --describe           print the model's functions and stop

Inputs and outputs
  --input FILE         .npy, once for each input in order, or NAME=FILE.npy, or
                       one .npz whose members are named like the inputs
                       (without --input: random, normally distributed numbers)
  --seed N             seed of random inputs (default 0)
  --integers-below N   random integers are 0 to N-1 (default 2)
  --batch N            extent 0 of random inputs, where it is dynamic
  --dim NAME=N         another dynamic extent of random inputs; NAME is its
                       name, or INPUT.DIM with the input's name or number
  --output FILE        .npy of the only output, or NAME=FILE.npy, or an .npz
                       of all outputs

Checks
  --reference          evaluate MODEL.mlir with the reference evaluator, in
                       double precision, instead of compiling it
  --reference=FILE     compare with the reference evaluation of FILE.mlir; exit
                       status 1 if an output is beyond the tolerance
  --tolerance T        largest absolute error, divided by the largest absolute
                       value of the reference output (default: f64 1e-9,
                       f32 1e-4, f16 1e-2, bf16 5e-2, integers 0)
  --labels FILE        .npy of class numbers: print the accuracy of the first
                       output (argmax over the last axis)
  --bench              time the function: warm up, then at least 20 runs and
                       half a second; median, min and max

Training, by a function that --spnn-differentiate="mode=train-step" made
  --train              call the function (default: train_step) again and again;
                       its result next:X becomes its input X
  --data FILE          .npz of a graph (docs/gnn.md), or of arrays named like
                       the inputs; its classes y and its sets train, val and
                       test say how accurate function predict is
  --split N            which of several splits (default 0)
  --epochs N           calls (default 200)
  --seed N             of first values and of dropout (default 0)
  --init NAME=WHAT     first value of a parameter: FILE.npy, glorot or zeros;
                       or FILE.npz, of all that are named in it
                       (default: glorot for rank 2 and more, else zeros)
  --input NAME=FILE    .npy of an input that is not in --data
  --patience N         stop when validation was not better for N epochs, and
                       report the best epoch
  --stop-on WHAT       what better means: loss (default), accuracy or both
  --eval-every N       evaluate each N epochs (default 1)
  --repeat N           N trainings with seeds one after the other
  --curves FILE        loss and accuracy of each epoch as CSV
  --svg FILE           the same, drawn
  --save-parameters F  .npz of the parameters of the last training

Reports
  --json FILE          write what was found as JSON (- for standard output)
  --quiet              print errors only
  --version, --help
)";

bool spnn::run::endsWith(const std::string &text, const std::string &suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool Options::modelIsMlir() const { return endsWith(model, ".mlir"); }

std::string Options::pipelineOptions() const {
  if (!tune)
    return compileOptions;
  std::string result =
      compileOptions + (compileOptions.empty() ? "" : " ") + "tune=true";
  // Braces keep a name with spaces together.
  return tuneCache.empty() ? result : result + " tune-cache={" + tuneCache + "}";
}

namespace {

template <typename Int>
Error parseNumber(const std::string &option, const std::string &text, Int low,
                  Int high, Int &value) {
  auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc() && end == text.data() + text.size() && value >= low &&
      value <= high)
    return std::nullopt;
  return option + " takes a whole number from " + std::to_string(low) + " to " +
         std::to_string(high) + ", not '" + text + "'";
}

Error parseTolerance(const std::string &text, std::optional<double> &value) {
  char *end = nullptr;
  double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(number) || number < 0)
    return "--tolerance takes a number that is not negative, not '" + text +
           "'";
  value = number;
  return std::nullopt;
}

constexpr int64_t maxExtent = int64_t(1) << 40;

Error parseDim(const std::string &text, Options &options) {
  size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0)
    return "--dim takes NAME=N, not '" + text + "'";
  int64_t extent = 0;
  if (Error error = parseNumber<int64_t>("--dim", text.substr(equals + 1), 0,
                                         maxExtent, extent))
    return error;
  options.dims.emplace_back(text.substr(0, equals), extent);
  return std::nullopt;
}

/// An option of --train that takes a value.
Error setTrainingValue(const std::string &name, const std::string &value,
                       Options &options, bool &known) {
  std::string before = options.trainOption;
  options.trainOption = name;
  if (name == "--data")
    options.data = value;
  else if (name == "--split")
    return parseNumber<int64_t>(name, value, 0, 1 << 20, options.split);
  else if (name == "--epochs")
    return parseNumber<int64_t>(name, value, 1, 1 << 30, options.epochs);
  else if (name == "--eval-every")
    return parseNumber<int64_t>(name, value, 1, 1 << 30, options.evalEvery);
  else if (name == "--patience")
    return parseNumber<int64_t>(name, value, 1, 1 << 30, options.patience);
  else if (name == "--repeat")
    return parseNumber<int64_t>(name, value, 1, 1 << 20, options.repeat);
  else if (name == "--init")
    options.inits.push_back(value);
  else if (name == "--curves")
    options.curves = value;
  else if (name == "--svg")
    options.svg = value;
  else if (name == "--save-parameters")
    options.saveParameters = value;
  else if (name == "--stop-on") {
    if (value != "loss" && value != "accuracy" && value != "both")
      return "--stop-on takes loss, accuracy or both, not '" + value + "'";
    options.stopOn = value == "loss"       ? Options::StopOn::Loss
                     : value == "accuracy" ? Options::StopOn::Accuracy
                                           : Options::StopOn::Both;
  } else {
    known = false;
    options.trainOption = before;
  }
  return std::nullopt;
}

/// An option that takes a value.
Error setValue(const std::string &name, const std::string &value,
               Options &options, bool &known) {
  known = true;
  if (name == "--function")
    options.function = value;
  else if (name == "--input")
    options.inputs.push_back(value);
  else if (name == "--output")
    options.outputs.push_back(value);
  else if (name == "--seed")
    return parseNumber<uint64_t>(name, value, 0, UINT64_MAX, options.seed);
  else if (name == "--integers-below")
    return parseNumber<int64_t>(name, value, 1, INT64_MAX,
                                options.integersBelow);
  else if (name == "--batch")
    return parseNumber<int64_t>(name, value, 0, maxExtent,
                                options.batch.emplace());
  else if (name == "--dim")
    return parseDim(value, options);
  else if (name == "--tolerance")
    return parseTolerance(value, options.tolerance);
  else if (name == "--labels")
    options.labels = value;
  else if (name == "--threads")
    return parseNumber<int32_t>(name, value, 1, 4096, options.threads);
  else if (name == "--options")
    options.compileOptions = value;
  else if (name == "--tune-cache")
    options.tuneCache = value;
  else if (name == "--json")
    options.json = value;
  else
    return setTrainingValue(name, value, options, known);
  return std::nullopt;
}

/// Options that exclude or need each other.
Error checkOptions(const Options &options) {
  if (options.model.empty())
    return "no model was named; see sparse-run --help";
  if (!options.modelIsMlir() && options.evaluatesOnly())
    return "a compiled model needs --reference=FILE.mlir to be compared with";
  if (!options.modelIsMlir() && !options.compileOptions.empty())
    return "--options is for a .mlir that is compiled, and '" + options.model +
           "' is not one";
  if (!options.tuneCache.empty() && !options.tune)
    return "--tune-cache is for --tune";
  if (options.tune && (!options.modelIsMlir() || options.evaluatesOnly() ||
                       options.describe))
    return "--tune is for a .mlir that is compiled";
  if (options.evaluatesOnly() && options.bench)
    return "--bench times compiled code, and --reference without a file "
           "compiles nothing";
  if (options.tolerance && options.referenceFile.empty())
    return "--tolerance needs --reference=FILE.mlir to compare with";
  if (!options.inputs.empty() && (options.batch || !options.dims.empty()))
    return "--batch and --dim are for random inputs, and --input gives the "
           "shapes";
  if (!options.train && !options.trainOption.empty())
    return options.trainOption + " is for --train";
  if (options.train &&
      (options.reference || options.bench || options.describe ||
       !options.labels.empty() || !options.outputs.empty() || options.batch ||
       !options.dims.empty()))
    return "--train goes with none of --reference, --bench, --describe, "
           "--labels, --output, --batch and --dim";
  return std::nullopt;
}

} // namespace

Error spnn::run::parseOptions(const std::vector<std::string> &arguments,
                              Options &options) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string &argument = arguments[i];
    if (argument.size() < 2 || argument[0] != '-') {
      if (!options.model.empty())
        return "two models were named, '" + options.model + "' and '" +
               argument + "'";
      options.model = argument;
      continue;
    }
    if (argument == "--help" || argument == "-h") {
      options.help = true;
      return std::nullopt;
    }
    if (argument == "--version") {
      options.version = true;
      return std::nullopt;
    }
    if (argument == "--bench") {
      options.bench = true;
      continue;
    }
    if (argument == "--train") {
      options.train = true;
      continue;
    }
    if (argument == "--tune") {
      options.tune = true;
      continue;
    }
    if (argument == "--quiet") {
      options.quiet = true;
      continue;
    }
    if (argument == "--describe") {
      options.describe = true;
      continue;
    }
    size_t equals = argument.find('=');
    std::string name = argument.substr(0, equals);
    if (name == "--reference") {
      options.reference = true;
      if (equals != std::string::npos) {
        options.referenceFile = argument.substr(equals + 1);
        if (options.referenceFile.empty())
          return "--reference= lacks a file";
      }
      continue;
    }
    bool known = false;
    bool attached = equals != std::string::npos;
    if (!attached && i + 1 == arguments.size()) {
      // Tell an unknown option from one that lacks its value.
      Options ignored;
      (void)setValue(name, "", ignored, known);
      return known ? name + " lacks a value"
                   : "unknown option '" + name + "'; see sparse-run --help";
    }
    Error error = setValue(
        name, attached ? argument.substr(equals + 1) : arguments[i + 1],
        options, known);
    if (!known)
      return "unknown option '" + name + "'; see sparse-run --help";
    if (error)
      return error;
    if (!attached)
      ++i;
  }
  return checkOptions(options);
}
