//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Einsum: one linalg.generic whose indexing maps are the terms of the equation.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mlir;
using namespace spnn::onnximport;

namespace {
/// The loops of an equation: one a letter, and one a dimension that "..." stands for, counted from the right.
struct Loops {
  std::map<int, int64_t> ids; // a letter, or -1 - k for dimension k from the right of "..."
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> extents;
};
} // namespace

/// The loop names of a term, with "..." for `hidden` dimensions; fails on anything but letters.
static bool parseTerm(Node &n, StringRef term, int64_t hidden, SmallVector<int> &names) {
  bool seen = false;
  while (!term.empty()) {
    if (term.consume_front("...")) {
      if (seen)
        return (void)n.refuse("a term of its equation has two '...'"), false;
      seen = true;
      for (int64_t k = hidden; k > 0; --k)
        names.push_back(static_cast<int>(-k));
      continue;
    }
    if (!llvm::isAlpha(term.front()))
      return (void)n.refuse("its equation has the character '" + Twine(term.front()) + "'"), false;
    names.push_back(term.front());
    term = term.drop_front();
  }
  return true;
}

static int64_t countLetters(StringRef term) { return llvm::count_if(term, llvm::isAlpha); }

/// The terms of the operands and of the result, which by default is the letters that occur once, in order.
static void splitEquation(Node &n, SmallVector<std::string> &terms, std::string &result) {
  std::string equation;
  for (char c : n.string("equation", ""))
    if (c != ' ')
      equation += c;
  auto [left, right] = StringRef(equation).split("->");
  bool isExplicit = StringRef(equation).contains("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  for (StringRef part : parts)
    terms.push_back(part.str());
  if (isExplicit) {
    result = right.str();
    return;
  }
  result = left.contains("...") ? "..." : "";
  for (char c = 'A'; c <= 'z'; ++c)
    if (llvm::isAlpha(c) && left.count(c) == 1)
      result += c;
}

static LogicalResult importEinsum(Node &n) {
  SmallVector<std::string> terms;
  std::string resultTerm;
  splitEquation(n, terms, resultTerm);
  SmallVector<Value> inputs = n.all();
  if (terms.size() != inputs.size())
    return n.refuse("its equation has " + Twine(terms.size()) + " terms for " + Twine(inputs.size()) + " inputs");
  Loops loops;
  SmallVector<SmallVector<int>> names(terms.size());
  int64_t hiddenMost = 0;
  for (auto [i, term] : llvm::enumerate(terms)) {
    int64_t hidden = n.rank(i) - countLetters(term);
    bool ellipsis = StringRef(term).contains("...");
    if (hidden < 0 || (hidden > 0 && !ellipsis))
      return n.refuse("term '" + Twine(term) + "' does not fit an input of rank " + Twine(n.rank(i)));
    hiddenMost = std::max(hiddenMost, ellipsis ? hidden : 0);
    if (!parseTerm(n, term, hidden, names[i]))
      return failure();
    for (auto [d, name] : llvm::enumerate(names[i])) {
      int64_t extent = n.shape(i)[d];
      auto [slot, fresh] = loops.ids.try_emplace(name, loops.sizes.size());
      if (fresh) {
        loops.sizes.push_back(sizeOf(n, inputs[i], d));
        loops.extents.push_back(extent);
        continue;
      }
      int64_t &known = loops.extents[slot->second];
      if (known == extent || extent == 1 || (ShapedType::isDynamic(extent) && known != 1))
        continue;
      if (known != 1 && !ShapedType::isDynamic(known))
        return n.refuse("its inputs have extents " + Twine(known) + " and " + Twine(extent) + " for one letter");
      known = extent;
      loops.sizes[slot->second] = sizeOf(n, inputs[i], d);
    }
  }
  SmallVector<int> resultNames;
  if (!parseTerm(n, resultTerm, hiddenMost, resultNames))
    return failure();
  int64_t rank = loops.sizes.size();
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::reduction);
  SmallVector<OpFoldResult> sizes;
  SmallVector<AffineExpr> out;
  for (int name : resultNames) {
    auto found = loops.ids.find(name);
    if (found == loops.ids.end() || iterators[found->second] == utils::IteratorType::parallel)
      return n.refuse("the result of its equation has a letter that no input has, or one twice");
    iterators[found->second] = utils::IteratorType::parallel;
    sizes.push_back(loops.sizes[found->second]);
    out.push_back(n.b.getAffineDimExpr(found->second));
  }
  SmallVector<AffineMap> maps;
  for (auto [i, list] : llvm::enumerate(names)) {
    SmallVector<AffineExpr> exprs;
    for (auto [d, name] : llvm::enumerate(list)) {
      int64_t loop = loops.ids[name];
      bool stretched = n.shape(i)[d] == 1 && loops.extents[loop] != 1;
      exprs.push_back(stretched ? n.b.getAffineConstantExpr(0) : n.b.getAffineDimExpr(loop));
    }
    maps.push_back(AffineMap::get(rank, 0, exprs, n.b.getContext()));
  }
  maps.push_back(AffineMap::get(rank, 0, out, n.b.getContext()));
  Value init = filled(n, sizes, numberAttr(n.elementType(0), 0));
  auto op = linalg::GenericOp::create(n.b, init.getType(), inputs, init, maps, iterators,
                                      [](OpBuilder &builder, Location loc, ValueRange x) {
                                        Scalars s{ImplicitLocOpBuilder(loc, builder), false};
                                        Value product = x[0];
                                        for (Value factor : x.drop_front().drop_back())
                                          product = s.mul(product, factor);
                                        linalg::YieldOp::create(s.b, s.add(x.back(), product));
                                      });
  return n.set(0, op.getResult(0));
}

ArrayRef<OpEntry> spnn::onnximport::einsumOps() {
  static const OpEntry entries[] = {
      {"Einsum", importEinsum, ""},
  };
  return entries;
}
