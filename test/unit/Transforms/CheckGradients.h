//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compares what spnn-differentiate makes with differences of the function that it was made of.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TEST_UNIT_TRANSFORMS_CHECKGRADIENTS_H
#define SPNN_TEST_UNIT_TRANSFORMS_CHECKGRADIENTS_H

#include "../Reference/Evaluate.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace spnn::reference {

/// Writes a function @f line by line, with random arguments.
class FunctionWriter {
public:
  explicit FunctionWriter(unsigned seed) : generator(seed) {}

  /// A random number from `low` to `high`, both included.
  int64_t pick(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(generator); }
  /// A random extent: often 0 or 1, else a prime or what no vector holds without a rest.
  int64_t extent(int64_t least = 0);

  /// A new argument, tensor<...xf32> of random numbers in [low, high], whose gradient is checked.
  std::string argument(llvm::ArrayRef<int64_t> shape, double low = -1, double high = 1);
  /// The same, a constant for the gradient.
  std::string data(llvm::ArrayRef<int64_t> shape, double low = -1, double high = 1);
  /// A new argument of integers of `type`, in [0, below).
  std::string integers(llvm::StringRef type, llvm::ArrayRef<int64_t> shape, int64_t below);
  /// A scalar argument of i64.
  std::string seed();
  /// A random graph of rows x columns, of about `degree` edges a row, as a constant or (`atRunTime`) from arguments;
  /// its number of edges ends up in `edges`.
  std::string graph(int64_t rows, int64_t columns, double degree, bool atRunTime, int64_t &edges);

  /// A line that defines a new value: `text` behind "%v = ". Returns its name.
  std::string define(const std::string &text);
  /// Puts `text` behind the name of the last line instead of " = ...": several results, that is.
  void replaceLast(const std::string &text);
  void returns(const std::string &value, const std::string &type);

  static std::string tensor(llvm::ArrayRef<int64_t> shape, llvm::StringRef element = "f32");
  /// "a, b -> c" as types of a graph op: the graph type of these extents.
  static std::string graphType(int64_t rows, int64_t columns);

  std::string source() const;

  std::mt19937 generator;
  llvm::SmallVector<Tensor> arguments;

private:
  std::string add(Tensor tensor, const std::string &type, bool isWanted);

  std::string parameters, body, returned, returnedTypes;
  int counter = 0;
};

/// Differentiates @f of `writer`, and compares the gradient of each argument that is asked for with central differences
/// of the sum of all results of floats, each element weighted at random (or of the loss alone, if there is one). Modes
/// gradients and split have to agree to the bit. `tolerance` is relative to the greatest gradient of the argument,
/// or 1.
void checkGradients(const FunctionWriter &writer, double tolerance = 1e-6);

/// `source` after spnn-differentiate with `options`; null after a test failure.
mlir::OwningOpRef<mlir::ModuleOp> differentiate(const std::string &source, const std::string &options);

} // namespace spnn::reference

#endif // SPNN_TEST_UNIT_TRANSFORMS_CHECKGRADIENTS_H
