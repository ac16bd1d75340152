//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constants: initializers, dense and sparse, as attributes of the module.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;
using namespace spnn;
using namespace spnn::onnximport;
using onnx::TensorProto;

/// Constants of more elements are resources, which parse and print fast and are not uniqued.
static constexpr int64_t kInlineElements = 16;
/// Integer tensors of more elements are data, not shapes: nothing is folded with them.
static constexpr int64_t kKnownElements = 1024;

Type Importer::elementType(int32_t type) {
  switch (type) {
  case TensorProto::FLOAT:
    return b.getF32Type();
  case TensorProto::DOUBLE:
    return b.getF64Type();
  case TensorProto::FLOAT16:
    return b.getF16Type();
  case TensorProto::BFLOAT16:
    return b.getBF16Type();
  case TensorProto::BOOL:
    return b.getI1Type();
  default:
    if (unsigned bytes = elementBytes(type))
      return b.getIntegerType(8 * bytes);
    return Type();
  }
}

void Importer::setConstantInsertionPoint() {
  if (lastConstant)
    b.setInsertionPointAfter(lastConstant);
  else
    b.setInsertionPointToStart(entry);
}

void Importer::warnOfNaN(int32_t type, ArrayRef<uint8_t> bytes, StringRef name) {
  if (!options.warn)
    return;
  if (int64_t count = countNaN(type, bytes))
    options.warn(fileName + ": tensor '" + name.str() + "' holds " + std::to_string(count) + " NaN value" +
                 (count == 1 ? "" : "s"));
}

