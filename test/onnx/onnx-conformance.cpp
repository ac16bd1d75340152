//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// onnx-conformance: imports ONNX's own test models, evaluates or compiles them, and compares the results with the
// expected ones.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Onnx.h"
#include "spnn/Reference/Evaluator.h"

#include "Children.h"
#include "CompiledModel.h"
#include "OnnxProto.h"
#include "OnnxTensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <unistd.h>

using namespace llvm;
using namespace spnn;
using spnn::onnximport::TensorData;

static cl::opt<std::string> dataFolder("data", cl::desc("The folder of libonnx-testdata"),
                                       cl::init(SPNN_ONNX_TESTDATA));
static cl::opt<std::string> expectedFile("expected", cl::desc("The names of the models that must pass"));
static cl::opt<bool> update("update", cl::desc("Write the file of expected names instead of checking it"));
static cl::opt<bool> compiled("compile", cl::desc("Compile and run the models instead of evaluating them, each in a "
                                                  "process of its own"));
static cl::opt<unsigned> sample("sample", cl::init(1),
                                cl::desc("Only every so many models, and the first one with each op type"));
static cl::opt<unsigned> jobs("jobs", cl::init(2), cl::desc("With --compile: models at a time"));
static cl::opt<unsigned> seconds("seconds", cl::init(120), cl::desc("With --compile: the most that a model may take"));
static cl::opt<std::string> listFile("list", cl::desc("Write the outcome of every model and op type"));
static cl::opt<std::string> only("only", cl::desc("Only models whose name contains this"));
static cl::opt<bool> verbose("v", cl::desc("Print each model's name before it is imported"));

namespace {
enum class Kind { Pass, Refused, Wrong, NotCompiled };
struct Outcome {
  Kind kind = Kind::Refused;
  bool fixed = false; // some operands were made constants
  std::string reason;
  std::set<std::string> ops;
};
} // namespace

static std::string readFile(const Twine &path) {
  auto file = MemoryBuffer::getFile(path, false, false);
  return file ? (*file)->getBuffer().str() : std::string();
}

static std::optional<TensorData> readTensorFile(StringRef path) {
  onnx::TensorProto proto;
  if (!onnximport::parseTensor(readFile(path), proto))
    return std::nullopt;
  auto data = onnximport::readTensor(proto, "");
  if (!data)
    return consumeError(data.takeError()), std::nullopt;
  return std::move(*data);
}

/// The data as the model declares it: the test data holds the bits of bf16 values as uint16.
static void retype(TensorData &data, const onnx::ValueInfoProto &info) {
  if (data.type == onnx::TensorProto::UINT16 && info.type().tensor_type().elem_type() == onnx::TensorProto::BFLOAT16)
    data.type = onnx::TensorProto::BFLOAT16;
}

/// The difference between the computed and the expected tensor; empty: none that counts. `quantized`: the values were
/// rounded from products, which double precision may leave on the other side of a half.
static std::string compare(const reference::Tensor &computed, const TensorData &expected, bool quantized) {
  if (ArrayRef<int64_t>(computed.shape) != ArrayRef<int64_t>(expected.shape)) {
    std::string text;
    raw_string_ostream os(text);
    os << "shape [";
    llvm::interleaveComma(computed.shape, os);
    os << "], expected [";
    llvm::interleaveComma(expected.shape, os);
    os << "]";
    return text;
  }
  if (computed.isFloat() != expected.isFloat())
    return "another element type than expected";
  if (quantized && (expected.type == onnx::TensorProto::UINT8 || expected.type == onnx::TensorProto::INT8)) {
    std::vector<uint8_t> bytes = computed.toBytes();
    for (auto [i, byte] : llvm::enumerate(bytes))
      if (int8_t difference = byte - expected.bytes[i]; difference < -1 || difference > 1)
        return "quantised integers differ by more than 1";
    return "";
  }
  if (!expected.isFloat())
    return computed.toBytes() == expected.bytes ? "" : "integers differ";
  // ONNX's own test runner uses rtol 1e-3, atol 1e-7; bf16 has an epsilon above that, and sums that cancel keep the
  // rounding errors of their largest terms.
  double rtol = expected.type == onnx::TensorProto::BFLOAT16 ? 8e-3 : 1e-3, top = 0;
  for (int64_t i = 0; i < expected.size(); ++i)
    if (std::isfinite(expected.floatAt(i)))
      top = std::max(top, std::fabs(expected.floatAt(i)));
  for (int64_t i = 0; i < expected.size(); ++i) {
    double x = computed.floats[i], y = expected.floatAt(i);
    if ((std::isnan(x) && std::isnan(y)) || x == y || std::fabs(x - y) <= 1e-7 + 1e-6 * top + rtol * std::fabs(y))
      continue;
    // What overflows the type is infinite there, though not in double precision.
    if (std::isinf(y) && computed.toBytes() == expected.bytes)
      continue;
    return "element " + std::to_string(i) + " is " + std::to_string(x) + ", expected " + std::to_string(y);
  }
  return "";
}

