//===- Passes.td - Passes from kernels to code -------------*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines the passes from the graph level to kernels, loops and code. Rule of this file: passes stand in the order in which the CPU pipeline
// runs them, passes outside the pipeline follow in alphabetical order; each has a summary, a description with an
// example that a test executes (test/Lowering/<flag>.mlir), and says which remarks it leaves.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LOWERING_PASSES_TD
#define SPNN_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// From graph-level ops to kernels
//===----------------------------------------------------------------------===//

def SetTarget : Pass<"spnn-set-target", "::mlir::ModuleOp"> {
  let summary = "Record the machine to compile for";
  let description = [{
    Sets the module attribute `spnn.target`, which every later pass reads: LLVM's CPU name, the width of its vectors,
    the threads, and the target description of the cost model, by default the generic one of that vector width.

    ```mlir
    module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {}
    ```
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", /*default=*/"\"native\"", "LLVM's name of the CPU; 'native' is this machine's">,
    Option<"description", "description", "std::string", /*default=*/"\"\"",
           "target description of the cost model: a name or a file that bench/calibrate wrote">,
    Option<"threads", "threads", "int64_t", /*default=*/"0", "OpenMP threads; 1: sequential code, 0: decided at run time">,
  ];
  let dependentDialects = ["::spnn::SPNNDialect"];
}

def SplitColumns : Pass<"spnn-split-columns", "::mlir::ModuleOp"> {
  let summary = "Compute products slice by slice of their columns";
  let description = [{
    A product of a constant with n columns can be several products with fewer: 17 columns take two vectors of 16, or one
    and a kernel for a single column, which is faster; 512 columns fill a cache with activations that 128 at a time leave
    to the weights. For every `spnn.matmul` with constant weights and a static number of columns, finds all ops around it
    that treat each column alike (products, elementwise arithmetic, reductions over the rows, transpositions), so that a
    chain of products is cut as a whole and activations stay packed in it. It predicts the time of all of them as
    spnn-select-formats will choose, with the changes of layout at both ends, for all columns and for slices: whole vectors
    and the rest, halves, quarters and so on where activations and weights do not fit L2. The ops are replaced by
    copies on slices of their inputs, into slices of their outputs, if the prediction is 5 % less; slices of one size
    become a loop. Kernels are chosen for each copy by itself.

    ```mlir
    %y = spnn.matmul %w, %x : (tensor<64x128xf32>, tensor<128x17xf32>) -> tensor<64x17xf32>
    // becomes
    %e = tensor.empty() : tensor<64x17xf32>
    %a = tensor.extract_slice %x[0, 0] [128, 16] [1, 1] : tensor<128x17xf32> to tensor<128x16xf32>
    %p = spnn.matmul %w, %a {spnn.columns = {slices = array<i64: 16, 1>, ...}} : ... -> tensor<64x16xf32>
    %f = tensor.insert_slice %p into %e[0, 0] [64, 16] [1, 1] : tensor<64x16xf32> into tensor<64x17xf32>
    %b = tensor.extract_slice %x[0, 16] [128, 1] [1, 1] : tensor<128x17xf32> to tensor<128x1xf32>
    ...
    ```

    Left whole is what has columns of a dynamic number, what cannot be cut as a whole (columns that meet between two
    products, as in attention), and products between which and others activations may stay packed. The
    attribute `spnn.columns` of a product asks for slices, `slices = array<i64: 16, 1>`, or for none, `array<i64: 17>`; on
    copies it says what was done and why. The option `columns` does the same for all products: "16+1" is each size as
    often as it fits, and what is left.

    Remarks: one for each cut, with the predicted times; the reason for what cannot be cut.
  }];
  let options = [
    Option<"columns", "columns", "std::string", /*default=*/"\"auto\"",
           "auto, off (only where spnn.columns asks for it), or sizes: 128 or 16+1">,
    Option<"format", "format", "std::string", /*default=*/"\"\"", "the format that spnn-select-formats will be given">,
    Option<"kernel", "kernel", "std::string", /*default=*/"\"\"", "the kernel that spnn-select-formats will be given">,
  ];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numSplit", "split", "groups of products that were cut">,
    Statistic<"numSlices", "slices", "products on slices, loops counted once">,
  ];
}

