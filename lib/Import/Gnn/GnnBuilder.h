//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What layers of graph neural networks are built from: products with dense or sparse features, dropout, elementwise
// ops.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IMPORT_GNN_GNNBUILDER_H
#define SPNN_LIB_IMPORT_GNN_GNNBUILDER_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace spnn::gnn {

using mlir::Value;

/// Features of nodes: a dense matrix, or a graph and its edge values.
struct Features {
  Value dense, graph, values;

  int64_t nodes() const { return extent(0); }
  int64_t width() const { return extent(1); }

private:
  int64_t extent(int64_t d) const {
    return llvm::cast<mlir::RankedTensorType>((dense ? dense : graph).getType()).getDimSize(d);
  }
};

/// Builds one function. Values get the names of their locations when the module is printed.
class GnnBuilder : public mlir::ImplicitLocOpBuilder {
public:
  /// `seed` is null where nothing is random.
  GnnBuilder(mlir::Location loc, mlir::OpBuilder &builder, Value seed)
      : ImplicitLocOpBuilder(loc, builder), seed(seed) {}

  /// Names what is built from here on, and parts of it: "layer1", "layer1_scores".
  void name(const llvm::Twine &text);
  void part(const llvm::Twine &text);

  Value matmul(Value lhs, Value rhs);
  /// features * weights
  Value product(const Features &features, Value weights);
  /// Aggregation with any of the scales absent.
  Value aggregate(AggregateKind kind, Value graph, Value features, Value rowScales = {}, Value columnScales = {});
  Value dropout(Value source, double rate);
  Features dropout(const Features &features, double rate);

  using Body = llvm::function_ref<Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;
  /// One linalg.generic over the extents of the first operand; the others have all of its dimensions, the last ones (a
  /// vector added to each row), or none.
  Value elementwise(mlir::ValueRange operands, Body body);
  Value add(Value x, Value y);
  Value relu(Value x);
  Value elu(Value x);
  /// result[n, h] = sum over c of features[n, h * C + c] * vectors[h, c]
  Value headProducts(Value features, Value vectors);
  /// result[n, c] = mean over h of features[n, h * C + c]
  Value meanOfHeads(Value features, int64_t heads);

  mlir::RankedTensorType tensor(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, getF32Type());
  }
  Value zeros(llvm::ArrayRef<int64_t> shape);
  Value expand(Value source, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<mlir::ReassociationIndices> groups);
  Value collapse(Value source, llvm::ArrayRef<mlir::ReassociationIndices> groups);

  Value seed;
  int64_t streams = 0; ///< of dropout, so that no two masks are alike

private:
  std::string prefix;
};

/// The tensor of a value.
inline mlir::RankedTensorType typeOf(Value value) { return llvm::cast<mlir::RankedTensorType>(value.getType()); }

} // namespace spnn::gnn

#endif // SPNN_LIB_IMPORT_GNN_GNNBUILDER_H
