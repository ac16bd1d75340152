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
#include "spnn/IR/SparseFormats.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace spnn;

bool spnn::isSparse(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa_and_nonnull<SparseFormatInterface>(tensor.getEncoding());
}

std::unique_ptr<format::SparseFormat> spnn::getSparseFormat(RankedTensorType type, EmitErrorFn emitError) {
  auto encoding = dyn_cast_or_null<SparseFormatInterface>(type.getEncoding());
  if (!encoding) {
    emitError() << "type " << type << " has no sparse encoding";
    return nullptr;
  }
  std::string reason;
  auto result = encoding.getFormat(type, reason);
  if (result && type.hasStaticShape()) {
    if (std::optional<std::string> broken = result->checkShape({type.getDimSize(0), type.getDimSize(1)})) {
      reason = *broken;
      result = nullptr;
    }
  }
  if (!result)
    emitError() << "no sparse format holds type " << type << ": " << reason;
  return result;
}

unsigned spnn::getElementBytes(Type type) {
  if (type.isIndex())
    return 8;
  if (!type.isIntOrFloat())
    return 0;
  unsigned bits = type.getIntOrFloatBitWidth();
  return bits == 8 || bits == 16 || bits == 32 || bits == 64 ? bits / 8 : 0;
}

std::optional<std::vector<uint8_t>> spnn::readRawElements(ElementsAttr attr) {
  ShapedType type = attr.getShapedType();
  unsigned bytes = getElementBytes(type.getElementType());
  if (bytes == 0 || !type.hasStaticShape())
    return std::nullopt;
  size_t total = static_cast<size_t>(type.getNumElements()) * bytes;
  std::vector<uint8_t> result(total);
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    ArrayRef<char> raw = dense.getRawData();
    if (dense.isSplat()) {
      for (size_t i = 0; i < total; ++i)
        result[i] = raw[i % bytes];
      return result;
    }
    if (raw.size() != total)
      return std::nullopt;
    std::copy(raw.begin(), raw.end(), result.begin());
    return result;
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != total)
      return std::nullopt;
    std::copy(blob->getData().begin(), blob->getData().end(), result.begin());
    return result;
  }
  return std::nullopt;
}

std::optional<format::DenseMatrix> spnn::readDenseMatrix(ElementsAttr attr) {
  ShapedType type = attr.getShapedType();
  if (type.getRank() != 2)
    return std::nullopt;
  std::optional<std::vector<uint8_t>> raw = readRawElements(attr);
  if (!raw)
    return std::nullopt;
  format::DenseMatrix result;
  result.shape = {type.getDimSize(0), type.getDimSize(1)};
  result.elementBytes = getElementBytes(type.getElementType());
  result.isFloat = isa<FloatType>(type.getElementType());
  result.data = std::move(*raw);
  return result;
}

DenseElementsAttr spnn::writeDenseMatrix(const format::DenseMatrix &matrix, RankedTensorType type) {
  return DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef<char>(reinterpret_cast<const char *>(matrix.data.data()), matrix.data.size()));
}

std::optional<format::DenseMatrix> spnn::getConstantMatrix(Value value) {
  while (auto convert = value.getDefiningOp<ConvertOp>())
    value = convert.getSource();
  if (auto sparse = value.getDefiningOp<ConstantOp>()) {
    auto type = cast<RankedTensorType>(sparse.getType());
    auto emitError = [&]() { return sparse.emitOpError(); };
    // The structure of a graph has no values, and may be far too large for a matrix.
    if (getElementBytes(type.getElementType()) == 0)
      return std::nullopt;
    auto format = getSparseFormat(type, emitError);
    if (!format)
      return std::nullopt;
    FailureOr<format::Storage> storage = readStorage(sparse.getBuffers(), type, *format, emitError);
    if (failed(storage))
      return std::nullopt;
    return format->unpack({type.getDimSize(0), type.getDimSize(1)}, getElementBytes(type.getElementType()),
                          isa<FloatType>(type.getElementType()), *storage);
  }
  ElementsAttr dense;
  if (!matchPattern(value, m_Constant(&dense)))
    return std::nullopt;
  return readDenseMatrix(dense);
}

FailureOr<format::Storage> spnn::readStorage(DictionaryAttr buffers, RankedTensorType type,
                                             const format::SparseFormat &format, EmitErrorFn emitError) {
  format::Shape shape{type.getDimSize(0), type.getDimSize(1)};
  unsigned valueBytes = getElementBytes(type.getElementType());
  std::vector<format::BufferSpec> specs = format.buffers(shape, valueBytes);
  // C2
  for (NamedAttribute buffer : buffers)
    if (llvm::none_of(specs, [&](const format::BufferSpec &spec) { return buffer.getName() == spec.name; }))
      return emitError() << "format " << format.name() << " has no buffer '" << buffer.getName().getValue() << "'";
  format::Storage storage;
  for (const format::BufferSpec &spec : specs) {
    auto attr = dyn_cast_or_null<ElementsAttr>(buffers.get(spec.name));
    // C2
    if (!attr)
      return emitError() << "format " << format.name() << " needs a buffer '" << spec.name << "'";
    Type element = attr.getElementType();
    bool isValues = spec.kind == format::BufferKind::Values;
    // C3
    if (attr.getShapedType().getRank() != 1)
      return emitError() << "buffer '" << spec.name << "' must have rank 1, got type " << attr.getShapedType();
    if (isValues ? element != type.getElementType()
                 : !element.isIntOrIndex() || getElementBytes(element) != spec.elementBytes) {
      InFlightDiagnostic diag = emitError() << "buffer '" << spec.name << "' must have element type ";
      if (isValues)
        diag << type.getElementType();
      else
        diag << "i" << spec.elementBytes * 8;
      return diag << ", got " << element;
    }
    std::optional<std::vector<uint8_t>> raw = readRawElements(attr);
    if (!raw)
      return emitError() << "the contents of buffer '" << spec.name << "' are not at hand (an elided resource?)";
    format::StorageBuffer buffer;
    buffer.elementBytes = spec.elementBytes;
    buffer.data = std::move(*raw);
    storage.push_back(std::move(buffer));
  }
  // An i1, of which no raw elements exist, is stored by formats without values alone; unpacked it is a byte.
  bool hasValues =
      llvm::any_of(specs, [](const format::BufferSpec &spec) { return spec.kind == format::BufferKind::Values; });
  // C4
  if (std::optional<std::string> broken = format.checkStorage(shape, hasValues ? valueBytes : 1, storage))
    return emitError() << "is not valid " << format.name() << " storage: " << *broken;
  return storage;
}

DictionaryAttr spnn::writeStorage(const format::Storage &storage, RankedTensorType type,
                                  const format::SparseFormat &format) {
  format::Shape shape{type.getDimSize(0), type.getDimSize(1)};
  MLIRContext *context = type.getContext();
  std::vector<format::BufferSpec> specs = format.buffers(shape, getElementBytes(type.getElementType()));
  SmallVector<NamedAttribute> attrs;
  for (auto [spec, buffer] : llvm::zip_equal(specs, storage)) {
    Type element = spec.kind == format::BufferKind::Values ? type.getElementType()
                                                           : IntegerType::get(context, spec.elementBytes * 8);
    auto bufferType = RankedTensorType::get({buffer.size()}, element);
    ArrayRef<char> raw(reinterpret_cast<const char *>(buffer.data.data()), buffer.data.size());
    attrs.emplace_back(StringAttr::get(context, spec.name), DenseElementsAttr::getFromRawBuffer(bufferType, raw));
  }
  return DictionaryAttr::get(context, attrs);
}
