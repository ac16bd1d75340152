//===- SPNNMessageOps.td - Graph neural network ops of spnn -*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines the ops that pass messages along the edges of a graph, and those that their gradients need.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPNNMESSAGEOPS_TD
#define SPNN_IR_SPNNMESSAGEOPS_TD

include "spnn/IR/SPNNOps.td"

// A graph is a sparse matrix of i1: row i, column j is stored if node i receives a message from node j. Edges are numbered in
// row-major order; what belongs to edges is a dense tensor whose first extent is their number.
def SPNN_Graph : Type<CPred<"::spnn::isGraph($_self)">, "a graph: a sparse matrix of i1">;
def SPNN_Floats : TensorOf<[F32, F64]>;

def SPNN_AssembleOp : SPNN_GraphOp<"assemble"> {
  let summary = "a graph from arrays that are known when the model runs";
  let description = [{
    The graph whose storage is `positions` and `indices`, as `#spnn.adjacency` has them. The arrays are checked when the
    model runs, once, where they come in: the call fails with the first rule that they break. `columns` is the number of
    columns, given if and only if the type does not say it. With `symmetric` the pattern must equal its transpose, which is
    checked too; `spnn.transpose` then costs nothing.

    ```mlir
    %a = spnn.assemble %positions, %indices : (tensor<2709xi32>, tensor<?xi32>) -> tensor<2708x2708xi1, #spnn.adjacency>
    ```

    Constraints:

    - (C1) `positions` and `indices` are vectors of i32, and `positions` has one element more than the graph has rows;
    - (C2) `columns` is there if and only if the number of columns is dynamic;
    - (C3) a graph that is `symmetric` has as many rows as columns.
  }];
  let arguments = (ins AnyRankedTensor:$positions, AnyRankedTensor:$indices, Optional<Index>:$columns, UnitAttr:$symmetric);
  let results = (outs SPNN_Graph:$graph);
  let assemblyFormat = [{
    $positions `,` $indices (`columns` $columns^)? attr-dict
    `:` `(` type($positions) `,` type($indices) `)` `->` type($graph)
  }];
  let hasVerifier = 1;
}

def SPNN_TransposeOp : SPNN_GraphOp<"transpose"> {
  let summary = "the graph with all edges turned round";
  let description = [{
    `transposed` has an edge from i to j where `graph` has one from j to i. `order` says which is which: edge e of
    `transposed` is edge order[e] of `graph`, so values of edges need not be moved. The transpose of a constant is a
    constant, made once when the model is compiled; the transpose of a graph that is known to be symmetric is the graph.

    ```mlir
    %t, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>
    ```

    Constraints:

    - (C1) `transposed` has the extents of `graph`, exchanged, and its encoding;
    - (C2) `order` is a vector of i32 with one element an edge.

    The graph that a transpose came from stands for its transpose.
  }];
  let arguments = (ins SPNN_Graph:$graph);
  let results = (outs SPNN_Graph:$transposed, AnyRankedTensor:$order);
  let assemblyFormat = "$graph attr-dict `:` type($graph) `->` type($transposed) `,` type($order)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def SPNN_DegreeOp : SPNN_GraphOp<"degree"> {
  let summary = "the number of edges of each row of a graph";
  let description = [{
    How many messages each node receives, as floats.

    ```mlir
    %d = spnn.degree %a : tensor<2708x2708xi1, #spnn.adjacency> -> tensor<2708xf32>
    ```

    Constraints:

    - (C1) the result is a vector with one element a row of the graph.

    Of a constant graph it becomes a constant.
  }];
  let arguments = (ins SPNN_Graph:$graph);
  let results = (outs SPNN_Floats:$result);
  let assemblyFormat = "$graph attr-dict `:` type($graph) `->` type($result)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def SPNN_AggregateKind : I32EnumAttr<"AggregateKind", "how messages are combined", [
    I32EnumAttrCase<"Sum", 0, "sum">,
    I32EnumAttrCase<"Mean", 1, "mean">,
    I32EnumAttrCase<"Max", 2, "max">,
    I32EnumAttrCase<"Min", 3, "min">,
  ]> {
  let cppNamespace = "::spnn";
  let genSpecializedAttr = 0;
}
def SPNN_AggregateKindAttr : EnumAttr<SPNN_Dialect, SPNN_AggregateKind, "aggregate_kind"> {
  let description = [{
    `sum`, `mean` (over the edges of a row), `max`, `min`.

    ```mlir
    #spnn.aggregate_kind<max>
    ```
  }];
  let assemblyFormat = "`<` $value `>`";
}

