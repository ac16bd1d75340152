//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads dense and sparse ONNX tensors from raw data, typed fields or external files.
//
//===----------------------------------------------------------------------===//
#include "OnnxTensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <onnx/onnx_pb.h>

#include <cstring>

using namespace spnn::onnximport;
using onnx::TensorProto;

static llvm::Error refuse(const llvm::Twine &reason) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), reason);
}

unsigned spnn::onnximport::elementBytes(int32_t type) {
  switch (type) {
  case TensorProto::BOOL:
  case TensorProto::INT8:
  case TensorProto::UINT8:
    return 1;
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
  case TensorProto::INT16:
  case TensorProto::UINT16:
    return 2;
  case TensorProto::FLOAT:
  case TensorProto::INT32:
  case TensorProto::UINT32:
    return 4;
  case TensorProto::DOUBLE:
  case TensorProto::INT64:
  case TensorProto::UINT64:
    return 8;
  default:
    return 0;
  }
}

bool spnn::onnximport::isUnsignedType(int32_t type) {
  return type == TensorProto::UINT8 || type == TensorProto::UINT16 || type == TensorProto::UINT32 ||
         type == TensorProto::UINT64 || type == TensorProto::BOOL;
}

bool spnn::onnximport::isFloatType(int32_t type) {
  return type == TensorProto::FLOAT || type == TensorProto::DOUBLE || type == TensorProto::FLOAT16 ||
         type == TensorProto::BFLOAT16;
}

llvm::Expected<int64_t> spnn::onnximport::countElements(llvm::ArrayRef<int64_t> shape, unsigned bytes) {
  constexpr int64_t kLimit = int64_t(1) << 40;
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (extent < 0)
      return refuse("extent " + llvm::Twine(extent) + " is negative");
    // Beside a 0 too: extents are added and multiplied before they meet it.
    if (extent > kLimit)
      return refuse("extent " + llvm::Twine(extent) + " is above 2^40");
  }
  if (llvm::is_contained(shape, 0))
    return 0;
  for (int64_t extent : shape)
    if (llvm::MulOverflow(count, extent, count) || count > kLimit / std::max(bytes, 1u))
      return refuse("the tensor would have more than 2^40 bytes");
  return count;
}

