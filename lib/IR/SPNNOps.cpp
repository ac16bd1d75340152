//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What every op definition of the dialect needs: generated code and the custom pieces of its assembly.
//
//===----------------------------------------------------------------------===//
#include "Extents.h"
#include "spnn/IR/SPNN.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace spnn;

/// `activation(relu)`, absent for none.
static ParseResult parseEpilogue(OpAsmParser &parser, ActivationAttr &activation) {
  activation = ActivationAttr::get(parser.getContext(), Activation::None);
  if (failed(parser.parseOptionalKeyword("activation")))
    return success();
  StringRef name;
  SMLoc loc;
  if (parser.parseLParen() || parser.getCurrentLocation(&loc) || parser.parseKeyword(&name) || parser.parseRParen())
    return failure();
  std::optional<Activation> value = symbolizeActivation(name);
  if (!value)
    return parser.emitError(loc) << "unknown activation '" << name
                                 << "', expected none, relu, gelu_erf, gelu_tanh, sigmoid, tanh or silu";
  activation = ActivationAttr::get(parser.getContext(), *value);
  return success();
}

static void printEpilogue(OpAsmPrinter &printer, Operation *, ActivationAttr activation) {
  if (activation.getValue() != Activation::None)
    printer << "activation(" << stringifyActivation(activation.getValue()) << ")";
}

/// `(magnitude)`.
static ParseResult parseEnumInParens(OpAsmParser &parser, PruneMethodAttr &method) {
  StringRef name;
  SMLoc loc;
  if (parser.parseLParen() || parser.getCurrentLocation(&loc) || parser.parseKeyword(&name) || parser.parseRParen())
    return failure();
  std::optional<PruneMethod> value = symbolizePruneMethod(name);
  if (!value)
    return parser.emitError(loc) << "unknown pruning method '" << name << "', expected magnitude";
  method = PruneMethodAttr::get(parser.getContext(), *value);
  return success();
}

static void printEnumInParens(OpAsmPrinter &printer, Operation *, PruneMethodAttr method) {
  printer << "(" << stringifyPruneMethod(method.getValue()) << ")";
}

/// `<add>`.
static ParseResult parseCombiningKind(OpAsmParser &parser, vector::CombiningKindAttr &kind) {
  kind = dyn_cast_or_null<vector::CombiningKindAttr>(vector::CombiningKindAttr::parse(parser, Type()));
  return success(kind != nullptr);
}

static void printCombiningKind(OpAsmPrinter &printer, Operation *, vector::CombiningKindAttr kind) {
  kind.print(printer);
}

/// The keyword of an enum attribute; `what` names the enum in the error.
template <typename AttrT, typename EnumT>
static ParseResult parseKeyword(OpAsmParser &parser, AttrT &attr, std::optional<EnumT> (*symbolize)(StringRef),
                                StringRef what, StringRef expected) {
  StringRef name;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&name))
    return failure();
  std::optional<EnumT> value = symbolize(name);
  if (!value)
    return parser.emitError(loc) << "unknown " << what << " '" << name << "', expected " << expected;
  attr = AttrT::get(parser.getContext(), *value);
  return success();
}

static ParseResult parseAggregateKind(OpAsmParser &parser, AggregateKindAttr &kind) {
  return parseKeyword(parser, kind, symbolizeAggregateKind, "kind of aggregation", "sum, mean, max or min");
}

static void printAggregateKind(OpAsmPrinter &printer, Operation *, AggregateKindAttr kind) {
  printer << stringifyAggregateKind(kind.getValue());
}

static ParseResult parseSDDMMKind(OpAsmParser &parser, SDDMMKindAttr &kind) {
  return parseKeyword(parser, kind, symbolizeSDDMMKind, "kind of sddmm", "dot or add");
}

static void printSDDMMKind(OpAsmPrinter &printer, Operation *, SDDMMKindAttr kind) {
  printer << stringifySDDMMKind(kind.getValue());
}

static ParseResult parseScoreKind(OpAsmParser &parser, ScoreKindAttr &kind) {
  return parseKeyword(parser, kind, symbolizeScoreKind, "kind of score", "gat or gatv2");
}

static void printScoreKind(OpAsmPrinter &printer, Operation *, ScoreKindAttr kind) {
  printer << stringifyScoreKind(kind.getValue());
}

static ParseResult parseLossKind(OpAsmParser &parser, LossKindAttr &kind) {
  return parseKeyword(parser, kind, symbolizeLossKind, "loss", "cross_entropy, binary_cross_entropy or mean_squared");
}

static void printLossKind(OpAsmPrinter &printer, Operation *, LossKindAttr kind) {
  printer << stringifyLossKind(kind.getValue());
}

/// `2708 x 2708`, `?` for a dynamic extent.
static ParseResult parseExtents(OpAsmParser &parser, IntegerAttr &rows, IntegerAttr &cols) {
  auto parseExtent = [&](IntegerAttr &attr) -> ParseResult {
    int64_t extent = ShapedType::kDynamic;
    if (failed(parser.parseOptionalQuestion()) && parser.parseInteger(extent))
      return failure();
    attr = parser.getBuilder().getI64IntegerAttr(extent);
    return success();
  };
  return failure(parseExtent(rows) || parser.parseKeyword("x") || parseExtent(cols));
}

static void printExtents(OpAsmPrinter &printer, Operation *, IntegerAttr rows, IntegerAttr cols) {
  printer << printExtent(rows.getInt()) << " x " << printExtent(cols.getInt());
}

#define GET_OP_CLASSES
#include "spnn/IR/SPNNOps.cpp.inc"
