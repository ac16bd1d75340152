//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// sparse-import: ONNX models and graph neural networks to graph-level IR.
//
//===----------------------------------------------------------------------===//
#include "GnnCommands.h"
#include "Progress.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Import/AtomicFile.h"
#include "spnn/Import/Onnx.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/MLIRContext.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;

static cl::OptionCategory category("sparse-import options");
static cl::opt<std::string> inputFile(cl::Positional, cl::desc("<model.onnx>"), cl::cat(category));
static cl::opt<std::string> outputFile("o", cl::desc("Where to write the module (default: standard output)"),
                                       cl::value_desc("file"), cl::init("-"), cl::cat(category));
static cl::list<std::string> dims("dim", cl::desc("Fix a symbolic dimension"), cl::value_desc("name=extent"),
                                  cl::cat(category));
static cl::list<std::string> constants("constant",
                                       cl::desc("Make a graph input a constant, read from a serialised TensorProto"),
                                       cl::value_desc("name=tensor.pb"), cl::cat(category));
static cl::opt<bool> listOps("list-ops", cl::desc("Print the table of supported ops"), cl::cat(category));

enum class Emit { Mlir, Bytecode, Onnx };
static cl::opt<Emit> emit("emit", cl::desc("What to write"),
                          cl::values(clEnumValN(Emit::Mlir, "mlir", "the module as text (default)"),
                                     clEnumValN(Emit::Bytecode, "bytecode", "the module as MLIR bytecode"),
                                     clEnumValN(Emit::Onnx, "onnx", "the model itself, in binary form")),
                          cl::init(Emit::Mlir), cl::cat(category));
using Syntax = spnn::OnnxImportOptions::Syntax;
static cl::opt<Syntax> syntax("syntax", cl::desc("How the model is written"),
                              cl::values(clEnumValN(Syntax::Binary, "binary", "serialised protobuf (default)"),
                                         clEnumValN(Syntax::Text, "text", "ONNX's textual syntax"),
                                         clEnumValN(Syntax::ProtobufText, "prototxt", "protobuf's text format")),
                              cl::init(Syntax::Binary), cl::cat(category));

static int report(const Twine &sentence) {
  errs().flush();
  WithColor::error(errs(), "sparse-import") << sentence << '\n';
  return 1;
}

/// Cuts "name=value"; an error sentence if there is no '='.
static Expected<std::pair<StringRef, StringRef>> cut(StringRef option, StringRef text) {
  auto [name, value] = text.split('=');
  if (name.empty() || value.empty())
    return createStringError(inconvertibleErrorCode(), "--" + option + "=" + text + " is not of the form name=value");
  return std::make_pair(name, value);
}

static Error readOptions(spnn::OnnxImportOptions &options) {
  for (StringRef text : dims) {
    auto pair = cut("dim", text);
    if (!pair)
      return pair.takeError();
    int64_t extent;
    if (pair->second.getAsInteger(10, extent) || extent < 0)
      return createStringError(inconvertibleErrorCode(), "--dim=" + text + ": the extent is no natural number");
    options.dims[pair->first] = extent;
  }
  for (StringRef text : constants) {
    auto pair = cut("constant", text);
    if (!pair)
      return pair.takeError();
    auto file = MemoryBuffer::getFile(pair->second);
    if (!file)
      return createStringError(inconvertibleErrorCode(), pair->second + ": " + file.getError().message());
    options.constants[pair->first] = (*file)->getBuffer().str();
  }
  return Error::success();
}

namespace {
/// A stream into a file that appears whole or not at all.
class AtomicStream : public raw_ostream {
public:
  explicit AtomicStream(spnn::AtomicFile &file) : file(file) {}
  ~AtomicStream() override { flush(); }
  spnn::AtomicFile::Error error;

private:
  void write_impl(const char *bytes, size_t count) override {
    if (!error)
      error = file.write(bytes, count);
    position += count;
  }
  uint64_t current_pos() const override { return position; }
  spnn::AtomicFile &file;
  uint64_t position = 0;
};
} // namespace