def SelectFormats : Pass<"spnn-select-formats", "::mlir::ModuleOp"> {
  let summary = "Choose the storage format and the kernel of each product's weights";
  let description = [{
    For every `spnn.matmul` with constant dense weights, predicts the time of each format and kernel that can hold and
    multiply them (`lib/Cost/CostModel.cpp`, with the target description of `spnn.target`) and chooses, dense included, so
    that the whole network takes least time, with what it costs to change the layout of activations between products
    that want it different. The choice is written down: a `spnn.convert` to the chosen encoding, and the attribute `spnn.decision`
    with kernel, parameters, predicted time and all candidates with their times or the reason that rules them out. Both
    can be edited before `spnn-select-kernels` runs. Weights that carry an encoding already keep it; only their kernel is
    chosen, unless a `spnn.decision` names one already.

    ```mlir
    %y = spnn.matmul %w, %x : (tensor<64x128xf32>, tensor<128x?xf32>) -> tensor<64x?xf32>
    // becomes
    %s = spnn.convert %w : tensor<64x128xf32> to tensor<64x128xf32, #CSR>
    %y = spnn.matmul %s, %x {spnn.decision = {format = "csr", kernel = "csr", predicted_us = 1.9, ...}}
        : (tensor<64x128xf32, #CSR>, tensor<128x?xf32>) -> tensor<64x?xf32>
    ```

    The attribute `spnn.activation_density`, an f64 in [0, 1], on a product of one column says which share of its
    activations is not zero, as behind a ReLU. `spnn-measure-activations` measures it, or whoever knows it writes it down,
    before or after `spnn-raise`. With it, CSC is considered too, whose kernel skips the columns of zeros while running; its predicted
    time is in proportion.

    ```mlir
    %y = spnn.matmul %w, %x {spnn.activation_density = 0.1 : f64}
        : (tensor<64x128xf32>, tensor<128x1xf32>) -> tensor<64x1xf32>
    ```

    With `tune`, the candidates that are predicted to take at most twice as long as the best, at most six of them, and dense
    are compiled and timed, each product alone, with as many columns as it has (or `expected-columns`), its bias and
    activation, and its weights where those of the network live; the measured time then replaces the prediction, as
    `measured_us` in the attribute. What was measured is kept in the file `tune-cache`. That takes a program that
    can run what it compiles (`spnn/Tuning/Tuner.h`): `sparse-opt --tune` or `sparse-run --tune`.

    Remarks: one for each product: the choice, or why it stays dense; with `tune`, how much was measured.
  }];
  let options = [
    Option<"expectedColumns", "expected-columns", "int64_t", /*default=*/"128",
           "columns to predict for where they are dynamic">,
    Option<"format", "format", "std::string", /*default=*/"\"\"",
           "force one format (dense, csr, csc, bsr4x1, nm2:4, bitmap) wherever it is legal">,
    Option<"kernel", "kernel", "std::string", /*default=*/"\"\"",
           "force one kernel (csr, csr-matvec, csc-matvec, hardcoded, pattern-tile, block, block-matvec, nm, nm-matvec, nmg, "
           "bitmap-matvec, dot) wherever it is legal">,
    Option<"tune", "tune", "bool", /*default=*/"false", "measure the likeliest candidates on this machine">,
    Option<"tuneCache", "tune-cache", "std::string", /*default=*/"\"\"",
           "file of measured times, read and added to (default: spnn/tune.json in $XDG_CACHE_HOME or ~/.cache)">,
  ];
  let dependentDialects = ["::spnn::SPNNDialect"];
  let statistics = [
    Statistic<"numSparse", "sparse", "products with sparse weights">,
    Statistic<"numDense", "dense", "products that stay dense">,
    Statistic<"numMeasured", "measured", "candidates measured">,
    Statistic<"numRemembered", "remembered", "candidates whose measured time was known">,
  ];
}

