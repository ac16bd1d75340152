//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a kernel op for graph attention says: its shape, options and buffers.
//
//===----------------------------------------------------------------------===//
#include "AttentionProblem.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spnn;

/// Copies of rows that both kernels work on.
static SmallVector<AttentionWorkspace> getCopies(const AttentionShape &shape, bool isV2, bool sharesFeatures) {
  SmallVector<AttentionWorkspace> result;
  if (!shape.rowsAreLaidOut())
    result.push_back({"features", AttentionRows::Columns, shape.rowElements()});
  if (isV2 && !sharesFeatures && !shape.rowsAreLaidOut())
    result.push_back({"column_scores", AttentionRows::Columns, shape.rowElements()});
  if (!isV2 && !shape.headsAreLaidOut())
    result.push_back({"column_scores", AttentionRows::Columns, shape.paddedHeads()});
  return result;
}

/// `blocks` of coefficients and `rows` of features for each task, up to a whole line of the cache.
static AttentionWorkspace getScratch(const AttentionShape &shape, int64_t blocks, int64_t rows) {
  int64_t elements = blocks * shape.blockEdges() * shape.paddedHeads() + rows * shape.rowElements();
  return {"scratch", AttentionRows::Tasks, static_cast<int64_t>(llvm::alignTo(elements, 16))};
}

SmallVector<AttentionWorkspace> spnn::getForwardWorkspaces(const AttentionShape &shape, bool isV2,
                                                           bool sharesFeatures) {
  SmallVector<AttentionWorkspace> result = getCopies(shape, isV2, sharesFeatures);
  result.push_back(getScratch(shape, 1, isV2 ? 3 : 1));
  return result;
}

SmallVector<AttentionWorkspace> spnn::getBackwardWorkspaces(const AttentionShape &shape, bool isV2,
                                                            bool sharesFeatures) {
  SmallVector<AttentionWorkspace> result = getCopies(shape, isV2, sharesFeatures);
  if (!shape.rowsAreLaidOut())
    result.push_back({"gradient", AttentionRows::Rows, shape.rowElements()});
  if (isV2 && !shape.rowsAreLaidOut())
    result.push_back({"row_scores", AttentionRows::Rows, shape.rowElements()});
  result.push_back({"records", AttentionRows::Rows, 3 * shape.paddedHeads()});
  if (isV2)
    result.push_back({"d_attention", AttentionRows::Tasks, shape.rowElements()});
  result.push_back(getScratch(shape, isV2 ? 2 : 1, isV2 ? 3 : 1));
  return result;
}

Value AttentionProblem::input(StringRef name) const {
  Value found = KernelGraphOp(op).getInput(name);
  return !found && isV2 && name == "column_scores" ? input("features") : found;
}

Value AttentionProblem::workspace(StringRef name) const {
  if (isV2 && name == "column_scores" && !KernelGraphOp(op).getInput(name))
    name = "features";
  for (auto [number, workspace] : llvm::enumerate(workspaces))
    if (workspace.name == name)
      return inits()[countResults() + number];
  return Value();
}

Value AttentionProblem::rows(StringRef name) const {
  Value found = workspace(name);
  return found ? found : input(name);
}

bool AttentionProblem::hasFewCoefficients() const {
  int64_t edges = cast<ShapedType>(indices().getType()).getDimSize(0);
  return !ShapedType::isDynamic(edges) && edges < (int64_t(1) << 32) / shape.heads;
}

FailureOr<AttentionProblem> AttentionProblem::read(KernelGraphOp op, bool isBackward) {
  StringRef kernel = op.getKernel();
  auto fail = [&]() { return op.emitOpError() << "kernel '" << kernel << "' "; };
  AttentionProblem result;
  result.op = op;
  auto integer = [&](StringRef name) {
    auto attr = op.getParameters().getAs<IntegerAttr>(name);
    return attr ? attr.getInt() : 0;
  };
  int64_t heads = integer("heads"), vector = integer("vector");
  if (heads < 1 || vector < 1 || vector > 64 || !llvm::isPowerOf2_64(vector))
    return fail() << "needs the parameters 'heads', at least 1, and 'vector', a power of two up to 64";
  if (op.getStorage().size() != 2)
    return fail() << "takes 2 storage buffers, positions and indices, got " << op.getStorage().size();
  SmallVector<StringRef> needed = {"features", "row_scores"};
  result.isV2 = op.getInput("attention") != nullptr;
  if (!result.isV2)
    needed.push_back("column_scores");
  if (isBackward)
    needed.append({"output", "logsumexp", "gradient", "transposed_positions", "transposed_indices"});
  if (isBackward && (op.getInput("seed") || op.getInput("coefficients")))
    needed.push_back("order");
  for (StringRef name : needed)
    if (!op.getInput(name))
      return fail() << "needs the input '" << name << "'";
  auto features = dyn_cast<ShapedType>(op.getInput("features").getType());
  if (!features || features.getRank() != 2 || features.isDynamicDim(1) || features.getDimSize(1) % heads != 0)
    return fail() << "needs features with a known number of columns that the heads divide, got "
                  << op.getInput("features").getType();
  result.element = features.getElementType();
  result.shape = {heads, features.getDimSize(1) / heads, vector};
  if (auto slope = op.getParameters().getAs<FloatAttr>("slope"))
    result.slope = slope.getValueAsDouble();
  if (auto rate = op.getParameters().getAs<FloatAttr>("rate"))
    result.rate = rate.getValueAsDouble();
  result.stream = integer("stream");
  result.prefetch = integer("prefetch");
  bool shares = result.isV2 && !op.getInput("column_scores");
  result.workspaces = isBackward ? getBackwardWorkspaces(result.shape, result.isV2, shares)
                                 : getForwardWorkspaces(result.shape, result.isV2, shares);
  size_t results = isBackward ? (result.isV2 ? 4 : 3) : 2, most = isBackward ? results : 3;
  size_t count = op.getInit().size();
  if (count < results + result.workspaces.size() || count > most + result.workspaces.size())
    return fail() << "has " << results << (most > results ? " or 3" : "") << " results and " << result.workspaces.size()
                  << " workspaces, got " << count << " inits";
  for (auto [number, workspace] : llvm::enumerate(result.workspaces)) {
    Type type = op.getInit()[count - result.workspaces.size() + number].getType();
    auto buffer = cast<ShapedType>(type);
    if (buffer.getRank() != 2 || buffer.getDimSize(1) != workspace.elements ||
        buffer.getElementType() != result.element)
      return fail() << "needs workspace '" << workspace.name << "' with rows of " << workspace.elements << " "
                    << result.element << ", got " << type;
  }
  return result;
}
