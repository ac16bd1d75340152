//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the tests of the evaluator share: parsing, evaluating, comparing.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TEST_UNIT_REFERENCE_EVALUATE_H
#define SPNN_TEST_UNIT_REFERENCE_EVALUATE_H

#include "spnn/Reference/Evaluator.h"

#include "gtest/gtest.h"

#include <random>
#include <string>

namespace spnn::reference {

/// A context with every dialect that graph-level IR may use, shared by all tests of the program.
mlir::MLIRContext &getContext();

/// A tensor of f32 with these elements, or of random ones in [-1, 1] of which a fraction `zeros` is zero.
Tensor makeFloats(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values);
Tensor makeRandom(std::mt19937 &generator, llvm::ArrayRef<int64_t> shape, double zeros = 0);
/// A tensor of i32, i64 or index ("index") with these elements.
Tensor makeInts(llvm::StringRef type, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values);

/// Parses `source` and evaluates its function @f. Empty, after a test failure, if that fails.
llvm::SmallVector<Tensor> run(const std::string &source, llvm::ArrayRef<Tensor> arguments = {},
                              const EvaluatorOptions &options = {});

/// The errors that come out of evaluating @f, which has to fail.
std::string runError(const std::string &source, llvm::ArrayRef<Tensor> arguments = {},
                     const EvaluatorOptions &options = {});

/// Floats of one result; a failure if there is not exactly one result.
std::vector<double> floatsOf(const llvm::SmallVector<Tensor> &results);
std::vector<int64_t> intsOf(const llvm::SmallVector<Tensor> &results);

/// Fails unless shapes and values agree; NaN agrees with NaN.
void expectNear(llvm::ArrayRef<double> actual, llvm::ArrayRef<double> expected, double tolerance = 1e-12);

} // namespace spnn::reference

#endif // SPNN_TEST_UNIT_REFERENCE_EVALUATE_H
