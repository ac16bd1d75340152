//===- Passes.td - Graph-level passes ----------------------*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines the passes on graph-level IR. Rule of this file: passes stand in the order in which the CPU pipeline
// runs them, passes outside the pipeline follow in alphabetical order; each has a summary, a description with an
// example that a test executes (test/Transforms/<flag>.mlir), and says which remarks it leaves.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TRANSFORMS_PASSES_TD
#define SPNN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // SPNN_TRANSFORMS_PASSES_TD
