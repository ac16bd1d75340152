//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pipelines of the compiler and their stages.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_PIPELINES_PIPELINES_H
#define SPNN_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace spnn {

/// Options of the pipeline spnn-cpu and of each of its stages.
struct CpuPipelineOptions : public mlir::PassPipelineOptions<CpuPipelineOptions> {
  PassOptions::Option<int64_t> threads{*this, "threads",
                                       llvm::cl::desc("OpenMP threads; 1 emits sequential code, 0 leaves it to the run"),
                                       llvm::cl::init(0)};
  PassOptions::Option<std::string> targetCpu{
      *this, "target-cpu", llvm::cl::desc("LLVM's name of the CPU to compile for; 'native' is this machine's"),
      llvm::cl::init("native")};
  PassOptions::Option<std::string> targetFile{
      *this, "target-file", llvm::cl::desc("target description of the cost model, as bench/calibrate writes it"),
      llvm::cl::init("")};
  PassOptions::Option<int64_t> expectedColumns{
      *this, "expected-columns", llvm::cl::desc("columns (batch size) to optimise for where they are dynamic"),
      llvm::cl::init(128)};
  PassOptions::Option<std::string> weights{
      *this, "weights", llvm::cl::desc("store the weights of products as f16, bf16 or i8 (spnn-quantize)"),
      llvm::cl::init("")};
  PassOptions::Option<std::string> activations{
      *this, "activations",
      llvm::cl::desc("compute products with activations of bf16 or i8; needs weights of the same type"),
      llvm::cl::init("f32")};
  PassOptions::Option<std::string> format{
      *this, "format", llvm::cl::desc("force one format (dense, csr, bsr4x1, nm2:4, bitmap, ...) wherever it is legal"),
      llvm::cl::init("")};
  PassOptions::Option<std::string> kernel{
      *this, "kernel",
      llvm::cl::desc("force one kernel (csr, csr-matvec, hardcoded, pattern-tile, block, nm, ...) wherever it is legal"),
      llvm::cl::init("")};
  PassOptions::Option<std::string> order{
      *this, "order",
      llvm::cl::desc("force the order of that name on products with graphs (spnn-reorder-operators): tf, pf, tf+fp, ..."),
      llvm::cl::init("")};
  PassOptions::Option<int64_t> maxSavedBytes{
      *this, "max-saved-bytes",
      llvm::cl::desc("bytes that a function may keep for its backward pass; 0: any number"), llvm::cl::init(0)};
  PassOptions::Option<std::string> clusterRows{
      *this, "cluster-rows", llvm::cl::desc("process the rows of constant graphs cluster by cluster: auto, on or off"),
      llvm::cl::init("auto")};
  PassOptions::Option<std::string> splitColumns{
      *this, "split-columns",
      llvm::cl::desc("compute products slice by slice of their columns: auto, off, or sizes like 128 or 16+1"),
      llvm::cl::init("auto")};
  PassOptions::Option<bool> packElementwise{
      *this, "pack-elementwise",
      llvm::cl::desc("let what stands between products work on packed activations; off only to compare"),
      llvm::cl::init(true)};
  PassOptions::Option<bool> tune{
      *this, "tune", llvm::cl::desc("choose formats and kernels by measuring the likeliest candidates on this machine"),
      llvm::cl::init(false)};
  PassOptions::Option<std::string> tuneCache{
      *this, "tune-cache",
      llvm::cl::desc("file of measured times (default: spnn/tune.json in $XDG_CACHE_HOME or ~/.cache)"),
      llvm::cl::init("")};
};

/// Records the target on the module; raises, fuses, measures, selects formats and decomposes. Graph level throughout.
void buildCpuGraphStage(mlir::OpPassManager &pm, const CpuPipelineOptions &options);
/// Kernel ops on packed weights, then on memrefs in one arena.
void buildCpuKernelStage(mlir::OpPassManager &pm, const CpuPipelineOptions &options);
/// Loops over vectors; OpenMP where threads are asked for.
void buildCpuLoopStage(mlir::OpPassManager &pm, const CpuPipelineOptions &options);
/// The LLVM dialect with entry points.
void buildCpuLLVMStage(mlir::OpPassManager &pm, const CpuPipelineOptions &options);
/// All stages, in this order.
void buildCpuPipeline(mlir::OpPassManager &pm, const CpuPipelineOptions &options);

/// Registers spnn-cpu and its stages spnn-cpu-graph, spnn-cpu-kernels, spnn-cpu-loops and spnn-cpu-llvm.
void registerCpuPipelines();

/// Options of the pipeline spnn-reference.
struct ReferencePipelineOptions : public mlir::PassPipelineOptions<ReferencePipelineOptions> {
  PassOptions::Option<bool> emitCInterface{
      *this, "emit-c-interface", llvm::cl::desc("add the wrapper _mlir_ciface_<name> to every function"),
      llvm::cl::init(false)};
};

/// The plain baseline: spnn-densify and upstream's lowering to loops and the LLVM dialect, without a kernel of ours.
/// mlir-runner runs the result.
void buildReferencePipeline(mlir::OpPassManager &pm, const ReferencePipelineOptions &options);
void registerReferencePipeline();

/// Makes `pm` print a table of all products and their decisions to `os` after spnn-select-formats.
void addExplanation(mlir::PassManager &pm, llvm::raw_ostream &os);

} // namespace spnn

#endif // SPNN_PIPELINES_PIPELINES_H
