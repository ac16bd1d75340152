//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of the CPU back end: what a kernel can do, costs, packs and emits, and the list of all of them.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LOWERING_CPUKERNEL_H
#define SPNN_LOWERING_CPUKERNEL_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/Builders.h"

#include <optional>
#include <string>
#include <vector>

namespace spnn {

/// `columns`, or `expected` where they are known at run time only.
inline int64_t getLikelyColumns(int64_t columns, int64_t expected) {
  return mlir::ShapedType::isDynamic(columns) ? expected : columns;
}

/// One matrix product to find a kernel for: `matrix` (constant, m x k) times a k x `columns` matrix.
struct KernelProblem {
  const format::DenseMatrix &matrix;
  mlir::Attribute format;     ///< the encoding of the matrix, null for dense
  std::string formatName;     ///< SparseFormat::name(), "dense" for dense
  mlir::Type elementType;     ///< of the result, in which a kernel sums (integers aside)
  mlir::Type weightType;      ///< of the matrix, as it is stored
  mlir::Type rhsType;         ///< of the right-hand side
  int64_t columns;            ///< columns of the right-hand side, ShapedType::kDynamic if unknown
  int64_t expectedColumns;    ///< what to optimise for where `columns` is dynamic
  int64_t vectorElements;     ///< results in the target's widest vector
  bool hasDot = false;        ///< the target adds several products of weights and right-hand side at a time
  double activationDensity = 1; ///< share of the right-hand side's elements that are not zero, in [0, 1]
  bool canExpand = false;       ///< the target expands runs of weights of that type by a mask (TargetAttr::canExpand)

  int64_t likelyColumns() const { return getLikelyColumns(columns, expectedColumns); }
  /// Bytes of a vector of results.
  int64_t vectorBytes() const { return vectorElements * (elementType.getIntOrFloatBitWidth() / 8); }
};

/// The weights of one product in a kernel's own order: the storage operands of spnn.kernel_matmul.
struct PackedWeights {
  llvm::SmallVector<mlir::DenseElementsAttr> buffers;
  /// Stored values, padding included.
  int64_t storedValues = 0;
};

/// A kernel variant of spnn.kernel_matmul. Stateless; one object a kernel, listed by getCpuKernels.
class CpuKernel {
public:
  virtual ~CpuKernel();

  /// The name in the IR and in the cost model's coefficients.
  virtual llvm::StringRef name() const = 0;

  /// True if weights in the format of that name are this kernel's.
  virtual bool takesFormat(llvm::StringRef formatName) const = 0;

  /// Why this kernel cannot compute `problem` (lower case, no full stop), or std::nullopt.
  std::optional<std::string> check(const KernelProblem &problem) const;

  /// The part of `check` about element types. Most kernels sum in f32 over a right-hand side of f32, and store weights in
  /// f32, f16, bf16 or i8.
  virtual std::optional<std::string> checkTypes(const KernelProblem &problem) const;

  /// The rest of `check`.
  virtual std::optional<std::string> checkProblem(const KernelProblem &problem) const = 0;

  /// The layout of the right-hand side and the result that the kernel works on.
  virtual PanelsAttr getPanels(const KernelProblem &problem) const = 0;

  /// Tile parameters that suit `problem`: k blocks, register blocks, chunks.
  virtual mlir::DictionaryAttr getParameters(const KernelProblem &problem) const = 0;

  /// Under which name the target description has the kernel's coefficients. The type of the weights is appended, as in
  /// "csr-bf16", if the target has coefficients for it.
  virtual std::string getCostName(mlir::DictionaryAttr parameters) const { return name().str(); }

  /// Values of the packed weights that a call works on, padding included, which the cost model multiplies with the
  /// kernel's coefficients; `formatValues` is how many their format stores.
  virtual int64_t countStoredValues(const KernelProblem &problem, mlir::DictionaryAttr parameters,
                                    int64_t formatValues) const {
    return formatValues;
  }

  /// What a stored value costs a column with these parameters, relative to the kernel's coefficients in the target
  /// description: for kernels that the cost model knows by their time for one column.
  virtual double getValueCost(mlir::DictionaryAttr parameters, int64_t columns) const { return 1; }

  /// Bytes of the packed weights that a call reads, from which the cost model tells in which cache they live;
  /// `formatBytes` is what they take in their format.
  virtual uint64_t countBytes(const KernelProblem &problem, mlir::DictionaryAttr parameters,
                              uint64_t formatBytes) const {
    return formatBytes;
  }

  /// Packs the weights for `parameters`.
  virtual PackedWeights pack(const KernelProblem &problem, mlir::DictionaryAttr parameters) const = 0;

  /// Emits loops for `op` (on memrefs) at the builder's insertion point. Emits an error at the op and fails where
  /// attributes or storage do not fit the kernel.
  virtual mlir::LogicalResult emit(KernelMatmulOp op, mlir::OpBuilder &builder) const = 0;
};

/// Why `parameters` are none that `kernel` could work with, or std::nullopt: each is a positive integer in its range.
/// With `suitable`, what CpuKernel::getParameters proposes for a product, the names must be there too, and what follows
/// from the format must be the same. For parameters that someone may have edited.
std::optional<std::string> findBadParameter(llvm::StringRef kernel, mlir::DictionaryAttr parameters,
                                            mlir::DictionaryAttr suitable = nullptr);

/// All kernels, in a fixed order; the one place where kernels are registered.
llvm::ArrayRef<const CpuKernel *> getCpuKernels();

/// The kernel of that name, null if there is none.
const CpuKernel *findCpuKernel(llvm::StringRef name);

/// Registered by getCpuKernels; each lives in lib/Lowering/Kernels/<Name>Kernel.cpp.
const CpuKernel *getCsrKernel();
const CpuKernel *getCsrMatvecKernel();
const CpuKernel *getHardCodedKernel();
const CpuKernel *getPatternTileKernel();
const CpuKernel *getCscMatvecKernel();
const CpuKernel *getBlockKernel();
const CpuKernel *getBlockMatvecKernel();
const CpuKernel *getNmKernel();
const CpuKernel *getNmMatvecKernel();
const CpuKernel *getNmgKernel();
const CpuKernel *getBitmapMatvecKernel();
const CpuKernel *getDotKernel();

} // namespace spnn

#endif // SPNN_LOWERING_CPUKERNEL_H
