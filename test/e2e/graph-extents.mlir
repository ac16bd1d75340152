// Extents that types leave open and that do not fit the graph: compiled code and the evaluator both refuse them, before
// anything is read or written, with the op, the rule and both numbers.
// RUN: mkdir -p %t
// RUN: sparse-opt %s --spnn-cpu --emit=so -o %t/m.so
// DEFINE: %{function} =
// DEFINE: %{dims} =
// DEFINE: %{compiled} = sparse-run %t/m.so --function %{function} --integers-below 1 %{dims} 2>&1
// DEFINE: %{evaluated} = sparse-run %s --reference --function %{function} --integers-below 1 %{dims} 2>&1

#graph = #spnn.adjacency

// REDEFINE: %{function} = sum
// REDEFINE: %{dims} = --dim x.0=2 --dim v.0=4 --dim o.0=4 --dim r.0=3 --dim c.0=2
// RUN: %{compiled} && %{evaluated}
// REDEFINE: %{dims} = --dim x.0=1 --dim v.0=4 --dim o.0=4 --dim r.0=3 --dim c.0=2
// RUN: not %{compiled} | FileCheck %s --check-prefix=SUM-X && not %{evaluated} | FileCheck %s --check-prefix=SUM-X-REF
// SUM-X: error: {{.*}}'spnn.aggregate' op features must have a row for each column of the graph, got 1 and 2 (graph-extents.mlir:
// SUM-X-REF: error: {{.*}}'spnn.aggregate' op features must have shape 2x?, got 1x4
// REDEFINE: %{dims} = --dim x.0=2 --dim v.0=3 --dim o.0=4 --dim r.0=3 --dim c.0=2
// RUN: not %{compiled} | FileCheck %s --check-prefix=SUM-V && not %{evaluated} | FileCheck %s --check-prefix=SUM-V-REF
// SUM-V: 'spnn.aggregate' op edge_values must have a row for each edge of the graph, got 3 and 4
// SUM-V-REF: error: {{.*}}'spnn.aggregate' op edge_values must have shape 4, got 3
// REDEFINE: %{dims} = --dim x.0=2 --dim v.0=4 --dim o.0=5 --dim r.0=3 --dim c.0=2
// RUN: not %{compiled} | FileCheck %s --check-prefix=SUM-O && not %{evaluated} | FileCheck %s --check-prefix=SUM-O-REF
// SUM-O: 'spnn.aggregate' op order must have a row for each edge of the graph, got 5 and 4
// SUM-O-REF: error: {{.*}}'spnn.aggregate' op order must have shape 4, got 5
// REDEFINE: %{dims} = --dim x.0=2 --dim v.0=4 --dim o.0=4 --dim r.0=2 --dim c.0=2
// RUN: not %{compiled} | FileCheck %s --check-prefix=SUM-R && not %{evaluated} | FileCheck %s --check-prefix=SUM-R-REF
// SUM-R: 'spnn.aggregate' op row_scales must have a row for each row of the graph, got 2 and 3
// SUM-R-REF: error: {{.*}}'spnn.aggregate' op row_scales must have shape 3, got 2
// REDEFINE: %{dims} = --dim x.0=2 --dim v.0=4 --dim o.0=4 --dim r.0=3 --dim c.0=0
// RUN: not %{compiled} | FileCheck %s --check-prefix=SUM-C && not %{evaluated} | FileCheck %s --check-prefix=SUM-C-REF
// SUM-C: 'spnn.aggregate' op column_scales must have a row for each column of the graph, got 0 and 2
// SUM-C-REF: error: {{.*}}'spnn.aggregate' op column_scales must have shape 2, got 0
// Numbers of edges that come from outside are read as well.
// REDEFINE: %{dims} = --dim x.0=2 --dim v.0=4 --dim o.0=4 --dim r.0=3 --dim c.0=2 --integers-below 100 --seed 1
// RUN: not %{compiled} | FileCheck %s --check-prefix=SUM-N && not %{evaluated} | FileCheck %s --check-prefix=SUM-N-REF
// SUM-N: order[{{[0-3]}}] is {{[0-9]+}}, expected the number of one of 4 edges
// SUM-N-REF: error: {{.*}}'spnn.aggregate' op order[{{[0-3]}}] must be the number of one of 4 edges, got
func.func @sum(%x: tensor<?x4xf32> {spnn.name = "x"}, %v: tensor<?xf32> {spnn.name = "v"},
               %o: tensor<?xi32> {spnn.name = "o"}, %r: tensor<?xf32> {spnn.name = "r"},
               %c: tensor<?xf32> {spnn.name = "c"}) -> tensor<3x4xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #graph>
  %y = spnn.aggregate sum %a, %x edge_values(%v : tensor<?xf32>) order(%o : tensor<?xi32>)
      row_scales(%r : tensor<?xf32>) column_scales(%c : tensor<?xf32>)
      : (tensor<3x2xi1, #graph>, tensor<?x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// REDEFINE: %{function} = max
// REDEFINE: %{dims} = --dim x.0=3
// RUN: not %{compiled} | FileCheck %s --check-prefix=MAX && not %{evaluated} | FileCheck %s --check-prefix=MAX-REF
// MAX: 'spnn.aggregate' op features must have a row for each column of the graph, got 3 and 2
// MAX-REF: error: {{.*}}'spnn.aggregate' op features must have shape 2x?, got 3x4
func.func @max(%x: tensor<?x4xf32> {spnn.name = "x"}) -> (tensor<3x4xf32>, tensor<3x4xi32>) {
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #graph>
  %y, %w = spnn.aggregate max %a, %x : (tensor<3x2xi1, #graph>, tensor<?x4xf32>) -> tensor<3x4xf32>, tensor<3x4xi32>
  return %y, %w : tensor<3x4xf32>, tensor<3x4xi32>
}

// REDEFINE: %{function} = scatter
// REDEFINE: %{dims} = --dim w.0=2 --dim w.1=4 --dim g.0=2 --dim g.1=4
// RUN: %{compiled} && %{evaluated}
// REDEFINE: %{dims} = --dim w.0=2 --dim w.1=4 --dim g.0=1 --dim g.1=4
// RUN: not %{compiled} | FileCheck %s --check-prefix=SCATTER-G && not %{evaluated} | FileCheck %s --check-prefix=SCATTER-G-REF
// SCATTER-G: 'spnn.scatter_winners' op gradient must have a row for each column of the graph, got 1 and 2
// SCATTER-G-REF: error: {{.*}}'spnn.scatter_winners' op gradient must have shape 2x?, got 1x4
// REDEFINE: %{dims} = --dim w.0=2 --dim w.1=3 --dim g.0=2 --dim g.1=4
// RUN: not %{compiled} | FileCheck %s --check-prefix=SCATTER-W && not %{evaluated} | FileCheck %s --check-prefix=SCATTER-W-REF
// SCATTER-W: 'spnn.scatter_winners' op winners must have extent 1 of gradient, got 3 and 4
// SCATTER-W-REF: error: {{.*}}'spnn.scatter_winners' op winners must have shape 2x4, got 2x3
// REDEFINE: %{dims} = --dim w.0=2 --dim w.1=3 --dim g.0=2 --dim g.1=3
// RUN: not %{compiled} | FileCheck %s --check-prefix=SCATTER-Y && not %{evaluated}
// SCATTER-Y: 'spnn.scatter_winners' op result must have as many columns as gradient, got 4 and 3
func.func @scatter(%w: tensor<?x?xi32> {spnn.name = "w"}, %g: tensor<?x?xf32> {spnn.name = "g"}) -> tensor<3x4xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #graph>
  %y = spnn.scatter_winners %a, %w, %g
      : (tensor<3x2xi1, #graph>, tensor<?x?xi32>, tensor<?x?xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// REDEFINE: %{function} = dot
// REDEFINE: %{dims} = --dim r.0=3 --dim r.1=4 --dim c.0=2 --dim c.1=4 --dim s.0=3 --dim o.0=4
// RUN: %{compiled} && %{evaluated}
// REDEFINE: %{dims} = --dim r.0=2 --dim r.1=4 --dim c.0=2 --dim c.1=4 --dim s.0=3 --dim o.0=4
// RUN: not %{compiled} | FileCheck %s --check-prefix=DOT-R && not %{evaluated} | FileCheck %s --check-prefix=DOT-R-REF
// DOT-R: 'spnn.sddmm' op rows must have a row for each row of the graph, got 2 and 3
// DOT-R-REF: error: {{.*}}'spnn.sddmm' op rows must have shape 3x?, got 2x4
// REDEFINE: %{dims} = --dim r.0=3 --dim r.1=4 --dim c.0=2 --dim c.1=2 --dim s.0=3 --dim o.0=4
// RUN: not %{compiled} | FileCheck %s --check-prefix=DOT-C && not %{evaluated} | FileCheck %s --check-prefix=DOT-C-REF
// DOT-C: 'spnn.sddmm' op columns must have as many columns as rows, got 2 and 4
// DOT-C-REF: error: {{.*}}'spnn.sddmm' op columns must have shape 2x4, got 2x2
// REDEFINE: %{dims} = --dim r.0=3 --dim r.1=5 --dim c.0=2 --dim c.1=5 --dim s.0=3 --dim o.0=4
// RUN: not %{compiled} | FileCheck %s --check-prefix=DOT-H && not %{evaluated} | FileCheck %s --check-prefix=DOT-H-REF
// DOT-H: 'spnn.sddmm' op columns of rows must be a multiple of the number of heads, got 5 and 2
// DOT-H-REF: error: {{.*}}'spnn.sddmm' op number of columns of the result must divide that of rows, got 2 and 5
// REDEFINE: %{dims} = --dim r.0=3 --dim r.1=4 --dim c.0=2 --dim c.1=4 --dim s.0=1 --dim o.0=4
// RUN: not %{compiled} | FileCheck %s --check-prefix=DOT-S && not %{evaluated} | FileCheck %s --check-prefix=DOT-S-REF
// DOT-S: 'spnn.sddmm' op row_scales must have a row for each row of the graph, got 1 and 3
// DOT-S-REF: error: {{.*}}'spnn.sddmm' op row_scales must have shape 3, got 1
// REDEFINE: %{dims} = --dim r.0=3 --dim r.1=4 --dim c.0=2 --dim c.1=4 --dim s.0=3 --dim o.0=3
// RUN: not %{compiled} | FileCheck %s --check-prefix=DOT-O && not %{evaluated} | FileCheck %s --check-prefix=DOT-O-REF
// DOT-O: 'spnn.sddmm' op order must have a row for each edge of the graph, got 3 and 4
// DOT-O-REF: error: {{.*}}'spnn.sddmm' op order must have shape 4, got 3
func.func @dot(%r: tensor<?x?xf32> {spnn.name = "r"}, %c: tensor<?x?xf32> {spnn.name = "c"},
               %s: tensor<?xf32> {spnn.name = "s"}, %o: tensor<?xi32> {spnn.name = "o"}) -> tensor<4x2xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #graph>
  %v = spnn.sddmm dot %a, %r, %c order(%o : tensor<?xi32>) row_scales(%s : tensor<?xf32>)
      : (tensor<3x2xi1, #graph>, tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<4x2xf32>
  return %v : tensor<4x2xf32>
}

// REDEFINE: %{function} = ends
// REDEFINE: %{dims} = --dim r.0=3 --dim r.1=1 --dim c.0=2 --dim c.1=1
// RUN: %{compiled} && %{evaluated}
// REDEFINE: %{dims} = --dim r.0=3 --dim r.1=0 --dim c.0=2 --dim c.1=0
// RUN: not %{compiled} | FileCheck %s --check-prefix=ENDS && not %{evaluated} | FileCheck %s --check-prefix=ENDS-REF
// ENDS: 'spnn.sddmm' op rows must have the columns of the result, got 0 and 1
// ENDS-REF: error: {{.*}}'spnn.sddmm' op number of columns of the result must be that of rows, got 1 and 0
func.func @ends(%r: tensor<?x?xf32> {spnn.name = "r"}, %c: tensor<?x?xf32> {spnn.name = "c"}) -> tensor<4xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #graph>
  %v = spnn.sddmm add %a, %r, %c : (tensor<3x2xi1, #graph>, tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<4xf32>
  return %v : tensor<4xf32>
}

// REDEFINE: %{function} = softmax
// REDEFINE: %{dims} = --dim v.0=3
// RUN: not %{compiled} | FileCheck %s --check-prefix=SOFTMAX && not %{evaluated} | FileCheck %s --check-prefix=SOFTMAX-REF
// SOFTMAX: 'spnn.edge_softmax' op values must have a row for each edge of the graph, got 3 and 4
// SOFTMAX-REF: error: {{.*}}'spnn.edge_softmax' op values must have shape 4x?, got 3x2
func.func @softmax(%v: tensor<?x2xf32> {spnn.name = "v"}) -> tensor<4x2xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #graph>
  %p = spnn.edge_softmax %a, %v : tensor<3x2xi1, #graph>, tensor<?x2xf32>
  %s0 = tensor.cast %p : tensor<?x2xf32> to tensor<4x2xf32>
  return %s0 : tensor<4x2xf32>
}

// REDEFINE: %{function} = softmax_backward
// REDEFINE: %{dims} = --dim p.0=4 --dim g.0=3
// RUN: not %{compiled} | FileCheck %s --check-prefix=BACKWARD && not %{evaluated} | FileCheck %s --check-prefix=BACKWARD-REF
// BACKWARD: 'spnn.edge_softmax_backward' op gradient must have extent 0 of probabilities, got 3 and 4
// BACKWARD-REF: error: {{.*}}'spnn.edge_softmax_backward' op gradient must have shape 4x2, got 3x2
// REDEFINE: %{dims} = --dim p.0=5 --dim g.0=5
// RUN: not %{compiled} | FileCheck %s --check-prefix=BACKWARD-P && not %{evaluated} | FileCheck %s --check-prefix=BACKWARD-P-REF
// BACKWARD-P: 'spnn.edge_softmax_backward' op probabilities must have a row for each edge of the graph, got 5 and 4
// BACKWARD-P-REF: error: {{.*}}'spnn.edge_softmax_backward' op probabilities must have shape 4x?, got 5x2
func.func @softmax_backward(%p: tensor<?x2xf32> {spnn.name = "p"}, %g: tensor<?x2xf32> {spnn.name = "g"}) -> tensor<4x2xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #graph>
  %d = spnn.edge_softmax_backward %a, %p, %g : tensor<3x2xi1, #graph>, tensor<?x2xf32>
  %s0 = tensor.cast %d : tensor<?x2xf32> to tensor<4x2xf32>
  return %s0 : tensor<4x2xf32>
}

// Graphs that come at run time, here without edges: results of known extents.
// REDEFINE: %{function} = degree
// REDEFINE: %{dims} = --dim pos.0=4 --dim idx.0=0
// RUN: %{compiled} && %{evaluated}
// REDEFINE: %{dims} = --dim pos.0=6 --dim idx.0=0
// RUN: not %{compiled} | FileCheck %s --check-prefix=DEGREE && not %{evaluated}
// DEGREE: 'spnn.degree' op result must have a row for each row of the graph, got 3 and 5
func.func @degree(%pos: tensor<?xi32> {spnn.name = "pos"}, %idx: tensor<?xi32> {spnn.name = "idx"}) -> tensor<3xf32> {
  %a = spnn.assemble %pos, %idx : (tensor<?xi32>, tensor<?xi32>) -> tensor<?x2xi1, #graph>
  %d = spnn.degree %a : tensor<?x2xi1, #graph> -> tensor<3xf32>
  return %d : tensor<3xf32>
}

// REDEFINE: %{function} = order
// REDEFINE: %{dims} = --dim pos.0=4 --dim idx.0=0
// RUN: not %{compiled} | FileCheck %s --check-prefix=ORDER && not %{evaluated}
// ORDER: 'spnn.transpose' op order must have an element for each edge, got 4 and 0
func.func @order(%pos: tensor<?xi32> {spnn.name = "pos"}, %idx: tensor<?xi32> {spnn.name = "idx"}) -> tensor<4xi32> {
  %a = spnn.assemble %pos, %idx : (tensor<?xi32>, tensor<?xi32>) -> tensor<3x2xi1, #graph>
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #graph> -> tensor<2x3xi1, #graph>, tensor<4xi32>
  return %order : tensor<4xi32>
}

// Who is not square cannot be symmetric, whatever its edges.
// REDEFINE: %{function} = symmetric
// REDEFINE: %{dims} = --dim pos.0=9 --dim idx.0=0 --dim x.0=2
// RUN: not %{compiled} | FileCheck %s --check-prefix=SYMMETRIC && not %{evaluated} | FileCheck %s --check-prefix=SYMMETRIC-REF
// SYMMETRIC: a graph that is said to be symmetric has an edge without its partner
// SYMMETRIC-REF: error: {{.*}}'spnn.assemble' op must be symmetric, got 8 rows and 2 columns
// REDEFINE: %{dims} = --dim pos.0=0 --dim idx.0=0 --dim x.0=2
// RUN: not %{compiled} | FileCheck %s --check-prefix=NO-POSITIONS && not %{evaluated} | FileCheck %s --check-prefix=NO-POSITIONS-REF
// NO-POSITIONS: a graph of -1 rows has 0 positions, expected one more than rows
// NO-POSITIONS-REF: error: {{.*}}'spnn.assemble' op gets no positions
func.func @symmetric(%pos: tensor<?xi32> {spnn.name = "pos"}, %idx: tensor<?xi32> {spnn.name = "idx"},
                     %x: tensor<?x4xf32> {spnn.name = "x"}) -> tensor<2x4xf32> {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x4xf32>
  %a = spnn.assemble %pos, %idx columns %n {symmetric} : (tensor<?xi32>, tensor<?xi32>) -> tensor<?x?xi1, #graph>
  %y = spnn.aggregate sum %a, %x : (tensor<?x?xi1, #graph>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %s0 = tensor.cast %y : tensor<?x4xf32> to tensor<2x4xf32>
  return %s0 : tensor<2x4xf32>
}

// REDEFINE: %{function} = gat
// REDEFINE: %{dims} = --dim x.0=2 --dim r.0=3 --dim r.1=2 --dim l.0=2 --dim l.1=2
// RUN: %{compiled} && %{evaluated}
// REDEFINE: %{dims} = --dim x.0=1 --dim r.0=3 --dim r.1=2 --dim l.0=2 --dim l.1=2
// RUN: not %{compiled} | FileCheck %s --check-prefix=GAT-X && not %{evaluated} | FileCheck %s --check-prefix=GAT-X-REF
// GAT-X: 'spnn.graph_attention' op features must have a row for each column of the graph, got 1 and 2
// GAT-X-REF: error: {{.*}}'spnn.graph_attention' op features must have shape 2x?, got 1x4
// REDEFINE: %{dims} = --dim x.0=2 --dim r.0=4 --dim r.1=2 --dim l.0=2 --dim l.1=2
// RUN: not %{compiled} | FileCheck %s --check-prefix=GAT-R && not %{evaluated} | FileCheck %s --check-prefix=GAT-R-REF
// GAT-R: 'spnn.graph_attention' op row_scores must have a row for each row of the graph, got 4 and 3
// GAT-R-REF: error: {{.*}}'spnn.graph_attention' op row_scores must have shape 3x2, got 4x2
// REDEFINE: %{dims} = --dim x.0=2 --dim r.0=3 --dim r.1=2 --dim l.0=2 --dim l.1=1
// RUN: not %{compiled} | FileCheck %s --check-prefix=GAT-L && not %{evaluated} | FileCheck %s --check-prefix=GAT-L-REF
// GAT-L: 'spnn.graph_attention' op column_scores must have the columns that its heads need, got 1 and 2
// GAT-L-REF: error: {{.*}}'spnn.graph_attention' op column_scores must have shape 2x2, got 2x1
func.func @gat(%x: tensor<?x4xf32> {spnn.name = "x"}, %r: tensor<?x?xf32> {spnn.name = "r"},
               %l: tensor<?x?xf32> {spnn.name = "l"}) -> (tensor<3x4xf32>, tensor<3x2xf32>) {
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #graph>
  %y, %z = spnn.graph_attention gat %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #graph>, tensor<?x4xf32>, tensor<?x?xf32>, tensor<?x?xf32>) -> (tensor<3x4xf32>, tensor<3x2xf32>)
  return %y, %z : tensor<3x4xf32>, tensor<3x2xf32>
}

// REDEFINE: %{function} = gatv2_backward
// REDEFINE: %{dims} = --dim x.0=2 --dim r.0=3 --dim y.0=3 --dim z.0=3 --dim w.0=4 --dim p.0=4 --dim o.0=4
// RUN: %{compiled}
// REDEFINE: %{dims} = --dim x.0=2 --dim r.0=3 --dim y.0=2 --dim z.0=3 --dim w.0=4 --dim p.0=4 --dim o.0=4
// RUN: not %{compiled} | FileCheck %s --check-prefix=V2-Y
// V2-Y: 'spnn.graph_attention_backward' op output must have a row for each row of the graph, got 2 and 3
// REDEFINE: %{dims} = --dim x.0=2 --dim r.0=3 --dim y.0=3 --dim z.0=2 --dim w.0=4 --dim p.0=4 --dim o.0=4
// RUN: not %{compiled} | FileCheck %s --check-prefix=V2-Z && not %{evaluated}
// V2-Z: 'spnn.graph_attention_backward' op logsumexp must have a row for each row of the graph, got 2 and 3
// REDEFINE: %{dims} = --dim x.0=2 --dim r.0=3 --dim y.0=3 --dim z.0=3 --dim w.0=5 --dim p.0=4 --dim o.0=4
// RUN: not %{compiled} | FileCheck %s --check-prefix=V2-W && not %{evaluated} | FileCheck %s --check-prefix=V2-W-REF
// V2-W: 'spnn.graph_attention_backward' op attention must have an element for each column of features, got 5 and 4
// V2-W-REF: error: {{.*}}'spnn.graph_attention_backward' op attention must have shape 4, got 5
// REDEFINE: %{dims} = --dim x.0=2 --dim r.0=3 --dim y.0=3 --dim z.0=3 --dim w.0=4 --dim p.0=3 --dim o.0=4
// RUN: not %{compiled} | FileCheck %s --check-prefix=V2-P && not %{evaluated}
// V2-P: 'spnn.graph_attention_backward' op coefficients must have a row for each edge of the graph, got 3 and 4
// REDEFINE: %{dims} = --dim x.0=2 --dim r.0=3 --dim y.0=3 --dim z.0=3 --dim w.0=4 --dim p.0=4 --dim o.0=2
// RUN: not %{compiled} | FileCheck %s --check-prefix=V2-O && not %{evaluated} | FileCheck %s --check-prefix=V2-O-REF
// V2-O: 'spnn.graph_attention_backward' op order must have a row for each edge of the graph, got 2 and 4
// V2-O-REF: error: {{.*}}'spnn.graph_attention_backward' op order must have shape 4, got 2
func.func @gatv2_backward(%x: tensor<?x4xf32> {spnn.name = "x"}, %r: tensor<?x4xf32> {spnn.name = "r"},
                          %y: tensor<?x4xf32> {spnn.name = "y"}, %z: tensor<?x2xf32> {spnn.name = "z"},
                          %w: tensor<?xf32> {spnn.name = "w"}, %p: tensor<?x2xf32> {spnn.name = "p"},
                          %o: tensor<?xi32> {spnn.name = "o"})
    -> (tensor<2x4xf32>, tensor<3x4xf32>, tensor<2x4xf32>, tensor<4xf32>) {
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #graph>
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #graph> -> tensor<2x3xi1, #graph>, tensor<4xi32>
  %dx, %dr, %dl, %dw = spnn.graph_attention_backward gatv2 %a, %t, %o, %x, %r, %x output(%y) logsumexp(%z) gradient(%y)
      attention(%w : tensor<?xf32>) coefficients(%p : tensor<?x2xf32>) heads(2)
      : (tensor<3x2xi1, #graph>, tensor<2x3xi1, #graph>, tensor<?xi32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>,
      tensor<?x4xf32>, tensor<?x2xf32>, tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xf32>)
  %s0 = tensor.cast %dx : tensor<?x4xf32> to tensor<2x4xf32>
  %s1 = tensor.cast %dr : tensor<?x4xf32> to tensor<3x4xf32>
  %s2 = tensor.cast %dl : tensor<?x4xf32> to tensor<2x4xf32>
  %s3 = tensor.cast %dw : tensor<?xf32> to tensor<4xf32>
  return %s0, %s1, %s2, %s3 : tensor<2x4xf32>, tensor<3x4xf32>, tensor<2x4xf32>, tensor<4xf32>
}

// REDEFINE: %{function} = loss
// REDEFINE: %{dims} = --dim p.0=5 --dim t.0=5 --dim m.0=5
// RUN: %{compiled} && %{evaluated}
// REDEFINE: %{dims} = --dim p.0=5 --dim t.0=4 --dim m.0=5
// RUN: not %{compiled} | FileCheck %s --check-prefix=LOSS-T && not %{evaluated} | FileCheck %s --check-prefix=LOSS-T-REF
// LOSS-T: 'spnn.loss' op targets must have a row for each row of predictions, got 4 and 5
// LOSS-T-REF: error: {{.*}}'spnn.loss' op targets must have shape 5, got 4
// REDEFINE: %{dims} = --dim p.0=5 --dim t.0=5 --dim m.0=6
// RUN: not %{compiled} | FileCheck %s --check-prefix=LOSS-M && not %{evaluated} | FileCheck %s --check-prefix=LOSS-M-REF
// LOSS-M: 'spnn.loss' op mask must have an element for each row of predictions, got 6 and 5
// LOSS-M-REF: error: {{.*}}'spnn.loss' op mask must have shape 5, got 6
func.func @loss(%p: tensor<?x3xf32> {spnn.name = "p"}, %t: tensor<?xi32> {spnn.name = "t"},
                %m: tensor<?xi1> {spnn.name = "m"}) -> tensor<f32> {
  %l = spnn.loss cross_entropy %p, %t mask(%m : tensor<?xi1>) : tensor<?x3xf32>, tensor<?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// REDEFINE: %{function} = loss_backward
// REDEFINE: %{dims} = --dim p.0=5 --dim p.1=3 --dim t.0=5 --dim t.1=2
// RUN: not %{compiled} | FileCheck %s --check-prefix=LOSS-B && not %{evaluated} | FileCheck %s --check-prefix=LOSS-B-REF
// LOSS-B: 'spnn.loss_backward' op targets must have as many columns as predictions, got 2 and 3
// LOSS-B-REF: error: {{.*}}'spnn.loss_backward' op targets must have shape 5x3, got 5x2
func.func @loss_backward(%p: tensor<?x?xf32> {spnn.name = "p"}, %t: tensor<?x?xf32> {spnn.name = "t"},
                         %g: tensor<f32> {spnn.name = "g"}) -> tensor<5x3xf32> {
  %d = spnn.loss_backward mean_squared %p, %t, %g : tensor<?x?xf32>, tensor<?x?xf32>, tensor<f32>
  %s0 = tensor.cast %d : tensor<?x?xf32> to tensor<5x3xf32>
  return %s0 : tensor<5x3xf32>
}

// REDEFINE: %{function} = adam
// REDEFINE: %{dims} = --dim w.0=5 --dim w.1=3 --dim g.0=5 --dim g.1=3 --dim m.0=5 --dim m.1=3 --dim v.0=4 --dim v.1=3
// RUN: not %{compiled} | FileCheck %s --check-prefix=ADAM && not %{evaluated} | FileCheck %s --check-prefix=ADAM-REF
// ADAM: 'spnn.adam' op variance must have extent 0 of parameter, got 4 and 5
// ADAM-REF: error: {{.*}}'spnn.adam' op variance must have shape 5x3, got 4x3
func.func @adam(%w: tensor<?x?xf32> {spnn.name = "w"}, %g: tensor<?x?xf32> {spnn.name = "g"},
                %m: tensor<?x?xf32> {spnn.name = "m"}, %v: tensor<?x?xf32> {spnn.name = "v"})
    -> (tensor<5x3xf32>, tensor<5x3xf32>, tensor<5x3xf32>) {
  %step = arith.constant 1 : i64
  %a, %b, %c = spnn.adam %w, %g, %m, %v step(%step) rate(0.1) : tensor<?x?xf32>
  %s0 = tensor.cast %a : tensor<?x?xf32> to tensor<5x3xf32>
  %s1 = tensor.cast %b : tensor<?x?xf32> to tensor<5x3xf32>
  %s2 = tensor.cast %c : tensor<?x?xf32> to tensor<5x3xf32>
  return %s0, %s1, %s2 : tensor<5x3xf32>, tensor<5x3xf32>, tensor<5x3xf32>
}

// REDEFINE: %{function} = sgd
// REDEFINE: %{dims} = --dim w.0=5 --dim g.0=6 --dim v.0=5
// RUN: not %{compiled} | FileCheck %s --check-prefix=SGD && not %{evaluated} | FileCheck %s --check-prefix=SGD-REF
// SGD: 'spnn.sgd' op gradient must have extent 0 of parameter, got 6 and 5
// SGD-REF: error: {{.*}}'spnn.sgd' op gradient must have shape 5, got 6
func.func @sgd(%w: tensor<?xf32> {spnn.name = "w"}, %g: tensor<?xf32> {spnn.name = "g"}, %v: tensor<?xf32> {spnn.name = "v"})
    -> (tensor<5xf32>, tensor<5xf32>) {
  %a, %b = spnn.sgd %w, %g, %v rate(0.1) : tensor<?xf32>
  %s0 = tensor.cast %a : tensor<?xf32> to tensor<5xf32>
  %s1 = tensor.cast %b : tensor<?xf32> to tensor<5xf32>
  return %s0, %s1 : tensor<5xf32>, tensor<5xf32>
}