def SelectGraphKernels : Pass<"spnn-select-graph-kernels", "::mlir::ModuleOp"> {
  let summary = "Replace ops on graphs by kernel ops on the storage of their graphs";
  let description = [{
    Every op that passes messages along edges becomes a `spnn.kernel_graph`. The storage of a constant graph are constants
    (transposed ones too, made here; the transpose of a symmetric graph is its own), that of a `spnn.assemble` its operands,
    checked once by kernel `assemble` where they come in, that of a transposed run-time graph what kernel `transpose` makes. Bias,
    ReLU and `spnn.dropout` that directly follow an aggregation, and nothing else reads what is between, are computed by its kernel. Sums over
    few edges and features stay on one thread.

    Kernels follow the graph into tensors of whose extents they know nothing, so where types do not prove that an extent is the
    graph's number of rows, columns or edges, a `spnn.stop` stands in front of the kernel.

    Rows of a sum or mean without edge values on a constant graph may come cluster by cluster: a third buffer of the storage says which row each
    one is. This does not change results. `auto` does so where it saves enough misses of the second-level cache, and leaves a remark.

    ```mlir
    %y = spnn.aggregate sum %a, %x row_scales(%s : tensor<3xf32>)
        : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x16xf32>) -> tensor<3x16xf32>
    // becomes
    %y = spnn.kernel_graph "spmm" graph(3 x 3) storage(%positions, %indices : tensor<4xi32>, tensor<5xi32>)
        ins(%x, %s : tensor<3x16xf32>, tensor<3xf32>) names(["features", "row_scales"]) outs(%0 : tensor<3x16xf32>)
        parameters({mean = 0 : i64, prefetch = 0 : i64}) -> tensor<3x16xf32>
    ```
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"clusterRows", "cluster-rows", "std::string", /*default=*/"\"auto\"", "process rows of constant graphs in clusters: auto, on or off">,
  ];
  let statistics = [
    Statistic<"numKernels", "graph-kernels", "ops given to a kernel">,
  ];
}

def DecomposeTraining : Pass<"spnn-decompose-training", "::mlir::ModuleOp"> {
  let summary = "Turn dropout and optimisers into elementwise linalg ops";
  let description = [{
    `spnn.dropout` becomes a `linalg.generic` that computes the mask from the numbers of elements, `spnn.adam` and `spnn.sgd`
    one with all their results, so that parameters, gradients and moments are read once. Losses are kernels
    (`spnn-select-graph-kernels`), which also compute the dropout that directly follows an aggregation.

    ```mlir
    %y, %v = spnn.sgd %w, %g, %v0 rate(0.1) {momentum = 0.9 : f64} : tensor<16x8xf32>
    // becomes
    %r:2 = linalg.generic {...} ins(%w, %g, %v0 : ...) outs(%0, %1 : ...) {
    ^bb0(%w: f32, %g: f32, %v0: f32, %o0: f32, %o1: f32):
      %2 = arith.mulf %v0, %momentum fastmath<contract> : f32
      %v = arith.addf %2, %g fastmath<contract> : f32
      %3 = arith.mulf %v, %rate fastmath<contract> : f32
      %y = arith.subf %w, %3 fastmath<contract> : f32
      linalg.yield %y, %v : f32, f32
    } -> (tensor<16x8xf32>, tensor<16x8xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numDecomposed", "decomposed", "ops that became elementwise">,
  ];
}

def SelectKernels : Pass<"spnn-select-kernels", "::mlir::ModuleOp"> {
  let summary = "Replace products by kernel ops on packed weights";
  let description = [{
    Replaces every `spnn.matmul` in kernel form (constant lhs, not transposed; see `spnn-decompose`) by kernel ops:
    the weights become storage buffers in the order of the chosen kernel, the activations are packed into column
    panels and unpacked again; packing folds away between two kernels. The kernel is the one that the op's
    `spnn.decision` attribute names, or the first one that takes the format of the weights. Dense weights become
    `spnn.kernel_gemm` on the untransposed activations (constant weights turned so that sgemm reads rows), and so do `linalg.matmul` and `linalg.batch_matmul` on f32.

    Scales of rows and columns become operands of the kernel, those of columns packed as a row of activations. What stays
    dense with other types than f32 is converted to f32 with its scales before oneDNN multiplies it.

    ```mlir
    %y = spnn.matmul %w, %x : (tensor<64x128xf32, #CSR>, tensor<128x?xf32>) -> tensor<64x?xf32>
    // becomes
    %p = spnn.pack_panels ins(%x : tensor<128x?xf32>) outs(%0 : tensor<?xf32>) panels(<width = 64, vector = 16>)
    %q = spnn.kernel_matmul "csr" weights(64 x 128 as #CSR) storage(...) ins(%p, %n : tensor<?xf32>) ...
    %y = spnn.unpack_panels ins(%q : tensor<?xf32>) outs(%1 : tensor<64x?xf32>) panels(<width = 64, vector = 16>)
    ```

    Remarks: one for each product, with the kernel and its parameters.
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect"];
  let statistics = [
    Statistic<"numSparse", "sparse-kernels", "products given to a sparse kernel">,
    Statistic<"numDense", "dense-kernels", "products given to oneDNN">,
  ];
}

def PackElementwise : Pass<"spnn-pack-elementwise", "::mlir::ModuleOp"> {
  let summary = "Let elementwise ops and reductions between kernels work on packed panels";
  let description = [{
    Finds the ops between `spnn.unpack_panels` and `spnn.pack_panels` that treat each column of the activations alike
    (linalg's elementwise ops and reductions over the rows: residuals, activations, normalisations, softmax) and makes
    one `spnn.kernel_columns` of each connected group, so that activations stay packed. Operands that come row-major
    are packed, results that are used row-major are unpacked; a group is taken if no more layout changes appear than
    disappear, one more where it has reductions or expensive functions, which row-major loops compute one element at
    a time. All values of a group are in one layout of panels; others around it are changed into that.

    ```mlir
    %x = spnn.unpack_panels ins(%p : tensor<?xf32>) ... -> tensor<64x?xf32>
    %y = linalg.add ins(%x, %r : tensor<64x?xf32>, tensor<64x?xf32>) ... -> tensor<64x?xf32>
    %q = spnn.pack_panels ins(%y : tensor<64x?xf32>) ... -> tensor<?xf32>
    // becomes
    %s = spnn.pack_panels ins(%r : tensor<64x?xf32>) ... -> tensor<?xf32>
    %q = spnn.kernel_columns 64 x %n layout(...) panels(%p, %s : tensor<?xf32>, tensor<?xf32>) ... -> tensor<?xf32> {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.addf %a, %b : f32
      spnn.yield_columns panels(%0 : f32)
    }
    ```

    Remarks: one for each group, and for each op beside packed activations that is left out, with the reason.
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numKernels", "kernels", "column-wise kernels made">,
    Statistic<"numOps", "ops", "ops that they replace">,
  ];
}

def GuardIndices : Pass<"spnn-guard-indices", "::mlir::func::FuncOp"> {
  let summary = "Make accesses out of range an error of the call";
  let description = [{
    An index that a model computes from its data may be anything. Where it is not certain that an access stays in range,
    it becomes conditional: outside, a `spnn.fault` reports the access, the dimension and the place of the op, a
    read gives 0, and a write does nothing. Covers `tensor.extract`, `tensor.insert`, `memref.load` and `memref.store`,
    each checked unless its indices are proved to be in range (from constants, the bounds of loops and the ranges of
    arithmetic), and slices, `tensor.extract_slice`, `tensor.insert_slice` and `memref.subview`, in the dimensions where
    their offset or size depends on data; there the stride must be a positive constant. A slice out of range begins
    at 0 and has no elements. Slices by extents alone are not checked, as extents are not.

    Runs while indices are those that the model asks for: after fusion, which the branches would hinder, and before
    bufferization, so that the words are those of the reference evaluator.

    ```mlir
    func.func @f(%x: tensor<5xf32>, %i: index) -> f32 {
      %0 = tensor.extract %x[%i] : tensor<5xf32>
      return %0 : f32
    }
    ```

    becomes

    ```mlir
    func.func @f(%x: tensor<5xf32>, %i: index) -> f32 {
      %extent = arith.constant 5 : index
      %outside = arith.cmpi uge, %i, %extent : index
      %zero = arith.constant 0.0 : f32
      %0 = scf.if %outside -> (f32) {
        spnn.fault "'tensor.extract' op has an index out of range in dimension 0, which has extent 5 (model.mlir:2)" if %outside
        scf.yield %zero : f32
      } else {
        %1 = tensor.extract %x[%i] : tensor<5xf32>
        scf.yield %1 : f32
      }
      return %0 : f32
    }
    ```
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numGuarded", "guarded", "accesses that may be out of range">,
  ];
}

def ComputeInPlace : Pass<"spnn-compute-in-place"> {
  let summary = "Let elementwise ops write over an operand that nobody else reads";
  let description = [{
    A `linalg.generic` with parallel loops alone, that writes a fresh tensor and reads another of the same type at the same
    indices, gets the latter for its init where it is the only reader and the tensor is the result of a destination-style op.
    Bufferization then needs one buffer where it would make two: a bias behind a dense product is added to what is in the
    caches already.

    ```mlir
    func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
      %e = tensor.empty() : tensor<4xf32>
      %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
          ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) {
      ^bb0(%in: f32, %out: f32):
        %0 = arith.addf %in, %in : f32
        linalg.yield %0 : f32
      } -> tensor<4xf32>
      return %y : tensor<4xf32>
    }
    ```

    becomes `ins(%a) outs(%a)`.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
  let statistics = [
    Statistic<"numInPlace", "in-place", "Ops that write over an operand">,
  ];
}

def PrepareResults : Pass<"spnn-prepare-results", "::mlir::ModuleOp"> {
  let summary = "Turn results of public functions into memory that the caller gives";
  let description = [{
    A public function that returns tensors gets one memref argument a result and writes there; it returns nothing.
    Inputs are marked read-only, every argument `noalias`. The extents of dynamic results are traced back to
    extents of inputs and recorded as `spnn.result_extents` for the entry points; a result whose extent is none of
    them is an error. An argument that is a scalar, such as a seed, becomes a tensor of rank 0.

    ```mlir
    func.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
      ...
      return %y : tensor<?x4xf32>
    }
    // becomes
    func.func @f(%x: tensor<?x4xf32> {bufferization.writable = false, llvm.noalias},
                 %out: memref<?x4xf32> {llvm.noalias}) attributes {spnn.inputs = 1 : i64, ...} {
      ...
      bufferization.materialize_in_destination %y in restrict writable %out
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect", "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// From kernels to loops
//===----------------------------------------------------------------------===//

def PlanMemory : Pass<"spnn-plan-memory", "::mlir::func::FuncOp"> {
  let summary = "Place all temporary buffers of a function in one arena";
  let description = [{
    Replaces every `memref.alloc` by a view of one `spnn.arena`. Buffers whose lifetimes do not overlap share a
    slot; the size of a slot is the largest of its buffers, computed at run time where extents are dynamic. All
    sizes are computed before the first buffer is used, so they may depend on extents of arguments only. Nothing is
    allocated or freed on the way through the function.

    ```mlir
    %0 = memref.alloc(%n) : memref<?xf32>
    // becomes
    %arena = spnn.arena %bytes : memref<?xi8>
    %0 = memref.view %arena[%offset][%n] : memref<?xi8> to memref<?xf32>
    ```
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numBuffers", "buffers", "temporary buffers placed">,
    Statistic<"numSlots", "slots", "slots of the arena">,
  ];
}

def LowerKernels : Pass<"spnn-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Emit the loops of kernel ops";
  let description = [{
    Replaces kernel ops on memrefs by loops over `vector`, `memref`, `scf` and `arith`; each kernel's emitter stands
    in `lib/Lowering/Kernels`. `spnn.kernel_gemm` becomes a call of the run-time library's `spnn_rt_sgemm`, followed
    by a loop for bias and activation. Copies between strided buffers become `linalg` loops too.

    ```mlir
    spnn.kernel_matmul "csr" ... outs(%y : memref<?xf32>)
    // becomes
    scf.parallel (%panel, %chunk) = ... { scf.for ... { ... vector.load ... arith.mulf ... arith.addf ... } }
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect"];
}

def VectorizeElementwise : Pass<"spnn-vectorize-elementwise", "::mlir::ModuleOp"> {
  let summary = "Emit elementwise ops on buffers as loops over vectors";
  let description = [{
    A `linalg.generic` on buffers whose loops are all parallel, and whose operands either run along the innermost loop with unit
    stride or do not change in it, becomes loops over vectors of the target's width, with a mask for what is left of a row. Where all
    operands are contiguous and of one shape, there is one loop. What is the same in a row stays a scalar. From some tens of thousands
    of elements on threads share the work. Bodies of `arith` and `math` ops and `linalg.index` are taken, but no integer divisions, which
    lanes that do not exist could fail. Other ops are left to upstream's scalar loops.

    ```mlir
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%x : memref<32xf32>) outs(%y : memref<32xf32>) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.mulf %a, %a : f32
      linalg.yield %0 : f32
    }
    // becomes
    scf.for %i = %c0 to %c32 step %c16 {
      %a = vector.load %x[%i] : memref<32xf32>, vector<16xf32>
      %0 = arith.mulf %a, %a : vector<16xf32>
      vector.store %0, %y[%i] : memref<32xf32>, vector<16xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numVectorized", "vectorized", "ops that became loops over vectors">,
    Statistic<"numLeft", "left", "linalg.generic ops left to scalar loops">,
  ];
}

//===----------------------------------------------------------------------===//
// From loops to code
//===----------------------------------------------------------------------===//

def HoistLoads : Pass<"spnn-hoist-loads", "::mlir::func::FuncOp"> {
  let summary = "Load what an innermost loop reads in every iteration once";
  let description = [{
    LLVM sees the arena as one object, in which a store of a loop may change what the loop loads: it keeps such loads in the
    loop and does not vectorise it. Here it is known that two buffers that live at a time are disjoint. So a load from an
    address that does not change moves in front of its innermost loop, unless the loop stores to the same buffer, or does
    anything beside loads, stores and arithmetic. Where the loop may not run at all, the load is conditional.

    ```mlir
    func.func @scale(%x: memref<8x4xf32>, %s: memref<8xf32>, %y: memref<8x4xf32>, %i: index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %j = %c0 to %c4 step %c1 {
        %a = memref.load %x[%i, %j] : memref<8x4xf32>
        %b = memref.load %s[%i] : memref<8xf32>
        %p = arith.mulf %a, %b : f32
        memref.store %p, %y[%i, %j] : memref<8x4xf32>
      }
      return
    }
    ```

    becomes

    ```mlir
    func.func @scale(%x: memref<8x4xf32>, %s: memref<8xf32>, %y: memref<8x4xf32>, %i: index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      %b = memref.load %s[%i] : memref<8xf32>
      scf.for %j = %c0 to %c4 step %c1 {
        %a = memref.load %x[%i, %j] : memref<8x4xf32>
        %p = arith.mulf %a, %b : f32
        memref.store %p, %y[%i, %j] : memref<8x4xf32>
      }
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
  let statistics = [
    Statistic<"numHoisted", "hoisted", "loads that moved in front of a loop">,
  ];
}

def GuardDivision : Pass<"spnn-guard-division", "::mlir::func::FuncOp"> {
  let summary = "Make integer divisions by zero an error of the call";
  let description = [{
    MLIR leaves an integer division by zero, and a signed one of the smallest integer by -1, undefined; machines end the
    process. Where either may happen, a `spnn.fault` reports it in the words of the reference evaluator, followed by
    where the op comes from, and the division goes on with the divisor 1. Covers division and remainder, signed and
    unsigned, of `arith` and `index`, and divisors in the maps of `affine.apply`, `affine.min` and `affine.max`, which
    must be positive. The step of `scf.for` and `scf.parallel`, by which the number of rounds is divided, is such a divisor;
    a wrong one becomes 1. A division by a constant other than 0 and -1 stays as it is, which every division is that the
    compiler itself makes. Runs while divisions are those that the model asks for: on loops, before their lowering
    expands `ceildivsi` and the like. What nothing uses is no longer there and reports nothing.

    ```mlir
    func.func @f(%a: i32, %b: i32) -> i32 {
      %0 = arith.divui %a, %b : i32
      return %0 : i32
    }
    ```

    becomes

    ```mlir
    func.func @f(%a: i32, %b: i32) -> i32 {
      %zero = arith.constant 0 : i32
      %isZero = arith.cmpi eq, %b, %zero : i32
      spnn.fault "'arith.divui' op division by zero (model.mlir:2)" if %isZero
      %one = arith.constant 1 : i32
      %divisor = arith.select %isZero, %one, %b : i32
      %0 = arith.divui %a, %divisor : i32
      return %0 : i32
    }
    ```
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
                           "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numGuarded", "guarded", "divisions that may fail">,
  ];
}

def DefineArithmetic : Pass<"spnn-define-arithmetic", "::mlir::func::FuncOp"> {
  let summary = "Give shifts and conversions a value where MLIR leaves it undefined";
  let description = [{
    The result of a shift by the width or more, and of a float that an integer cannot hold, is poison to MLIR: LLVM may
    take whatever suits it, also for an index that is made of it. They get the values that the reference evaluator
    gives: bits that are shifted out are gone, which leaves 0 or the sign; conversions round to zero and saturate, and
    NaN becomes 0. A shift whose amount is known to be below the width stays as it is. Runs before `spnn-lower-vectors`,
    whose own conversions are in range.

    ```mlir
    func.func @f(%a: i32, %n: i32, %x: f32) -> (i32, i32) {
      %0 = arith.shli %a, %n : i32
      %1 = arith.fptosi %x : f32 to i32
      return %0, %1 : i32, i32
    }
    ```

    becomes

    ```mlir
    func.func @f(%a: i32, %n: i32, %x: f32) -> (i32, i32) {
      %limit = arith.constant 31 : i32
      %isLarge = arith.cmpi ugt, %n, %limit : i32
      %amount = arith.select %isLarge, %limit, %n : i32
      %shifted = arith.shli %a, %amount : i32
      %zero = arith.constant 0 : i32
      %0 = arith.select %isLarge, %zero, %shifted : i32
      %1 = llvm.call_intrinsic "llvm.fptosi.sat"(%x) : (f32) -> i32
      return %0, %1 : i32, i32
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::vector::VectorDialect"];
  let statistics = [
    Statistic<"numDefined", "defined", "shifts and conversions that may be undefined">,
  ];
}

def LowerVectors : Pass<"spnn-lower-vectors", "::mlir::ModuleOp"> {
  let summary = "Bring vector and math ops into the forms that LLVM compiles well";
  let description = [{
    Upstream's patterns with the choices that suit our kernels: transpositions of 16 x 16 tiles by shuffles,
    transfers unrolled into rank-1 loads and stores, `exp`, `tanh` and `erf` on vectors by polynomials.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def ConvertFaultToLLVM : Pass<"convert-spnn-fault-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Turn spnn.fault into an entry in the running call's slot for faults";
  let description = [{
    A function with `spnn.fault` asks the run-time library once, at its entry and so on the thread that entered, for
    the address of the call's slot (`spnn_rt_fault_slot`). The first fault leaves the address of its message there, which any
    thread may do; when the call ends, the library makes an error of what the slot holds. `cf.assert`, which would end the
    process, is a fault whose message is its text. Runs on structured control flow.

    ```mlir
    func.func @f(%c: i1) {
      spnn.fault "a reason" if %c
      return
    }
    ```

    becomes

    ```mlir
    llvm.mlir.global private unnamed_addr constant @spnn_fault("a reason\00")
    llvm.func @spnn_rt_fault_slot() -> !llvm.ptr
    func.func @f(%c: i1) {
      %slot = llvm.call @spnn_rt_fault_slot() : () -> !llvm.ptr
      scf.if %c {
        %message = llvm.mlir.addressof @spnn_fault : !llvm.ptr
        %none = llvm.mlir.zero : !llvm.ptr
        %old = llvm.cmpxchg %slot, %none, %message monotonic monotonic : !llvm.ptr, !llvm.ptr
      }
      return
    }
    ```
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::scf::SCFDialect"];
}

def ConvertArenaToLLVM : Pass<"convert-spnn-arena-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Turn spnn.arena into a call of the run-time library";
  let description = [{
    `spnn.arena` becomes a call of `spnn_rt_arena`; a function whose arena cannot be had returns at once, and the
    entry point reports the error that the library recorded. Runs on functions whose control flow is `cf`.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::cf::ControlFlowDialect", "::mlir::memref::MemRefDialect"];
}

def ConvertStopToLLVM : Pass<"convert-spnn-stop-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Turn spnn.stop into a branch to the end of the function";
  let description = [{
    `spnn.stop` becomes a branch, taken seldom, to a block that calls `spnn_rt_stop` with the message and the numbers and
    returns; the entry point reports the error that the library recorded. Runs on functions whose control flow is `cf`.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect"];
}

def EmitEntryPoints : Pass<"spnn-emit-entry-points", "::mlir::ModuleOp"> {
  let summary = "Add the C entry point of every public function and the description of the model";
  let description = [{
    For each public function @f that `spnn-prepare-results` prepared, adds
    `int32_t spnn_entry_f(spnn_context *, void *const *data, const int64_t *dims)` as declared in
    `include/spnn/Runtime/Runtime.h`, and one constant `spnn_model_description` in the format of
    `docs/runtime-abi.md`. The functions themselves become internal. Runs after bufferization, before functions
    become LLVM functions.

    ```mlir
    func.func @f(%x: memref<?x4xf32>, %out: memref<?x4xf32>) attributes {spnn.inputs = 1 : i64, ...}
    // gains
    func.func @spnn_entry_f(%context: !llvm.ptr, %data: !llvm.ptr, %dims: !llvm.ptr) -> i32
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
}


#endif // SPNN_LOWERING_PASSES_TD
