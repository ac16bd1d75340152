//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the emitters of CPU kernels share: index arithmetic, panel loops, epilogues, chunk tables.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_KERNELEMITTER_H
#define SPNN_LIB_LOWERING_KERNELS_KERNELEMITTER_H

#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/CpuKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace spnn {

/// Short names for the index and vector arithmetic that kernels emit. Products and sums of floats carry
/// `fastmath<contract>`: the target fuses them where it has FMA.
class KernelEmitter {
public:
  KernelEmitter(mlir::OpBuilder &builder, mlir::Location loc) : b(builder), loc(loc) {}

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, int64_t rhs) { return mul(lhs, index(rhs)); }
  mlir::Value add(mlir::Value lhs, int64_t rhs) { return rhs == 0 ? lhs : add(lhs, index(rhs)); }
  mlir::Value min(mlir::Value lhs, mlir::Value rhs);
  mlir::Value max(mlir::Value lhs, int64_t rhs);
  mlir::Value ceilDiv(mlir::Value lhs, int64_t rhs);
  /// Loads an unsigned integer element as index.
  mlir::Value loadIndex(mlir::Value memref, mlir::Value position);
  mlir::Value loadVector(mlir::Value memref, mlir::Value position, int64_t elements);
  void storeVector(mlir::Value vector, mlir::Value memref, mlir::Value position);
  /// A vector whose elements are all memref[position].
  mlir::Value loadBroadcast(mlir::Value memref, mlir::Value position, int64_t elements);
  mlir::Value broadcast(mlir::Value scalar, int64_t elements);
  /// A scalar or vector of a storage type as `element`, in which a kernel computes.
  mlir::Value extend(mlir::Value x, mlir::Type element);
  /// Weights as `element`: a vector of them, one of them in all elements of a vector, a scalar.
  mlir::Value loadWeights(mlir::Value memref, mlir::Value position, int64_t elements, mlir::Type element);
  mlir::Value loadWeightBroadcast(mlir::Value memref, mlir::Value position, int64_t elements, mlir::Type element);
  mlir::Value loadWeight(mlir::Value memref, mlir::Value position, mlir::Type element);
  /// accumulator + a * b, contractible.
  mlir::Value multiplyAdd(mlir::Value a, mlir::Value x, mlir::Value accumulator);
  /// The address of element `position` of a memref, whose own offset is added, as an LLVM pointer.
  mlir::Value pointer(mlir::Value memref, mlir::Value position);
  /// The activation of a scalar or vector.
  mlir::Value activate(Activation activation, mlir::Value x);

  mlir::OpBuilder &b;
  mlir::Location loc;
};

/// The epilogue of an op: activation(row scale * column scale * sum + bias). Without scales the bias is what sums start
/// from, with them it comes last.
class Epilogue {
public:
  explicit Epilogue(KernelMatmulOp op) : op(op) {}

  bool hasScales() const { return op.getRowScales() || op.getColumnScales(); }
  /// True if finished sums are results.
  bool isTrivial() const { return !hasScales() && op.getActivation() == Activation::None; }
  /// What the sums of row `row` start from.
  mlir::Value start(mlir::OpBuilder &b, mlir::Value row, mlir::VectorType type) const;
  /// Results of row `row` from column `column` on, from finished sums: a vector of them or a scalar. `fromZero`: they
  /// did not begin with `start`.
  mlir::Value finish(mlir::OpBuilder &b, mlir::Value sums, mlir::Value row, mlir::Value column,
                     bool fromZero = false) const;
  /// The same for sums that started from zero, and lie as their kernel likes: `rows` loads their part of a buffer of
  /// one element a row (bias, row scales), all are of column `column`.
  mlir::Value finishRows(mlir::OpBuilder &b, mlir::Value sums, mlir::Value column,
                         llvm::function_ref<mlir::Value(mlir::Value buffer)> rows) const;

private:
  mlir::Value combine(KernelEmitter &e, mlir::Value sums, mlir::Value rowScale, mlir::Value columnScale,
                      mlir::Value bias) const;

  mutable KernelMatmulOp op; // getters of ops are not const
};