int64_t TensorData::size() const {
  // The other extents of an empty tensor may have any product.
  if (llvm::is_contained(shape, 0))
    return 0;
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

bool TensorData::isFloat() const { return isFloatType(type); }

template <typename T> static T load(const std::vector<uint8_t> &bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

int64_t TensorData::intAt(int64_t i) const {
  switch (type) {
  case TensorProto::INT8:
    return load<int8_t>(bytes, i);
  case TensorProto::INT16:
    return load<int16_t>(bytes, i);
  case TensorProto::INT32:
    return load<int32_t>(bytes, i);
  case TensorProto::UINT16:
    return load<uint16_t>(bytes, i);
  case TensorProto::UINT32:
    return load<uint32_t>(bytes, i);
  case TensorProto::INT64:
  case TensorProto::UINT64:
    return load<int64_t>(bytes, i);
  default:
    return load<uint8_t>(bytes, i);
  }
}

static double halfToDouble(const llvm::fltSemantics &semantics, uint16_t bits) {
  llvm::APFloat value(semantics, llvm::APInt(16, bits));
  bool inexact = false;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &inexact);
  return value.convertToDouble();
}

static double floatFromBytes(int32_t type, const uint8_t *data) {
  uint16_t bits;
  float single;
  double result;
  switch (type) {
  case TensorProto::FLOAT:
    std::memcpy(&single, data, sizeof(single));
    return single;
  case TensorProto::DOUBLE:
    std::memcpy(&result, data, sizeof(result));
    return result;
  case TensorProto::FLOAT16:
    std::memcpy(&bits, data, sizeof(bits));
    return halfToDouble(llvm::APFloat::IEEEhalf(), bits);
  default:
    std::memcpy(&bits, data, sizeof(bits));
    return halfToDouble(llvm::APFloat::BFloat(), bits);
  }
}

double TensorData::floatAt(int64_t i) const { return floatFromBytes(type, bytes.data() + i * elementBytes(type)); }

int64_t spnn::onnximport::countNaN(int32_t type, llvm::ArrayRef<uint8_t> bytes) {
  if (!isFloatType(type))
    return 0;
  int64_t count = 0;
  unsigned width = elementBytes(type);
  for (size_t at = 0; at + width <= bytes.size(); at += width) {
    double value = floatFromBytes(type, bytes.data() + at);
    count += value != value;
  }
  return count;
}

/// Copies a typed field, each entry narrowed to T, the type that the tensor declares.
template <typename T, typename Field>
static bool copyField(const Field &field, int64_t count, std::vector<uint8_t> &bytes) {
  if (field.size() != count)
    return false;
  bytes.resize(count * sizeof(T));
  for (int64_t i = 0; i < count; ++i) {
    T value = static_cast<T>(field.Get(i));
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return true;
}

/// The entries of the typed field that belongs to the tensor's type (onnx.proto, TensorProto).
static bool copyTyped(const TensorProto &proto, int64_t count, std::vector<uint8_t> &bytes) {
  switch (proto.data_type()) {
  case TensorProto::FLOAT:
    return copyField<float>(proto.float_data(), count, bytes);
  case TensorProto::DOUBLE:
    return copyField<double>(proto.double_data(), count, bytes);
  case TensorProto::INT64:
    return copyField<int64_t>(proto.int64_data(), count, bytes);
  case TensorProto::UINT64:
    return copyField<uint64_t>(proto.uint64_data(), count, bytes);
  case TensorProto::UINT32:
    return copyField<uint32_t>(proto.uint64_data(), count, bytes);
  case TensorProto::INT32:
    return copyField<int32_t>(proto.int32_data(), count, bytes);
  case TensorProto::INT16:
  case TensorProto::UINT16:
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
    return copyField<uint16_t>(proto.int32_data(), count, bytes);
  default:
    return copyField<uint8_t>(proto.int32_data(), count, bytes);
  }
}

/// The value of an external_data entry that must be a number.
static llvm::Expected<uint64_t> parseNumber(llvm::StringRef key, llvm::StringRef text) {
  uint64_t value;
  if (text.getAsInteger(10, value))
    return refuse("external data " + key + " '" + text + "' is no number");
  return value;
}

static llvm::Error readExternal(const TensorProto &proto, llvm::StringRef directory, uint64_t wanted,
                                std::vector<uint8_t> &bytes) {
  std::string location;
  uint64_t offset = 0;
  uint64_t length = wanted;
  for (const auto &entry : proto.external_data()) {
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      llvm::Expected<uint64_t> number = parseNumber(entry.key(), entry.value());
      if (!number)
        return number.takeError();
      (entry.key() == "offset" ? offset : length) = *number;
    }
  }
  if (directory.empty())
    return refuse("its data is in an external file, and the model's folder is not known");
  // A model may name files below its own folder only: it comes from outside.
  llvm::StringRef parent = "..";
  if (location.empty() || llvm::sys::path::is_absolute(location) || location.find('\0') != std::string::npos ||
      llvm::is_contained(llvm::make_range(llvm::sys::path::begin(location), llvm::sys::path::end(location)), parent))
    return refuse("external data location '" + llvm::Twine(location) + "' is not a file below the model's folder");
  if (length != wanted)
    return refuse("external data length " + llvm::Twine(length) + " differs from the tensor's " + llvm::Twine(wanted) +
                  " bytes");
  llvm::SmallString<128> path(directory);
  llvm::sys::path::append(path, location);
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status))
    return refuse("external data file '" + llvm::Twine(location) + "': " + error.message());
  if (status.type() != llvm::sys::fs::file_type::regular_file)
    return refuse("external data file '" + llvm::Twine(location) + "' is no regular file");
  if (offset > status.getSize() || wanted > status.getSize() - offset)
    return refuse("external data file '" + llvm::Twine(location) + "' has " + llvm::Twine(status.getSize()) +
                  " bytes, but bytes " + llvm::Twine(offset) + " to " + llvm::Twine(offset + wanted) + " are named");
  if (wanted == 0)
    return llvm::Error::success();
  auto buffer = llvm::MemoryBuffer::getFileSlice(path, wanted, offset);
  if (!buffer)
    return refuse("external data file '" + llvm::Twine(location) + "': " + buffer.getError().message());
  if ((*buffer)->getBufferSize() != wanted)
    return refuse("external data file '" + llvm::Twine(location) + "' became shorter while it was read");
  bytes.assign((*buffer)->getBufferStart(), (*buffer)->getBufferEnd());
  return llvm::Error::success();
}