/// Evaluates `module`, or compiles and runs it. Empty, or what went wrong and, as `kind`, whose fault it is.
static std::string execute(mlir::ModuleOp module, ArrayRef<reference::Tensor> arguments,
                           SmallVectorImpl<reference::Tensor> &results, Kind &kind) {
  if (compiled) {
    test::CompiledModel model;
    bool refused = false;
    // The folder is this run's own, the process this model's.
    std::string path = std::string(std::getenv("TMPDIR")) + "/" + std::to_string(getpid()) + ".so";
    if (runtime::Error error = model.compile(module, path, refused)) {
      if (refused)
        kind = Kind::NotCompiled;
      return *error;
    }
    runtime::Error error = model.run(arguments, results);
    return error ? "does not run: " + *error : "";
  }
  std::string diagnostics;
  mlir::ScopedDiagnosticHandler handler(module.getContext(), [&](mlir::Diagnostic &diagnostic) {
    if (diagnostics.empty())
      diagnostics = diagnostic.str();
    return mlir::success();
  });
  auto evaluated = reference::evaluate(*module.getOps<mlir::func::FuncOp>().begin(), arguments);
  if (failed(evaluated))
    return "evaluation failed: " + diagnostics;
  results = std::move(*evaluated);
  return "";
}

/// Runs one data set; empty if all outputs agree, else `kind` says what the reason is about.
static std::string runDataSet(mlir::ModuleOp module, const onnx::ModelProto &model, StringRef folder,
                              const StringMap<std::string> &constants, Kind &kind) {
  kind = Kind::Wrong;
  auto main = *module.getOps<mlir::func::FuncOp>().begin();
  std::vector<reference::Tensor> arguments;
  unsigned argument = 0;
  StringSet<> initialized;
  for (const auto &initializer : model.graph().initializer())
    initialized.insert(initializer.name());
  int file = 0;
  for (const auto &input : model.graph().input()) {
    if (initialized.contains(input.name()) && !sys::fs::exists(folder + "/input_" + Twine(file) + ".pb"))
      continue;
    std::string path = (folder + "/input_" + Twine(file++) + ".pb").str();
    if (constants.count(input.name()) || initialized.contains(input.name()))
      continue;
    std::optional<TensorData> data = readTensorFile(path);
    if (!data)
      return path + " cannot be read";
    if (argument >= main.getNumArguments())
      return "more inputs than arguments";
    retype(*data, input);
    auto type = cast<mlir::RankedTensorType>(main.getArgumentTypes()[argument++]);
    // The second operand of CastLike, of which only the type counts, has 1 element where the model declares more.
    if (data->size() == 1 && type.hasStaticShape() && type.getNumElements() > 1) {
      std::vector<uint8_t> element = data->bytes;
      for (int64_t i = 1; i < type.getNumElements(); ++i)
        data->bytes.insert(data->bytes.end(), element.begin(), element.end());
      data->shape.assign(type.getShape().begin(), type.getShape().end());
    }
    arguments.push_back(reference::Tensor::fromBytes(type.getElementType(), data->shape, data->bytes.data()));
  }
  SmallVector<reference::Tensor> results;
  if (std::string reason = execute(module, arguments, results, kind); !reason.empty())
    return reason;
  bool quantized = llvm::any_of(model.graph().node(), [](const onnx::NodeProto &node) {
    return StringRef(node.op_type()).contains("Quantize") || StringRef(node.op_type()).starts_with("QLinear") ||
           node.op_type() == "Round";
  });
  for (auto [i, result] : llvm::enumerate(results)) {
    std::string path = (folder + "/output_" + Twine(i) + ".pb").str();
    std::optional<TensorData> expected = readTensorFile(path);
    if (!expected)
      return path + " cannot be read";
    retype(*expected, model.graph().output(i));
    if (std::string difference = compare(result, *expected, quantized); !difference.empty())
      return "output " + std::to_string(i) + ": " + difference;
  }
  return "";
}

