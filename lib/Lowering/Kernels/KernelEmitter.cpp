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
#include "KernelEmitter.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <numeric>

using namespace mlir;
using namespace spnn;

//===----------------------------------------------------------------------===//
// KernelEmitter
//===----------------------------------------------------------------------===//

Value KernelEmitter::index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
Value KernelEmitter::add(Value lhs, Value rhs) { return b.createOrFold<arith::AddIOp>(loc, lhs, rhs); }
Value KernelEmitter::sub(Value lhs, Value rhs) { return b.createOrFold<arith::SubIOp>(loc, lhs, rhs); }
Value KernelEmitter::mul(Value lhs, Value rhs) { return b.createOrFold<arith::MulIOp>(loc, lhs, rhs); }
Value KernelEmitter::min(Value lhs, Value rhs) { return b.createOrFold<arith::MinSIOp>(loc, lhs, rhs); }
Value KernelEmitter::max(Value lhs, int64_t rhs) { return b.createOrFold<arith::MaxSIOp>(loc, lhs, index(rhs)); }
Value KernelEmitter::ceilDiv(Value lhs, int64_t rhs) {
  return rhs == 1 ? lhs : b.createOrFold<arith::CeilDivSIOp>(loc, lhs, index(rhs));
}

Value KernelEmitter::loadIndex(Value memref, Value position) {
  Value value = memref::LoadOp::create(b, loc, memref, position);
  return value.getType().isIndex() ? value : arith::IndexCastUIOp::create(b, loc, b.getIndexType(), value).getResult();
}

Value KernelEmitter::loadVector(Value memref, Value position, int64_t elements) {
  auto type = VectorType::get({elements}, cast<MemRefType>(memref.getType()).getElementType());
  return vector::LoadOp::create(b, loc, type, memref, position);
}

void KernelEmitter::storeVector(Value vector, Value memref, Value position) {
  vector::StoreOp::create(b, loc, vector, memref, position);
}

Value KernelEmitter::broadcast(Value scalar, int64_t elements) {
  return vector::BroadcastOp::create(b, loc, VectorType::get({elements}, scalar.getType()), scalar);
}

Value KernelEmitter::extend(Value x, Type element) {
  Type type = x.getType(), from = getElementTypeOrSelf(type);
  if (from == element)
    return x;
  if (auto vector = dyn_cast<VectorType>(type))
    type = vector.clone(element);
  else
    type = element;
  if (isa<FloatType>(from))
    return arith::ExtFOp::create(b, loc, type, x);
  if (isa<FloatType>(element))
    return arith::SIToFPOp::create(b, loc, type, x);
  return arith::ExtSIOp::create(b, loc, type, x);
}

Value KernelEmitter::loadWeights(Value memref, Value position, int64_t elements, Type element) {
  return extend(loadVector(memref, position, elements), element);
}

Value KernelEmitter::loadWeight(Value memref, Value position, Type element) {
  return extend(memref::LoadOp::create(b, loc, memref, position), element);
}

Value KernelEmitter::loadWeightBroadcast(Value memref, Value position, int64_t elements, Type element) {
  return broadcast(loadWeight(memref, position, element), elements);
}

Value KernelEmitter::loadBroadcast(Value memref, Value position, int64_t elements) {
  return broadcast(memref::LoadOp::create(b, loc, memref, position), elements);
}

static constexpr arith::FastMathFlags kContract = arith::FastMathFlags::contract;

Value KernelEmitter::multiplyAdd(Value a, Value x, Value accumulator) {
  Value product = arith::MulFOp::create(b, loc, a, x, kContract);
  return arith::AddFOp::create(b, loc, product, accumulator, kContract);
}

Value KernelEmitter::pointer(Value memref, Value position) {
  auto type = cast<MemRefType>(memref.getType());
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memref);
  if (!type.getLayout().isIdentity())
    position = add(position, memref::ExtractStridedMetadataOp::create(b, loc, memref).getOffset());
  address = add(address, mul(position, type.getElementTypeBitWidth() / 8));
  Value bits = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), bits);
}