llvm::Expected<TensorData> spnn::onnximport::readTensor(const TensorProto &proto, llvm::StringRef directory) {
  TensorData data;
  data.type = proto.data_type();
  unsigned width = elementBytes(data.type);
  if (width == 0)
    return refuse(TensorProto::DataType_IsValid(data.type)
                      ? "its element type " + TensorProto::DataType_Name(TensorProto::DataType(data.type)) +
                            " is not supported"
                      : "its element type " + std::to_string(data.type) + " does not exist");
  if (proto.has_segment())
    return refuse("it is split into segments, which is not supported");
  if (proto.dims_size() > 64)
    return refuse("it has " + llvm::Twine(proto.dims_size()) + " dimensions; at most 64 are supported");
  data.shape.assign(proto.dims().begin(), proto.dims().end());
  llvm::Expected<int64_t> count = countElements(data.shape, width);
  if (!count)
    return count.takeError();

  uint64_t wanted = static_cast<uint64_t>(*count) * width;
  if (proto.data_location() == TensorProto::EXTERNAL) {
    if (llvm::Error error = readExternal(proto, directory, wanted, data.bytes))
      return std::move(error);
  } else if (proto.has_raw_data()) {
    if (proto.raw_data().size() != wanted)
      return refuse("it has " + llvm::Twine(proto.raw_data().size()) + " bytes of data where its shape needs " +
                    llvm::Twine(wanted));
    data.bytes.assign(proto.raw_data().begin(), proto.raw_data().end());
  } else if (!copyTyped(proto, *count, data.bytes)) {
    return refuse("the number of its elements differs from the " + llvm::Twine(*count) + " that its shape needs");
  }
  if (data.type == TensorProto::BOOL)
    for (uint8_t &byte : data.bytes)
      byte = byte != 0;
  return std::move(data);
}

llvm::Expected<SparseData> spnn::onnximport::readSparse(const onnx::SparseTensorProto &proto,
                                                        llvm::StringRef directory) {
  llvm::Expected<TensorData> values = readTensor(proto.values(), directory);
  if (!values)
    return refuse("its values: " + llvm::toString(values.takeError()));
  llvm::Expected<TensorData> indices = readTensor(proto.indices(), directory);
  if (!indices)
    return refuse("its indices: " + llvm::toString(indices.takeError()));

  SparseData data;
  data.type = values->type;
  data.shape.assign(proto.dims().begin(), proto.dims().end());
  int64_t rank = data.shape.size();
  if (rank == 0 || rank > 64)
    return refuse("it has " + llvm::Twine(rank) + " dimensions; 1 to 64 are supported");
  llvm::Expected<int64_t> count = countElements(data.shape, elementBytes(data.type));
  if (!count)
    return count.takeError();
  if (rank != 2 && *count * elementBytes(data.type) > kMaxDensified)
    return refuse("it would be stored densely in " + llvm::Twine(*count * elementBytes(data.type)) +
                  " bytes; at most 2^30 are supported for ranks other than 2");
  if (values->shape.size() != 1)
    return refuse("its values have rank " + llvm::Twine(values->shape.size()) + ", expected 1");
  int64_t stored = values->shape[0];
  if (indices->type != TensorProto::INT64)
    return refuse("its indices are not of type INT64");
  bool linear = indices->shape.size() == 1;
  if (!(linear && indices->shape[0] == stored) &&
      !(indices->shape.size() == 2 && indices->shape[0] == stored && indices->shape[1] == rank))
    return refuse("its indices have neither shape [" + llvm::Twine(stored) + "] nor [" + llvm::Twine(stored) + ", " +
                  llvm::Twine(rank) + "]");

  data.positions.reserve(stored);
  for (int64_t i = 0; i < stored; ++i) {
    int64_t position = 0;
    if (linear) {
      position = indices->intAt(i);
      if (position < 0 || position >= *count)
        return refuse("index " + llvm::Twine(position) + " of entry " + llvm::Twine(i) + " is not in [0, " +
                      llvm::Twine(*count) + ")");
    } else {
      for (int64_t d = 0; d < rank; ++d) {
        int64_t coordinate = indices->intAt(i * rank + d);
        if (coordinate < 0 || coordinate >= data.shape[d])
          return refuse("coordinate " + llvm::Twine(coordinate) + " of entry " + llvm::Twine(i) + " in dimension " +
                        llvm::Twine(d) + " is not in [0, " + llvm::Twine(data.shape[d]) + ")");
        position = position * data.shape[d] + coordinate;
      }
    }
    if (i > 0 && position == data.positions.back())
      return refuse("entry " + llvm::Twine(i) + " has the same position as the entry before it");
    if (i > 0 && position < data.positions.back())
      return refuse("its entries are not sorted: entry " + llvm::Twine(i) + " belongs before the one before it");
    data.positions.push_back(position);
  }
  data.values = std::move(values->bytes);
  return std::move(data);
}
