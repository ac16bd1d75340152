//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From tensor types and constants to the plain C++ formats of the Format room, and back.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPARSEFORMATS_H
#define SPNN_IR_SPARSEFORMATS_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"

namespace spnn {

using EmitErrorFn = llvm::function_ref<mlir::InFlightDiagnostic()>;

/// True if the type carries an encoding that implements SparseFormatInterface.
bool isSparse(mlir::Type type);

/// The format of a sparse type; emits "... cannot hold type ...: reason" and returns null if there is none.
std::unique_ptr<format::SparseFormat> getSparseFormat(mlir::RankedTensorType type, EmitErrorFn emitError);

/// The dense row-major contents of a rank-2 constant of a type that `getElementBytes` knows; std::nullopt for any
/// other attribute (an elided resource, for instance).
std::optional<format::DenseMatrix> readDenseMatrix(mlir::ElementsAttr attr);

/// The constant of `type` (rank 2, static, no encoding) with the contents of `matrix`.
mlir::DenseElementsAttr writeDenseMatrix(const format::DenseMatrix &matrix, mlir::RankedTensorType type);

/// The constant matrix behind `value`, through arith.constant, spnn.constant and spnn.convert; std::nullopt if
/// `value` is no constant of rank 2.
std::optional<format::DenseMatrix> getConstantMatrix(mlir::Value value);

/// Bytes of an element of an int, index or float type of 8, 16, 32 or 64 bits; 0 for any other type.
unsigned getElementBytes(mlir::Type type);

/// The raw little-endian bytes of a constant with such an element type, splats expanded; std::nullopt if the
/// contents are not at hand.
std::optional<std::vector<uint8_t>> readRawElements(mlir::ElementsAttr attr);

/// The buffers of a spnn.constant as storage, in the order of the format's buffers (constraints C2, C3).
mlir::FailureOr<format::Storage> readStorage(mlir::DictionaryAttr buffers, mlir::RankedTensorType type,
                                             const format::SparseFormat &format, EmitErrorFn emitError);

/// The inverse of readStorage.
mlir::DictionaryAttr writeStorage(const format::Storage &storage, mlir::RankedTensorType type,
                                  const format::SparseFormat &format);

/// The encodings that select-formats chooses from, with 32-bit positions and indices.
mlir::Attribute getCsrEncoding(mlir::MLIRContext *context);
mlir::Attribute getCscEncoding(mlir::MLIRContext *context);
mlir::Attribute getBsrEncoding(mlir::MLIRContext *context, int64_t blockRows, int64_t blockCols);
mlir::Attribute getNmEncoding(mlir::MLIRContext *context, int64_t n, int64_t m);

/// Makes upstream's #sparse_tensor.encoding implement SparseFormatInterface in `context`.
void registerUpstreamFormats(mlir::MLIRContext *context);

} // namespace spnn

#endif // SPNN_IR_SPARSEFORMATS_H