Value KernelEmitter::activate(Activation activation, Value x) {
  auto constant = [&](double value) -> Value {
    Type type = x.getType();
    TypedAttr attr = b.getFloatAttr(getElementTypeOrSelf(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, attr);
    return arith::ConstantOp::create(b, loc, attr);
  };
  auto mulf = [&](Value lhs, Value rhs) -> Value { return arith::MulFOp::create(b, loc, lhs, rhs, kContract); };
  auto addf = [&](Value lhs, Value rhs) -> Value { return arith::AddFOp::create(b, loc, lhs, rhs, kContract); };
  // 1 + exp(-x)
  auto onePlusExpNeg = [&]() -> Value {
    return addf(constant(1.0), math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x)));
  };
  switch (activation) {
  case Activation::None:
    return x;
  case Activation::Relu: {
    // x > 0 or unordered keeps x, so that NaN stays NaN; one compare and one masked move.
    Value zero = constant(0.0);
    Value keep = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UGT, x, zero);
    return arith::SelectOp::create(b, loc, keep, x, zero);
  }
  case Activation::GeluErf: {
    Value erf = math::ErfOp::create(b, loc, mulf(x, constant(0.70710678118654752)));
    return mulf(mulf(x, constant(0.5)), addf(constant(1.0), erf));
  }
  case Activation::GeluTanh: {
    Value cubic = mulf(mulf(x, x), mulf(x, constant(0.044715)));
    Value tanh = math::TanhOp::create(b, loc, mulf(constant(0.79788456080286536), addf(x, cubic)));
    return mulf(mulf(x, constant(0.5)), addf(constant(1.0), tanh));
  }
  case Activation::Sigmoid:
    return arith::DivFOp::create(b, loc, constant(1.0), onePlusExpNeg());
  case Activation::Tanh:
    return math::TanhOp::create(b, loc, x);
  case Activation::Silu:
    return arith::DivFOp::create(b, loc, x, onePlusExpNeg());
  }
  llvm_unreachable("all activations are handled");
}

//===----------------------------------------------------------------------===//
// Epilogue
//===----------------------------------------------------------------------===//

Value Epilogue::start(OpBuilder &b, Value row, VectorType type) const {
  KernelEmitter e(b, op.getLoc());
  if (op.getBias() && !hasScales())
    return e.loadBroadcast(op.getBias(), row, type.getNumElements());
  return arith::ConstantOp::create(b, op.getLoc(), b.getZeroAttr(type));
}

Value Epilogue::combine(KernelEmitter &e, Value sums, Value rowScale, Value columnScale, Value bias) const {
  Value scale = rowScale ? rowScale : columnScale;
  if (rowScale && columnScale)
    scale = arith::MulFOp::create(e.b, e.loc, rowScale, columnScale, kContract);
  if (scale && bias)
    sums = e.multiplyAdd(scale, sums, bias);
  else if (scale)
    sums = arith::MulFOp::create(e.b, e.loc, scale, sums, kContract);
  else if (bias)
    sums = arith::AddFOp::create(e.b, e.loc, sums, bias);
  return e.activate(op.getActivation(), sums);
}

Value Epilogue::finish(OpBuilder &b, Value sums, Value row, Value column, bool fromZero) const {
  KernelEmitter e(b, op.getLoc());
  if (!hasScales() && !fromZero)
    return e.activate(op.getActivation(), sums);
  auto type = dyn_cast<VectorType>(sums.getType());
  auto spread = [&](Value buffer) -> Value {
    if (!buffer)
      return {};
    Value element = memref::LoadOp::create(b, e.loc, buffer, row);
    return type ? e.broadcast(element, type.getNumElements()) : element;
  };
  Value columnScale;
  if (Value scales = op.getColumnScales())
    columnScale = type ? e.loadVector(scales, column, type.getNumElements())
                       : memref::LoadOp::create(b, e.loc, scales, column).getResult();
  return combine(e, sums, spread(op.getRowScales()), columnScale, spread(op.getBias()));
}

Value Epilogue::finishRows(OpBuilder &b, Value sums, Value column, function_ref<Value(Value)> rows) const {
  KernelEmitter e(b, op.getLoc());
  auto load = [&](Value buffer) { return buffer ? rows(buffer) : Value(); };
  Value columnScale;
  if (Value scales = op.getColumnScales()) {
    auto type = dyn_cast<VectorType>(sums.getType());
    columnScale = type ? e.loadBroadcast(scales, column, type.getNumElements())
                       : memref::LoadOp::create(b, e.loc, scales, column).getResult();
  }
  return combine(e, sums, load(op.getRowScales()), columnScale, load(op.getBias()));
}

