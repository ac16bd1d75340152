//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers the dialect, the passes and the pipelines.
//
//===----------------------------------------------------------------------===//
#include "spnn/InitAll.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"
#include "spnn/Pipelines/Pipelines.h"
#include "spnn/Transforms/Gradients.h"
#include "spnn/Transforms/Passes.h"

using namespace mlir;

void spnn::registerDialect(DialectRegistry &registry) {
  registry.insert<SPNNDialect>();
  registerGradients(registry);
}

void spnn::registerPassesAndPipelines() {
  registerSPNNTransformsPasses();
  registerSPNNLoweringPasses();
  registerCpuPipelines();
  registerReferencePipeline();
}