Attribute Importer::denseAttr(int32_t type, ArrayRef<int64_t> shape, ArrayRef<uint8_t> bytes, StringRef name) {
  auto tensorType = RankedTensorType::get(shape, elementType(type));
  if (type == TensorProto::BOOL) {
    SmallVector<bool> bits(bytes.begin(), bytes.end());
    return DenseElementsAttr::get(tensorType, bits);
  }
  if (tensorType.getNumElements() <= kInlineElements) {
    ArrayRef<char> raw(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    // An empty buffer is no splat, which getFromRawBuffer would take it for.
    if (raw.empty())
      return DenseElementsAttr::get(tensorType, ArrayRef<Attribute>());
    return DenseElementsAttr::getFromRawBuffer(tensorType, raw);
  }
  ArrayRef<char> raw(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  auto blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(raw, 64);
  // The manager makes the key unique if two tensors of different scopes share a name.
  return DenseResourceElementsAttr::get(tensorType, name.empty() ? "constant" : name, std::move(blob));
}

Value Importer::constant(const TensorData &data, StringRef name) {
  warnOfNaN(data.type, data.bytes, name);
  OpBuilder::InsertionGuard guard(b);
  if (entry)
    setConstantInsertionPoint();
  auto attr = cast<TypedAttr>(denseAttr(data.type, data.shape, data.bytes, name));
  lastConstant = arith::ConstantOp::create(b, attr);
  return lastConstant->getResult(0);
}

/// The encoding of a rank-2 tensor in sorted coordinate form: one array of positions, one of interleaved indices.
static Attribute cooEncoding(MLIRContext *context) {
  using sparse_tensor::LevelFormat;
  using sparse_tensor::LevelPropNonDefault;
  using sparse_tensor::LevelType;
  SmallVector<LevelType> levels = {
      *sparse_tensor::buildLevelType(LevelFormat::Compressed, {LevelPropNonDefault::Nonunique}),
      *sparse_tensor::buildLevelType(LevelFormat::Singleton, {})};
  return sparse_tensor::SparseTensorEncodingAttr::get(context, levels, AffineMap::getMultiDimIdentityMap(2, context),
                                                      AffineMap(), 32, 32);
}

Value Importer::sparseConstant(const SparseData &data, StringRef name) {
  warnOfNaN(data.type, data.values, name);
  // 32 bits index every matrix that a network has; anything larger, or of another rank, is stored densely.
  int64_t stored = data.positions.size();
  unsigned width = elementBytes(data.type);
  bool fits = data.shape.size() == 2 && data.type != TensorProto::BOOL &&
              llvm::all_of(data.shape, [](int64_t extent) { return extent > 0 && extent <= INT32_MAX; }) &&
              stored <= INT32_MAX;
  if (!fits) {
    TensorData dense;
    dense.type = data.type;
    dense.shape = data.shape;
    dense.bytes.resize(dense.size() * width);
    for (int64_t i = 0; i < stored; ++i)
      std::memcpy(&dense.bytes[data.positions[i] * width], &data.values[i * width], width);
    return constant(dense, name);
  }
  TensorData positions, indices, values;
  positions.type = indices.type = TensorProto::INT32;
  values.type = data.type;
  values.shape = {stored};
  values.bytes = data.values;
  std::vector<int32_t> bounds = {0, static_cast<int32_t>(stored)};
  std::vector<int32_t> coordinates;
  for (int64_t position : data.positions) {
    coordinates.push_back(position / data.shape[1]);
    coordinates.push_back(position % data.shape[1]);
  }
  auto attrOf = [&](ArrayRef<int32_t> numbers, StringRef suffix) {
    ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t *>(numbers.data()), numbers.size() * sizeof(int32_t));
    return denseAttr(TensorProto::INT32, {static_cast<int64_t>(numbers.size())}, bytes, (name + suffix).str());
  };
  OpBuilder::InsertionGuard guard(b);
  if (entry)
    setConstantInsertionPoint();
  Attribute encoding = cooEncoding(b.getContext());
  auto dense = RankedTensorType::get(data.shape, elementType(data.type));
  auto buffers = b.getDictionaryAttr(
      {b.getNamedAttr("positions", attrOf(bounds, ".positions")),
       b.getNamedAttr("indices", attrOf(coordinates, ".indices")),
       b.getNamedAttr("values", denseAttr(values.type, values.shape, values.bytes, (name + ".values").str()))});
  Value sparse = ConstantOp::create(b, RankedTensorType::get(data.shape, dense.getElementType(), encoding), buffers);
  lastConstant = ConvertOp::create(b, dense, sparse);
  return lastConstant->getResult(0);
}

Imported Importer::wrap(TensorData data, StringRef name) {
  Imported imported;
  imported.type = data.type;
  imported.name = name.str();
  if (!data.isFloat() && data.size() <= kKnownElements) {
    auto known = std::make_shared<Known>();
    known->shape = data.shape;
    for (int64_t i = 0; i < data.size(); ++i)
      known->elements.push_back(b.getIndexAttr(data.intAt(i)));
    imported.known = std::move(known);
  }
  imported.data = std::make_shared<TensorData>(std::move(data));
  return imported;
}

llvm::Error Importer::bindInitializers(const onnx::GraphProto &graph, Scope &scope) {
  for (const auto &initializer : graph.initializer()) {
    auto [slot, fresh] = scope.values.try_emplace(initializer.name());
    if (!fresh || initializer.name().empty())
      return error(initializer.name().empty() ? Twine("an initializer has no name")
                                              : "initializer '" + Twine(initializer.name()) + "' is defined twice");
    llvm::Expected<TensorData> data = readTensor(initializer, options.directory);
    if (!data)
      return error("initializer '" + Twine(initializer.name()) + "': " + llvm::toString(data.takeError()));
    slot->second = wrap(std::move(*data), initializer.name());
  }
  for (const auto &initializer : graph.sparse_initializer()) {
    const std::string &name = initializer.values().name();
    auto [slot, fresh] = scope.values.try_emplace(name);
    if (!fresh || name.empty())
      return error(name.empty() ? Twine("a sparse initializer has no name")
                                : "initializer '" + Twine(name) + "' is defined twice");
    llvm::Expected<SparseData> data = readSparse(initializer, options.directory);
    if (!data)
      return error("sparse initializer '" + Twine(name) + "': " + llvm::toString(data.takeError()));
    slot->second.type = data->type;
    slot->second.name = name;
    slot->second.sparse = std::make_shared<SparseData>(std::move(*data));
  }
  return llvm::Error::success();
}

Value Importer::materialize(Imported &imported) {
  if (imported.value)
    return imported.value;
  if (imported.sparse)
    return imported.value = sparseConstant(*imported.sparse, imported.name);
  if (imported.data)
    return imported.value = constant(*imported.data, imported.name);
  const Known &known = *imported.known;
  Type element = elementType(imported.type);
  if (auto numbers = known.numbers()) {
    OpBuilder::InsertionGuard guard(b);
    setConstantInsertionPoint();
    SmallVector<APInt> elements;
    for (int64_t number : *numbers)
      elements.emplace_back(element.getIntOrFloatBitWidth(), static_cast<uint64_t>(number), /*isSigned=*/false,
                            /*implicitTrunc=*/true);
    auto attr = DenseElementsAttr::get(RankedTensorType::get(known.shape, element), elements);
    lastConstant = arith::ConstantOp::create(b, attr);
    return imported.value = lastConstant->getResult(0);
  }
  // A shape with dynamic extents: the elements one by one.
  SmallVector<Value> elements;
  for (OpFoldResult item : known.elements) {
    if (auto attr = dyn_cast<Attribute>(item))
      elements.push_back(arith::ConstantOp::create(b, b.getIntegerAttr(element, cast<IntegerAttr>(attr).getInt())));
    else
      elements.push_back(arith::IndexCastOp::create(b, element, cast<Value>(item)));
  }
  return imported.value = tensor::FromElementsOp::create(b, RankedTensorType::get(known.shape, element), elements);
}
