//===- sparse-run.cpp - Runs a compiled model -----------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tool sparse-run: loads or compiles a model, feeds it, checks it, times
// it.
//
//===----------------------------------------------------------------------===//
#include "EngineLibrary.h"
#include "Progress.h"
#include "Report.h"
#include "Train.h"

#include "spnn/Import/AtomicFile.h"

#include <cstdio>

using namespace spnn::run;
using spnn::Progress;
using spnn::runtime::Call;
using spnn::runtime::Context;
using spnn::runtime::FunctionSpec;
using spnn::runtime::Model;
using spnn::runtime::ModelDescription;

namespace {

/// One run, from the model to the report. Members outlive what uses them: the
/// model its context.
class Run {
public:
  Run(const Options &options) : options(options), progress(options.quiet) {}
  Error run();

private:
  Error loadModel();
  Error chooseFunction();
  Error execute();
  Error bench(Call &call);
  Error compareWithReference();
  Error report();

  const Options &options;
  Progress progress;
  EngineLibrary engine;
  ModelDescription described; ///< of a .mlir that is only evaluated
  std::unique_ptr<Model> model;
  Context context;
  const ModelDescription *description = nullptr;
  const FunctionSpec *function = nullptr;
  std::vector<Tensor> inputs, outputs;
  Outcome outcome;
};

Error Run::loadModel() {
  if (!options.modelIsMlir()) {
    if (Error error = Model::open(options.model, model))
      return error;
  } else if (options.evaluatesOnly() || options.describe) {
    if (Error error = engine.describe(options.model, described))
      return error;
    description = &described;
    return std::nullopt;
  } else {
    progress.show(
        (options.tune ? "compiling and measuring " : "compiling ") +
        options.model + " ...");
    if (Error error =
            engine.compile(options.model, options.pipelineOptions(), model))
      return error;
  }
  description = &model->description();
  return std::nullopt;
}

Error Run::chooseFunction() {
  std::string name = options.function;
  if (name.empty())
    name = description->functions.size() == 1 ? description->functions[0].name
                                              : "main";
  function = description->find(name);
  if (function)
    return std::nullopt;
  std::string names;
  for (const FunctionSpec &candidate : description->functions)
    names += (names.empty() ? "" : ", ") + candidate.name;
  if (names.empty())
    return "'" + options.model + "' has no functions";
  if (options.function.empty())
    return "'" + options.model + "' has several functions (" + names +
           "): choose one with --function";
  return "'" + options.model + "' has no function '" + name +
         "'; it has: " + names;
}

Error Run::execute() {
  if (Error error = makeInputs(options, *function, inputs))
    return error;
  if (Error error = makeOutputs(*function, inputs, false, outputs))
    return error;
  if (!model) {
    progress.show("evaluating " + options.model + " ...");
    outcome.evaluated = true;
    return engine.evaluate(options.model, function->name, inputs, outputs);
  }
  if (Error error = model->createContext(options.threads, context))
    return error;
  Call call;
  if (Error error = model->bind(*function, refs(inputs), refs(outputs), call))
    return error;
  progress.show("running " + function->name + " ...");
  if (Error error = call.run(context))
    return error;
  if (options.bench)
    if (Error error = bench(call))
      return error;
  outcome.arenaBytes = context.arenaBytes();
  return std::nullopt;
}

Error Run::bench(Call &call) {
  auto show = [&](int64_t runs) {
    progress.update(runs == 0 ? "warming up ..."
                              : "timing: " + std::to_string(runs) + " runs");
  };
  return measureTime([&] { return call.run(context); }, show,
                     outcome.timing.emplace());
}

Error Run::compareWithReference() {
  const std::string &file = options.referenceFile;
  ModelDescription text;
  if (Error error = engine.describe(file, text))
    return error;
  const FunctionSpec *other = text.find(function->name);
  if (!other)
    return "the reference '" + file + "' has no function '" + function->name +
           "'";
  std::vector<Tensor> expected;
  if (Error error = makeOutputs(*other, inputs, true, expected))
    return "the reference '" + file + "' does not fit: " + *error;
  bool same = expected.size() == outputs.size();
  for (size_t i = 0; same && i < outputs.size(); ++i)
    same = expected[i].shape == outputs[i].shape;
  if (!same)
    return "the reference '" + file +
           "' does not fit: its outputs have other shapes";
  progress.show("evaluating " + file + " ...");
  if (Error error = engine.evaluate(file, function->name, inputs, expected))
    return error;
  outcome.reference = file;
  for (size_t i = 0; i < outputs.size(); ++i)
    outcome.comparisons.push_back(
        compare(outputs[i], expected[i], options.tolerance));
  return std::nullopt;
}

/// Writes `text` and says if it could not be written.
Error printOut(const std::string &text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
      std::fflush(stdout) == 0)
    return std::nullopt;
  return "cannot write to the standard output";
}

Error writeText(const std::string &path, const std::string &text) {
  if (path == "-")
    return printOut(text);
  spnn::AtomicFile file;
  if (Error error = file.open(path))
    return error;
  if (Error error = file.write(text.data(), text.size()))
    return error;
  return file.commit();
}

Error Run::report() {
  outcome.model = options.model;
  outcome.producer = description->producer;
  outcome.target = description->target;
  outcome.function = function->name;
  outcome.threads = options.threads;
  outcome.inputs = &inputs;
  outcome.outputs = &outputs;
  progress.clear();
  if (Error error = writeOutputs(options, outputs))
    return error;
  if (!options.json.empty())
    if (Error error = writeText(options.json, printJson(outcome)))
      return error;
  if (!options.quiet && options.json != "-")
    if (Error error = printOut(printTables(outcome)))
      return error;
  for (const Comparison &c : outcome.comparisons)
    if (!c.passes()) {
      char text[96];
      std::snprintf(text, sizeof(text), "%.4g, beyond the tolerance %.4g",
                    c.relativeError(), c.tolerance);
      return "output '" + c.name + "' differs from the reference by " + text;
    }
  return std::nullopt;
}

Error Run::run() {
  if (Error error = loadModel())
    return error;
  if (options.describe) {
    progress.clear();
    return printOut(printDescriptionTable(options.model, *description));
  }
  if (options.train)
    return train(*model, options, progress, writeText);
  if (Error error = chooseFunction())
    return error;
  if (Error error = checkOutputFiles(options, *function))
    return error;
  if (Error error = execute())
    return error;
  if (!options.referenceFile.empty())
    if (Error error = compareWithReference())
      return error;
  if (!options.labels.empty()) {
    if (outputs.empty())
      return "--labels: function '" + function->name + "' has no output";
    if (Error error = measureAccuracy(options.labels, outputs[0],
                                      outcome.accuracy.emplace()))
      return error;
  }
  return report();
}

/// The whole tool; memory that runs short is an error like others.
Error runTool(const std::vector<std::string> &arguments) try {
  Options options;
  if (Error error = parseOptions(arguments, options))
    return error;
  if (options.help)
    return printOut(helpText);
  if (options.version)
    return printOut("sparse-run " SPNN_VERSION_STRING ", run-time interface " +
                    std::to_string(SPNN_ABI_VERSION) + "\n");
  return Run(options).run();
} catch (const std::bad_alloc &) {
  return "memory is short";
}

} // namespace

int main(int argc, char **argv) {
  Error error = runTool({argv + 1, argv + argc});
  if (!error)
    return 0;
  // One line, whatever a file put into a name.
  for (char &c : *error)
    if (static_cast<unsigned char>(c) < ' ')
      c = ' ';
  std::fprintf(stderr, "sparse-run: error: %s\n", error->c_str());
  return 1;
}