//===----------------------------------------------------------------------===//
// Loops over panels and chunks
//===----------------------------------------------------------------------===//

void spnn::emitFor(OpBuilder &builder, Location loc, Value begin, Value end, int64_t step,
                   function_ref<void(OpBuilder &, Value)> body) {
  scf::ForOp::create(builder, loc, begin, end, KernelEmitter(builder, loc).index(step), ValueRange(),
                     [&](OpBuilder &b, Location, Value i, ValueRange) {
                       body(b, i);
                       scf::YieldOp::create(b, loc);
                     });
}

/// The loops of the dimensions behind those that `task` has a number for.
static void emitNest(OpBuilder &builder, Location loc, ArrayRef<Value> extents, SmallVector<Value> &task,
                     function_ref<void(OpBuilder &, ArrayRef<Value>)> body) {
  if (task.size() == extents.size())
    return body(builder, task);
  emitFor(builder, loc, KernelEmitter(builder, loc).index(0), extents[task.size()], 1, [&](OpBuilder &b, Value i) {
    task.push_back(i);
    emitNest(b, loc, extents, task, body);
    task.pop_back();
  });
}

void spnn::emitTasks(OpBuilder &builder, Location loc, ArrayRef<Value> extents, bool parallel,
                     function_ref<void(OpBuilder &, ArrayRef<Value>)> body) {
  SmallVector<Value> task;
  if (!parallel)
    return emitNest(builder, loc, extents, task, body);
  KernelEmitter e(builder, loc);
  SmallVector<Value> zeros(extents.size(), e.index(0)), ones(extents.size(), e.index(1));
  scf::ParallelOp::create(builder, loc, zeros, extents, ones,
                          [&](OpBuilder &b, Location, ValueRange ivs) { body(b, SmallVector<Value>(ivs)); });
}

void spnn::emitPanelVariants(OpBuilder &b, Location loc, int64_t width, int64_t vector, Value columns, Value panel,
                             function_ref<void(OpBuilder &, int64_t)> body) {
  int64_t full = width / vector;
  std::optional<int64_t> staticColumns = getConstantIntValue(columns);
  if (full == 1 || (staticColumns && *staticColumns % width == 0))
    return body(b, full);
  // The last panel can be narrower: one variant for each number of vectors, chosen once a panel.
  SmallVector<int64_t> cases;
  int64_t tail = 0;
  if (staticColumns) {
    tail = (*staticColumns % width + vector - 1) / vector;
    if (*staticColumns < width)
      return body(b, tail);
    if (tail == full)
      return body(b, full);
    cases.push_back(tail);
  } else {
    for (int64_t vectors = 1; vectors < full; ++vectors)
      cases.push_back(vectors);
  }
  KernelEmitter e(b, loc);
  Value left = e.min(e.sub(columns, e.mul(panel, width)), e.index(width));
  Value vectors = e.ceilDiv(left, vector);
  auto dispatch = scf::IndexSwitchOp::create(b, loc, TypeRange(), vectors, cases, cases.size());
  for (auto [count, region] : llvm::zip_equal(cases, dispatch.getCaseRegions())) {
    OpBuilder inner = OpBuilder::atBlockBegin(&region.emplaceBlock());
    body(inner, count);
    scf::YieldOp::create(inner, loc);
  }
  OpBuilder inner = OpBuilder::atBlockBegin(&dispatch.getDefaultRegion().emplaceBlock());
  body(inner, full);
  scf::YieldOp::create(inner, loc);
}

void spnn::emitPanelLoops(KernelMatmulOp op, OpBuilder &builder, int64_t chunks,
                          function_ref<void(OpBuilder &, const PanelWork &)> body) {
  Location loc = op.getLoc();
  KernelEmitter e(builder, loc);
  int64_t width = op.getPanels().getWidth(), vector = op.getPanels().getVector();
  int64_t rows = op.getRows(), cols = op.getCols();
  Value columns = op.getColumns();
  emitTasks(builder, loc, {e.ceilDiv(columns, width), e.index(chunks)}, op.getParallel(),
            [&](OpBuilder &b, ArrayRef<Value> task) {
              KernelEmitter e(b, loc);
              Value first = e.mul(task[0], width);
              Value rhs = e.mul(first, cols), result = e.mul(first, rows);
              emitPanelVariants(b, loc, width, vector, columns, task[0], [&](OpBuilder &b, int64_t vectors) {
                body(b, PanelWork{vectors, first, rhs, result, task[1]});
              });
            });
}

