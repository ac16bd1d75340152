//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pipeline spnn-cpu: from a graph-level model to the LLVM dialect, in four stages that can be run alone.
//
//===----------------------------------------------------------------------===//
#include "spnn/Lowering/Passes.h"
#include "spnn/Pipelines/Pipelines.h"
#include "spnn/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

static void addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void spnn::buildCpuGraphStage(OpPassManager &pm, const CpuPipelineOptions &options) {
  SetTargetOptions target;
  target.cpu = options.targetCpu;
  target.description = options.targetFile;
  target.threads = options.threads;
  pm.addPass(createSetTarget(target));
  pm.addPass(createInlinerPass());
  pm.addPass(createSymbolDCEPass());
  addCleanup(pm);
  pm.addPass(createRaise());
  addCleanup(pm);
  ReorderOperatorsOptions orders;
  orders.order = options.order;
  orders.maxSavedBytes = options.maxSavedBytes;
  pm.addPass(createReorderOperators(orders));
  addCleanup(pm);
  pm.addPass(createFuseEpilogues());
  addCleanup(pm);
  pm.addPass(createPrune());
  pm.addPass(createAnalyzeSparsity());
  addCleanup(pm);
  pm.addPass(createDecompose());
  addCleanup(pm);
  if (!options.weights.empty() || options.activations != "f32") {
    QuantizeOptions quantize;
    // Activations alone are refused by the pass, not ignored.
    quantize.weights = options.weights;
    quantize.activations = options.activations;
    pm.addPass(createQuantize(quantize));
    addCleanup(pm);
  }
  SplitColumnsOptions split;
  split.columns = options.splitColumns;
  split.format = options.format;
  split.kernel = options.kernel;
  pm.addPass(createSplitColumns(split));
  addCleanup(pm);
  SelectFormatsOptions formats;
  formats.expectedColumns = options.expectedColumns;
  formats.format = options.format;
  formats.kernel = options.kernel;
  formats.tune = options.tune;
  formats.tuneCache = options.tuneCache;
  pm.addPass(createSelectFormats(formats));
  addCleanup(pm);
}

void spnn::buildCpuKernelStage(OpPassManager &pm, const CpuPipelineOptions &options) {
  pm.addPass(createFoldSaves());
  SelectGraphKernelsOptions graphs;
  graphs.clusterRows = options.clusterRows;
  pm.addPass(createSelectGraphKernels(graphs));
  pm.addPass(createDecomposeTraining());
  pm.addPass(createSelectKernels());
  // Ops of arith and math on tensors cannot be bufferized.
  pm.addPass(createConvertElementwiseToLinalgPass());
  if (options.packElementwise)
    pm.addPass(createPackElementwise());
  pm.addPass(createLinalgGeneralizeNamedOpsPass());
  pm.addPass(createLinalgElementwiseOpFusionPass());
  // Extents of reshaped tensors are traced to those of arguments, of which spnn-plan-memory computes sizes.
  pm.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  addCleanup(pm);
  pm.addPass(createComputeInPlace());
  pm.addNestedPass<func::FuncOp>(createGuardIndices());
  pm.addPass(createPrepareResults());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(bufferization::createBufferHoistingPass());
  pm.addNestedPass<func::FuncOp>(bufferization::createBufferLoopHoistingPass());
  pm.addNestedPass<func::FuncOp>(createPlanMemory());
  addCleanup(pm);
}

void spnn::buildCpuLoopStage(OpPassManager &pm, const CpuPipelineOptions &options) {
  pm.addPass(createLowerKernels());
  pm.addPass(createVectorizeElementwise());
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addNestedPass<func::FuncOp>(createHoistLoads());
  pm.addNestedPass<func::FuncOp>(createGuardDivision());
  pm.addNestedPass<func::FuncOp>(createDefineArithmetic());
  pm.addPass(createLowerVectors());
  addCleanup(pm);
  pm.addPass(createLoopInvariantCodeMotionPass());
  addCleanup(pm);
  if (options.threads != 1)
    pm.addPass(createConvertSCFToOpenMPPass());
  addCleanup(pm);
  // Constants that became code are not kept as data too.
  pm.addPass(createSymbolDCEPass());
}

void spnn::buildCpuLLVMStage(OpPassManager &pm, const CpuPipelineOptions &options) {
  pm.addPass(createEmitEntryPoints());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createConvertFaultToLLVM());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertArenaToLLVM());
  pm.addPass(createConvertStopToLLVM());
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createConvertMathToLLVMPass());
  // Takes vectors apart for functions that it calls, so it comes before vectors are gone.
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertOpenMPToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  addCleanup(pm);
}

void spnn::buildCpuPipeline(OpPassManager &pm, const CpuPipelineOptions &options) {
  buildCpuGraphStage(pm, options);
  buildCpuKernelStage(pm, options);
  buildCpuLoopStage(pm, options);
  buildCpuLLVMStage(pm, options);
}

void spnn::registerCpuPipelines() {
  PassPipelineRegistration<CpuPipelineOptions>("spnn-cpu", "Compile a model for the CPU, down to the LLVM dialect",
                                               buildCpuPipeline);
  PassPipelineRegistration<CpuPipelineOptions>(
      "spnn-cpu-graph", "Stage 1 of spnn-cpu: raise, fuse, measure, decompose, quantise, select formats", buildCpuGraphStage);
  PassPipelineRegistration<CpuPipelineOptions>("spnn-cpu-kernels",
                                               "Stage 2 of spnn-cpu: kernel ops on buffers in one arena",
                                               buildCpuKernelStage);
  PassPipelineRegistration<CpuPipelineOptions>("spnn-cpu-loops", "Stage 3 of spnn-cpu: loops over vectors, OpenMP",
                                               buildCpuLoopStage);
  PassPipelineRegistration<CpuPipelineOptions>("spnn-cpu-llvm", "Stage 4 of spnn-cpu: the LLVM dialect, entry points",
                                               buildCpuLLVMStage);
}
