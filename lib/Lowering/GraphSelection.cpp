//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the selection of graph kernels shares: where the storage of a graph lies, and how a kernel op is made.
//
//===----------------------------------------------------------------------===//
#include "GraphSelection.h"
#include "ExtentChecks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace spnn;

GraphSelector::GraphSelector(ModuleOp module, const ModuleTarget &target, RowOrder rowOrder)
    : builder(module.getContext()), target(target), rowOrder(rowOrder) {}

bool GraphSelector::fitsSecondCache(RankedTensorType type) const {
  auto cache = static_cast<int64_t>(target.get().l2Bytes);
  return type.hasStaticShape() && type.getNumElements() * type.getElementTypeBitWidth() / 8 <= cache;
}

int64_t GraphSelector::choosePrefetch(RankedTensorType features) const {
  // Zen 4: 8 to 24 measure alike.
  constexpr int64_t kDistance = 12;
  return fitsSecondCache(features) ? 0 : kDistance;
}

Value GraphSelector::extent(Value tensor, int64_t dim) {
  return builder.createOrFold<tensor::DimOp>(tensor.getLoc(), tensor, dim);
}

Value GraphSelector::createEmpty(Location loc, RankedTensorType type, ValueRange sizes) {
  return tensor::EmptyOp::create(builder, loc, type, sizes);
}

/// The sizes of the dynamic extents of `type` behind the first, from `like`.
static void addColumns(GraphSelector &selector, RankedTensorType type, Value like, SmallVectorImpl<Value> &sizes) {
  for (int64_t dim = 1; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(selector.extent(like, dim));
}

Value GraphSelector::createNodeData(Location loc, const GraphStorage &graph, RankedTensorType type, Value like,
                                    Value rowsLike) {
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0) && (rowsLike || graph.rowCount)) {
    sizes.push_back(rowsLike ? extent(rowsLike, 0) : graph.rowCount);
  } else if (type.isDynamicDim(0)) {
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    sizes.push_back(builder.createOrFold<arith::SubIOp>(loc, extent(graph.positions, 0), one));
  }
  addColumns(*this, type, like, sizes);
  return createEmpty(loc, type, sizes);
}

Value GraphSelector::createEdgeData(Location loc, const GraphStorage &graph, RankedTensorType type, Value like,
                                    Value rowsLike) {
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(extent(rowsLike ? rowsLike : graph.indices, 0));
  addColumns(*this, type, like, sizes);
  return createEmpty(loc, type, sizes);
}

KernelGraphOp GraphSelector::create(Location loc, StringRef kernel, const GraphStorage &graph, ArrayRef<Input> inputs,
                                    ValueRange inits, DictionaryAttr parameters, int64_t workPerEdge,
                                    Activation activation) {
  SmallVector<Value> values, storage;
  SmallVector<StringRef> names;
  for (auto [name, value] : inputs)
    if (value) {
      names.push_back(name);
      values.push_back(value);
    }
  for (Value buffer : {graph.positions, graph.indices, graph.rowNumbers})
    if (buffer)
      storage.push_back(buffer);
  auto op = KernelGraphOp::create(builder, loc, inits.getTypes(), storage, values, inits, builder.getStringAttr(kernel),
                                  graph.rows, graph.columns, builder.getStrArrayAttr(names), parameters, activation,
                                  /*parallel=*/false);
  // A region of threads takes some microseconds, in which one thread moves as many floats as this.
  constexpr int64_t kMinWork = 1 << 15;
  bool mayBeLarge = ShapedType::isDynamic(graph.edges) || ShapedType::isDynamic(graph.rows) ||
                    ShapedType::isDynamic(workPerEdge) || (graph.edges + graph.rows) * workPerEdge >= kMinWork;
  op.setParallel(mayBeLarge && (!target.machine || target.machine.getThreads() != 1));
  return op;
}

FailureOr<GraphStorage> GraphSelector::getStorage(Value graph, Operation *user) {
  if (auto known = storages.find(graph); known != storages.end())
    return known->second;
  FailureOr<GraphStorage> storage = failure();
  OpBuilder::InsertionGuard guard(builder);
  if (auto constant = graph.getDefiningOp<ConstantOp>())
    storage = readConstant(constant);
  else if (auto op = graph.getDefiningOp<AssembleOp>())
    storage = assemble(op);
  else if (auto op = graph.getDefiningOp<TransposeOp>())
    storage = transpose(op);
  else
    user->emitOpError() << "works on a graph that no spnn.constant, spnn.assemble or spnn.transpose in its function "
                           "made: storage cannot be found";
  if (succeeded(storage))
    storages[graph] = *storage;
  return storage;
}

