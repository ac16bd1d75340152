//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models on random operands: compiled and run, and evaluated in double precision.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TEST_E2E_ORACLE_H
#define SPNN_TEST_E2E_ORACLE_H

#include "CompileModel.h"

#include "spnn/Reference/Evaluator.h"

#include <random>

namespace spnn::test {

using reference::Tensor;
/// The bytes of each tensor.
using Bytes = std::vector<std::vector<uint8_t>>;

/// A random graph as its two arrays.
struct RandomGraph {
  enum Pattern { Any, NoEdges, EmptyRows, DenseRow, NumPatterns };
  int64_t rows = 0, columns = 0;
  Pattern pattern = Any;
  std::vector<int32_t> positions{0}, indices;

  RandomGraph(int64_t rows, int64_t columns, Pattern pattern, std::mt19937 &generator);
  int64_t edges() const { return indices.size(); }
};

std::string replaceAll(std::string text, const std::string &from, const std::string &to);

/// Uniform numbers in [-largest, largest]; of a type by its name, "f32" or "f64".
Tensor makeFloats(const std::string &element, std::vector<int64_t> shape, float largest, std::mt19937 &generator);
Tensor makeIntegers(unsigned bits, std::vector<int64_t> shape, const std::vector<int64_t> &values);

/// Compiles the only function of `text` and runs it. Returns the results' bytes; empty after a test failure. With
/// `error` a call that fails is expected, and says why there.
Bytes runModel(const std::string &text, const std::string &options, int threads, const std::vector<Tensor> &arguments,
               std::string *error = nullptr);
/// The results in double precision; empty after a test failure.
llvm::SmallVector<Tensor> evaluateModel(const std::string &text, const std::vector<Tensor> &arguments);

/// Compiles `text` for `cpu` with one thread and with two, expects the same bits, and of floats at most `tolerance`
/// (relative to the larger of 1 and the number) from the evaluator; integers are equal.
void checkModel(const std::string &text, const std::string &cpu, const std::vector<Tensor> &arguments,
                double tolerance);

} // namespace spnn::test

#endif // SPNN_TEST_E2E_ORACLE_H
