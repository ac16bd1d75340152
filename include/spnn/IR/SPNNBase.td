//===- SPNNBase.td - The spnn dialect ----------------------*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines the dialect itself; attributes, interfaces and ops live in the files beside it.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPNNBASE_TD
#define SPNN_IR_SPNNBASE_TD

include "mlir/IR/OpBase.td"

def SPNN_Dialect : Dialect {
  let name = "spnn";
  let summary = "Sparse neural networks: products with sparse operands, pruning, formats, kernels";
  let description = [{
    The dialect holds what upstream dialects lack for sparse neural networks, on two levels.

    *Graph level*: `spnn.constant`, `spnn.convert`, `spnn.prune`, `spnn.matmul` work on tensors whose type may
    carry a sparse encoding: upstream's `#sparse_tensor.encoding` (CSR, CSC, COO, BSR, N:M) or one of ours
    (`#spnn.bitmap`), all reached through `SparseFormatInterface`. Dense ops come from `linalg`, `arith`, `math`
    and `tensor`. Graphs are sparse matrices of i1 (`#spnn.adjacency`); `spnn.aggregate`, `spnn.sddmm`, `spnn.edge_softmax`
    and `spnn.graph_attention` pass messages along their edges. `spnn.dropout`, `spnn.loss`, `spnn.adam`, `spnn.sgd` and
    `spnn.save` serve training.

    *Kernel level*: `spnn.pack_panels`, `spnn.kernel_matmul`, `spnn.kernel_columns`, `spnn.kernel_gemm`, `spnn.kernel_graph`,
    `spnn.unpack_panels` are in destination-passing style on tensors or memrefs; every sparse operand is split into its storage buffers, and
    the kernel variant with its tile parameters is an attribute. `spnn.arena` gives the memory they work in, and
    `spnn.fault` makes a call fail.

    Why it is cut this way: `docs/rationale.md`.
  }];
  let cppNamespace = "::spnn";
  let dependentDialects = [
    "::mlir::sparse_tensor::SparseTensorDialect",
    "::mlir::arith::ArithDialect",
    "::mlir::tensor::TensorDialect",
    "::mlir::vector::VectorDialect",
  ];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerBufferization();
  }];
}

#endif // SPNN_IR_SPNNBASE_TD
