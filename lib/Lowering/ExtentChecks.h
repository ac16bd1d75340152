//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stops in front of an op for the extents that the types of its operands leave open.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_EXTENTCHECKS_H
#define SPNN_LIB_LOWERING_EXTENTCHECKS_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/Twine.h"

namespace spnn {

/// What one op requires of extents. Nothing is emitted for what types prove. A check stands where the builder inserts,
/// which is behind the operands and in front of what relies on it.
class ExtentChecks {
public:
  ExtentChecks(mlir::OpBuilder &builder, mlir::Operation *op) : builder(builder), op(op) {}

  /// "<rule>, got 4 and 5" unless the two are equal.
  void requireEqual(mlir::OpFoldResult found, mlir::OpFoldResult expected, const llvm::Twine &rule);
  /// "<name> must have <meaning>, got 4 and 5": extent `dim` of `value`, an operand or result of the op, null if there
  /// is none, equals `expected`. A dynamic extent of a result will be what is expected.
  void require(llvm::StringRef name, mlir::Value value, int64_t dim, mlir::OpFoldResult expected,
               const llvm::Twine &meaning);
  /// The same for all extents, which are those of `like`, called `likeName`.
  void requireShape(llvm::StringRef name, mlir::Value value, llvm::StringRef likeName, mlir::Value like);
  /// "<rule>, got 7 and 2" unless extent `dim` of `value` is a multiple of `divisor`, which is positive.
  void requireMultiple(mlir::Value value, int64_t dim, int64_t divisor, const llvm::Twine &rule);

  /// "<rule>, got 0" if `found` is less than `limit`.
  void requireAtLeast(mlir::OpFoldResult found, int64_t limit, const llvm::Twine &rule);

  mlir::OpFoldResult extent(mlir::Value value, int64_t dim);

protected:
  mlir::OpBuilder &builder;
  mlir::Operation *op;
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_EXTENTCHECKS_H
