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

#define GET_OP_CLASSES
#include "spnn/IR/SPNNOps.cpp.inc"
