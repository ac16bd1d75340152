//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The spnn dialect in C++: attributes, interfaces and ops.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPNN_H
#define SPNN_IR_SPNN_H

#include "spnn/Format/SparseFormat.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SparseTensor/IR/SparseTensor.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace spnn {
/// Kinds of PatternAttr.
enum class PatternKind { Unstructured, Block, NM, NMG };

/// True for the type of a graph: a sparse matrix of i1, whose stored positions are edges.
bool isGraph(mlir::Type type);

/// Name of the module attribute that holds the TargetAttr.
inline constexpr llvm::StringLiteral kTargetAttrName = "spnn.target";
/// Name of the op attribute that records why a format or kernel was chosen; a dictionary, see docs/rationale.md.
inline constexpr llvm::StringLiteral kDecisionAttrName = "spnn.decision";
/// Name of the op attribute that spnn-analyze-sparsity leaves on products; a dictionary, see its description.
inline constexpr llvm::StringLiteral kStatisticsAttrName = "spnn.statistics";
/// Name of the attribute of a product that says which share of its activations is not zero: an f64 in [0, 1]. Whoever
/// knows it puts it there; spnn-select-formats reads it.
inline constexpr llvm::StringLiteral kActivationDensityAttrName = "spnn.activation_density";
/// Name of the attribute of a product that says in which slices its columns are computed; a dictionary, see the
/// description of spnn-split-columns, which reads a wish and writes what it did.
inline constexpr llvm::StringLiteral kColumnsAttrName = "spnn.columns";
/// Name of the attribute of an `llvm.func` that holds its machine code, i8 elements; its body says nothing.
inline constexpr llvm::StringLiteral kCodeAttrName = "spnn.code";
} // namespace spnn

#include "spnn/IR/SPNNAttrInterfaces.h.inc"
#include "spnn/IR/SPNNOpInterfaces.h.inc"
#include "spnn/IR/SPNNDialect.h.inc"
#include "spnn/IR/SPNNEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "spnn/IR/SPNNAttrs.h.inc"
#define GET_OP_CLASSES
#include "spnn/IR/SPNNOps.h.inc"

namespace spnn {
/// True for what may stand in the body of spnn.kernel_columns (C4), beside spnn.reduce_rows and the terminator.
bool isColumnBodyOp(mlir::Operation &op);
/// The value that changes no other of `type` by `kind`; null where spnn.reduce_rows does not know the kind.
mlir::TypedAttr getReductionIdentity(mlir::vector::CombiningKind kind, mlir::Type type);
} // namespace spnn

#endif // SPNN_IR_SPNN_H