static Error write(function_ref<Error(raw_ostream &)> print) {
  if (outputFile == "-") {
    if (Error error = print(outs()))
      return error;
    outs().flush();
    if (!outs().has_error())
      return Error::success();
    std::error_code code = outs().error();
    outs().clear_error();
    return createStringError(code, "standard output: " + code.message());
  }
  spnn::AtomicFile file;
  spnn::AtomicFile::Error failure = file.open(outputFile);
  if (!failure) {
    AtomicStream os(file);
    if (Error error = print(os))
      return error;
    os.flush();
    failure = os.error;
  }
  if (!failure)
    failure = file.commit();
  return failure ? createStringError(inconvertibleErrorCode(), *failure) : Error::success();
}

static Error writeModule(mlir::ModuleOp module, const mlir::OpPrintingFlags &flags) {
  return write([&](raw_ostream &os) -> Error {
    if (emit == Emit::Mlir)
      module->print(os, flags);
    else if (failed(mlir::writeBytecodeToFile(module, os)))
      return createStringError(inconvertibleErrorCode(), "the bytecode cannot be written");
    return Error::success();
  });
}

/// --gnn and --gnn-graph.
static int runGnn() {
  using namespace spnn::importtool;
  if (listsLayers())
    return spnn::listGnnLayers(outs()), 0;
  if (!inputFile.empty())
    return report("'" + inputFile + "' is an ONNX model, and --gnn and --gnn-graph make something else");
  if (wantsGraph()) {
    Error error = writeGeneratedGraph(outputFile);
    return error ? report(toString(std::move(error))) : 0;
  }
  if (emit == Emit::Onnx)
    return report("--emit=onnx writes ONNX models only");
  mlir::DialectRegistry registry;
  spnn::registerGnnDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = makeModel(
      context, [](const std::string &sentence) { WithColor::warning(errs(), "sparse-import") << sentence << '\n'; });
  if (!module)
    return report(toString(module.takeError()));
  Error error = writeModule(module->get(), mlir::OpPrintingFlags().printNameLocAsPrefix());
  return error ? report(toString(std::move(error))) : 0;
}

static int run() {
  if (spnn::importtool::wantsModel() || spnn::importtool::wantsGraph())
    return runGnn();
  if (listOps)
    return spnn::printOnnxOps(outs()), 0;
  if (inputFile.empty())
    return report("no model is given; see --help");
  spnn::OnnxImportOptions options;
  if (Error error = readOptions(options))
    return report(toString(std::move(error)));
  auto file = MemoryBuffer::getFileOrSTDIN(inputFile, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return report(inputFile + ": " + file.getError().message());

  StringRef bytes = (*file)->getBuffer();
  std::string name = inputFile == "-" ? std::string("<stdin>") : inputFile.getValue();
  if (emit == Emit::Onnx) {
    Expected<std::string> model = spnn::assembleOnnx(bytes, syntax);
    if (!model)
      return report(name + ": " + toString(model.takeError()));
    Error error = write([&](raw_ostream &os) { return os << *model, Error::success(); });
    return error ? report(toString(std::move(error))) : 0;
  }

  options.syntax = syntax;
  spnn::Progress progress;
  int64_t shown = -1;
  options.progress = [&](int64_t done, int64_t total) {
    int64_t percent = done * 100 / total;
    // Small models are read before anyone could look.
    if (total >= 200 && percent != shown)
      progress.show("importing nodes: " + std::to_string(shown = percent) + " %");
  };
  options.warn = [&](const std::string &sentence) {
    progress.clear();
    WithColor::warning(errs(), "sparse-import") << sentence << '\n';
  };
  if (inputFile != "-") {
    SmallString<128> folder(inputFile);
    sys::path::remove_filename(folder);
    options.directory = folder.empty() ? "." : std::string(folder);
  }
  mlir::DialectRegistry registry;
  spnn::registerOnnxDialects(registry);
  mlir::MLIRContext context(registry);
  auto module = spnn::importOnnx(context, bytes, name, options);
  progress.clear();
  if (!module)
    return report(toString(module.takeError()));
  Error error = writeModule(module->get(), mlir::OpPrintingFlags());
  return error ? report(toString(std::move(error))) : 0;
}

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions({&category, &spnn::importtool::gnnCategory});
  cl::SetVersionPrinter(
      [](raw_ostream &os) { os << "sparse-import " SPNN_VERSION " (LLVM " LLVM_VERSION_STRING ")\n"; });
  cl::ParseCommandLineOptions(argc, argv, "sparse-import: ONNX models and graph neural networks to graph-level IR\n");
  return run();
}