void spnn::emitChunkLoop(KernelMatmulOp op, OpBuilder &builder, int64_t chunks,
                         function_ref<void(OpBuilder &, Value)> body) {
  emitTasks(builder, op.getLoc(), {KernelEmitter(builder, op.getLoc()).index(chunks)}, op.getParallel(),
            [&](OpBuilder &b, ArrayRef<Value> task) { body(b, task[0]); });
}

void spnn::emitChunkItems(KernelMatmulOp op, OpBuilder &builder, int64_t chunks, Value bounds,
                          function_ref<void(OpBuilder &, Value)> body) {
  emitChunkLoop(op, builder, chunks, [&](OpBuilder &b, Value chunk) {
    KernelEmitter e(b, op.getLoc());
    emitFor(b, op.getLoc(), e.loadIndex(bounds, chunk), e.loadIndex(bounds, e.add(chunk, 1)), 1, body);
  });
}

//===----------------------------------------------------------------------===//
// Chunks, parameters, buffers
//===----------------------------------------------------------------------===//

memref::GlobalOp spnn::findConstant(Value memref) {
  auto get = memref.getDefiningOp<memref::GetGlobalOp>();
  auto global =
      get ? get->getParentOfType<ModuleOp>().lookupSymbol<memref::GlobalOp>(get.getName()) : memref::GlobalOp();
  return global && global.getConstant() ? global : memref::GlobalOp();
}

std::vector<int64_t> spnn::balanceChunks(ArrayRef<int64_t> weights, int64_t chunks) {
  int64_t total = std::accumulate(weights.begin(), weights.end(), int64_t(0));
  std::vector<int64_t> bounds{0};
  int64_t item = 0, done = 0, items = weights.size();
  for (int64_t chunk = 1; chunk < chunks; ++chunk) {
    // Take items while that brings the running sum closer to the chunk's share.
    double share = static_cast<double>(total) * chunk / chunks;
    while (item < items && done + weights[item] / 2.0 <= share)
      done += weights[item++];
    bounds.push_back(item);
  }
  bounds.push_back(items);
  return bounds;
}

int64_t spnn::chooseChunks(int64_t storedValues, int64_t items) {
  constexpr int64_t kValuesPerChunk = 4096, kMaxChunks = 16;
  return std::max<int64_t>(1, std::min({kMaxChunks, items, storedValues / kValuesPerChunk}));
}

int64_t spnn::getParameter(DictionaryAttr parameters, StringRef name, int64_t fallback) {
  auto attr = dyn_cast_or_null<IntegerAttr>(parameters.get(name));
  return attr ? attr.getInt() : fallback;
}

DictionaryAttr spnn::makeParameters(MLIRContext *context, ArrayRef<std::pair<StringRef, int64_t>> parameters) {
  Builder builder(context);
  SmallVector<NamedAttribute> attrs;
  for (auto [name, value] : parameters)
    attrs.push_back(builder.getNamedAttr(name, builder.getI64IntegerAttr(value)));
  return builder.getDictionaryAttr(attrs);
}

DenseElementsAttr spnn::makeIntegers(MLIRContext *context, unsigned bytes, ArrayRef<int64_t> values) {
  std::vector<char> raw(values.size() * bytes);
  for (auto [i, value] : llvm::enumerate(values))
    for (unsigned byte = 0; byte < bytes; ++byte)
      raw[i * bytes + byte] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * byte));
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, IntegerType::get(context, bytes * 8));
  return DenseElementsAttr::getFromRawBuffer(type, raw);
}

DenseElementsAttr spnn::makeValues(Type type, ArrayRef<uint8_t> raw) {
  int64_t count = raw.size() / (type.getIntOrFloatBitWidth() / 8);
  return DenseElementsAttr::getFromRawBuffer(RankedTensorType::get({count}, type),
                                             ArrayRef<char>(reinterpret_cast<const char *>(raw.data()), raw.size()));
}

