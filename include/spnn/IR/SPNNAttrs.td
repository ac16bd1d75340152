//===- SPNNAttrs.td - Attributes of the spnn dialect -------*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines activations, pruning patterns, the encodings of our own, panel layouts and the target description.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPNNATTRS_TD
#define SPNN_IR_SPNNATTRS_TD

include "spnn/IR/SPNNBase.td"
include "spnn/IR/SPNNInterfaces.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"

class SPNN_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<SPNN_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

def SPNN_Activation : I32EnumAttr<"Activation", "an elementwise activation function", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"Relu", 1, "relu">,
    I32EnumAttrCase<"GeluErf", 2, "gelu_erf">,
    I32EnumAttrCase<"GeluTanh", 3, "gelu_tanh">,
    I32EnumAttrCase<"Sigmoid", 4, "sigmoid">,
    I32EnumAttrCase<"Tanh", 5, "tanh">,
    I32EnumAttrCase<"Silu", 6, "silu">,
  ]> {
  let cppNamespace = "::spnn";
  let genSpecializedAttr = 0;
}

def SPNN_ActivationAttr : EnumAttr<SPNN_Dialect, SPNN_Activation, "activation"> {
  let description = [{
    An elementwise activation, applied last in an epilogue:

    | name | value |
    | --- | --- |
    | `none` | x |
    | `relu` | max(x, 0), NaN stays NaN |
    | `gelu_erf` | x / 2 (1 + erf(x / sqrt 2)) (Hendrycks and Gimpel, arXiv:1606.08415) |
    | `gelu_tanh` | x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) (same source) |
    | `sigmoid` | 1 / (1 + exp(-x)) |
    | `tanh` | tanh x |
    | `silu` | x / (1 + exp(-x)) |

    ```mlir
    #spnn.activation<gelu_tanh>
    ```
  }];
  let assemblyFormat = "`<` $value `>`";
}

//===----------------------------------------------------------------------===//
// Pruning
//===----------------------------------------------------------------------===//

def SPNN_PruneMethod : I32EnumAttr<"PruneMethod", "how weights to prune are chosen", [
    I32EnumAttrCase<"Magnitude", 0, "magnitude">,
  ]> {
  let cppNamespace = "::spnn";
  let genSpecializedAttr = 0;
}
def SPNN_PruneMethodAttr : EnumAttr<SPNN_Dialect, SPNN_PruneMethod, "prune_method"> {
  let description = [{
    `magnitude` removes the values of smallest absolute value, blocks by the sum of their absolute values
    (Hoefler et al., JMLR 2021, section 3.2).

    ```mlir
    #spnn.prune_method<magnitude>
    ```
  }];
  let assemblyFormat = "`<` $value `>`";
}

