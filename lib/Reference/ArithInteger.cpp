//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise ops of arith on integers of 1 to 64 bits and index.
//
//===----------------------------------------------------------------------===//
#include "Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace spnn::reference;

using Kind = IntegerKind;

// Sums and products wrap around, computed without sign because signed overflow is undefined in C++.
static int64_t add(const Kind &, int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) + uint64_t(b)); }
static int64_t subtract(const Kind &, int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) - uint64_t(b)); }
static int64_t multiply(const Kind &, int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) * uint64_t(b)); }
static int64_t bitAnd(const Kind &, int64_t a, int64_t b) { return a & b; }
static int64_t bitOr(const Kind &, int64_t a, int64_t b) { return a | b; }
static int64_t bitXor(const Kind &, int64_t a, int64_t b) { return a ^ b; }

static int64_t shiftLeft(const Kind &k, int64_t a, int64_t b) {
  uint64_t amount = k.getUnsigned(b);
  return amount >= k.width ? 0 : static_cast<int64_t>(k.getUnsigned(a) << amount);
}
static int64_t shiftRightUnsigned(const Kind &k, int64_t a, int64_t b) {
  uint64_t amount = k.getUnsigned(b);
  return amount >= k.width ? 0 : static_cast<int64_t>(k.getUnsigned(a) >> amount);
}
static int64_t shiftRightSigned(const Kind &k, int64_t a, int64_t b) {
  uint64_t amount = k.getUnsigned(b);
  return k.getSigned(a) >> (amount >= k.width ? k.width - 1 : amount);
}

static int64_t maxSigned(const Kind &k, int64_t a, int64_t b) { return k.getSigned(a) < k.getSigned(b) ? b : a; }
static int64_t minSigned(const Kind &k, int64_t a, int64_t b) { return k.getSigned(b) < k.getSigned(a) ? b : a; }
static int64_t maxUnsigned(const Kind &k, int64_t a, int64_t b) { return k.getUnsigned(a) < k.getUnsigned(b) ? b : a; }
static int64_t minUnsigned(const Kind &k, int64_t a, int64_t b) { return k.getUnsigned(b) < k.getUnsigned(a) ? b : a; }

// High halves of products and the carry of a sum.
static int64_t carry(const Kind &k, int64_t a, int64_t b) {
  uint64_t sum = k.getUnsigned(k.getUnsigned(a) + k.getUnsigned(b));
  return sum < k.getUnsigned(a);
}
static int64_t highSigned(const Kind &k, int64_t a, int64_t b) {
  return static_cast<int64_t>((static_cast<__int128>(k.getSigned(a)) * k.getSigned(b)) >> k.width);
}
static int64_t highUnsigned(const Kind &k, int64_t a, int64_t b) {
  return static_cast<int64_t>((static_cast<unsigned __int128>(k.getUnsigned(a)) * k.getUnsigned(b)) >> k.width);
}