/// Imports with the given inputs fixed and runs that data set, or all of them if none is fixed.
static Outcome attempt(mlir::MLIRContext &context, StringRef name, StringRef bytes, const onnx::ModelProto &model,
                       StringRef folder, const StringMap<std::string> &constants, ArrayRef<std::string> sets) {
  Outcome outcome;
  OnnxImportOptions options;
  options.constants = constants;
  for (StringRef set : sets) {
    auto module = importOnnx(context, bytes, name, options);
    if (!module) {
      outcome.reason = toString(module.takeError());
      if (!StringRef(outcome.reason).starts_with((name + ": ").str()) || StringRef(outcome.reason).contains('\n') ||
          StringRef(outcome.reason).contains("defect of the importer"))
        outcome.kind = Kind::Wrong;
      return outcome;
    }
    outcome.reason = runDataSet(**module, model, set, constants, outcome.kind);
    if (!outcome.reason.empty())
      return outcome;
  }
  outcome.kind = Kind::Pass;
  return outcome;
}

/// `context` holds the dialects already where the models are compiled: to load them takes longer than a model.
static Outcome runModel(mlir::MLIRContext &context, StringRef name, StringRef folder) {
  std::string bytes = readFile(folder + "/model.onnx");
  auto model = onnximport::parseModel(bytes, onnximport::Syntax::Binary);
  Outcome outcome;
  if (!model) {
    outcome.reason = toString(model.takeError());
    return outcome;
  }
  std::set<std::string> ops;
  for (const auto &node : (*model)->graph().node())
    ops.insert(node.op_type());
  std::vector<std::string> sets;
  std::error_code code;
  for (sys::fs::directory_iterator it(folder, code), end; it != end && !code; it.increment(code))
    if (sys::path::filename(it->path()).starts_with("test_data_set"))
      sets.push_back(it->path());
  std::sort(sets.begin(), sets.end());

  outcome = attempt(context, name, bytes, **model, folder, {}, sets);
  // Many test models take as inputs what networks have as constants (shapes, axes, pads): first their integer inputs,
  // then all but the first, then all inputs become constants.
  for (int round = 0; round < 3 && outcome.kind == Kind::Refused && sets.size() == 1; ++round) {
    StringMap<std::string> constants;
    for (auto [i, input] : llvm::enumerate((*model)->graph().input())) {
      bool integer = !onnximport::isFloatType(input.type().tensor_type().elem_type());
      if (round == 0 ? integer : round == 1 ? i > 0 : true)
        constants[input.name()] = readFile(Twine(sets[0]) + "/input_" + Twine(i) + ".pb");
    }
    Outcome next = attempt(context, name, bytes, **model, folder, constants, sets);
    if (next.kind != Kind::Refused) {
      outcome = next;
      outcome.fixed = true;
    }
  }
  outcome.ops = std::move(ops);
  return outcome;
}