/// Where one (panel, chunk) of the work lies.
struct PanelWork {
  int64_t vectors;    ///< vectors of a panel row
  mlir::Value column; ///< the first column of the panel
  mlir::Value rhs;    ///< element at which the panel of the right-hand side begins
  mlir::Value result; ///< element at which the panel of the result begins
  mlir::Value chunk;  ///< number of the chunk
};

/// Emits a loop from `begin` to `end` that carries no values.
void emitFor(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value begin, mlir::Value end, int64_t step,
             llvm::function_ref<void(mlir::OpBuilder &, mlir::Value i)> body);

/// Emits loops over independent tasks numbered 0 .. extent - 1 in each dimension: one scf.parallel, or nested loops.
void emitTasks(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<mlir::Value> extents, bool parallel,
               llvm::function_ref<void(mlir::OpBuilder &, llvm::ArrayRef<mlir::Value> task)> body);

/// Calls `body` once for each number of vectors that panel `panel` of `width` columns can have, in a switch; once where
/// static columns leave no choice.
void emitPanelVariants(mlir::OpBuilder &builder, mlir::Location loc, int64_t width, int64_t vector, mlir::Value columns,
                       mlir::Value panel, llvm::function_ref<void(mlir::OpBuilder &, int64_t vectors)> body);

/// Emits the loops over panels and chunks of `op`, parallel if the op says so, and calls `body` once for each number of
/// vectors that a panel can have (one for static columns that are a multiple of the width).
void emitPanelLoops(KernelMatmulOp op, mlir::OpBuilder &builder, int64_t chunks,
                    llvm::function_ref<void(mlir::OpBuilder &, const PanelWork &)> body);

/// Emits the loop over the chunks of `op` alone, parallel if the op says so: for kernels that take all columns at once.
void emitChunkLoop(KernelMatmulOp op, mlir::OpBuilder &builder, int64_t chunks,
                   llvm::function_ref<void(mlir::OpBuilder &, mlir::Value chunk)> body);

/// Emits loops over the chunks of `op`, as emitChunkLoop does, and in each over the items from bounds[chunk] to
/// bounds[chunk + 1].
void emitChunkItems(KernelMatmulOp op, mlir::OpBuilder &builder, int64_t chunks, mlir::Value bounds,
                    llvm::function_ref<void(mlir::OpBuilder &, mlir::Value item)> body);

/// The constant that a memref is a view of: null if it is none.
mlir::memref::GlobalOp findConstant(mlir::Value memref);

/// Boundaries (chunks + 1 of them) that cut items into runs of nearly equal weight; item i weighs `weights[i]`.
std::vector<int64_t> balanceChunks(llvm::ArrayRef<int64_t> weights, int64_t chunks);

/// Number of chunks for `storedValues` values: enough to balance threads, not so many that loops become short.
int64_t chooseChunks(int64_t storedValues, int64_t items);

/// An integer parameter of a kernel op, `fallback` if absent.
int64_t getParameter(mlir::DictionaryAttr parameters, llvm::StringRef name, int64_t fallback);
mlir::DictionaryAttr makeParameters(mlir::MLIRContext *context,
                                    llvm::ArrayRef<std::pair<llvm::StringRef, int64_t>> parameters);

/// A rank-1 constant of integers of `bytes` bytes (1, 2, 4 or 8).
mlir::DenseElementsAttr makeIntegers(mlir::MLIRContext *context, unsigned bytes, llvm::ArrayRef<int64_t> values);
/// A rank-1 constant of opaque values of `type`.
mlir::DenseElementsAttr makeValues(mlir::Type type, llvm::ArrayRef<uint8_t> raw);

/// True if weights of type `stored` can be extended to `computed` while they are loaded.
bool isStorageType(mlir::Type stored, mlir::Type computed);

/// Fails with an error at the op unless its storage buffers are what `kinds` says, a letter for each: `i` integers,
/// `v` weights that are extended to the element type of the result, which the right-hand side then has too, `r` weights
/// of the element type of the right-hand side. Checks the parameters with findBadParameter too.
mlir::LogicalResult checkStorage(KernelMatmulOp op, llvm::StringRef kinds);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_KERNELEMITTER_H
