/*===- Bfloat.c - Conversions that compilers leave to their library ------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0
|* with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===---------------------------------------------------------------------===*|
|*
|* On CPUs without instructions for bfloat16 LLVM calls the functions of
|* compiler-rt and of libgcc 13 for them. Models link with whatever compiler is
|* there, so their run-time library has its own.
|*
\*===---------------------------------------------------------------------===*/
#include <stdint.h>
#include <string.h>

/* A 16-bit float is returned in the low bits of the register of a float, which
 * says it without a type that not every compiler has. */
static float asResult(uint32_t bits) {
  float result;
  memcpy(&result, &bits, sizeof(result));
  return result;
}

__attribute__((visibility("hidden"))) float __truncsfbf2(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return asResult(bits >> 16 | 0x40u); /* a quiet NaN stays one */
  /* To the nearest, ties to even; a carry runs on into the exponent. */
  return asResult((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

__attribute__((visibility("hidden"))) float __truncdfbf2(double value) {
  /* To odd first, so that rounding twice is rounding once. */
  float narrow = (float)value;
  uint32_t bits;
  memcpy(&bits, &narrow, sizeof(bits));
  if ((double)narrow != value && value == value) {
    double magnitude = value < 0 ? -value : value, rounded = narrow < 0 ? -(double)narrow : (double)narrow;
    if (rounded > magnitude)
      --bits;
    bits |= 1u;
    memcpy(&narrow, &bits, sizeof(narrow));
  }
  return __truncsfbf2(narrow);
}