static int64_t quotient(int64_t a, int64_t b) { return a / b; }
static int64_t remainderOf(int64_t a, int64_t b) { return a % b; }
static int64_t ceilQuotient(int64_t a, int64_t b) { return a / b + (a % b != 0 && (a < 0) == (b < 0)); }
static int64_t floorQuotient(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

template <int64_t (*fn)(int64_t, int64_t)>
static const char *divideSigned(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  const Kind &kind = kernel.operandKind;
  int64_t smallest = static_cast<int64_t>(~uint64_t(0) << (kind.width - 1));
  for (int64_t i = 0; i < n; ++i) {
    int64_t a = kind.getSigned(in[0][i].i), b = kind.getSigned(in[1][i].i);
    if (b == 0)
      return "division by zero";
    if (a == smallest && b == -1)
      return "signed overflow in a division of the smallest integer by -1";
    out[i].i = kind.wrap(fn(a, b));
  }
  return nullptr;
}

static uint64_t unsignedQuotient(uint64_t a, uint64_t b) { return a / b; }
static uint64_t unsignedRemainder(uint64_t a, uint64_t b) { return a % b; }
static uint64_t unsignedCeilQuotient(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

template <uint64_t (*fn)(uint64_t, uint64_t)>
static const char *divideUnsigned(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  const Kind &kind = kernel.operandKind;
  for (int64_t i = 0; i < n; ++i) {
    uint64_t b = kind.getUnsigned(in[1][i].i);
    if (b == 0)
      return "division by zero";
    out[i].i = kind.wrap(static_cast<int64_t>(fn(kind.getUnsigned(in[0][i].i), b)));
  }
  return nullptr;
}

static bool compare(arith::CmpIPredicate predicate, const Kind &k, int64_t a, int64_t b) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return a == b;
  case arith::CmpIPredicate::ne:
    return a != b;
  case arith::CmpIPredicate::slt:
    return k.getSigned(a) < k.getSigned(b);
  case arith::CmpIPredicate::sle:
    return k.getSigned(a) <= k.getSigned(b);
  case arith::CmpIPredicate::sgt:
    return k.getSigned(a) > k.getSigned(b);
  case arith::CmpIPredicate::sge:
    return k.getSigned(a) >= k.getSigned(b);
  case arith::CmpIPredicate::ult:
    return k.getUnsigned(a) < k.getUnsigned(b);
  case arith::CmpIPredicate::ule:
    return k.getUnsigned(a) <= k.getUnsigned(b);
  case arith::CmpIPredicate::ugt:
    return k.getUnsigned(a) > k.getUnsigned(b);
  case arith::CmpIPredicate::uge:
    return k.getUnsigned(a) >= k.getUnsigned(b);
  }
  return false;
}

static const char *compareIntegers(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  auto predicate = static_cast<arith::CmpIPredicate>(kernel.predicate);
  for (int64_t i = 0; i < n; ++i)
    out[i].i = compare(predicate, kernel.operandKind, in[0][i].i, in[1][i].i);
  return nullptr;
}

ScalarFunction spnn::reference::getArithIntegerFunction(Operation *op, unsigned index) {
  return llvm::TypeSwitch<Operation *, ScalarFunction>(op)
      .Case([](arith::AddIOp) { return mapInt2<add>; })
      .Case([](arith::SubIOp) { return mapInt2<subtract>; })
      .Case([](arith::MulIOp) { return mapInt2<multiply>; })
      .Case([](arith::AndIOp) { return mapInt2<bitAnd>; })
      .Case([](arith::OrIOp) { return mapInt2<bitOr>; })
      .Case([](arith::XOrIOp) { return mapInt2<bitXor>; })
      .Case([](arith::ShLIOp) { return mapInt2<shiftLeft>; })
      .Case([](arith::ShRUIOp) { return mapInt2<shiftRightUnsigned>; })
      .Case([](arith::ShRSIOp) { return mapInt2<shiftRightSigned>; })
      .Case([](arith::MaxSIOp) { return mapInt2<maxSigned>; })
      .Case([](arith::MinSIOp) { return mapInt2<minSigned>; })
      .Case([](arith::MaxUIOp) { return mapInt2<maxUnsigned>; })
      .Case([](arith::MinUIOp) { return mapInt2<minUnsigned>; })
      .Case([&](arith::AddUIExtendedOp) { return index == 0 ? mapInt2<add> : mapInt2<carry>; })
      .Case([&](arith::MulSIExtendedOp) { return index == 0 ? mapInt2<multiply> : mapInt2<highSigned>; })
      .Case([&](arith::MulUIExtendedOp) { return index == 0 ? mapInt2<multiply> : mapInt2<highUnsigned>; })
      .Case([](arith::DivSIOp) { return divideSigned<quotient>; })
      .Case([](arith::RemSIOp) { return divideSigned<remainderOf>; })
      .Case([](arith::CeilDivSIOp) { return divideSigned<ceilQuotient>; })
      .Case([](arith::FloorDivSIOp) { return divideSigned<floorQuotient>; })
      .Case([](arith::DivUIOp) { return divideUnsigned<unsignedQuotient>; })
      .Case([](arith::RemUIOp) { return divideUnsigned<unsignedRemainder>; })
      .Case([](arith::CeilDivUIOp) { return divideUnsigned<unsignedCeilQuotient>; })
      .Case([](arith::CmpIOp) { return compareIntegers; })
      .Default(nullptr);
}
