//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attributes of the spnn dialect: parsing, printing and verification of what ODS cannot say.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"

#include "spnn/Format/NmgPatterns.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace spnn;

/// `, dot = [types]` and `, expand = [types]`, each once at most, in this order where they are printed.
static ParseResult parseTargetTypes(AsmParser &parser, SmallVector<Type> &dot, SmallVector<Type> &expand) {
  while (succeeded(parser.parseOptionalComma())) {
    StringRef keyword;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword))
      return failure();
    SmallVector<Type> *types = keyword == "dot" ? &dot : keyword == "expand" ? &expand : nullptr;
    if (!types)
      return parser.emitError(loc, "expected dot or expand");
    if (!types->empty())
      return parser.emitError(loc, keyword + " is given twice");
    if (parser.parseEqual() || parser.parseLSquare() || parser.parseTypeList(*types) || parser.parseRSquare())
      return failure();
  }
  return success();
}

static void printTargetTypes(AsmPrinter &printer, ArrayRef<Type> dot, ArrayRef<Type> expand) {
  if (!dot.empty())
    printer << ", dot = [" << dot << "]";
  if (!expand.empty())
    printer << ", expand = [" << expand << "]";
}

#include "spnn/IR/SPNNEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "spnn/IR/SPNNAttrs.cpp.inc"

void SPNNDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "spnn/IR/SPNNAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// PatternAttr
//===----------------------------------------------------------------------===//

LogicalResult PatternAttr::verify(function_ref<InFlightDiagnostic()> emitError, PatternKind kind, int64_t rows,
                                  int64_t cols, llvm::APFloat sparsity, int64_t group) {
  // P1
  double fraction = sparsity.convertToDouble();
  bool isRatio = kind == PatternKind::NM || kind == PatternKind::NMG;
  if (!isRatio && !(fraction >= 0.0 && fraction <= 1.0))
    return emitError() << "sparsity must be in [0, 1], got " << fraction;
  // P2
  if (kind == PatternKind::Block && (rows < 1 || cols < 1))
    return emitError() << "block extents must be positive, got " << rows << "x" << cols;
  // P3
  if (kind == PatternKind::NM && (rows < 1 || rows > cols))
    return emitError() << "n:m needs 1 <= n <= m, got " << rows << ":" << cols;
  // P4
  if (kind == PatternKind::NMG)
    if (std::optional<std::string> broken = format::Nmg{rows, cols, group}.check())
      return emitError() << *broken;
  return success();
}

/// Parses "4x1" (which the lexer may split as `4`, `x1`) into its two extents.
static ParseResult parseBlock(AsmParser &parser, int64_t &rows, int64_t &cols) {
  SmallVector<int64_t> dims;
  if (parser.parseDimensionList(dims, /*allowDynamic=*/false, /*withTrailingX=*/false))
    return failure();
  if (dims.size() != 2)
    return parser.emitError(parser.getCurrentLocation(), "expected a block shape such as 4x1");
  rows = dims[0];
  cols = dims[1];
  return success();
}

Attribute PatternAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  SMLoc loc = parser.getCurrentLocation();
  PatternKind kind;
  int64_t rows = 1, cols = 1, group = 1;
  double sparsity = 0.0;
  if (succeeded(parser.parseOptionalKeyword("unstructured"))) {
    kind = PatternKind::Unstructured;
  } else if (succeeded(parser.parseOptionalKeyword("block"))) {
    kind = PatternKind::Block;
    if (parseBlock(parser, rows, cols))
      return {};
  } else {
    kind = PatternKind::NM;
    if (parser.parseInteger(rows) || parser.parseColon() || parser.parseInteger(cols))
      return {};
    if (succeeded(parser.parseOptionalColon())) {
      kind = PatternKind::NMG;
      if (parser.parseInteger(group))
        return {};
    }
  }
  if (kind != PatternKind::NM && kind != PatternKind::NMG && (parser.parseComma() || parser.parseFloat(sparsity)))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<PatternAttr>(loc, parser.getContext(), kind, rows, cols, llvm::APFloat(sparsity), group);
}

void PatternAttr::print(AsmPrinter &printer) const {
  printer << "<";
  switch (getKind()) {
  case PatternKind::Unstructured:
    printer << "unstructured, ";
    break;
  case PatternKind::Block:
    printer << "block " << getRows() << "x" << getCols() << ", ";
    break;
  case PatternKind::NM:
    printer << getRows() << ":" << getCols() << ">";
    return;
  case PatternKind::NMG:
    printer << getRows() << ":" << getCols() << ":" << getGroup() << ">";
    return;
  }
  // printFloat gives a form that reads back to the same value.
  printer.printFloat(getSparsity());
  printer << ">";
}

//===----------------------------------------------------------------------===//
// PanelsAttr
//===----------------------------------------------------------------------===//

LogicalResult PanelsAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t width, int64_t vector) {
  // L1
  if (vector < 1 || vector > 16 || (vector & (vector - 1)) != 0)
    return emitError() << "vector must be 1, 2, 4, 8 or 16, got " << vector;
  // L2
  if (width < 1 || width % vector != 0)
    return emitError() << "width must be a positive multiple of vector = " << vector << ", got " << width;
  return success();
}

//===----------------------------------------------------------------------===//
// BitmapAttr
//===----------------------------------------------------------------------===//

LogicalResult BitmapAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                         function_ref<InFlightDiagnostic()> emitError) const {
  // B1
  if (shape.size() != 2 || ShapedType::isDynamicShape(shape))
    return emitError() << "#spnn.bitmap needs a static type of rank 2";
  return success();
}

std::unique_ptr<format::SparseFormat> BitmapAttr::getFormat(RankedTensorType type, std::string &reason) const {
  return format::makeBitmap();
}

//===----------------------------------------------------------------------===//
// AdjacencyAttr
//===----------------------------------------------------------------------===//

LogicalResult AdjacencyAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                            function_ref<InFlightDiagnostic()> emitError) const {
  // A1
  if (shape.size() != 2 || !elementType.isInteger(1))
    return emitError() << "#spnn.adjacency needs a type of rank 2 with elements of i1";
  return success();
}

std::unique_ptr<format::SparseFormat> AdjacencyAttr::getFormat(RankedTensorType type, std::string &reason) const {
  return format::makeAdjacency();
}

//===----------------------------------------------------------------------===//
// NmgAttr
//===----------------------------------------------------------------------===//

LogicalResult NmgAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t n, int64_t m, int64_t g) {
  // G1
  if (std::optional<std::string> broken = format::Nmg{n, m, g}.check())
    return emitError() << *broken;
  return success();
}

LogicalResult NmgAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                      function_ref<InFlightDiagnostic()> emitError) const {
  // G2
  if (shape.size() != 2 || ShapedType::isDynamicShape(shape))
    return emitError() << "#spnn.nmg needs a static type of rank 2";
  return success();
}

std::unique_ptr<format::SparseFormat> NmgAttr::getFormat(RankedTensorType type, std::string &reason) const {
  return format::makeNmg({getN(), getM(), getG()});
}