def SPNN_AggregateOp : SPNN_GraphOp<"aggregate", [AttrSizedOperandSegments]> {
  let summary = "each node combines what its neighbours send";
  let description = [{
    With M x N the extents of the graph, result[i, f] = row_scales[i] * combine over the edges e from j to i of
    edge_values[e] * column_scales[j] * features[j, f]; what is absent counts as 1. A row without edges is 0. Edge values of
    rank 2 have H columns, one for each head: head h scales the features h * C to h * C + C - 1, where F = H * C. With
    `order`, edge e has the values order[e], as `spnn.transpose` numbers them. `max` and `min` may also return `winners`: the
    j that gave result[i, f], the smallest of several, -1 in a row without edges; NaN wins.

    So a sum is a sparse matrix product whose matrix is the graph with edge values, or diag(row_scales) A
    diag(column_scales) without a value stored for an edge.

    ```mlir
    %y = spnn.aggregate sum %a, %x row_scales(%s : tensor<2708xf32>) column_scales(%s : tensor<2708xf32>)
        : (tensor<2708x2708xi1, #spnn.adjacency>, tensor<2708x16xf32>) -> tensor<2708x16xf32>
    ```

    Constraints:

    - (C1) `features` has rank 2 and one row for each column of the graph; the result has one row for each row of the graph,
      and as many columns as `features`;
    - (C2) all floats have one element type;
    - (C3) `row_scales` and `column_scales` are vectors with an element for each row and column of the graph;
    - (C4) `edge_values` has rank 1, or rank 2 with a number of columns that divides that of `features`; its rows are the edges
      of the graph where their number is known;
    - (C5) `order` is a vector of i32 with one element an edge, beside `edge_values`;
    - (C6) `winners` is there only for `max` and `min`, i32 and of the result's shape; these kinds take neither edge values nor
      scales.
  }];
  let arguments = (ins SPNN_AggregateKindAttr:$kind, SPNN_Graph:$graph, SPNN_Floats:$features,
                       Optional<SPNN_Floats>:$edge_values, Optional<AnyRankedTensor>:$order,
                       Optional<SPNN_Floats>:$row_scales, Optional<SPNN_Floats>:$column_scales);
  let results = (outs SPNN_Floats:$result, Optional<AnyRankedTensor>:$winners);
  let assemblyFormat = [{
    custom<AggregateKind>($kind) $graph `,` $features (`edge_values` `(` $edge_values^ `:` type($edge_values) `)`)?
    (`order` `(` $order^ `:` type($order) `)`)? (`row_scales` `(` $row_scales^ `:` type($row_scales) `)`)?
    (`column_scales` `(` $column_scales^ `:` type($column_scales) `)`)? attr-dict
    `:` `(` type($graph) `,` type($features) `)` `->` type($result) (`,` type($winners)^)?
  }];
  let hasVerifier = 1;
}

