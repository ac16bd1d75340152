//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Resize and Upsample: along each axis a few weighted elements, their positions and weights computed at import.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace spnn::onnximport;
using onnx::TensorProto;

namespace {
/// result[i] = the sum over t of weights[i * count + t] * x[positions[i * count + t]].
struct Taps {
  int64_t count = 1;
  std::vector<int64_t> positions;
  std::vector<double> weights;
};

struct Rule {
  StringRef mode, coordinates, nearest;
  double cubic;
  bool excludeOutside;
};
} // namespace

/// Where element i of the result lies in the input (ONNX, Resize, coordinate_transformation_mode).
static double origin(const Rule &rule, int64_t i, double scale, int64_t in, double out) {
  if (rule.coordinates == "asymmetric")
    return i / scale;
  if (rule.coordinates == "align_corners")
    return out == 1 ? 0 : static_cast<double>(i) * (in - 1) / (out - 1);
  if (rule.coordinates == "pytorch_half_pixel" && out <= 1)
    return 0;
  if (rule.coordinates == "tf_half_pixel_for_nn")
    return (i + 0.5) / scale;
  return (i + 0.5) / scale - 0.5;
}

static int64_t nearest(StringRef mode, double x) {
  if (mode == "floor")
    return std::floor(x);
  if (mode == "ceil")
    return std::ceil(x);
  // Halves go down, or up.
  return mode == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
}

/// The weight of an element at distance `x` in cubic interpolation (Keys, 1981, with parameter a).
static double cubicWeight(double x, double a) {
  x = std::fabs(x);
  if (x <= 1)
    return (a + 2) * x * x * x - (a + 3) * x * x + 1;
  return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
}

static Taps tapsAlong(const Rule &rule, double scale, int64_t in, int64_t out, double exactOut) {
  Taps taps;
  taps.count = rule.mode == "nearest" ? 1 : rule.mode == "linear" ? 2 : 4;
  for (int64_t i = 0; i < out; ++i) {
    double x = origin(rule, i, scale, in, exactOut);
    // Far outside everything is the border.
    x = std::clamp(x, -8.0, in + 8.0);
    if (taps.count == 1) {
      taps.positions.push_back(std::clamp<int64_t>(nearest(rule.nearest, x), 0, in - 1));
      taps.weights.push_back(1);
      continue;
    }
    int64_t base = std::floor(x);
    int64_t first = taps.count == 2 ? base : base - 1;
    double sum = 0;
    for (int64_t t = 0; t < taps.count; ++t) {
      int64_t position = first + t;
      double distance = x - position;
      double weight = taps.count == 2 ? 1 - std::fabs(distance) : cubicWeight(distance, rule.cubic);
      if (rule.excludeOutside && (position < 0 || position >= in))
        weight = 0;
      taps.positions.push_back(std::clamp<int64_t>(position, 0, in - 1));
      taps.weights.push_back(weight);
      sum += weight;
    }
    if (rule.excludeOutside && sum != 0)
      for (int64_t t = 0; t < taps.count; ++t)
        taps.weights[i * taps.count + t] /= sum;
  }
  return taps;
}

static Value applyTaps(Node &n, Value x, int64_t axis, const Taps &taps, int64_t out) {
  TensorData positions, weights;
  positions.type = TensorProto::INT64;
  weights.type = TensorProto::DOUBLE;
  positions.shape = weights.shape = {out, taps.count};
  auto *bytes = reinterpret_cast<const uint8_t *>(taps.positions.data());
  positions.bytes.assign(bytes, bytes + taps.positions.size() * sizeof(int64_t));
  bytes = reinterpret_cast<const uint8_t *>(taps.weights.data());
  weights.bytes.assign(bytes, bytes + taps.weights.size() * sizeof(double));

  int64_t rank = typeOf(x).getRank();
  Type type = typeOf(x).getElementType();
  SmallVector<OpFoldResult> sizes = sizesOf(n, x);
  sizes[axis] = number(n, out);
  auto position = [&](Scalars &s, Value at) -> Value {
    SmallVector<Value> indices;
    for (int64_t d = 0; d < rank; ++d)
      indices.push_back(d == axis ? s.toIndex(at) : s.index(d));
    return tensor::ExtractOp::create(s.b, x, indices);
  };
  AffineExpr along = n.b.getAffineDimExpr(axis), tap = n.b.getAffineDimExpr(rank);
  if (taps.count == 1) {
    positions.shape = {out};
    return mapped(n, n.importer.constant(positions, "positions"), AffineMap::get(rank, 0, along, n.b.getContext()),
                  sizes, type, [&](Scalars &s, ValueRange v) { return position(s, v[0]); });
  }
  AffineMap table = AffineMap::get(rank + 1, 0, {along, tap}, n.b.getContext());
  SmallVector<AffineExpr> exprs;
  for (int64_t d = 0; d < rank; ++d)
    exprs.push_back(n.b.getAffineDimExpr(d));
  SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
  iterators[rank] = utils::IteratorType::reduction;
  Value init = filled(n, sizes, numberAttr(type, 0));
  Value at = n.importer.constant(positions, "positions"), by = n.importer.constant(weights, "weights");
  return linalg::GenericOp::create(
             n.b, init.getType(), ValueRange{at, by}, init,
             ArrayRef<AffineMap>{table, table, AffineMap::get(rank + 1, 0, exprs, n.b.getContext())}, iterators,
             [&](OpBuilder &builder, Location loc, ValueRange v) {
               Scalars s{ImplicitLocOpBuilder(loc, builder), false};
               Value weight = s.cast(v[1], type, false);
               linalg::YieldOp::create(s.b, s.add(v[2], s.mul(weight, position(s, v[0]))));
             })
      .getResult(0);
}