static bool writeFile(StringRef path, const std::string &text) {
  std::error_code code;
  ToolOutputFile file(path, code, sys::fs::OF_Text);
  if (code)
    return errs() << path << ": " << code.message() << '\n', false;
  file.os() << text;
  file.keep();
  return true;
}

/// One line a model, then one line an op type with the number of models of each outcome.
static std::string describe(const std::map<std::string, Outcome> &outcomes) {
  std::string text;
  raw_string_ostream os(text);
  std::map<std::string, std::array<int, 4>> byOp;
  const char *const names[] = {"pass", "refused", "wrong", "not-compiled"};
  for (const auto &[name, outcome] : outcomes) {
    os << (outcome.fixed && outcome.kind == Kind::Pass ? "pass-fixed" : names[int(outcome.kind)]) << '\t' << name
       << '\t' << outcome.reason << '\n';
    for (const std::string &op : outcome.ops)
      ++byOp[op][int(outcome.kind)];
  }
  os << "\nop type\tpass\trefused\twrong\tnot compiled\n";
  for (const auto &[op, counts] : byOp)
    os << op << '\t' << counts[0] << '\t' << counts[1] << '\t' << counts[2] << '\t' << counts[3] << '\n';
  return text;
}

/// An outcome as a text, from the process of a model to the one that counts.
static std::string serialize(const Outcome &outcome) {
  return std::to_string(int(outcome.kind)) + (outcome.fixed ? "+" : "-") + llvm::join(outcome.ops, ",") + "\n" +
         outcome.reason;
}

static Outcome deserialize(const test::ChildResult &result) {
  Outcome outcome;
  StringRef text = result.text;
  if (result.death || text.size() < 2) {
    outcome.kind = Kind::Wrong;
    outcome.reason = result.death.value_or("its process said nothing");
    return outcome;
  }
  outcome.kind = Kind(text[0] - '0');
  outcome.fixed = text[1] == '+';
  auto [ops, reason] = text.drop_front(2).split('\n');
  for (StringRef op : llvm::split(ops, ','))
    if (!op.empty())
      outcome.ops.insert(op.str());
  outcome.reason = reason.str();
  return outcome;
}

/// The lines of a file; none if there is no such file.
static std::set<std::string> readLines(const std::string &path) {
  std::set<std::string> lines;
  std::string text = readFile(path);
  for (StringRef line : llvm::split(text, '\n'))
    if (!line.empty())
      lines.insert(line.str());
  return lines;
}

using ModelFolder = std::pair<std::string, std::string>; // name and path

/// Every so many, and the first one with each op type, of those that must pass.
static std::vector<ModelFolder> chooseSample(const std::vector<ModelFolder> &models,
                                             const std::set<std::string> &expected) {
  std::vector<ModelFolder> chosen;
  std::set<std::string> seen;
  size_t number = 0;
  for (const ModelFolder &candidate : models) {
    if (!expected.empty() && !expected.count(candidate.first))
      continue;
    bool isNew = number++ % sample == 0;
    if (auto model = onnximport::parseModel(readFile(candidate.second + "/model.onnx"), onnximport::Syntax::Binary))
      for (const auto &node : (*model)->graph().node())
        isNew |= seen.insert(node.op_type()).second;
    else
      consumeError(model.takeError());
    if (isNew)
      chosen.push_back(candidate);
  }
  return chosen;
}

