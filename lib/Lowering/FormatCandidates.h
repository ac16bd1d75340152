//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which formats and kernels could compute a product, with their predicted times.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_FORMATCANDIDATES_H
#define SPNN_LIB_LOWERING_FORMATCANDIDATES_H

#include "spnn/Cost/CostModel.h"
#include "spnn/Cost/MatrixStatistics.h"
#include "spnn/Cost/TargetDescription.h"
#include "spnn/Lowering/CpuKernel.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace spnn {

/// Where the weights of a network can live between two calls.
inline constexpr size_t kHomes = 3;
inline constexpr cost::KernelWork::Home kHomeKinds[kHomes] = {cost::KernelWork::Home::L2, cost::KernelWork::Home::L3,
                                                              cost::KernelWork::Home::Dram};
inline constexpr const char *kHomeNames[kHomes] = {"L2", "L3", "memory"};

/// A format and a kernel that could compute one product, or the reason why they cannot.
struct Candidate {
  std::string format;
  mlir::Attribute encoding;          ///< null for dense
  const CpuKernel *kernel = nullptr; ///< null for dense, and where the format itself is excluded
  mlir::DictionaryAttr parameters;
  PanelsAttr panels; ///< null if activations stay batch-major
  uint64_t weightBytes = 0;
  /// Predicted with the weights in L2, in L3, and in memory between two calls of the network.
  std::array<double, kHomes> times{};
  double microseconds = 0;        ///< of `times`, the one for this network
  std::optional<double> measured; ///< with option `tune`, where this network's weights live
  std::string excluded;           ///< empty if the candidate is legal

  /// What the choice goes by.
  double getMicroseconds() const { return measured.value_or(microseconds); }
};

/// How often a product runs in a call of the network, and on how many columns each time.
struct ProductExtent {
  int64_t columns = 0; ///< ShapedType::kDynamic if unknown
  int64_t runs = 1;    ///< more in a loop over slices of the columns

  /// As `op` stands in its function.
  static ProductExtent of(MatmulOp op);
};

/// Finds the candidates for a product and predicts their times.
class CandidateFinder {
public:
  CandidateFinder(const cost::TargetDescription &target, TargetAttr machine, int threads, int64_t expectedColumns,
                  bool forcesCsc)
      : target(target), machine(machine), vectorBytes(machine ? machine.getVectorBytes() : 16), threads(threads),
        expectedColumns(expectedColumns), forcesCsc(forcesCsc) {}

  /// Dense and every format worth trying, with the times of all runs together.
  std::vector<Candidate> enumerate(MatmulOp op, const ProductExtent &extent, const format::DenseMatrix &matrix,
                                   const cost::MatrixStatistics &statistics) const;
  /// The kernels of the encoding that the weights have already.
  std::vector<Candidate> enumerateKernels(MatmulOp op, const ProductExtent &extent,
                                          const format::DenseMatrix &matrix) const;
  /// Whether weights of so many bytes stay in that cache from one call of the network to the next.
  bool fits(uint64_t bytes, cost::KernelWork::Home home) const;
  double getMicrosecondsPerDramByte() const { return 1e-3 / target.bandwidth.dram; }
  /// Microseconds to bring `rows` x columns activations of a type from row-major into panels, or back, in all runs.
  double predictRepacking(const ProductExtent &extent, int64_t rows, mlir::Type element) const;
  int64_t getVectorElements(mlir::Type element) const {
    return vectorBytes / static_cast<int64_t>(element.getIntOrFloatBitWidth() / 8);
  }

private:
  KernelProblem makeProblem(MatmulOp op, int64_t columns, const format::DenseMatrix &matrix) const;
  void add(std::vector<Candidate> &candidates, const KernelProblem &problem, int64_t runs,
           mlir::Attribute encoding) const;
  void predict(Candidate &candidate, cost::KernelWork work, int64_t runs) const;

  const cost::TargetDescription &target;
  TargetAttr machine; ///< null if nobody said
  int64_t vectorBytes;
  int threads;
  int64_t expectedColumns;
  bool forcesCsc; ///< the options ask for it
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_FORMATCANDIDATES_H