bool spnn::isStorageType(Type stored, Type computed) {
  return stored == computed || (computed.isF32() && (stored.isF16() || stored.isBF16() || stored.isInteger(8)));
}

LogicalResult spnn::checkStorage(KernelMatmulOp op, StringRef kinds) {
  if (op.getStorage().size() != kinds.size())
    return op.emitOpError() << "kernel '" << op.getKernel() << "' takes " << kinds.size() << " storage buffers, got "
                            << op.getStorage().size();
  Type element = cast<ShapedType>(op.getInit().getType()).getElementType();
  Type rhs = cast<ShapedType>(op.getRhs().getType()).getElementType();
  if (kinds.contains('v') && rhs != element)
    return op.emitOpError() << "kernel '" << op.getKernel() << "' reads a right-hand side of " << element << ", got "
                            << rhs;
  for (auto [number, kind, buffer] : llvm::enumerate(kinds, op.getStorage())) {
    Type type = cast<ShapedType>(buffer.getType()).getElementType();
    if (kind == 'i' ? type.isInteger() : kind == 'r' ? type == rhs : isStorageType(type, element))
      continue;
    InFlightDiagnostic diag = op.emitOpError()
                              << "storage buffer " << number << " of kernel '" << op.getKernel() << "' holds ";
    if (kind == 'i')
      diag << "integers";
    else
      diag << (kind == 'r' ? rhs : element);
    return diag << ", got " << type;
  }
  if (std::optional<std::string> broken = findBadParameter(op.getKernel(), op.getParameters()))
    return op.emitOpError() << *broken;
  return success();
}

static bool isFlag(StringRef parameter) {
  return parameter == "expand_in_register" || parameter == "prefetch" || parameter == "dot";
}

/// Tile sizes are unrolled, so they must stay small; the others only count.
static int64_t getLargest(StringRef parameter) {
  if (isFlag(parameter))
    return 1;
  if (parameter == "rows_tile" || parameter == "vectors" || parameter == "block_rows" || parameter == "block_cols")
    return 16;
  if (parameter == "tile_rows" || parameter == "shared_rows")
    return 4;
  if (parameter == "accumulators")
    return 28;
  if (parameter == "n" || parameter == "m")
    return 256;
  if (parameter == "window" || parameter == "word")
    return 64;
  if (parameter == "g")
    return 65536;
  return parameter == "chunks" ? 65536 : int64_t(1) << 40;
}

std::optional<std::string> spnn::findBadParameter(StringRef kernel, DictionaryAttr parameters,
                                                  DictionaryAttr suitable) {
  auto describe = [&](StringRef name) { return "parameter '" + name.str() + "' of kernel '" + kernel.str() + "' "; };
  for (NamedAttribute entry : parameters) {
    auto value = dyn_cast<IntegerAttr>(entry.getValue());
    StringRef name = entry.getName();
    if (!value || !value.getType().isInteger(64))
      return describe(name) + "must be an integer of type i64";
    int64_t least = isFlag(name) ? 0 : 1;
    if (value.getInt() < least || value.getInt() > getLargest(name))
      return describe(name) + "must be in [" + std::to_string(least) + ", " + std::to_string(getLargest(name)) +
             "], got " + std::to_string(value.getInt());
  }
  if (!suitable)
    return std::nullopt;
  for (NamedAttribute entry : suitable) {
    StringRef name = entry.getName();
    auto given = dyn_cast_or_null<IntegerAttr>(parameters.get(name));
    if (!given)
      return describe(name) + "is missing";
    bool followsFormat = llvm::is_contained({"n", "m", "g", "block_rows", "block_cols"}, name);
    if (followsFormat && given != entry.getValue())
      return describe(name) + "follows from the format and must be " +
             std::to_string(cast<IntegerAttr>(entry.getValue()).getInt()) + ", got " + std::to_string(given.getInt());
    if ((name == "expand_in_register" || name == "dot" || name == "word") &&
        given.getInt() > cast<IntegerAttr>(entry.getValue()).getInt())
      return describe(name) + "asks for instructions that the target does not have";
  }
  return std::nullopt;
}
