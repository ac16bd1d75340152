//===- TargetDescription.h - What a machine can do --------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The description of a machine that the cost model reads: vectors, caches,
// bandwidths, and the measured coefficients of every kernel. It comes from a
// JSON file, so that a machine is calibrated without a rebuild.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_COST_TARGETDESCRIPTION_H
#define SPNN_COST_TARGETDESCRIPTION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace spnn::cost {

/// Cycles per stored value and vector of columns at one density.
struct KappaPoint {
  double density = 0; ///< in (0, 1]
  double cycles = 0;  ///< positive
};

/// What a kernel costs on one core. A panel is `panelVectors` vectors of
/// columns that the kernel keeps in registers while it walks the matrix once.
struct KernelCoefficients {
  /// Whether the lanes of a vector are rows of the weights instead of columns:
  /// then any number of columns fills them, and perTileCycles is per call.
  bool vectorizesRows = false;
  int64_t panelVectors = 1;
  /// Densities strictly ascending; empty only for a kernel that multiplies one
  /// column at a time, which then has one of the matvec coefficients below.
  std::vector<KappaPoint> kappa;
  double perEntryCycles = 0; ///< per stored value and panel
  double perRowCycles = 0;   ///< per row and panel
  double perTileCycles = 0;  ///< per panel
  /// Per byte of weights that come from memory: what of their way to the core
  /// neither prefetching nor computing hides. For weights that are code.
  double perDramByteCycles = 0;
  /// Nanoseconds for a single column, in place of kappa where one is positive:
  double perNonzeroMatvecNs = 0; ///< per stored value
  double perPositionMatvecNs =
      0; ///< per position (row x column) of the weights
  /// Per row, beside either: kernels for one column or a few, whose rows end in
  /// a branch and a store that no table has room for.
  double perRowMatvecNs = 0;

  bool hasMatvec() const {
    return perNonzeroMatvecNs > 0 || perPositionMatvecNs > 0;
  }

  /// Cycles per stored value and vector at a density: constant outside of the
  /// table; between its points the cycles per position (density x cycles) are
  /// interpolated, so that a denser matrix never costs less.
  double getKappa(double density) const;
};

/// Bandwidth in GB/s (10^9 bytes a second) that one core gets.
struct Bandwidths {
  double l1 = 0, l2 = 0, l3 = 0, dram = 0;
  /// Bytes read and written while activations change their layout in L2; 0: as
  /// fast as they can be moved.
  double repack = 0;
  double repackL3 = 0; ///< likewise, where they do not fit L2
};

/// A measured function of two quantities: values[i][j] at x[i] and y[j], both strictly ascending. Empty: not measured.
struct Grid {
  std::vector<double> x, y;
  std::vector<std::vector<double>> values;
};

struct TargetDescription {
  std::string name;
  std::string source;  ///< where the numbers come from, for people
  std::string llvmCpu; ///< as -mcpu takes it
  unsigned vectorBytes = 16;
  bool hasFma = false;
  double frequencyGHz = 1;
  double fmaPerCycle = 1; ///< vector multiply-adds a cycle
  uint64_t l1Bytes = 0;   ///< L1D and L2 are private to a core
  uint64_t l2Bytes = 0;
  uint64_t l3Bytes = 0; ///< shared by all cores; 0 where there is none
  Bandwidths bandwidth;
  int64_t cores = 0; ///< 0: not known, no limit on the threads
  double parallelRegionMicroseconds = 0; ///< to start and join the threads
  std::map<std::string, KernelCoefficients> kernels;
  /// Products by a graph: nanoseconds an edge on one core by columns of the dense matrix and its bytes, and nanoseconds a
  /// row.
  Grid spmmEdgeNs;
  double spmmRowNs = 0;
  /// Dense products with one long extent, GFLOP/s of one core: m long, by inner extent and columns; inner extent long, by rows
  /// and columns.
  Grid gemmGflops, gemmLongInnerGflops;
  /// Graph attention on one core: nanoseconds of a score, which each of three passes makes for each edge and head; and what
  /// keeping coefficients for the backward pass takes more than making them again, nanoseconds an edge. 0: not measured.
  double attentionScoreNs = 0, attentionCoefficientEdgeNs = 0;

  /// Null for a kernel that this machine has no coefficients for.
  const KernelCoefficients *findKernel(llvm::StringRef kernel) const;
};

/// The version that files have to state.
constexpr int64_t targetFileVersion = 1;

/// Reads a description. Errors begin with `fileName`, then the field and the
/// rule that it breaks; an unknown field is an error.
llvm::Expected<TargetDescription> parseTarget(llvm::StringRef text,
                                              llvm::StringRef fileName);
llvm::Expected<TargetDescription> loadTarget(llvm::StringRef path);
/// The built-in description of that name, or else the file.
llvm::Expected<TargetDescription> resolveTarget(llvm::StringRef nameOrPath);

/// The JSON text from which parseTarget gets the same description.
std::string printTarget(const TargetDescription &target);
llvm::Error saveTarget(const TargetDescription &target, llvm::StringRef path);

/// The descriptions built into the library, from lib/Cost/targets.
llvm::ArrayRef<TargetDescription> getBuiltinTargets();

/// The built-in description of this name, or null.
const TargetDescription *findTarget(llvm::StringRef name);

/// The name of the built-in description for a CPU with these LLVM features.
llvm::StringRef pickTargetName(const llvm::StringMap<bool> &features);

/// The name of the built-in description for the machine that this runs on.
llvm::StringRef detectHostName();

} // namespace spnn::cost

#endif // SPNN_COST_TARGETDESCRIPTION_H
