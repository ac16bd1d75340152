//===- SPNNKernelOps.td - Kernel-level ops of spnn ---------*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines the ops in destination-passing style that name one kernel variant each, on tensors or memrefs.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPNNKERNELOPS_TD
#define SPNN_IR_SPNNKERNELOPS_TD

include "spnn/IR/SPNNAttrs.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def SPNN_Buffer : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef], "a ranked tensor or memref">;

class SPNN_KernelOp<string mnemonic, list<Trait> traits = []>
    : Op<SPNN_Dialect, mnemonic, !listconcat(traits, [
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])> {
  code dpsDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
  }];
  let hasVerifier = 1;
}

def SPNN_PackPanelsOp : SPNN_KernelOp<"pack_panels"> {
  let summary = "copy a matrix into packed column panels";
  let description = [{
    Copies the k x n matrix `source` (n x k with `transpose`) into the layout `panels`; columns that only fill up
    the last vector become zeros.

    ```mlir
    %p = spnn.pack_panels ins(%x : tensor<?x784xf32>) outs(%e : tensor<?xf32>)
        panels(<width = 64, vector = 16>) {transpose} -> tensor<?xf32>
    ```

    Constraints:

    - (C1) `source` has rank 2, `init` rank 1, and they have one element type;
    - (C2) all operands are tensors, and there is one result of `init`'s type, or all are memrefs, and there is none.

    Packing what `spnn.unpack_panels` just unpacked, with the same layout, folds away: between two kernels,
    activations stay packed. Panels of one column are how an n x k matrix lies in memory: packing becomes
    `tensor.collapse_shape`, unpacking `tensor.expand_shape`. Packing a constant folds to the constant of its panels,
    where the number of columns is known.
  }];
  let arguments = (ins SPNN_Buffer:$source, SPNN_Buffer:$init, SPNN_PanelsAttr:$panels, UnitAttr:$transpose);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $source `:` type($source) `)` `outs` `(` $init `:` type($init) `)` `panels` `(` $panels `)` attr-dict
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = dpsDeclaration;
  let hasCanonicalizer = 1;
}

def SPNN_UnpackPanelsOp : SPNN_KernelOp<"unpack_panels"> {
  let summary = "copy packed column panels back into a matrix";
  let description = [{
    The inverse of `spnn.pack_panels`: copies the panels in `source` into the k x n matrix `init` (n x k with
    `transpose`), whose extents say which columns exist.

    ```mlir
    %y = spnn.unpack_panels ins(%p : tensor<?xf32>) outs(%e : tensor<?x10xf32>)
        panels(<width = 64, vector = 16>) {transpose} -> tensor<?x10xf32>
    ```

    Constraints:

    - (C1) `source` has rank 1, `init` rank 2, and they have one element type;
    - (C2) all operands are tensors, and there is one result of `init`'s type, or all are memrefs, and there is none.
  }];
  let arguments = (ins SPNN_Buffer:$source, SPNN_Buffer:$init, SPNN_PanelsAttr:$panels, UnitAttr:$transpose);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $source `:` type($source) `)` `outs` `(` $init `:` type($init) `)` `panels` `(` $panels `)` attr-dict
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = dpsDeclaration;
  let hasCanonicalizer = 1;
}

