//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// sparse-opt: mlir-opt with the spnn dialect and its passes, which also emits compiled models and explains itself.
//
//===----------------------------------------------------------------------===//
#include "PassProgress.h"
#include "PluginCheck.h"
#include "TuneOption.h"

#include "spnn/InitAll.h"
#include "spnn/Pipelines/Pipelines.h"
#include "spnn/Profiling/Passes.h"
#include "spnn/Target/Emit.h"
#include "spnn/Tuning/Tuner.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Support/ToolUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

static llvm::cl::OptionCategory category("sparse-opt options");
static llvm::cl::opt<std::string>
    emitKind("emit", llvm::cl::cat(category), llvm::cl::value_desc("kind"),
             llvm::cl::desc("what to write: mlir (default), bytecode, llvm, asm, obj, or so, a shared library with a C "
                            "header beside it; code is optimised for the target CPU of the pipeline"));
static llvm::cl::opt<bool>
    explain("explain", llvm::cl::cat(category),
            llvm::cl::desc("print a table of the products of the model to standard error: shape, "
                           "density, format, kernel, predicted time, and why"));
static llvm::cl::opt<bool> remarks("remarks", llvm::cl::cat(category),
                                   llvm::cl::desc("with --emit: print every remark of the passes too"));

static llvm::cl::opt<bool> tune("tune", llvm::cl::cat(category),
                                llvm::cl::desc("choose formats and kernels by measuring the likeliest candidates on "
                                               "this machine, as the option tune of the pipeline does"));
static llvm::cl::opt<std::string>
    tuneCache("tune-cache", llvm::cl::cat(category), llvm::cl::value_desc("file"),
              llvm::cl::desc("with --tune: the file of measured times (default: spnn/tune.json in $XDG_CACHE_HOME or "
                             "~/.cache)"));

static int fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "sparse-opt") << message << "\n";
  return 1;
}

/// Runs the pipeline on one file and emits what comes out. Unlike mlir-opt it knows one module, and no splitting or
/// verification of diagnostics.
static int compile(StringRef input, StringRef output, DialectRegistry &registry) {
  std::optional<spnn::target::EmitKind> kind =
      spnn::target::parseEmitKind(emitKind.empty() ? "mlir" : StringRef(emitKind));
  if (!kind)
    return fail("unknown kind '" + emitKind + "', expected mlir, bytecode, llvm, asm, obj or so");
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  spnn::target::registerTranslations(registry);
  spnn::Progress progress;
  spnn::tuning::registerTuner(registry,
                              {[&](const std::string &step) { step.empty() ? progress.clear() : progress.show(step); },
                               [&](const std::string &summary) {
                                 progress.clear();
                                 llvm::WithColor::note(llvm::errs(), "sparse-opt") << summary << "\n";
                               }});
  MLIRContext context(registry);
  context.allowUnregisteredDialects(config.shouldAllowUnregisteredDialects());
  // The op at an error can be a function with all its weights; its location says enough.
  context.printOpOnDiagnostic(false);

  std::string message;
  auto file = openInputFile(input, &message);
  if (!file)
    return fail(message);
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(file), SMLoc());
  SourceMgrDiagnosticHandler diagnostics(*sources, &context, llvm::errs());
  // Remarks explain decisions to those who ask; a compilation otherwise only says what is wrong. All others go on to
  // the handler above, which prints them.
  ScopedDiagnosticHandler quiet(&context, [&](Diagnostic &diagnostic) {
    bool drop = diagnostic.getSeverity() == DiagnosticSeverity::Remark && !remarks;
    if (!drop)
      progress.clear();
    return success(drop);
  });
  progress.show("reading " + input.str() + " ...");
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  progress.clear();
  if (!module)
    return 1;
  PassManager pm(&context);
  pm.enableVerifier(config.shouldVerifyPasses());
  if (failed(applyPassManagerCLOptions(pm)))
    return fail("the pass manager refused its options");
  applyDefaultTimingPassManagerCLOptions(pm);
  if (failed(config.setupPassPipeline(pm)))
    return 1;
  if (!tuneCache.empty() && !tune)
    return fail("--tune-cache is for --tune");
  if (tune && failed(spnn::enableTuning(pm, tuneCache)))
    return fail("--tune needs a pipeline that selects formats, such as --spnn-cpu");
  if (explain)
    spnn::addExplanation(pm, llvm::errs());
  spnn::addProgress(pm, progress);
  if (failed(pm.run(*module)))
    return 1;
  auto showStep = [&](StringRef step) { step.empty() ? progress.clear() : progress.show(step.str() + " ..."); };
  spnn::target::Error error = spnn::target::emit(*module, *kind, output, showStep);
  progress.clear();
  return error ? fail(*error) : 0;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::setBugReportMsg("This is a bug of sparse-opt: please report it with the input file and the command line.\n");
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllPasses();
  spnn::registerDialect(registry);
  spnn::registerPassesAndPipelines();
  spnn::registerSPNNProfilingPasses();

  llvm::cl::AddExtraVersionPrinter(
      [](llvm::raw_ostream &os) { os << "sparse-opt " SPNN_VERSION ", the sparse neural network compiler\n"; });
  if (std::optional<std::string> reason = spnn::checkPlugins(argc, argv))
    return fail(*reason);
  auto [input, output] =
      registerAndParseCLIOptions(argc, argv, "sparse-opt: the sparse neural network compiler\n", registry);
  if (!emitKind.empty() || explain || tune || !tuneCache.empty())
    return compile(input, output, registry);
  spnn::tuning::registerTuner(registry);
  return asMainReturnCode(MlirOptMain(argc, argv, input, output, registry));
}