def SPNN_ScatterWinnersOp : SPNN_GraphOp<"scatter_winners"> {
  let summary = "gradient of a maximum or minimum over neighbours";
  let description = [{
    result[j, f] = sum over the edges of row j of `graph`, the transposed graph, to i with winners[i, f] = j of gradient[i, f]:
    each winner of `spnn.aggregate max` or `min` gets the gradient of what it won. Rows are gathered, so each result has one owner.

    ```mlir
    %dx = spnn.scatter_winners %t, %winners, %g
        : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x8xi32>, tensor<3x8xf32>) -> tensor<2x8xf32>
    ```

    Constraints:

    - (C1) `gradient` and `winners` (of i32) have one shape of rank 2 with one row for each column of the graph;
    - (C2) the result has one row for each row of the graph, the gradient's columns and its element type.
  }];
  let arguments = (ins SPNN_Graph:$graph, AnyRankedTensor:$winners, SPNN_Floats:$gradient);
  let results = (outs SPNN_Floats:$result);
  let assemblyFormat = [{
    $graph `,` $winners `,` $gradient attr-dict
    `:` `(` type($graph) `,` type($winners) `,` type($gradient) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def SPNN_SDDMMKind : I32EnumAttr<"SDDMMKind", "what an edge computes from its two ends", [
    I32EnumAttrCase<"Dot", 0, "dot">,
    I32EnumAttrCase<"Add", 1, "add">,
  ]> {
  let cppNamespace = "::spnn";
  let genSpecializedAttr = 0;
}
def SPNN_SDDMMKindAttr : EnumAttr<SPNN_Dialect, SPNN_SDDMMKind, "sddmm_kind"> {
  let description = [{
    `dot`: the dot product of each head; `add`: the sum of each element.

    ```mlir
    #spnn.sddmm_kind<dot>
    ```
  }];
  let assemblyFormat = "`<` $value `>`";
}

def SPNN_SDDMMOp : SPNN_GraphOp<"sddmm", [AttrSizedOperandSegments]> {
  let summary = "a value for each edge from the features of its two ends";
  let description = [{
    For the edge e from j to i, with F = H * C columns in `rows` and `columns`:

    - `dot`: result[e, h] = row_scales[i] * column_scales[j] * sum over c of rows[i, h * C + c] * columns[j, h * C + c], a dense
      product computed only where the graph has an edge (sampled dense-dense matrix product); the gradient of
      `spnn.aggregate sum` with respect to edge values;
    - `add`: result[e, h] = rows[i, h] + columns[j, h], where C = 1.

    H is the number of the result's columns, 1 if it has rank 1. With `order`, edge e writes result[order[e]].

    ```mlir
    %v = spnn.sddmm dot %a, %g, %x
        : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4x2xf32>
    ```

    Constraints:

    - (C1) `rows` and `columns` have rank 2, as many rows as the graph has rows and columns, and the same number of columns;
    - (C2) all floats have one element type;
    - (C3) the result has rank 1 or 2; its rows are the edges of the graph where their number is known, and its columns divide
      those of `rows` (`dot`) or are as many (`add`); 
    - (C4) `row_scales` and `column_scales` are vectors with an element for each row and column of the graph, for `dot` only;
    - (C5) `order` is a vector of i32 with one element an edge.
  }];
  let arguments = (ins SPNN_SDDMMKindAttr:$kind, SPNN_Graph:$graph, SPNN_Floats:$rows, SPNN_Floats:$columns,
                       Optional<AnyRankedTensor>:$order, Optional<SPNN_Floats>:$row_scales,
                       Optional<SPNN_Floats>:$column_scales);
  let results = (outs SPNN_Floats:$result);
  let assemblyFormat = [{
    custom<SDDMMKind>($kind) $graph `,` $rows `,` $columns (`order` `(` $order^ `:` type($order) `)`)?
    (`row_scales` `(` $row_scales^ `:` type($row_scales) `)`)?
    (`column_scales` `(` $column_scales^ `:` type($column_scales) `)`)? attr-dict
    `:` `(` type($graph) `,` type($rows) `,` type($columns) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def SPNN_EdgeSoftmaxOp : SPNN_GraphOp<"edge_softmax", [AllTypesMatch<["values", "result"]>]> {
  let summary = "softmax over the edges of each row of a graph";
  let description = [{
    result[e, h] = exp(values[e, h] - m[i, h]) / sum over the edges e' of row i of exp(values[e', h] - m[i, h]), where m is the
    greatest value of the row.

    ```mlir
    %p = spnn.edge_softmax %a, %v : tensor<3x2xi1, #spnn.adjacency>, tensor<4x2xf32>
    ```

    Constraints:

    - (C1) `values` has rank 1 or 2; its rows are the edges of the graph where their number is known.
  }];
  let arguments = (ins SPNN_Graph:$graph, SPNN_Floats:$values);
  let results = (outs SPNN_Floats:$result);
  let assemblyFormat = "$graph `,` $values attr-dict `:` type($graph) `,` type($values)";
  let hasVerifier = 1;
}

def SPNN_EdgeSoftmaxBackwardOp
    : SPNN_GraphOp<"edge_softmax_backward", [AllTypesMatch<["probabilities", "gradient", "result"]>]> {
  let summary = "gradient of the softmax over the edges of each row";
  let description = [{
    result[e, h] = p[e, h] * (gradient[e, h] - sum over the edges e' of row i of p[e', h] * gradient[e', h]) with the
    `probabilities` p that `spnn.edge_softmax` returned.

    ```mlir
    %d = spnn.edge_softmax_backward %a, %p, %g : tensor<3x2xi1, #spnn.adjacency>, tensor<4x2xf32>
    ```

    Constraints:

    - (C1) `probabilities` has rank 1 or 2; its rows are the edges of the graph where their number is known.
  }];
  let arguments = (ins SPNN_Graph:$graph, SPNN_Floats:$probabilities, SPNN_Floats:$gradient);
  let results = (outs SPNN_Floats:$result);
  let assemblyFormat = "$graph `,` $probabilities `,` $gradient attr-dict `:` type($graph) `,` type($probabilities)";
  let hasVerifier = 1;
}

def SPNN_ScoreKind : I32EnumAttr<"ScoreKind", "how an edge's attention score is made", [
    I32EnumAttrCase<"GAT", 0, "gat">,
    I32EnumAttrCase<"GATv2", 1, "gatv2">,
  ]> {
  let cppNamespace = "::spnn";
  let genSpecializedAttr = 0;
}
def SPNN_ScoreKindAttr : EnumAttr<SPNN_Dialect, SPNN_ScoreKind, "score_kind"> {
  let description = [{
    `gat`: leakyrelu(row + column) (Velickovic et al., arXiv:1710.10903); `gatv2`: a . leakyrelu(row + column) (Brody et al.,
    arXiv:2105.14491).

    ```mlir
    #spnn.score_kind<gatv2>
    ```
  }];
  let assemblyFormat = "`<` $value `>`";
}

def SPNN_GraphAttentionOp : SPNN_GraphOp<"graph_attention", [AttrSizedOperandSegments]> {
  let summary = "attention of each node over its neighbours, in one pass without a value stored for an edge";
  let description = [{
    For H = `heads` heads of C features each, features N x (H * C), and each edge e from j to i:

    - score[e, h] = leakyrelu(row_scores[i, h] + column_scores[j, h]) (`gat`: scores M x H and N x H), or
      sum over c of attention[h * C + c] * leakyrelu(row_scores[i, h * C + c] + column_scores[j, h * C + c]) (`gatv2`: scores
      M x (H * C) and N x (H * C), `attention` a vector of H * C), where leakyrelu(x) = x > 0 ? x : slope * x;
    - p = softmax of the scores over the edges of row i;
    - result[i, h * C + c] = sum over e of keep[e, h] * p[e, h] * features[j, h * C + c].

    keep is 1 everywhere, or with `seed` the dropout mask of the coefficients: what `spnn.dropout` with `rate` and `stream`
    makes of an E x H tensor of ones, 0 or 1 / (1 - rate). A row without edges is 0. `logsumexp` [M, H] is the logarithm of the sum of exp(score)
    over the row, minus infinity without edges: with it a gradient recomputes p from the scores, and nothing has to be kept
    for an edge. `coefficients` [E, H] are the p, for who wants to keep them instead.

    ```mlir
    %o, %lse = spnn.graph_attention gat %a, %h, %r, %l heads(8) slope(0.2)
        : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x64xf32>, tensor<34x8xf32>, tensor<34x8xf32>)
        -> (tensor<34x64xf32>, tensor<34x8xf32>)
    ```

    Constraints:

    - (C1) `features` has rank 2, a row for each column of the graph and H * C columns; `heads` is positive;
    - (C2) scores have a row for each row and column of the graph, and H (`gat`) or H * C (`gatv2`) columns;
    - (C3) `attention` is there for `gatv2` alone, a vector of H * C;
    - (C4) `rate` is in [0, 1), and 0 without `seed`;
    - (C5) the result has a row for each row of the graph and H * C columns; `logsumexp` is M x H; `coefficients`, if there, has
      rank 2 and H columns, and its rows are the edges of the graph where their number is known;
    - (C6) all floats have one element type.
  }];
  let arguments = (ins SPNN_ScoreKindAttr:$kind, SPNN_Graph:$graph, SPNN_Floats:$features, SPNN_Floats:$row_scores,
                       SPNN_Floats:$column_scores, Optional<SPNN_Floats>:$attention, Optional<I64>:$seed,
                       I64Attr:$heads, DefaultValuedAttr<F64Attr, "0.2">:$slope, DefaultValuedAttr<F64Attr, "0.0">:$rate,
                       DefaultValuedAttr<I64Attr, "0">:$stream);
  let results = (outs SPNN_Floats:$result, SPNN_Floats:$logsumexp, Optional<SPNN_Floats>:$coefficients);
  let assemblyFormat = [{
    custom<ScoreKind>($kind) $graph `,` $features `,` $row_scores `,` $column_scores
    (`attention` `(` $attention^ `:` type($attention) `)`)? (`seed` `(` $seed^ `)`)?
    `heads` `(` $heads `)` (`slope` `(` $slope^ `)`)? (`rate` `(` $rate^ `)`)? (`stream` `(` $stream^ `)`)? attr-dict
    `:` `(` type($graph) `,` type($features) `,` type($row_scores) `,` type($column_scores) `)`
    `->` `(` type($result) `,` type($logsumexp) (`,` type($coefficients)^)? `)`
  }];
  let hasVerifier = 1;
}

def SPNN_GraphAttentionBackwardOp : SPNN_GraphOp<"graph_attention_backward", [AttrSizedOperandSegments]> {
  let summary = "gradient of graph attention";
  let description = [{
    The gradients of `spnn.graph_attention` with respect to features, row scores, column scores and, for `gatv2`, the
    attention vector, given the gradient G of its result, the `output` O and `logsumexp` that it returned, and its operands.
    With p recomputed from scores and logsumexp, or taken from `coefficients`, keep as in the forward op, and the edge e from j to i:

    - dp[e, h] = keep[e, h] * <G[i, h], features[j, h]>, D[i, h] = <G[i, h], O[i, h]> (equal to the sum of p dp over the row);
    - ds[e, h] = p[e, h] * (dp[e, h] - D[i, h]), which goes through leakyrelu to the scores (and `attention`);
    - d_features[j, h] = sum over the edges of column j of keep[e, h] * p[e, h] * G[i, h].

    `transposed` and `order` are what `spnn.transpose` makes of `graph`: sums over columns are gathered by rows of `transposed`,
    and the dropout mask of edge e of `transposed` is that of edge order[e].

    ```mlir
    %dh, %dr, %dl = spnn.graph_attention_backward gat %a, %t, %order, %h, %r, %l output(%o) logsumexp(%lse) gradient(%g)
        heads(8) slope(0.2) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x34xi1, #spnn.adjacency>, tensor<156xi32>,
        tensor<34x64xf32>, tensor<34x8xf32>, tensor<34x8xf32>, tensor<34x64xf32>, tensor<34x8xf32>, tensor<34x64xf32>)
        -> (tensor<34x64xf32>, tensor<34x8xf32>, tensor<34x8xf32>)
    ```

    Constraints:

    - (C1) the operands that the forward op has too obey its constraints; `output` and `gradient` have its result's type;
    - (C2) `transposed` has the extents of `graph`, exchanged, and `order` one i32 an edge;
    - (C3) each gradient has its operand's type; `d_attention` is there if and only if `attention` is.
  }];
  let arguments = (ins SPNN_ScoreKindAttr:$kind, SPNN_Graph:$graph, SPNN_Graph:$transposed, AnyRankedTensor:$order,
                       SPNN_Floats:$features, SPNN_Floats:$row_scores, SPNN_Floats:$column_scores, SPNN_Floats:$output,
                       SPNN_Floats:$logsumexp, SPNN_Floats:$gradient, Optional<SPNN_Floats>:$attention,
                       Optional<SPNN_Floats>:$coefficients, Optional<I64>:$seed,
                       I64Attr:$heads, DefaultValuedAttr<F64Attr, "0.2">:$slope, DefaultValuedAttr<F64Attr, "0.0">:$rate,
                       DefaultValuedAttr<I64Attr, "0">:$stream);
  let results = (outs SPNN_Floats:$d_features, SPNN_Floats:$d_row_scores, SPNN_Floats:$d_column_scores,
                      Optional<SPNN_Floats>:$d_attention);
  let assemblyFormat = [{
    custom<ScoreKind>($kind) $graph `,` $transposed `,` $order `,` $features `,` $row_scores `,` $column_scores
    `output` `(` $output `)` `logsumexp` `(` $logsumexp `)` `gradient` `(` $gradient `)`
    (`attention` `(` $attention^ `:` type($attention) `)`)? (`coefficients` `(` $coefficients^ `:` type($coefficients) `)`)?
    (`seed` `(` $seed^ `)`)? `heads` `(` $heads `)` (`slope` `(` $slope^ `)`)? (`rate` `(` $rate^ `)`)?
    (`stream` `(` $stream^ `)`)? attr-dict
    `:` `(` type($graph) `,` type($transposed) `,` type($order) `,` type($features) `,` type($row_scores) `,`
    type($column_scores) `,` type($output) `,` type($logsumexp) `,` type($gradient) `)`
    `->` `(` type($d_features) `,` type($d_row_scores) `,` type($d_column_scores) (`,` type($d_attention)^)? `)`
  }];
  let hasVerifier = 1;
}

#endif // SPNN_IR_SPNNMESSAGEOPS_TD