Value GraphSelector::makeConstant(Location loc, ArrayRef<int32_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getI32Type());
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, values));
}

FailureOr<GraphStorage> GraphSelector::readConstant(ConstantOp op) {
  builder.setInsertionPointAfter(op);
  auto type = cast<RankedTensorType>(op.getType());
  GraphStorage result{{}, {}, type.getDimSize(0), type.getDimSize(1), 0, {}};
  // Buffers are taken as they are; another width of integers is read and written anew.
  auto getBuffer = [&](StringRef name) -> Value {
    auto attr = dyn_cast_or_null<TypedAttr>(op.getBuffers().get(name));
    auto buffer = attr ? dyn_cast<RankedTensorType>(attr.getType()) : RankedTensorType();
    return buffer && buffer.getElementType().isInteger(32) ? arith::ConstantOp::create(builder, op.getLoc(), attr)
                                                           : Value();
  };
  if (isa_and_nonnull<AdjacencyAttr>(type.getEncoding())) {
    result.positions = getBuffer("positions");
    result.indices = getBuffer("indices");
  }
  if (!result.positions || !result.indices) {
    std::optional<Adjacency> adjacency = getConstantAdjacency(op);
    if (!adjacency)
      return op.emitOpError() << "a graph is stored as #spnn.adjacency for kernels, got " << type;
    result.positions = makeConstant(op.getLoc(), adjacency->positions);
    result.indices = makeConstant(op.getLoc(), adjacency->indices);
  }
  result.edges = cast<RankedTensorType>(result.indices.getType()).getDimSize(0);
  return result;
}

FailureOr<GraphStorage> GraphSelector::assemble(AssembleOp op) {
  builder.setInsertionPointAfter(op);
  auto type = cast<RankedTensorType>(op.getType());
  GraphStorage result{op.getPositions(),
                      op.getIndices(),
                      type.getDimSize(0),
                      type.getDimSize(1),
                      cast<RankedTensorType>(op.getIndices().getType()).getDimSize(0),
                      op.getColumns()};
  auto positions = cast<RankedTensorType>(op.getPositions().getType());
  SmallVector<Value> sizes;
  if (positions.isDynamicDim(0))
    sizes.push_back(extent(op.getPositions(), 0));
  Value init = createEmpty(op.getLoc(), positions, sizes);
  DictionaryAttr parameters =
      builder.getDictionaryAttr(builder.getNamedAttr("symmetric", builder.getI64IntegerAttr(op.getSymmetric())));
  // Kernels read the positions that were checked; those of a graph that broke a rule are all 0, so no edge is followed.
  auto check = create(op.getLoc(), "assemble", result, {{"columns", op.getColumns()}}, init, parameters, 1);
  check.setParallel(false);
  result.positions = check.getResult(0);
  // The kernel says what is wrong. Without the right number of positions, though, there is not even a graph without
  // edges, and whoever counts rows as columns relies on both being equal.
  ExtentChecks checks(builder, op);
  if (ShapedType::isDynamic(result.rows)) {
    checks.requireAtLeast(checks.extent(op.getPositions(), 0), 1, "must have positions");
  } else {
    checks.require("positions", op.getPositions(), 0, builder.getIndexAttr(result.rows + 1),
                   "one element more than rows");
  }
  if (op.getColumns())
    checks.requireAtLeast(op.getColumns(), 0, "columns must not be negative");
  if (op.getSymmetric()) {
    checks.requireEqual(countRows(op.getLoc(), result), countColumns(result),
                        "a symmetric graph must have as many rows as columns");
    result.rowCount = op.getColumns();
  }
  return result;
}

OpFoldResult GraphSelector::countRows(Location loc, const GraphStorage &graph) {
  if (!ShapedType::isDynamic(graph.rows))
    return builder.getIndexAttr(graph.rows);
  if (graph.rowCount)
    return getAsOpFoldResult(graph.rowCount);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  return getAsOpFoldResult(builder.createOrFold<arith::SubIOp>(loc, extent(graph.positions, 0), one));
}

