//===- Passes.td - Passes from kernels to code -------------*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines the passes from the graph level to kernels, loops and code. Rule of this file: passes stand in the order in which the CPU pipeline
// runs them, passes outside the pipeline follow in alphabetical order; each has a summary, a description with an
// example that a test executes (test/Lowering/<flag>.mlir), and says which remarks it leaves.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LOWERING_PASSES_TD
#define SPNN_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // SPNN_LOWERING_PASSES_TD