static std::optional<SmallVector<double>> readScales(Node &n, int64_t operand) {
  SmallVector<double> scales;
  if (const Imported *given = n.imported(operand)) {
    if (!given->data || !given->data->isFloat() || given->data->shape.size() != 1)
      return (void)n.refuse("its scales are not known at import"), std::nullopt;
    for (int64_t i = 0; i < given->data->size(); ++i)
      scales.push_back(given->data->floatAt(i));
  } else if (const onnx::AttributeProto *attribute = n.attr("scales")) {
    scales.assign(attribute->floats().begin(), attribute->floats().end());
  }
  return scales;
}

static LogicalResult importResize(Node &n) {
  bool upsample = n.proto.op_type() == "Upsample", old = upsample || n.opset < 11;
  Rule rule = {n.string("mode", "nearest"), n.string("coordinate_transformation_mode", "half_pixel"),
               n.string("nearest_mode", "round_prefer_floor"), n.real("cubic_coeff_a", -0.75f),
               n.integer("exclude_outside", 0) != 0};
  if (old) {
    rule.coordinates = "asymmetric";
    rule.nearest = "floor";
  }
  if (!llvm::is_contained({"nearest", "linear", "cubic"}, rule.mode))
    return n.refuse("mode '" + rule.mode + "' is not supported");
  if (rule.coordinates == "tf_crop_and_resize")
    return n.refuse("coordinate_transformation_mode 'tf_crop_and_resize' is not supported");
  int64_t rank = n.rank(0);
  std::optional<SmallVector<double>> scales = readScales(n, old ? 1 : 2);
  if (!scales)
    return failure();
  std::optional<SmallVector<int64_t>> sizes;
  if (scales->empty() && n.has(3)) {
    sizes = n.numbers(3, "the list of sizes");
    if (!sizes)
      return failure();
  }
  if (static_cast<int64_t>(sizes ? sizes->size() : scales->size()) != rank)
    return n.refuse("its scales or sizes do not have " + Twine(rank) + " numbers");
  Value x = n.in(0);
  if (!n.isFloat(0) && rule.mode != "nearest")
    return n.refuse("interpolation of integers is not supported");
  for (int64_t d = 0; d < rank; ++d) {
    int64_t in = n.shape(0)[d];
    if (sizes ? (*sizes)[d] == in : (*scales)[d] == 1.0)
      continue;
    if (ShapedType::isDynamic(in) || in == 0)
      return n.refuse("the extent of dimension " + Twine(d) + " must be known and positive");
    double extent = sizes ? static_cast<double>((*sizes)[d]) : std::floor(in * (*scales)[d]);
    if (!(extent >= 1 && extent <= (1 << 20)))
      return n.refuse("its result would have an extent that is not between 1 and 2^20");
    int64_t out = extent;
    double scale = sizes ? extent / in : (*scales)[d];
    // The corners align at in * scale, before it is rounded down.
    x = applyTaps(n, x, d, tapsAlong(rule, scale, in, out, in * scale), out);
  }
  return n.set(0, x);
}

ArrayRef<OpEntry> spnn::onnximport::resizeOps() {
  static const OpEntry entries[] = {
      {"Resize", importResize, "scales or sizes known; not tf_crop_and_resize"},
      {"Upsample", importResize, "scales known"},
  };
  return entries;
}