def SPNN_KernelMatmulOp : SPNN_KernelOp<"kernel_matmul", [AttrSizedOperandSegments]> {
  let summary = "sparse matrix times packed panels, by a named kernel";
  let description = [{
    init = activation(W rhs + bias): W is the `rows` x `cols` matrix that the buffers in `storage` hold in the
    order and layout of the kernel `kernel` with `parameters` (`include/spnn/Lowering/CpuKernel.h` lists the
    kernels); `rhs` is a cols x columns matrix and `init` a rows x columns matrix, both in the layout `panels`.
    `row_scales` multiply the rows of W rhs, `column_scales`, a 1 x columns matrix in the layout `panels`, its columns,
    before the bias is added. `format` is the graph-level encoding that W had. With `parallel` the work is spread over OpenMP threads; each
    output has one owner, so results do not depend on the number of threads.

    ```mlir
    %y = spnn.kernel_matmul "csr" weights(64 x 128 as #CSR)
        storage(%rows, %pos, %idx, %val : tensor<64xi32>, tensor<65xi32>, tensor<819xi16>, tensor<819xf32>)
        ins(%x, %n : tensor<?xf32>) bias(%b : tensor<64xf32>) outs(%e : tensor<?xf32>) activation(relu)
        panels(<width = 64, vector = 16>) parameters({k_block = 128 : i64}) -> tensor<?xf32>
    ```

    Constraints:

    - (C1) `rhs`, `bias`, `init` and every storage buffer have rank 1; `bias` and `init` have one element type, and so has
      `rhs` unless it holds bf16 or i8 beside an `init` of f32;
    - (C2) the bias has `rows` elements;
    - (C3) all operands but `columns` are tensors, and there is one result of `init`'s type, or all are memrefs, and
      there is none;
    - (C4) `rows` and `cols` are not negative;
    - (C5) scales have rank 1 and `init`'s element type, `row_scales` `rows` elements.
  }];
  let arguments = (ins Variadic<SPNN_Buffer>:$storage, SPNN_Buffer:$rhs, Index:$columns,
                       Optional<SPNN_Buffer>:$row_scales, Optional<SPNN_Buffer>:$column_scales,
                       Optional<SPNN_Buffer>:$bias, SPNN_Buffer:$init, StrAttr:$kernel, AnyAttr:$format, I64Attr:$rows, I64Attr:$cols,
                       SPNN_PanelsAttr:$panels, DictionaryAttr:$parameters,
                       DefaultValuedAttr<SPNN_ActivationAttr, "::spnn::Activation::None">:$activation,
                       UnitAttr:$parallel);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $kernel `weights` `(` $rows `x` $cols `as` $format `)` (`storage` `(` $storage^ `:` type($storage) `)`)?
    `ins` `(` $rhs `,` $columns `:` type($rhs) `)` (`row_scales` `(` $row_scales^ `:` type($row_scales) `)`)?
    (`column_scales` `(` $column_scales^ `:` type($column_scales) `)`)? (`bias` `(` $bias^ `:` type($bias) `)`)?
    `outs` `(` $init `:` type($init) `)` custom<Epilogue>($activation) `panels` `(` $panels `)`
    `parameters` `(` $parameters `)` attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = dpsDeclaration;
}

def SPNN_KernelGraphOp : SPNN_KernelOp<"kernel_graph", [AttrSizedOperandSegments]> {
  let summary = "messages along the edges of a graph, by a named kernel";
  let description = [{
    Computes the inits by the kernel `kernel` with `parameters` (`include/spnn/Lowering/GraphKernel.h` lists the kernels) on the
    `rows` x `cols` graph that the buffers in `storage` hold in the kernel's own order. `names` says what each operand behind
    `ins` is to the kernel: optional ones are left out. With `parallel` the work is spread over OpenMP threads; each row of an
    init has one owner, which adds in an order that the edges alone decide, so results do not depend on the number of threads. Kernels
    of losses have the extents of the predictions and no storage.

    ```mlir
    %y = spnn.kernel_graph "spmm" graph(2708 x 2708) storage(%pos, %idx : tensor<2709xi32>, tensor<13264xi32>)
        ins(%x, %s : tensor<2708x16xf32>, tensor<2708xf32>) names(["features", "row_scales"])
        outs(%e : tensor<2708x16xf32>) parameters({}) -> tensor<2708x16xf32>
    ```

    Constraints:

    - (C1) every storage buffer has rank 1;
    - (C2) `names` has a string for each input, no two the same;
    - (C3) all operands but scalars are tensors, and there is one result of each init's type, or all are memrefs, and there is
      none;
    - (C4) `rows` and `cols` are not negative, or dynamic.
  }];
  let arguments = (ins Variadic<SPNN_Buffer>:$storage, Variadic<AnyType>:$inputs, Variadic<SPNN_Buffer>:$init,
                       StrAttr:$kernel, I64Attr:$rows, I64Attr:$cols, StrArrayAttr:$names, DictionaryAttr:$parameters,
                       DefaultValuedAttr<SPNN_ActivationAttr, "::spnn::Activation::None">:$activation,
                       UnitAttr:$parallel);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $kernel `graph` `(` custom<Extents>($rows, $cols) `)` (`storage` `(` $storage^ `:` type($storage) `)`)?
    (`ins` `(` $inputs^ `:` type($inputs) `)`)? `names` `(` $names `)` (`outs` `(` $init^ `:` type($init) `)`)?
    custom<Epilogue>($activation) `parameters` `(` $parameters `)` (`parallel` $parallel^)? attr-dict
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = dpsDeclaration # [{
    /// The input of that name, null if it is not there.
    ::mlir::Value getInput(::llvm::StringRef name);
  }];
}