/// Runs the models and gives their outcomes by name.
static std::map<std::string, Outcome> runModels(const std::vector<ModelFolder> &models) {
  std::map<std::string, Outcome> outcomes;
  if (!compiled) {
    for (const auto &[name, path] : models) {
      if (verbose)
        errs() << name << '\n';
      mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
      outcomes[name] = runModel(context, name, path);
    }
    return outcomes;
  }
  mlir::DialectRegistry registry;
  test::registerForCompilation(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  // All that the compiler leaves behind where it crashes lies in one folder.
  SmallString<128> folder;
  if (std::error_code code = sys::fs::createUniqueDirectory("onnx-conformance", folder)) {
    errs() << "onnx-conformance: cannot make a folder for the compiled models: " << code.message() << '\n';
    exit(1);
  }
  setenv("TMPDIR", folder.c_str(), /*overwrite=*/1);
  std::vector<test::ChildResult> results = test::runInChildren(models.size(), jobs, seconds, [&](size_t i) {
    if (verbose)
      errs() << models[i].first << '\n';
    return serialize(runModel(context, models[i].first, models[i].second));
  });
  sys::fs::remove_directories(folder);
  for (auto [model, result] : llvm::zip(models, results))
    outcomes[model.first] = deserialize(result);
  return outcomes;
}

/// True if all of those that must pass do, as far as they were chosen to run.
static bool checkExpected(const std::set<std::string> &expected, const std::map<std::string, Outcome> &outcomes) {
  bool good = true;
  for (const std::string &name : expected) {
    auto found = outcomes.find(name);
    bool ran = found != outcomes.end();
    if (ran ? found->second.kind == Kind::Pass : sample > 1 || !only.empty())
      continue;
    good = false;
    outs() << "no longer passes: " << name << ": " << (ran ? found->second.reason : "the model is missing") << '\n';
  }
  return good;
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "onnx-conformance: runs ONNX's test models\n");
  const char *title = compiled ? "onnx-compiled" : "onnx-conformance";
  if (!sys::fs::is_directory(dataFolder)) {
    outs() << title << ": skipped: the package libonnx-testdata is not installed (no folder '" << dataFolder << "')\n";
    return 77;
  }
  // As for the other tests that can run for longer.
  if (const char *isLong = std::getenv("SPNN_LONG_TESTS"); isLong && StringRef(isLong) == "1")
    sample = 1;
  std::vector<ModelFolder> models;
  std::error_code code;
  for (StringRef group : {"node", "pytorch-converted", "pytorch-operator", "simple"})
    for (sys::fs::directory_iterator it(dataFolder + "/" + group, code), end; it != end && !code; it.increment(code))
      if (sys::fs::exists(it->path() + "/model.onnx"))
        models.emplace_back((group + "/" + sys::path::filename(it->path())).str(), it->path());
  std::sort(models.begin(), models.end());
  size_t total = models.size();
  std::set<std::string> expected;
  if (!expectedFile.empty() && !update)
    expected = readLines(expectedFile);
  if (sample > 1)
    models = chooseSample(models, expected);
  llvm::erase_if(models, [](const ModelFolder &model) { return !StringRef(model.first).contains(only); });
  std::map<std::string, Outcome> outcomes = runModels(models);

  int passed = 0, fixed = 0, refused = 0, wrong = 0, notCompiled = 0;
  std::string passing;
  for (const auto &[name, outcome] : outcomes) {
    passed += outcome.kind == Kind::Pass;
    fixed += outcome.kind == Kind::Pass && outcome.fixed;
    refused += outcome.kind == Kind::Refused;
    wrong += outcome.kind == Kind::Wrong;
    notCompiled += outcome.kind == Kind::NotCompiled;
    if (outcome.kind == Kind::Pass)
      passing += name + "\n";
    if (outcome.kind == Kind::Wrong)
      outs() << "wrong: " << name << ": " << outcome.reason << '\n';
  }
  bool bad = wrong > 0;
  if (!listFile.empty())
    bad |= !writeFile(listFile, describe(outcomes));
  if (!expectedFile.empty() && update)
    bad |= !writeFile(expectedFile, passing);
  else
    bad |= !checkExpected(expected, outcomes);
  outs() << title << ": " << passed << " of " << models.size();
  if (models.size() != total)
    outs() << " (a sample of the " << total << ")";
  outs() << " pass (" << fixed << " of them with operands fixed at import), " << refused << " refused by name, ";
  if (compiled)
    outs() << notCompiled << " refused by the compiler, ";
  outs() << wrong << " wrong\n";
  return bad ? 1 : 0;
}
