//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What LLVM knows of a CPU: its name, features and vector width.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_COST_CPU_H
#define SPNN_COST_CPU_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace spnn::cost {

struct Cpu {
  std::string name;     ///< as LLVM's -mcpu takes it
  std::string features; ///< "+avx2,-sse4a,...", empty where the name says it all
  bool hasBf16Dot = false;  ///< AVX512-BF16: vdpbf16ps adds products of pairs of bf16 in f32
  bool hasInt8Dot = false;  ///< AVX512-VNNI: vpdpbusd adds products of quads of 8-bit integers in i32
  bool hasNarrowExpand = false; ///< AVX512-VBMI2: vpexpandb and vpexpandw
  int64_t vectorBytes = 16; ///< of the widest vector register with FMA: 64, 32, else 16
};

/// Resolves `name`; "native" is this machine's CPU with the features it really offers. Returns nothing, or one
/// sentence that names the CPU if LLVM does not know it.
std::optional<std::string> resolveCpu(llvm::StringRef name, Cpu &result);

/// A feature that code for `cpu`, as resolved, may use and this machine lacks; the first by name.
std::optional<std::string> findMissingFeature(const Cpu &cpu);

} // namespace spnn::cost

#endif // SPNN_COST_CPU_H
