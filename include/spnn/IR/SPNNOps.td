//===- SPNNOps.td - Graph-level ops of the spnn dialect ----*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines the ops on tensors with sparse encodings: constant, convert, prune, matmul.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPNNOPS_TD
#define SPNN_IR_SPNNOPS_TD

include "spnn/IR/SPNNAttrs.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class SPNN_GraphOp<string mnemonic, list<Trait> traits = []>
    : Op<SPNN_Dialect, mnemonic, !listconcat(traits, [Pure])>;

def SPNN_ConstantOp : SPNN_GraphOp<"constant", [ConstantLike]> {
  let summary = "sparse constant, given by its storage buffers";
  let description = [{
    A constant matrix in a sparse format. `buffers` maps the names of the format's storage buffers to their
    contents; a buffer may be a `dense` or a `dense_resource` attribute.

    ```mlir
    #CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
    // 1 0 0 2
    // 0 0 3 0
    %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                        values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
    ```

    Constraints:

    - (C1) the result type is static and carries an encoding whose format can hold it;
    - (C2) `buffers` holds exactly the format's buffers;
    - (C3) each buffer has rank 1 and the element width that the format asks for; values have the result's element
      type, the others are integers or `index`;
    - (C4) the contents are valid storage: positions monotone from 0 to the number of stored entries, indices in
      range, ascending and without duplicates, lengths as the format says.
  }];
  let arguments = (ins DictionaryAttr:$buffers);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$buffers attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def SPNN_ConvertOp : SPNN_GraphOp<"convert", [
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "conversion between storage formats";
  let description = [{
    The same matrix in another format: from dense to sparse (nonzeros are stored), from sparse to dense, or
    between two sparse formats. Values do not change; a format that cannot hold them all (an N:M group with too
    many nonzeros) is an error of the pass that packs the constant.

    ```mlir
    %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #spnn.bitmap>
    ```

    Constraints:

    - (C1) both types have the same shape and element type;
    - (C2) an encoding on either side stands for a format that can hold the type.

    A conversion to its own type folds to its operand, and a chain of conversions to the last one.
  }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def SPNN_PruneOp : SPNN_GraphOp<"prune", [SameOperandsAndResultType]> {
  let summary = "set values to zero so that a pattern holds";
  let description = [{
    A sparsifier in the IR: the operand with all values outside the kept pattern set to zero. The type stays
    dense; `spnn.convert` changes the format.

    ```mlir
    %p = spnn.prune %w method(magnitude) pattern(<block 4x1, 0.9>) : tensor<64x128xf32>
    ```

    Constraints:

    - (C1) the operand is a dense tensor of floats of rank 2.

    Pruning with sparsity 0, and pruning what was pruned by the same method to the same pattern, fold away.
  }];
  let arguments = (ins AnyRankedTensor:$source, SPNN_PruneMethodAttr:$method, SPNN_PatternAttr:$pattern);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $source `method` `` custom<EnumInParens>($method) `pattern` `(` $pattern `)` attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def SPNN_MatmulOp : SPNN_GraphOp<"matmul", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "matrix product with a sparse operand and a fused epilogue";
  let description = [{
    result = activation(op(lhs) op(rhs) + bias), where op transposes its operand if the attribute says so. Either
    operand may be sparse. `bias_axis` says along which axis of the result the bias runs: 0 gives each row its
    own value, 1 each column. Products are summed in the result's element type, products of i8 exactly in i32 (modulo
    2^32); the order of the sum is not specified.

    ```mlir
    %y = spnn.matmul %w, %x bias(%b : tensor<64xf32>) activation(relu)
        : (tensor<64x128xf32, #spnn.bitmap>, tensor<128x?xf32>) -> tensor<64x?xf32>
    ```

    Quantised operands bring their scales: the sum of row i and column j is multiplied by lhs_scales[i] (one for each
    row of op(lhs)) and rhs_scales[j] (one for each column of op(rhs)) before the bias is added.

    ```mlir
    %z = spnn.matmul %w, %x lhs_scales(%s : tensor<64xf32>) rhs_scales(%t : tensor<?xf32>) bias(%b : tensor<64xf32>)
        : (tensor<64x128xi8, #spnn.bitmap>, tensor<128x?xi8>) -> tensor<64x?xf32>
    ```

    Constraints:

    - (C1) all operands and the result have rank 2 (bias and scales rank 1), and the result has a floating-point element
      type, which is the bias's too;
    - (C2) the inner extents of op(lhs) and op(rhs) agree;
    - (C3) the result has the rows of op(lhs) and the columns of op(rhs), and is dense;
    - (C4) `bias_axis` is 0 or 1, and the bias has the result's extent along it;
    - (C5) a sparse encoding stands for a format that can hold its type;
    - (C6) the element types of lhs and rhs, in either order, and of the result are one of
      (T, T) -> T, (f16, f32) -> f32, (bf16, f32) -> f32, (i8, f32) -> f32, (bf16, bf16) -> f32, (i8, i8) -> f32;
    - (C7) `lhs_scales` is a dense vector of f32 with one element for each row of op(lhs), beside a result of f32;
    - (C8) `rhs_scales` is a dense vector of f32 with one element for each column of op(rhs), beside a result of f32.

    A conversion to dense in front of an operand folds into the op; so does a `linalg.transpose` of a dense operand.
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs, Optional<AnyRankedTensor>:$lhs_scales,
                       Optional<AnyRankedTensor>:$rhs_scales, Optional<AnyRankedTensor>:$bias, UnitAttr:$transpose_lhs, UnitAttr:$transpose_rhs,
                       DefaultValuedAttr<I64Attr, "0">:$bias_axis,
                       DefaultValuedAttr<SPNN_ActivationAttr, "::spnn::Activation::None">:$activation);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`lhs_scales` `(` $lhs_scales^ `:` type($lhs_scales) `)`)?
    (`rhs_scales` `(` $rhs_scales^ `:` type($rhs_scales) `)`)? (`bias` `(` $bias^ `:` type($bias) `)`)?
    custom<Epilogue>($activation) attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// Rows, inner extent and columns of op(lhs) op(rhs); ShapedType::kDynamic where unknown.
    int64_t getRows();
    int64_t getInner();
    int64_t getColumns();
    /// True if an operand is quantised: its scales belong to the epilogue.
    bool hasScales() { return getLhsScales() || getRhsScales(); }
  }];
}

#endif // SPNN_IR_SPNNOPS_TD
