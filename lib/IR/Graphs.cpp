//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graphs as every pass sees them: extents, number of edges, structure of constants, symmetry.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/Graphs.h"

#include "spnn/IR/SparseFormats.h"

using namespace mlir;
using namespace spnn;

bool spnn::isGraph(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 2 && tensor.getElementType().isInteger(1) && isSparse(tensor);
}

Adjacency spnn::transposeAdjacency(const Adjacency &graph, std::vector<int32_t> &order) {
  Adjacency result;
  result.rows = graph.columns;
  result.columns = graph.rows;
  result.positions.assign(graph.columns + 1, 0);
  result.indices.resize(graph.indices.size());
  order.resize(graph.indices.size());
  // A counting sort by column; rows are met in ascending order.
  for (int32_t column : graph.indices)
    ++result.positions[column + 1];
  for (int64_t j = 0; j < graph.columns; ++j)
    result.positions[j + 1] += result.positions[j];
  std::vector<int32_t> next(result.positions.begin(), result.positions.end() - 1);
  for (int64_t i = 0; i < graph.rows; ++i)
    for (int32_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge) {
      int32_t slot = next[graph.indices[edge]]++;
      result.indices[slot] = static_cast<int32_t>(i);
      order[slot] = edge;
    }
  return result;
}

bool spnn::isSymmetric(const Adjacency &graph) {
  if (graph.rows != graph.columns)
    return false;
  // Walked by rows, the partners of an ascending row's edges are met in ascending order, so one cursor a row is enough.
  std::vector<int32_t> next(graph.positions.begin(), graph.positions.end() - 1);
  for (int64_t i = 0; i < graph.rows; ++i)
    for (int32_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge) {
      int32_t j = graph.indices[edge];
      if (next[j] == graph.positions[j + 1] || graph.indices[next[j]] != i)
        return false;
      ++next[j];
    }
  return true;
}

static std::vector<int32_t> readIndices(const format::StorageBuffer &buffer) {
  std::vector<int32_t> result(buffer.size());
  for (int64_t i = 0; i < buffer.size(); ++i)
    result[i] = static_cast<int32_t>(buffer.getUnsigned(i));
  return result;
}

std::optional<Adjacency> spnn::getConstantAdjacency(Value graph) {
  auto constant = graph.getDefiningOp<ConstantOp>();
  if (!constant || !isGraph(graph.getType()))
    return std::nullopt;
  auto type = cast<RankedTensorType>(constant.getType());
  auto emitError = [&]() { return constant.emitOpError(); };
  std::unique_ptr<format::SparseFormat> format = getSparseFormat(type, emitError);
  if (!format)
    return std::nullopt;
  FailureOr<format::Storage> storage = readStorage(constant.getBuffers(), type, *format, emitError);
  if (failed(storage))
    return std::nullopt;
  // Formats other than this one are left to spnn.convert.
  if (format->name() != format::makeAdjacency()->name())
    return std::nullopt;
  return Adjacency{type.getDimSize(0), type.getDimSize(1), readIndices((*storage)[0]), readIndices((*storage)[1])};
}

DictionaryAttr spnn::writeAdjacency(const Adjacency &graph, RankedTensorType type) {
  format::Storage storage;
  for (const std::vector<int32_t> *source : {&graph.positions, &graph.indices}) {
    format::StorageBuffer buffer;
    buffer.elementBytes = 4;
    const auto *bytes = reinterpret_cast<const uint8_t *>(source->data());
    buffer.data.assign(bytes, bytes + source->size() * 4);
    storage.push_back(std::move(buffer));
  }
  return writeStorage(storage, type, *format::makeAdjacency());
}

RankedTensorType spnn::getGraphType(MLIRContext *context, int64_t rows, int64_t columns) {
  return RankedTensorType::get({rows, columns}, IntegerType::get(context, 1), AdjacencyAttr::get(context));
}

int64_t spnn::countEdges(Value graph) {
  if (auto constant = graph.getDefiningOp<ConstantOp>())
    if (auto indices = dyn_cast_or_null<ElementsAttr>(constant.getBuffers().get("indices")))
      return indices.getNumElements();
  if (auto assemble = graph.getDefiningOp<AssembleOp>())
    return cast<RankedTensorType>(assemble.getIndices().getType()).getDimSize(0);
  if (auto transpose = graph.getDefiningOp<TransposeOp>())
    return countEdges(transpose.getGraph());
  return ShapedType::kDynamic;
}

bool spnn::isKnownSymmetric(Value graph) {
  if (auto assemble = graph.getDefiningOp<AssembleOp>())
    return assemble.getSymmetric();
  if (auto transpose = graph.getDefiningOp<TransposeOp>())
    return isKnownSymmetric(transpose.getGraph());
  std::optional<Adjacency> adjacency = getConstantAdjacency(graph);
  return adjacency && isSymmetric(*adjacency);
}