def SPNN_PatternAttr : SPNN_Attr<"Pattern", "pattern"> {
  let summary = "which sets of values may be kept";
  let description = [{
    The pattern that pruning leaves:

    - `#spnn.pattern<unstructured, 0.95>`: any values, that fraction of them zero;
    - `#spnn.pattern<block 4x1, 0.9>`: aligned blocks of 4 rows and 1 column are zero or kept whole;
    - `#spnn.pattern<2:4>`: of each aligned group of 4 consecutive values of a row, 2 are kept;
    - `#spnn.pattern<2:4:16>`: of each aligned group of 4 values of a column, 2 are kept, and of each aligned group of columns
      16 keep the same ones, for each way to choose 2 of 4: what the encoding `#spnn.nmg<2, 4, 16>` holds.

    Constraints:

    - (P1) the sparsity of an unstructured or block pattern is in [0, 1];
    - (P2) both block extents are positive;
    - (P3) an n:m pattern has 1 <= n <= m;
    - (P4) an n:m:g pattern is one of the encoding (G1).
  }];
  // rows and cols are the block extents, or n and m; sparsity is unused for n:m and n:m:g, group is g, and 1 for the others.
  let parameters = (ins "::spnn::PatternKind":$kind, "int64_t":$rows, "int64_t":$cols,
                        APFloatParameter<"fraction of zeros">:$sparsity, "int64_t":$group);
  let builders = [
    AttrBuilder<(ins "::spnn::PatternKind":$kind, "int64_t":$rows, "int64_t":$cols, "double":$sparsity), [{
      return $_get($_ctxt, kind, rows, cols, ::llvm::APFloat(sparsity), 1);
    }]>,
  ];
  let extraClassDeclaration = [{
    /// The fraction of values to set to zero.
    double getFraction() const { return getSparsity().convertToDouble(); }
    /// n:m and n:m:g, which say themselves how much they keep.
    bool isRatio() const { return getKind() == PatternKind::NM || getKind() == PatternKind::NMG; }
  }];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Encodings and layouts
//===----------------------------------------------------------------------===//

def SPNN_BitmapAttr : SPNN_Attr<"Bitmap", "bitmap", [
    DeclareAttrInterfaceMethods<SparseFormatInterface>,
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "encoding: one bit a position and the nonzeros in order";
  let description = [{
    A rank-2 encoding that upstream's `#sparse_tensor.encoding` cannot say: a row is cut into words of 16
    columns; bit j of word w tells whether column 16 w + j is stored; values follow in column order. It costs one
    bit a position and suits densities between about 0.1 and 1 (docs/rationale.md).

    ```mlir
    tensor<64x128xf32, #spnn.bitmap>
    ```

    Constraint (B1): the type has rank 2 and static extents.
  }];
}

def SPNN_AdjacencyAttr : SPNN_Attr<"Adjacency", "adjacency", [
    DeclareAttrInterfaceMethods<SparseFormatInterface>,
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "encoding: the structure of a graph, without values";
  let description = [{
    Compressed sparse rows without a values buffer, for elements of i1: what is stored is true. An edge costs 4 bytes
    instead of 8, and weights of edges that are a product of one number a row and one a column, as all usual normalisations
    of graphs are, need no storage at all.

    ```mlir
    tensor<2708x2708xi1, #spnn.adjacency>
    ```

    Constraint (A1): the type has rank 2 and elements of i1.
  }];
}

def SPNN_NmgAttr : SPNN_Attr<"Nmg", "nmg", [
    DeclareAttrInterfaceMethods<SparseFormatInterface>,
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "encoding: n of every m rows, columns stored by patterns, g each";
  let description = [{
    The grouped n:m sparsity of STen (arXiv:2304.07613): of each aligned strip of m rows a column keeps n values. Which
    rows these are is its pattern, one of C(m, n); of each aligned group of C(m, n) g columns exactly g have each
    pattern, and they are stored pattern by pattern. So 2:4:16 has groups of 6 x 16 = 96 columns. A kernel then knows
    without looking which rows the next column serves and how many such columns come, unlike with n:m along a row.

    ```mlir
    tensor<64x192xf32, #spnn.nmg<2, 4, 16>>
    ```

    Storage: `indices` (16 bits, a column's place in its group, ascending among the columns of a pattern) and `values`
    (n for each column, by row), strip by strip, group by group, patterns ascending as binary numbers whose bit r is
    row r of the strip.

    Constraints:

    - (G1) 1 <= n <= m <= 16, g is positive, and a group has at most 65536 columns;
    - (G2) the type has rank 2 and static extents.
  }];
  let parameters = (ins "int64_t":$n, "int64_t":$m, "int64_t":$g);
  let assemblyFormat = "`<` $n `,` $m `,` $g `>`";
  let genVerifyDecl = 1;
}

def SPNN_PanelsAttr : SPNN_Attr<"Panels", "panels"> {
  let summary = "layout of activations: packed column panels";
  let description = [{
    How a k x n matrix lies in a rank-1 buffer of k * roundup(n, vector) elements: columns are cut into panels of
    `width`; panel p begins at element p * width * k and holds its k rows one after the other, each `w` elements,
    where w = `width` except in the last panel, which has w = roundup(n - p * width, vector). Columns beyond n hold
    zeros or unspecified finite or non-finite values that no kernel lets reach a column below n.

    ```mlir
    #spnn.panels<width = 64, vector = 16>
    ```

    Constraints: (L1) `vector` is 1, 2, 4, 8 or 16; (L2) `width` is a positive multiple of `vector`.
  }];
  let parameters = (ins "int64_t":$width, "int64_t":$vector);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def SPNN_TargetAttr : SPNN_Attr<"Target", "target"> {
  let summary = "the machine that a module is compiled for";
  let description = [{
    Set on the module (as `spnn.target`) by the pipelines and read by every pass that needs the machine: the name
    of a target description (`include/spnn/Cost/TargetDescription.h`), the LLVM CPU name, the vector width in
    bytes and the number of threads (0: decided at run time). `dot` names the element types whose products the
    machine adds up several at a time: bf16 (AVX512-BF16) and i8 (AVX512-VNNI); `expand` the integer types of which it
    puts a run into a vector by a mask, beside those of 32 bits: i8 and i16 (AVX512-VBMI2).

    ```mlir
    #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 0>
    ```
  }];
  let parameters = (ins StringRefParameter<>:$description, StringRefParameter<>:$cpu, "int64_t":$vectorBytes,
                        "int64_t":$threads, OptionalArrayRefParameter<"::mlir::Type">:$dot,
                        OptionalArrayRefParameter<"::mlir::Type">:$expand);
  let assemblyFormat = [{
    `<` $description `,` `cpu` `=` $cpu `,` `vector_bytes` `=` $vectorBytes `,` `threads` `=` $threads
    `` custom<TargetTypes>($dot, $expand) `>`
  }];
  let extraClassDeclaration = [{
    bool hasDot(::mlir::Type type) const { return ::llvm::is_contained(getDot(), type); }
    /// Of any type with as many bits as one of `expand`.
    bool canExpand(::mlir::Type type) const {
      return ::llvm::any_of(getExpand(), [&](::mlir::Type known) {
        return known.getIntOrFloatBitWidth() == type.getIntOrFloatBitWidth();
      });
    }
  }];
}

#endif // SPNN_IR_SPNNATTRS_TD
