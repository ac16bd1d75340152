//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The contents of ONNX tensors as plain bytes, checked against their declared shape and type.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IMPORT_ONNX_ONNXTENSOR_H
#define SPNN_LIB_IMPORT_ONNX_ONNXTENSOR_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace onnx {
class SparseTensorProto;
class TensorProto;
} // namespace onnx

namespace spnn::onnximport {

/// A tensor's contents, row-major and little-endian; a boolean takes one byte.
struct TensorData {
  int32_t type = 0; // an onnx::TensorProto::DataType
  llvm::SmallVector<int64_t> shape;
  std::vector<uint8_t> bytes;

  int64_t size() const;
  /// Element `i` of an integer or boolean tensor, by its own signedness.
  int64_t intAt(int64_t i) const;
  /// Element `i` of a float tensor.
  double floatAt(int64_t i) const;
  bool isFloat() const;
};

/// A matrix or other tensor in ONNX's coordinate form: sorted, without duplicates, in range.
struct SparseData {
  int32_t type = 0;
  llvm::SmallVector<int64_t> shape;
  std::vector<uint8_t> values;
  std::vector<int64_t> positions; // linear, ascending
};

/// Bytes of an element; 0 for types without a fixed size (strings) or that the importer does not read.
unsigned elementBytes(int32_t type);
bool isUnsignedType(int32_t type);
bool isFloatType(int32_t type);

/// The product of the extents; an error if one is negative or the tensor would have more than 2^40 bytes.
llvm::Expected<int64_t> countElements(llvm::ArrayRef<int64_t> shape, unsigned bytes);

/// The most bytes that a sparse tensor may take if it has to be stored densely (any rank but 2).
inline constexpr int64_t kMaxDensified = int64_t(1) << 30;

/// Reads a tensor; external data is looked up in `directory` and nowhere else.
llvm::Expected<TensorData> readTensor(const onnx::TensorProto &proto, llvm::StringRef directory);
llvm::Expected<SparseData> readSparse(const onnx::SparseTensorProto &proto, llvm::StringRef directory);

/// The number of NaN elements.
int64_t countNaN(int32_t type, llvm::ArrayRef<uint8_t> bytes);

} // namespace spnn::onnximport

#endif // SPNN_LIB_IMPORT_ONNX_ONNXTENSOR_H
