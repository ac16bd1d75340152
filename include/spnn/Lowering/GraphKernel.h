//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of spnn.kernel_graph: what a kernel emits, and the list of all of them.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LOWERING_GRAPHKERNEL_H
#define SPNN_LOWERING_GRAPHKERNEL_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/Builders.h"

namespace spnn {

/// A kernel of spnn.kernel_graph. Stateless; one object a kernel, listed by getGraphKernels, each in a file of its own in
/// lib/Lowering/GraphKernels, which begins with its storage, inputs, inits and parameters.
class GraphKernel {
public:
  virtual ~GraphKernel();

  /// The name in the IR and in the cost model's coefficients.
  virtual llvm::StringRef name() const = 0;

  /// Emits loops for `op` (on memrefs) at the builder's insertion point, with vectors of `vectorBytes` bytes. Emits an error
  /// at the op and fails where operands or parameters do not fit the kernel.
  virtual llvm::LogicalResult emit(KernelGraphOp op, mlir::OpBuilder &builder, int64_t vectorBytes) const = 0;
};

/// All kernels, in a fixed order; the one place where kernels are registered.
llvm::ArrayRef<const GraphKernel *> getGraphKernels();

/// The kernel of that name, null if there is none.
const GraphKernel *findGraphKernel(llvm::StringRef name);

} // namespace spnn

#endif // SPNN_LOWERING_GRAPHKERNEL_H