def SPNN_KernelGemmOp : SPNN_KernelOp<"kernel_gemm"> {
  let summary = "dense matrix product through oneDNN";
  let description = [{
    init = activation(op(lhs) op(rhs) + bias) on dense row-major matrices, where op transposes its operand if the
    attribute says so and the bias runs along the columns of the result. The product is oneDNN's sgemm, called
    through the run-time library; bias and activation follow in one pass over the result.

    ```mlir
    %y = spnn.kernel_gemm ins(%x, %w : tensor<?x128xf32>, tensor<64x128xf32>) bias(%b : tensor<64xf32>)
        outs(%e : tensor<?x64xf32>) activation(relu) {transpose_rhs} -> tensor<?x64xf32>
    ```

    Constraints:

    - (C1) `lhs`, `rhs` and `init` have rank 2 (the bias rank 1) and element type f32;
    - (C2) the inner extents agree, and `init` has the rows of op(lhs) and the columns of op(rhs);
    - (C3) the bias has the columns of op(rhs);
    - (C4) all operands are tensors, and there is one result of `init`'s type, or all are memrefs, and there is none.
  }];
  let arguments = (ins SPNN_Buffer:$lhs, SPNN_Buffer:$rhs, Optional<SPNN_Buffer>:$bias, SPNN_Buffer:$init,
                       UnitAttr:$transpose_lhs, UnitAttr:$transpose_rhs,
                       DefaultValuedAttr<SPNN_ActivationAttr, "::spnn::Activation::None">:$activation);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $lhs `,` $rhs `:` type($lhs) `,` type($rhs) `)` (`bias` `(` $bias^ `:` type($bias) `)`)?
    `outs` `(` $init `:` type($init) `)` custom<Epilogue>($activation) attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = dpsDeclaration;
}

def SPNN_ArenaOp : Op<SPNN_Dialect, "arena", [
    MemoryEffects<[MemAlloc]>]> {
  let summary = "the memory that a function works in";
  let description = [{
    At least `bytes` bytes, aligned to 64, that belong to the running context and stay valid until the function
    returns. The run-time library grows the arena only when a call needs more than any call before. A function has
    at most one.

    ```mlir
    %a = spnn.arena %bytes : memref<?xi8>
    ```
  }];
  let arguments = (ins Index:$bytes);
  let results = (outs MemRefRankOf<[I8], [1]>:$result);
  let assemblyFormat = "$bytes attr-dict `:` type($result)";
}

def SPNN_FaultOp : Op<SPNN_Dialect, "fault", [
    MemoryEffects<[MemWrite]>]> {
  let summary = "make the running call fail if a condition holds";
  let description = [{
    If `condition` is true, the call that runs ends with `message` as its error. Nothing is left out for that:
    the function runs to its end, so whoever emits this op makes what follows harmless. May stand anywhere in a
    function, in parallel regions too. The first fault of a call is reported, of those that threads meet at once any one.

    ```mlir
    spnn.fault "'arith.divsi' op division by zero" if %isZero
    ```

    Constraints:

    - (C1) `message` is one line of text, neither empty nor with a zero byte.

    A fault whose condition is known to be false folds away.
  }];
  let arguments = (ins I1:$condition, StrAttr:$message);
  let assemblyFormat = "$message `if` $condition attr-dict";
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

def SPNN_StopOp : Op<SPNN_Dialect, "stop", [
    MemoryEffects<[MemWrite]>]> {
  let summary = "end the running call if a condition holds";
  let description = [{
    If `condition` is true, the call ends here with `message` as its error, in which the first `{}` stand for `numbers`: nothing
    behind the op runs, so what follows may rely on its condition. So it may not stand in a parallel region, where `spnn.fault`
    may. The lowering of ops on graphs puts one in front of a kernel for each extent that types do not prove.

    ```mlir
    spnn.stop "'spnn.aggregate' op features must have a row for each column of the graph, got {} and {}" if %differ
        numbers(%rows, %columns)
    ```

    Constraints:

    - (C1) `message` is one line of text, neither empty nor with a zero byte;
    - (C2) there are at most two numbers, and a `{}` in `message` for each.

    An op whose condition is known to be false folds away.
  }];
  let arguments = (ins I1:$condition, Variadic<Index>:$numbers, StrAttr:$message);
  let assemblyFormat = "$message `if` $condition (`numbers` `(` $numbers^ `)`)? attr-dict";
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

#endif // SPNN_IR_SPNNKERNELOPS_TD