OpFoldResult GraphSelector::countColumns(const GraphStorage &graph) {
  return ShapedType::isDynamic(graph.columns) ? getAsOpFoldResult(graph.columnCount)
                                              : OpFoldResult(builder.getIndexAttr(graph.columns));
}

OpFoldResult GraphSelector::countEdges(const GraphStorage &graph) {
  return ShapedType::isDynamic(graph.edges) ? getAsOpFoldResult(extent(graph.indices, 0))
                                            : OpFoldResult(builder.getIndexAttr(graph.edges));
}

/// True if each element is the number of an edge, of as many as there are elements.
static bool numbersEdges(Value order) {
  while (auto cast = order.getDefiningOp<tensor::CastOp>())
    order = cast.getSource();
  if (order.getDefiningOp<TransposeOp>())
    return true;
  if (auto kernel = order.getDefiningOp<KernelGraphOp>())
    return kernel.getKernel() == "transpose" || kernel.getKernel() == "check-order";
  DenseIntElementsAttr values;
  return matchPattern(order, m_Constant(&values)) &&
         llvm::all_of(values, [&](const APInt &value) { return value.ult(values.getNumElements()); });
}

Value GraphSelector::getChecked(Operation *op, Value order) {
  if (!order || numbersEdges(order))
    return order;
  OpBuilder::InsertionGuard guard(builder);
  startAt(op);
  auto type = cast<RankedTensorType>(order.getType());
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(extent(order, 0));
  Value init = createEmpty(op->getLoc(), type, sizes);
  // No graph's storage is read.
  auto check = create(op->getLoc(), "check-order", GraphStorage(), {{"order", order}}, init, noParameters(), 1);
  check.setParallel(false);
  return check.getResult(0);
}

FailureOr<Value> GraphSelector::getOrder(TransposeOp op) {
  if (Value known = orders.lookup(op))
    return known;
  FailureOr<GraphStorage> storage = transpose(op);
  if (failed(storage))
    return failure();
  storages[op.getTransposed()] = *storage;
  return orders.lookup(op);
}

FailureOr<GraphStorage> GraphSelector::transpose(TransposeOp op) {
  FailureOr<GraphStorage> source = getStorage(op.getGraph(), op);
  if (failed(source))
    return failure();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfter(op);
  Location loc = op.getLoc();
  bool needsOrder = !op.getOrder().use_empty();
  bool isSymmetric = isKnownSymmetric(op.getGraph());
  if (isSymmetric && !needsOrder)
    return source;
  if (std::optional<Adjacency> adjacency = getConstantAdjacency(op.getGraph())) {
    std::vector<int32_t> order;
    Adjacency transposed = transposeAdjacency(*adjacency, order);
    if (needsOrder)
      orders[op] = makeConstant(loc, order);
    if (isSymmetric)
      return source;
    return GraphStorage{makeConstant(loc, transposed.positions),
                        makeConstant(loc, transposed.indices),
                        transposed.rows,
                        transposed.columns,
                        transposed.edges(),
                        {}};
  }
  auto i32 = builder.getI32Type();
  auto vector = [&](int64_t extent) { return RankedTensorType::get({extent}, i32); };
  bool isDynamic = ShapedType::isDynamic(source->columns);
  auto positionsType = vector(isDynamic ? ShapedType::kDynamic : source->columns + 1);
  SmallVector<Value> sizes;
  if (isDynamic) {
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    sizes.push_back(builder.createOrFold<arith::AddIOp>(loc, source->columnCount, one));
  }
  auto edgesType = vector(source->edges);
  SmallVector<Value> inits = {createEmpty(loc, positionsType, sizes), createEdgeData(loc, *source, edgesType),
                              createEdgeData(loc, *source, edgesType)};
  auto kernel = create(loc, "transpose", *source, {}, inits, noParameters(), 1);
  kernel.setParallel(false);
  ExtentChecks(builder, op).require("order", op.getOrder(), 0, countEdges(*source), "an element for each edge");
  Value order = kernel.getResult(2);
  if (order.getType() != op.getOrder().getType())
    order = tensor::CastOp::create(builder, loc, op.getOrder().getType(), order);
  orders[op] = order;
  GraphStorage result{kernel.getResult(0), kernel.getResult(1), source->columns, source->rows, source->edges, {},
                      source->columnCount};
  if (ShapedType::isDynamic(result.columns)) {
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    result.columnCount = builder.createOrFold<arith::SubIOp>(loc, extent(source->positions, 0), one);
  }
  return result;
}
